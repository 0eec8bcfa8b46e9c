//! Certification requests that are not as RFC 2986 has them and that OpenSSL verifies: so do we, or we say why not.

use super::*;
use cardwright::iso7816::tlv::write;

/// What a request is made of, each part as it will stand there.
#[derive(Clone)]
struct Parts {
    version: Vec<u8>,
    spki: Vec<u8>,
    attributes: Vec<u8>,
    algorithm: Vec<u8>,
}

const SEQUENCE: u32 = 0x30;
const ECDSA_SHA256: &str = "06082a8648ce3d040302";
const RSA_SHA256: &str = "06092a864886f70d01010b";
const EXTENSION_REQUEST: &str = "06092a864886f70d01090e";
const SUBJECT: &str = "300c310a300806035504030c0178";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace(' ', "")).unwrap()
}

impl Parts {
    fn of(key: &MemoryKey) -> Self {
        let algorithm =
            if key.public_key().kind().is_rsa() { format!("{RSA_SHA256}0500") } else { ECDSA_SHA256.into() };
        Self {
            version: bytes("020100"),
            spki: key.public_key().spki().to_vec(),
            attributes: bytes("a000"),
            algorithm: write(SEQUENCE, &bytes(&algorithm)),
        }
    }

    fn info(&self) -> Vec<u8> {
        [&self.version[..], &bytes(SUBJECT), &self.spki, &self.attributes].concat()
    }

    /// The request over `info`, an element as it stands there.
    fn signed(&self, key: &MemoryKey, info: &[u8]) -> Vec<u8> {
        let signature = key.sign(info).unwrap();
        write(SEQUENCE, &[info, &self.algorithm, &write(0x03, &[&[0], &signature[..]].concat())].concat())
    }
}

/// What OpenSSL verifies, we verify; and the key it is about is the key that was meant.
#[track_caller]
fn verified(what: &str, request: &[u8], key: &PublicKey) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("r"), request).unwrap();
    let said = openssl(dir.path(), &["req", "-verify", "-noout", "-inform", "DER", "-in", "r"]);
    assert!(said.contains("verify OK"), "{what}: {said}");
    let read = CertificationRequest::from_der(request).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    read.verify().unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(read.public_key(), key, "{what}");
}

#[test]
fn a_request_without_the_field_of_attributes_is_one_without_attributes() {
    let request = include_bytes!("../../data/csr/no-attributes-field.der");
    let read = CertificationRequest::from_der(request).unwrap();
    verified("no attributes field", request, read.public_key());
    assert!(read.attributes().unwrap().is_empty() && read.extensions().is_empty());
    assert_eq!((read.key_usage().unwrap(), read.os_version()), (None, None));
    assert_eq!(CertificationRequest::read(read.to_pem().as_bytes()).unwrap(), read);
}

#[test]
fn what_openssl_verifies_is_read() {
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let parts = Parts::of(&key);
    let with = |change: &dyn Fn(&mut Parts)| {
        let mut changed = parts.clone();
        change(&mut changed);
        changed.signed(&key, &write(SEQUENCE, &changed.info()))
    };
    let attribute = |values: &str| write(0xA0, &write(SEQUENCE, &bytes(&format!("{EXTENSION_REQUEST}{values}"))));
    let two = [bytes("300f06035504 0331080c0662696e646572"), bytes("300b06035504 0331040c026162")];
    // keyUsage, critical FALSE written out and TRUE written as 01; and something that is no list of extensions.
    let extensions =
        ["31123010300e0603551d0f0101000404 03020780", "31123010300e0603551d0f0101010404 03020780", "3103020105"];
    let plain = write(SEQUENCE, &parts.info());
    let long = [&[0x30, 0x83, 0x00, 0x00, plain.len() as u8 - 3], &plain[3..]].concat();
    let long = if plain[1] == 0x81 { long } else { [&[0x30, 0x82, 0x00], &plain[1..]].concat() };
    let endless = [&[0x30, 0x80], &parts.info()[..], &[0, 0]].concat();
    let whole = parts.signed(&key, &plain);
    let mut cases = vec![
        ("version 2", with(&|it| it.version = bytes("020101"))),
        ("version 300", with(&|it| it.version = bytes("0202012b"))),
        ("no attributes", with(&|it| it.attributes = vec![])),
        ("no value", with(&|it| it.attributes = attribute("3100"))),
        ("two of a kind", with(&|it| it.attributes = write(0xA0, &[two[1].clone(), two[1].clone()].concat()))),
        ("unsorted", with(&|it| it.attributes = write(0xA0, &[two[0].clone(), two[1].clone()].concat()))),
        ("NULL beside ECDSA", with(&|it| it.algorithm = write(SEQUENCE, &bytes(&format!("{ECDSA_SHA256}0500"))))),
        ("a long length", parts.signed(&key, &long)),
        ("an indefinite length", parts.signed(&key, &endless)),
        ("a line end", [&whole[..], b"\r\n"].concat()),
    ];
    cases.extend(extensions.map(|values| ("extensions", with(&|it| it.attributes = attribute(values)))));
    for (what, request) in cases {
        verified(what, &request, key.public_key());
    }
}

#[test]
fn an_rsa_key_without_null_is_the_same_key() {
    let key = MemoryKey::generate(KeyAlgorithm::Rsa2048).unwrap();
    let mut parts = Parts::of(&key);
    parts.algorithm = write(SEQUENCE, &bytes(RSA_SHA256));
    verified("no parameters of the signature", &parts.signed(&key, &write(SEQUENCE, &parts.info())), key.public_key());
    let identifier = write(SEQUENCE, &bytes("06092a864886f70d010101"));
    let bits = write(0x03, &[&[0], key.public_key().subject_public_key()].concat());
    parts.spki = write(SEQUENCE, &[identifier, bits].concat());
    verified("no parameters of the key", &parts.signed(&key, &write(SEQUENCE, &parts.info())), key.public_key());
}

/// What is not read is refused with words that say why.
#[test]
fn what_is_refused_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let made = |options: &[&str]| {
        let request = ["req", "-new", "-nodes", "-subj", "/CN=x", "-keyout", "k", "-outform", "DER", "-out", "r"];
        openssl(dir.path(), &[&request[..], options].concat());
        let read = CertificationRequest::from_der(&std::fs::read(dir.path().join("r")).unwrap());
        read.and_then(|request| request.verify()).unwrap_err().to_string()
    };
    let curve = |name: &'static str| ["-newkey", "ec", "-pkeyopt", name];
    assert!(made(&curve("ec_paramgen_curve:secp521r1")).contains("1.3.132.0.35"));
    assert!(made(&["-newkey", "ed25519"]).contains("1.3.101.112"));
    assert!(made(&["-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss"]).contains("1.2.840.113549.1.1.10"));
    let explicit = [&curve("ec_paramgen_curve:P-256")[..], &["-pkeyopt", "ec_param_enc:explicit"]].concat();
    assert!(made(&explicit).contains("named curve"));
    openssl(
        dir.path(),
        &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-conv_form", "compressed", "-out", "c"],
    );
    let compressed = ["req", "-new", "-subj", "/CN=x", "-key", "c", "-outform", "DER", "-out", "r"];
    openssl(dir.path(), &compressed);
    let told = CertificationRequest::from_der(&std::fs::read(dir.path().join("r")).unwrap());
    if let Err(error) = told {
        assert!(error.to_string().contains("compressed"), "{error}");
    }
}
