//! The authority's key and certificate: what opens, and what is refused.

use super::*;
use cardwright::ca::keyfile;
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_key_file_opens_with_its_passphrase_only() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let (key, certificate) = (directory.path().join("ca.key"), directory.path().join("ca.crt"));
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left beside: {names:?}");
    let key_path = key.to_str().unwrap();
    let public = content("openssl", &["pkey", "-in", key_path, "-passin", "stdin", "-pubout"], PASSPHRASE.as_bytes());
    let path = certificate.to_str().unwrap();
    assert_eq!(public, content("openssl", &["x509", "-in", path, "-noout", "-pubkey"], b""));
    assert!(!run("openssl", &["pkey", "-in", key_path, "-passin", "stdin", "-noout"], b"wrong").0);

    let again = EmbeddedCa::open(&certificate, file(directory.path())).unwrap();
    assert_eq!(again.chain(), ca.chain());
    let place = |passphrase: &str| KeyPlace::File { path: key.clone(), passphrase: Passphrase::new(passphrase.into()) };
    let refused = EmbeddedCa::open(&certificate, place("wrong")).map(drop);
    assert!(matches!(refused, Err(Error::Passphrase)), "{refused:?}");
    let refused = EmbeddedCa::create(&root(KeyAlgorithm::P256), file(directory.path()), &certificate, now()).map(drop);
    assert!(matches!(refused, Err(Error::Exists { .. })), "{refused:?}");

    let text = std::fs::read_to_string(&key).unwrap();
    std::fs::write(&key, &text[..text.len() / 2]).unwrap();
    let refused = EmbeddedCa::open(&certificate, file(directory.path())).map(drop);
    assert!(matches!(refused, Err(Error::KeyFileDamaged { .. })), "{refused:?}");
    std::fs::write(&key, vec![b'A'; 70_000]).unwrap();
    let refused = EmbeddedCa::open(&certificate, file(directory.path())).map(drop);
    assert!(matches!(refused, Err(Error::FileSize { .. })), "{refused:?}");
    std::fs::remove_file(&key).unwrap();
    let refused = EmbeddedCa::open(&certificate, file(directory.path())).map(drop);
    assert!(matches!(refused, Err(Error::File { action: "read", .. })), "{refused:?}");
    assert!(!key.exists(), "opening makes no key");
}

#[test]
fn a_key_file_costs_whoever_guesses_sixteen_mebibytes_a_try() {
    let (directory, _) = create(KeyAlgorithm::P256);
    let key = directory.path().join("ca.key");
    let text = content("openssl", &["asn1parse", "-in", key.to_str().unwrap()], b"");
    let numbers: Vec<&str> = text.lines().filter_map(|line| line.split_once("INTEGER")?.1.split(':').nth(1)).collect();
    // RFC 7914, 7.1: N, r, p.
    assert_eq!(numbers, ["4000", "08", "04"], "{text}");
}

#[test]
fn a_root_that_was_not_finished_is_finished_with_the_key_that_is_there() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let certificate = directory.path().join("ca.crt");
    std::fs::remove_file(&certificate).unwrap();
    let other = EmbeddedCa::create(&root(KeyAlgorithm::P384), file(directory.path()), &certificate, now()).map(drop);
    assert!(matches!(other, Err(Error::KeyKind { found: KeyKind::P256, wanted: KeyKind::P384 })), "{other:?}");
    assert!(!certificate.exists());
    let finished = EmbeddedCa::create(&root(KeyAlgorithm::P256), file(directory.path()), &certificate, now()).unwrap();
    assert_eq!(finished.chain()[0].public_key().unwrap(), ca.chain()[0].public_key().unwrap());
}

#[test]
fn an_authority_is_not_opened_with_the_wrong_certificate() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let leaf = ca.issue(&user(&LEAF), now()).unwrap();
    let open = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        EmbeddedCa::open(&path, file(directory.path())).map(drop)
    };
    let refused = open("leaf.crt", &leaf.to_pem());
    assert!(matches!(refused, Err(Error::NotAnAuthority { .. })), "{refused:?}");
    let (_elsewhere, other) = create(KeyAlgorithm::P256);
    let refused = open("other.crt", &other.chain()[0].to_pem());
    assert!(matches!(refused, Err(Error::KeyMismatch { .. })), "{refused:?}");
    let refused = open("noise.crt", "noise");
    assert!(matches!(refused, Err(Error::Certificate { .. })), "{refused:?}");
    let refused = open("empty.crt", "\n");
    assert!(matches!(refused, Err(Error::NoCertificate { .. })), "{refused:?}");
}

#[test]
fn what_is_sealed_opens_under_its_label_and_passphrase_only() {
    let sealed = keyfile::seal("MASTER KEY", &[7; 32], &passphrase()).unwrap();
    assert!(sealed.starts_with("-----BEGIN MASTER KEY-----\n"), "{sealed}");
    assert_eq!(keyfile::open("MASTER KEY", &sealed, &passphrase()).unwrap().as_slice(), [7; 32]);
    let refused = keyfile::open("MASTER KEY", &sealed, &Passphrase::new("wrong".into()));
    assert!(matches!(refused, Err(Error::Passphrase)));
    let refused = keyfile::open("OTHER KEY", &sealed, &passphrase());
    assert!(matches!(refused, Err(Error::KeyFileLabel { .. })));
    let relabelled = sealed.replace("MASTER KEY", "OTHER KEY");
    assert!(matches!(keyfile::open("OTHER KEY", &relabelled, &passphrase()), Err(Error::Passphrase)));
    let refused = keyfile::seal("MASTER KEY", &[7; 32], &Passphrase::new(String::new()));
    assert!(matches!(refused, Err(Error::NoPassphrase)));
}

#[test]
fn a_key_made_by_openssl_opens() {
    let pem = Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes-256-cbc", "-pass"])
        .arg(format!("pass:{PASSPHRASE}"))
        .output()
        .unwrap();
    let pem = String::from_utf8(pem.stdout).unwrap();
    let key = keyfile::open_private_key(&pem, &passphrase()).unwrap();
    assert_eq!(key.public_key().kind(), KeyKind::P256);
    let refused = keyfile::open_private_key(&pem, &Passphrase::new("wrong".into())).map(drop);
    assert!(matches!(refused, Err(Error::Passphrase)), "{refused:?}");
}
