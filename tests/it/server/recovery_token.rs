//! The server's recovery key in a token: what is sealed to it, only the token opens.

use super::support::{Lab, Person, last_segment};
use super::workflow::course::{ARCHIVED, create, lab, shown};
use super::workflow::keyed::{Brought, PASSWORD, asked, began, carried_out, with_password};
use crate::support::{kryoptic, softhsm};
use cardwright::ca::TokenOpener;
use cardwright::pkcs11::{Module, Selector};
use cardwright::pkix::enveloped::{Recipient, open, seal};
use cardwright::pkix::{Error, KeyAlgorithm, MemoryKey, Opener, Signer};
use cardwright::secret::Pin;
use cardwright::server::{Config, Server};
use serde_json::json;
use std::path::Path;

const PIN: &str = "123456";

fn pin() -> Pin {
    Pin::new(PIN.into())
}

fn opener(module: &Path, token: &str, label: &str, make: bool) -> Option<TokenOpener> {
    TokenOpener::open(module.into(), Selector::label(token), pin(), label, make).unwrap()
}

fn opens_what_is_sealed_to_it(module: &Path, token: &str) {
    let _in_use = Module::load(module).unwrap();
    assert!(opener(module, token, "recovery", false).is_none(), "nothing is made unasked");
    let made = opener(module, token, "recovery", true).unwrap().sealed_to().clone();
    let found = opener(module, token, "recovery", true).unwrap();
    assert_eq!(&made, found.sealed_to(), "made once");
    let another = MemoryKey::generate(KeyAlgorithm::P384).unwrap();
    let recipients = [&made, another.public_key()].map(|key| Recipient::key(key.clone()));
    for words in [b"a".as_slice(), &[7; 3000]] {
        let sealed = seal(words, &recipients).unwrap();
        assert_eq!(open(&sealed, &found, None).unwrap().as_slice(), words);
        assert_eq!(open(&sealed, &another, None).unwrap().as_slice(), words);
    }
    let sealed = seal(b"b", &recipients[1..]).unwrap();
    assert!(matches!(open(&sealed, &found, None), Err(Error::NotForThisKey)));
    let mut altered = seal(b"c", &recipients[..1]).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    assert!(matches!(open(&altered, &found, None), Err(Error::Opening)));
}

#[test]
fn a_token_opens_what_is_sealed_to_its_key() {
    drop(softhsm::token("recovery keys", "12345678", PIN));
    opens_what_is_sealed_to_it(Path::new(softhsm::MODULE), "recovery keys");
    drop(kryoptic::token("recovery keys", "12345678", PIN));
    opens_what_is_sealed_to_it(&kryoptic::path(), "recovery keys");
}

fn renewed(lab: &Lab, person: &Person, before: &Brought) -> Brought {
    asked(lab, person, before.held.body("Renew"))
}

#[test]
fn a_server_archives_for_its_key_in_a_token() {
    let token = "recovery key of a server";
    drop(softhsm::token(token, "12345678", PIN));
    let mut lab = lab("software", ARCHIVED, |text| text);
    let alice = lab.user("alice", &[]);
    let first = began(&lab, &alice);
    lab.stop();
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let table =
        format!("\n[recovery.pkcs11]\nmodule = {:?}\nlabel = {token:?}\nkey_label = \"recovery\"\n", softhsm::MODULE);
    std::fs::write(&settings, text + &table).unwrap();
    let refused = |pin: Option<&str>| {
        let config = Config { ca_pin: pin.map(|pin| Pin::new(pin.into())), ..lab.config() };
        match Server::start(config) {
            Ok(_) => panic!("it started"),
            Err(error) => format!("{:#}", anyhow::Error::from(error)),
        }
    };
    assert!(refused(None).contains("its PIN is needed"));
    assert!(refused(Some("000000")).contains("keys cannot be archived"));
    let start = |lab: &mut Lab| {
        lab.server = Some(Server::start(Config { ca_pin: Some(pin()), ..lab.config() }).unwrap());
    };
    start(&mut lab);
    // The file still opens what was sealed to it; what is new is sealed to the token.
    let second = renewed(&lab, &alice, &first);
    assert_eq!((second.letters(), second.serial('h')), ("csh".into(), first.serial('s')));
    lab.stop();
    std::fs::rename(lab.data().join("recovery.key.pem"), lab.data().join("recovery.key.old")).unwrap();
    start(&mut lab);
    let request = last_segment(&create(&lab, &alice, second.held.body("Duplicate")).ok());
    let third = carried_out(&lab, &alice, &request);
    assert_eq!(third.key('r').0.expose_pkcs8(), second.key('s').0.expose_pkcs8());
    assert!(!lab.data().join("recovery.key.pem").exists());
    // What the file alone could open is lost with it, and said to be so; nothing leaves.
    let request = last_segment(&create(&lab, &alice, second.held.body("Renew")).ok());
    let failed = with_password(&lab, &alice, &request, &[super::support::new_csr()], json!(PASSWORD));
    assert_eq!(failed.status, 500);
    assert_eq!(shown(&lab, &alice, &request)["Status"], 18);
}
