//! An authority under an OpenSSL root.

use super::*;
use cardwright::ca::{self, verified_chain};

/// What OpenSSL signs a request with.
pub struct Root {
    pub directory: TempDir,
}

impl Root {
    /// A root that may stand above `depth` authorities.
    pub fn new(depth: u32) -> Self {
        let directory = crate::support::directory::temporary();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let constraints = format!("basicConstraints=critical,CA:TRUE,pathlen:{depth}");
        let arguments = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/O=Example/CN=Example Root",
            "-addext",
            &constraints,
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout",
            &at("root.key"),
            "-out",
            &at("root.pem"),
        ];
        content("openssl", &arguments, b"");
        Self { directory }
    }

    pub fn pem(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("root.pem")).unwrap()
    }

    /// Signs a request (PEM) with these extensions.
    pub fn sign(&self, csr: &str, extensions: &str) -> String {
        let at = |name: &str| self.directory.path().join(name).to_str().unwrap().to_owned();
        let csr = write(self.directory.path(), "sub.csr", csr.as_bytes());
        let extensions = write(self.directory.path(), "sub.ext", extensions.as_bytes());
        let arguments = [
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            &at("root.pem"),
            "-CAkey",
            &at("root.key"),
            "-days",
            "1000",
            "-extfile",
            &extensions,
            "-set_serial",
            "0x1001",
        ];
        let said = Command::new("openssl").args(arguments).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    }
}

pub const SUBORDINATE: &str = "basicConstraints=critical,CA:TRUE,pathlen:0\n\
     keyUsage=critical,digitalSignature,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

#[test]
fn a_request_is_signed_by_a_root_and_the_chain_installed() {
    let root = Root::new(1);
    let directory = crate::support::directory::temporary();
    let request = ca::request(&super::root(KeyAlgorithm::P256), file(directory.path())).unwrap();
    let csr = write(directory.path(), "sub.csr", request.to_pem().as_bytes());
    let text = content("openssl", &["req", "-in", &csr, "-noout", "-text", "-verify"], b"");
    assert!(text.contains("CA:TRUE, pathlen:0") && text.contains("Certificate Sign, CRL Sign"), "{text}");
    let again = ca::request(&super::root(KeyAlgorithm::P256), file(directory.path())).unwrap();
    assert_eq!(again.public_key(), request.public_key(), "the key is made once");

    let own = root.sign(&request.to_pem(), SUBORDINATE);
    // The order does not matter, nor does what stands between.
    let chain = verified_chain(&format!("{}\n# ours\n{own}", root.pem()), request.public_key(), now()).unwrap();
    assert_eq!(chain.len(), 2);
    let path = directory.path().join("ca.crt");
    std::fs::write(&path, chain.iter().map(Certificate::to_pem).collect::<String>()).unwrap();
    let ca = EmbeddedCa::open(&path, file(directory.path())).unwrap();
    let leaf = ca.issue(&user(&LEAF), now()).unwrap();
    let anchor = write(directory.path(), "root.pem", root.pem().as_bytes());
    let below = write(directory.path(), "below.pem", own.as_bytes());
    let leaf_pem = write(directory.path(), "leaf.pem", leaf.to_pem().as_bytes());
    content("openssl", &["verify", "-x509_strict", "-CAfile", &anchor, "-untrusted", &below, &leaf_pem], b"");
    let answer = write(directory.path(), "answer.der", &ca.respond(&leaf, ca.chain()).unwrap());
    let verify = ["cms", "-verify", "-inform", "DER", "-in", &answer, "-CAfile", &anchor, "-out", "/dev/null"];
    content("openssl", &verify, b"");
}

#[test]
fn a_chain_that_does_not_hold_is_refused() {
    let root = Root::new(1);
    let directory = crate::support::directory::temporary();
    let request = ca::request(&super::root(KeyAlgorithm::P256), file(directory.path())).unwrap();
    let key = request.public_key();
    let csr = request.to_pem();
    let refused = |text: &str| verified_chain(text, key, now()).unwrap_err();
    let with_root = |extensions: &str| root.sign(&csr, extensions) + &root.pem();
    let good = with_root(SUBORDINATE);

    assert!(matches!(refused(&root.pem()), Error::ChainKey));
    assert!(matches!(refused(""), Error::ChainKey));
    assert!(matches!(refused(&root.sign(&csr, SUBORDINATE)), Error::ChainIncomplete { .. }));
    assert!(matches!(refused(&(root.sign(&csr, SUBORDINATE) + &Root::new(1).pem())), Error::ChainIncomplete { .. }));
    assert!(matches!(refused(&good.replace("MII", "XII")), Error::ChainBroken(_)));
    let not = |error: Error| match error {
        Error::NotAllowed { what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(not(refused(&with_root("basicConstraints=critical,CA:FALSE\n"))), "issue certificates");
    let usage = |usage: &str| format!("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,{usage}\n");
    assert_eq!(not(refused(&with_root(&usage("cRLSign")))), "sign certificates");
    assert_eq!(not(refused(&with_root(&usage("keyCertSign")))), "sign revocation lists");
    let shallow = Root::new(0);
    let refused_depth = verified_chain(&(shallow.sign(&csr, SUBORDINATE) + &shallow.pem()), key, now()).unwrap_err();
    assert_eq!(not(refused_depth), "stand above so many other authorities");
    let late = verified_chain(&good, key, now() + Duration::days(2000)).unwrap_err();
    assert!(matches!(late, Error::OutOfTime { .. }), "{late}");
    assert!(matches!(refused(&good.repeat(6)), Error::ChainLong { .. }));
}
