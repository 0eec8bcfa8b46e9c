//! Certificates, requests and CMC messages, judged by OpenSSL and by Microsoft's own bodies.

mod channel;
mod cmc;
mod csr;
mod enveloped;
mod key;
mod name;
mod odd_requests;
mod pfx;

use std::{
    cell::Cell,
    path::Path,
    process::{Command, Output},
};

use base64::Engine;
use cardwright::pkix::{
    Certificate, CertificationRequest, Error, KeyAlgorithm, MemoryKey, PublicKey, SignError, SignatureAlgorithm, Signer,
};
use tempfile::TempDir;

/// Runs OpenSSL in a folder.
fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).current_dir(dir).output().expect("openssl is installed")
}

/// Runs OpenSSL, which must succeed, and returns what it printed on both streams.
fn openssl(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "openssl {arguments:?}: {printed}");
    printed
}

/// A private key in a file that only OpenSSL reads: our room sees its public half and its signatures.
struct OpensslKey {
    dir: TempDir,
    public: PublicKey,
    algorithm: SignatureAlgorithm,
    signatures: Cell<u32>,
}

impl OpensslKey {
    fn new(kind: KeyAlgorithm, algorithm: SignatureAlgorithm) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options: &[&str] = match kind {
            KeyAlgorithm::Rsa2048 => &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            KeyAlgorithm::Rsa3072 => &["RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
            KeyAlgorithm::Rsa4096 => &["RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
            KeyAlgorithm::P256 => &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            KeyAlgorithm::P384 => &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        };
        openssl(dir.path(), &[&["genpkey", "-out", "key.pem", "-algorithm"], options].concat());
        openssl(dir.path(), &["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "spki"]);
        let public = PublicKey::from_spki(&std::fs::read(dir.path().join("spki")).unwrap()).unwrap();
        Self { dir, public, algorithm, signatures: Cell::new(0) }
    }
}

impl Signer for OpensslKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signatures.set(self.signatures.get() + 1);
        let dir = self.dir.path();
        std::fs::write(dir.join("message"), message).unwrap();
        let hash = format!("-{}", self.algorithm.hash_name().to_lowercase());
        openssl(dir, &["dgst", &hash, "-sign", "key.pem", "-out", "signature", "message"]);
        Ok(std::fs::read(dir.join("signature")).unwrap())
    }
}

/// A certificate authority of OpenSSL's making whose key is ours: `ca.pem`, `ca.key` in the folder.
struct Authority {
    dir: TempDir,
    key: MemoryKey,
    certificate: Certificate,
}

impl Authority {
    fn new(kind: KeyAlgorithm) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = MemoryKey::generate(kind).unwrap();
        std::fs::write(dir.path().join("ca.key"), key.expose_pkcs8()).unwrap();
        openssl(
            dir.path(),
            &[
                "req",
                "-x509",
                "-new",
                "-key",
                "ca.key",
                "-out",
                "ca.pem",
                "-days",
                "30",
                "-utf8",
                "-subj",
                "/DC=example/DC=corp/CN=Prüfstelle",
            ],
        );
        let certificate = read_pem(dir.path(), "ca.pem");
        Self { dir, key, certificate }
    }

    /// Has OpenSSL issue a certificate for a request, its extensions copied.
    fn issue(&self, request: &CertificationRequest) -> Certificate {
        let dir = self.dir.path();
        std::fs::write(dir.join("request.pem"), request.to_pem()).unwrap();
        openssl(
            dir,
            &[
                "x509",
                "-req",
                "-in",
                "request.pem",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-days",
                "7",
                "-out",
                "leaf.pem",
                "-copy_extensions",
                "copyall",
            ],
        );
        read_pem(dir, "leaf.pem")
    }
}

fn read_pem(dir: &Path, file: &str) -> Certificate {
    Certificate::from_pem(&std::fs::read_to_string(dir.join(file)).unwrap()).unwrap()
}

fn sample(file: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mim-cm/samples").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn base64(text: &serde_json::Value) -> Vec<u8> {
    let text: String = text.as_str().unwrap().chars().filter(|c| !c.is_whitespace() && *c != '\0').collect();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn sample_request() -> Vec<u8> {
    base64(&sample("certificatedata-request.json")["certificaterequests"][0])
}

fn sample_response() -> Vec<u8> {
    base64(&sample("certificatedata-response.json")[0]["Pkcs7"])
}

/// Asserts which error came, and shows the other one.
macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        match $result {
            Err($pattern) $(if $guard)? => {}
            Err(other) => panic!("another error: {other:?}"),
            Ok(_) => panic!("accepted"),
        }
    };
}
pub(crate) use refused;

/// Where a needle stands in a haystack, which holds it once.
fn position(haystack: &[u8], needle: &[u8]) -> usize {
    let found: Vec<usize> = (0..haystack.len()).filter(|at| haystack[*at..].starts_with(needle)).collect();
    assert_eq!(found.len(), 1, "{needle:02x?} is there {} times", found.len());
    found[0]
}

#[test]
fn a_certificate_is_told_to_people() {
    let response = cardwright::pkix::cmc::read(&sample_response()).unwrap();
    let request = CertificationRequest::read(&sample_request()).unwrap();
    let lines = response.leaf_for(request.public_key()).unwrap().describe().unwrap();
    let line = |label: &str| lines.iter().find(|(it, _)| *it == label).map(|(_, text)| text.as_str()).unwrap_or("");
    assert!(line("Subject").starts_with("CN=Jimaco Brannian (Aquent LLC),OU=UserAccounts,DC=redmond,"), "{lines:?}");
    assert_eq!(line("Serial number"), "1B0000B1F4E11A8BBA988F2CB300010000B1F4");
    assert_eq!(line("Valid from"), "2015-07-07 23:27:33 UTC");
    assert_eq!(line("Public key"), "RSA 2048");
    assert_eq!(line("Signed with"), "sha1WithRSAEncryption");
    assert_eq!(line("Extended key usage"), "TLS client, smart card logon, 1.3.6.1.4.1.311.42.2.1");
    assert_eq!(line("Thumbprint (SHA-1)"), "A5FE3C53F9F9E63B22A558861A8D1ACA37E9891F");
}

#[test]
fn a_certificate_that_is_none_is_refused() {
    let authority = Authority::new(KeyAlgorithm::P256);
    let der = authority.certificate.der();
    assert!(authority.certificate.is_ca().unwrap());
    assert_eq!(authority.certificate.subject(), "CN=Prüfstelle,DC=corp,DC=example");
    authority.certificate.verify_issued_by(&authority.certificate).unwrap();
    refused!(Certificate::from_der(&[der, &[0]].concat()), Error::Malformed { what: "certificate", .. });
    refused!(Certificate::from_der(&der[..der.len() - 1]), Error::Malformed { .. });
    refused!(Certificate::from_der(&vec![0x30; 70_000]), Error::TooLarge { size: 70_000, .. });
    let label = authority.certificate.to_pem().replace("CERTIFICATE", "PRIVATE KEY");
    refused!(Certificate::from_pem(&label), Error::PemLabel { label, .. } if label == "PRIVATE KEY");

    let mut forged = der.to_vec();
    let at = position(&forged, &authority.certificate.x509().tbs_certificate().serial_number().as_bytes()[1..]);
    forged[at] ^= 1;
    let forged = Certificate::from_der(&forged).unwrap();
    refused!(forged.verify_issued_by(&authority.certificate), Error::BadSignature { what: "certificate" });
}
