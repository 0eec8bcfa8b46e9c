//! Bytes sealed to the holders of certificates, opened by OpenSSL and here.

use crate::support::certificates::certificate_for;
use cardwright::pkix::enveloped::{MAX_RECIPIENTS, Recipient, open, seal};
use cardwright::pkix::{Certificate, Error, KeyAlgorithm, MemoryKey, Signer};
use std::process::Command;

const SECRET: &[u8] = b"what is archived";

fn agent(algorithm: KeyAlgorithm) -> (MemoryKey, Certificate) {
    let key = MemoryKey::generate(algorithm).unwrap();
    let certificate = Certificate::from_der(&certificate_for(key.public_key(), "agent")).unwrap();
    (key, certificate)
}

#[test]
fn openssl_opens_it_with_the_key_of_each_agent() {
    let own = MemoryKey::generate(KeyAlgorithm::P384).unwrap();
    let agents = [KeyAlgorithm::Rsa2048, KeyAlgorithm::P256, KeyAlgorithm::P384].map(agent);
    let mut recipients = vec![Recipient::key(own.public_key().clone())];
    recipients.extend(agents.iter().map(|(_, certificate)| Recipient::holder(certificate).unwrap()));
    let sealed = seal(SECRET, &recipients).unwrap();
    assert!(!sealed.windows(SECRET.len()).any(|window| window == SECRET));
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("sealed.der"), &sealed).unwrap();
    for (key, certificate) in &agents {
        std::fs::write(path("key.der"), key.expose_pkcs8()).unwrap();
        std::fs::write(path("cert.pem"), certificate.to_pem()).unwrap();
        let mut decrypt = Command::new("openssl");
        decrypt.args(["cms", "-decrypt", "-inform", "DER", "-in", "sealed.der", "-recip", "cert.pem"]);
        let output = decrypt.args(["-inkey", "key.der", "-keyform", "DER"]).current_dir(&directory).output().unwrap();
        assert_eq!(output.stdout, SECRET, "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(open(&sealed, key, Some(certificate)).unwrap().as_slice(), SECRET);
    }
    assert_eq!(open(&sealed, &own, None).unwrap().as_slice(), SECRET);
}

#[test]
fn nobody_else_opens_it_and_nothing_is_altered_unseen() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048] {
        let (key, _) = agent(algorithm);
        let (other, _) = agent(algorithm);
        let sealed = seal(SECRET, &[Recipient::key(key.public_key().clone())]).unwrap();
        assert!(matches!(open(&sealed, &other, None), Err(Error::NotForThisKey)));
        assert!(open(&sealed, &key, None).is_ok());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            match open(&altered, &key, None) {
                Err(_) => {}
                // Versions and key identifiers of the envelope say nothing about the content.
                Ok(opened) => assert_eq!(opened.as_slice(), SECRET),
            }
        }
        assert!(open(&sealed[..sealed.len() - 1], &key, None).is_err());
    }
}

#[test]
fn the_number_of_recipients_and_bytes_is_bounded() {
    let (key, _) = agent(KeyAlgorithm::P256);
    let recipients = |count: usize| (0..count).map(|_| Recipient::key(key.public_key().clone())).collect::<Vec<_>>();
    assert!(matches!(seal(SECRET, &recipients(0)), Err(Error::Recipients { .. })));
    assert!(matches!(seal(SECRET, &recipients(MAX_RECIPIENTS + 1)), Err(Error::Recipients { .. })));
    assert!(matches!(seal(&vec![0; 300 * 1024], &recipients(1)), Err(Error::TooLarge { .. })));
    assert!(matches!(open(&vec![0x30; 600 * 1024], &key, None), Err(Error::TooLarge { .. })));
}
