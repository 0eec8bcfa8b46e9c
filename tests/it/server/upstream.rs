//! A server whose people's certificates come from a CA elsewhere: cfssl from Debian, and EST servers: est-ca, and one
//! of our own that does what is asked of it.

mod cfssl;
mod est;
mod est_ca;
pub mod est_server;

use super::support::{Lab, PASSPHRASE, Person, csr, pkcs7};
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer, cmc};
use cardwright::secret::Passphrase;
use cardwright::server;
use serde_json::Value;

/// What can be asked of a CA that knows no Windows.
fn plain_usage(template: String) -> String {
    template.replace("[\"clientAuth\", \"smartcardLogon\"]", "[\"clientAuth\"]")
}

/// A server with these settings for its CA elsewhere, and what it is known by there.
fn below(settings: &str, secret: Option<&str>, edit: impl FnOnce(String) -> String) -> (Lab, Person) {
    let mut lab = Lab::plain(|template| edit(plain_usage(template)));
    lab.stop();
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap() + "\n[ca.upstream]\n" + settings;
    std::fs::write(&path, text).unwrap();
    if let Some(secret) = secret {
        let passphrase = Passphrase::new(PASSPHRASE.into());
        server::ca_secret(&lab.data(), &Passphrase::new(secret.into()), &passphrase).unwrap();
    }
    lab.start();
    let person = lab.user("alice", &["operators"]);
    (lab, person)
}

/// A request with its card, and a certification request for it.
fn asking(lab: &Lab, person: &Person) -> (String, MemoryKey, Vec<u8>) {
    let request = lab.enroll_request(person);
    lab.assign(person, &request, uuid::Uuid::new_v4());
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let csr = csr(&key);
    (request, key, csr)
}

fn leaf(issued: &Value, key: &MemoryKey) -> Certificate {
    cmc::read(&pkcs7(issued)).unwrap().leaf_for(key.public_key()).unwrap().clone()
}

/// Looks until it is so; a minute at most.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{what} did not happen");
}
