//! How many C_* calls an enrollment costs, counted by a stranger: OpenSC's pkcs11-spy.
//!
//! The spy reads its environment inside the process that loads it, so each counted job is this test binary run again
//! for the one test [`counted_job`].

use std::cell::RefCell;
use std::path::Path;
use std::process::Command;

use cardwright::pkcs11::{Module, Selector};
use cardwright::pkix::{self, CertificationRequest, KeyAlgorithm, PublicKey, SignError, SignatureAlgorithm, Signer};
use cardwright::token::{Credentials, LastTry, Session, Token, Tries};

use super::{PIN, SO_PIN, key_id, order, pin};
use crate::support::certificates::certificate_for;
use crate::support::{softhsm, spy};

/// What one enrollment may cost on a prepared token.
const MOST_CALLS: usize = 24;

/// Says what a child process does: "prepare N" fills a new token with N key pairs, "p-256" or "rsa-2048" enrolls.
const JOB: &str = "CARDWRIGHT_COUNTED_JOB";
const LABEL: &str = "calls";

#[test]
fn an_enrollment_costs_at_most_24_calls_and_one_login() {
    for algorithm in ["p-256", "rsa-2048"] {
        let calls = counted(algorithm, 0);
        println!("{algorithm}: {} calls {calls:?}", spy::total(&calls));
        assert!(spy::total(&calls) <= MOST_CALLS, "{algorithm}: {} calls {calls:?}", spy::total(&calls));
        assert_eq!(calls.get("C_Login"), Some(&1));
        assert_eq!(calls.get("C_GenerateKeyPair"), Some(&1));
        assert_eq!(calls.get("C_FindObjectsInit"), Some(&1));
        assert!(calls.get("C_GetTokenInfo").is_some_and(|read| *read >= 1));
        assert_eq!(calls.get("C_Finalize"), Some(&1));
    }
}

#[test]
fn the_number_of_calls_does_not_grow_with_the_objects_on_the_token() {
    assert_eq!(counted("p-256", 0), counted("p-256", 15));
}

/// Prepares a token with `pairs` other key pairs on it, and counts the calls of one enrollment.
fn counted(algorithm: &str, pairs: usize) -> spy::Calls {
    let private = softhsm::private();
    let log = private.directory.join("spy.log");
    let child = |job: &str| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "token::calls::counted_job", "--nocapture"]);
        let (variable, configuration) = private.env();
        child.env(variable, configuration).env(JOB, job);
        child.env("PKCS11SPY", softhsm::MODULE).env("PKCS11SPY_OUTPUT", &log);
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    };
    child(&format!("prepare {pairs}"));
    assert!(!log.exists(), "the preparation is not counted");
    child(algorithm);
    spy::calls(&log)
}

/// Does the job that a parent names; without a parent, enrolls on a token of its own.
#[test]
fn counted_job() {
    let job = std::env::var(JOB).unwrap_or_default();
    match job.strip_prefix("prepare ") {
        Some(pairs) => prepare(pairs.parse().unwrap()),
        None if job.is_empty() => {
            let mut token = softhsm::token("calls uncounted", SO_PIN, PIN);
            enroll(&mut token, KeyAlgorithm::P256);
        }
        None => {
            let module = Module::load(Path::new(spy::MODULE)).unwrap();
            let mut token = module.find(&Selector::label(LABEL)).unwrap();
            enroll(&mut token, job.parse().unwrap());
        }
    }
}

fn prepare(pairs: u8) {
    let module = Module::load(Path::new(softhsm::MODULE)).unwrap();
    let mut token = softhsm::prepare(&module, LABEL, SO_PIN, PIN);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    for id in 100..100 + pairs {
        session.generate(&order(id, KeyAlgorithm::P256)).unwrap();
    }
    assert_eq!(session.list().unwrap().len(), usize::from(pairs));
}

/// Retry flags, key, request, certificate, and the certificate read back.
fn enroll(token: &mut dyn Token, algorithm: KeyAlgorithm) {
    assert_eq!(token.counters().unwrap().user, Tries::Full);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    assert!(session.find(&key_id(1)).unwrap().is_none());
    let key = session.generate(&order(1, algorithm)).unwrap();
    let request = request(session.as_mut(), &key, SignatureAlgorithm::default_for(algorithm));
    assert!(request.public_key() == &key);
    let certificate = certificate_for(&key, "counted");
    session.write_certificate(&key_id(1), "counted", &certificate).unwrap();
    assert!(session.read_certificate(&key_id(1)).unwrap() == Some(certificate));
}

/// A certification request, signed on the token.
fn request(session: &mut dyn Session, key: &PublicKey, algorithm: SignatureAlgorithm) -> CertificationRequest {
    struct OnToken<'s>(RefCell<&'s mut dyn Session>, &'s PublicKey, SignatureAlgorithm);
    impl Signer for OnToken<'_> {
        fn public_key(&self) -> &PublicKey {
            self.1
        }

        fn algorithm(&self) -> SignatureAlgorithm {
            self.2
        }

        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
            self.0.borrow_mut().sign(&key_id(1), self.2, message).map_err(|error| SignError(error.into()))
        }
    }
    let subject = pkix::name::parse("CN=counted").unwrap();
    let content = pkix::csr::RequestContent { subject, ..Default::default() };
    let request = pkix::csr::build(&content, &OnToken(RefCell::new(session), key, algorithm)).unwrap();
    request.verify().unwrap();
    request
}
