//! A token whose store cannot grow: refused in the open, with nothing left half made.
//!
//! The store is made full by the operating system (RLIMIT_FSIZE), for a child process of its own: this test binary,
//! run again for the one test [`full_job`] with SIGXFSZ ignored, as the limit would else end it.

use std::process::Command;

use cardwright::pkcs11::Selector;
use cardwright::pkix::KeyAlgorithm;
use cardwright::token::{Credentials, Error, LastTry, Token};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{PIN, SO_PIN, key_id, order, pin};
use crate::support::certificates::certificate_for;
use crate::support::{kryoptic, softhsm};

const JOB: &str = "CARDWRIGHT_FULL_JOB";

#[test]
fn a_full_softhsm_token_says_so_and_keeps_nothing_half_made() {
    child("softhsm");
}

#[test]
fn a_full_kryoptic_token_says_so_and_keeps_nothing_half_made() {
    child("kryoptic");
}

fn child(module: &str) {
    let mut child = Command::new("sh");
    child.args(["-c", "trap '' XFSZ; exec \"$0\" --exact token::full::full_job --nocapture"]);
    let output = child.arg(std::env::current_exe().unwrap()).env(JOB, module).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("1 passed"));
}

/// Fills the token that a parent names; without a parent, shows that the same job succeeds on one with room.
#[test]
fn full_job() {
    let module = std::env::var(JOB).unwrap_or_default();
    let loaded = || if module == "kryoptic" { kryoptic::module() } else { softhsm::module() };
    let mut token = softhsm::prepare(&loaded(), "full", SO_PIN, PIN);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    let key = session.generate(&order(1, KeyAlgorithm::P256)).unwrap();
    let certificate = certificate_for(&key, "full");
    if !module.is_empty() {
        store_may_hold(0);
    }
    let made = session.generate(&order(2, KeyAlgorithm::P256));
    let written = session.write_certificate(&key_id(1), "full", &certificate);
    let read_back = session.read_certificate(&key_id(1)).unwrap();
    drop(session);
    drop(token);
    match module.as_str() {
        "" => assert!(made.is_ok() && written.is_ok() && read_back == Some(certificate)),
        "kryoptic" => {
            assert!(matches!(made, Err(Error::Full)));
            assert!(matches!(written, Err(Error::Full)));
            assert!(read_back.is_none());
        }
        // SoftHSM has no word of its own for it, and says nothing at all when a certificate is lost.
        _ => {
            assert!(matches!(made, Err(Error::Device { operation: "C_GenerateKeyPair", .. })));
            assert!(read_back.is_none());
        }
    }
    if module.is_empty() {
        return;
    }
    // With room again, and the module started anew, only what was there before is there.
    store_may_hold(1 << 24);
    let mut token = loaded().find(&Selector::label("full")).unwrap();
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    let listed = session.list().unwrap();
    assert_eq!(listed.len(), 1);
    assert!(
        listed.iter().all(|stored| stored.id == key_id(1) && stored.has_private_key && stored.certificate.is_none())
    );
    session.write_certificate(&key_id(1), "full", &certificate_for(&key, "full")).unwrap();
    assert!(session.read_certificate(&key_id(1)).unwrap().is_some());
    assert_eq!(session.delete(&key_id(1)).unwrap(), 3);
}

fn store_may_hold(bytes: u64) {
    setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum: Some(1 << 24) }).unwrap();
}
