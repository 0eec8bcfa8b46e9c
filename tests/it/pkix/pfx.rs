//! PKCS#12 files, opened by OpenSSL and GnuTLS, and theirs opened here.

use crate::support::certificates::{authority, certificate_for};
use cardwright::pkix::pfx::{self, PfxCipher, PfxProtection};
use cardwright::pkix::{Certificate, Error, KeyAlgorithm, MemoryKey, Signer};
use std::path::Path;
use std::process::{Command, Output};

const PASSWORD: &str = "pässword of Zoë";

fn made(algorithm: KeyAlgorithm) -> (MemoryKey, Certificate, Vec<Certificate>) {
    let key = MemoryKey::generate(algorithm).unwrap();
    let certificate = Certificate::from_der(&certificate_for(key.public_key(), "alice")).unwrap();
    (key, certificate, vec![Certificate::from_pem(authority()).unwrap()])
}

fn run(program: &str, arguments: &[&str], file: &Path) -> Output {
    Command::new(program).args(arguments).arg(file).output().unwrap()
}

#[test]
fn openssl_and_gnutls_open_what_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.p12");
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Rsa2048] {
        let (key, certificate, chain) = made(algorithm);
        for (cipher, wanted) in
            [(PfxCipher::Aes256, "AES-256-CBC"), (PfxCipher::TripleDes, "pbeWithSHA1And3-KeyTripleDES-CBC")]
        {
            let protection = PfxProtection { cipher, ..PfxProtection::default() };
            let bytes = pfx::write(&key, &certificate, &chain, "Encryption", PASSWORD, protection).unwrap();
            std::fs::write(&file, &bytes).unwrap();
            let password = format!("pass:{PASSWORD}");
            let opened = run("openssl", &["pkcs12", "-nodes", "-info", "-passin", &password, "-in"], &file);
            let (shown, told) = (String::from_utf8_lossy(&opened.stdout), String::from_utf8_lossy(&opened.stderr));
            assert!(opened.status.success(), "{told}");
            assert!(told.contains(wanted), "{told}");
            // OpenSSL tells of the MAC, the certificates and the key: each as dear as the strictest reader takes it.
            assert_eq!(told.to_lowercase().matches("iteration 300000").count(), 3, "{told}");
            assert_eq!(told.contains("MAC: sha256"), cipher == PfxCipher::Aes256, "{told}");
            assert_eq!(shown.matches("BEGIN CERTIFICATE").count(), 2, "{shown}");
            assert_eq!(shown.matches("BEGIN PRIVATE KEY").count(), 1, "{shown}");
            let gnutls = run("certtool", &["--p12-info", "--inder", "--password", PASSWORD, "--infile"], &file);
            let told = [gnutls.stdout, gnutls.stderr].concat();
            let told = String::from_utf8_lossy(&told);
            assert!(gnutls.status.success(), "{told}");
            assert!(told.contains("BEGIN CERTIFICATE"), "{told}");
            let (read, certificates) = pfx::read(&bytes, PASSWORD).unwrap();
            assert_eq!(read.expose_pkcs8(), key.expose_pkcs8());
            assert_eq!(certificates.first().map(Certificate::der), Some(certificate.der()));
        }
    }
}

#[test]
fn a_file_of_openssl_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let (key, certificate, _) = made(KeyAlgorithm::P256);
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("key.der"), key.expose_pkcs8()).unwrap();
    std::fs::write(path("cert.pem"), certificate.to_pem()).unwrap();
    let mut pem = Command::new("openssl");
    pem.args(["pkey", "-inform", "DER", "-in", "key.der", "-out", "key.pem"]);
    assert!(pem.current_dir(&directory).status().unwrap().success());
    let mut export = Command::new("openssl");
    export.args(["pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-passout", "pass:abc", "-out", "a.p12"]);
    assert!(export.current_dir(&directory).status().unwrap().success());
    let bytes = std::fs::read(path("a.p12")).unwrap();
    let (read, _) = pfx::read(&bytes, "abc").unwrap();
    assert_eq!(read.public_key(), key.public_key());
    assert!(matches!(pfx::read(&bytes, "abd"), Err(Error::Pfx { .. })));
}

#[test]
fn a_password_must_protect() {
    let (key, certificate, chain) = made(KeyAlgorithm::P256);
    for password in ["", "smile 😀"] {
        let written = pfx::write(&key, &certificate, &chain, "x", password, PfxProtection::default());
        assert!(matches!(written, Err(Error::PfxPassword)));
    }
}

#[test]
fn damaged_files_are_refused() {
    let (key, certificate, chain) = made(KeyAlgorithm::P256);
    let bytes = pfx::write(&key, &certificate, &chain, "x", "abc", PfxProtection::default()).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        if let Ok((read, _)) = pfx::read(&damaged, "abc") {
            assert_eq!(read.public_key(), key.public_key());
        }
    }
    assert!(pfx::read(&bytes[..bytes.len() / 2], "abc").is_err());
    assert!(matches!(pfx::read(&vec![0x30; 300 * 1024], "abc"), Err(Error::TooLarge { .. })));
}
