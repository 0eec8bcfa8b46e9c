use super::*;
use cardwright::iso7816::tlv::write;
use cardwright::pkix::{
    cmc::{self, CmcStatus, FailInfo},
    csr::{self, RequestContent},
    name,
};
use proptest::prelude::*;

fn request(key: &MemoryKey) -> CertificationRequest {
    let subject = name::parse("CN=Ann Example,OU=Users,DC=corp,DC=example").unwrap();
    csr::build(&RequestContent { subject, ..RequestContent::default() }, key).unwrap()
}

/// An authority, a certificate it issued, and the answer that carries it.
fn issued(kind: KeyAlgorithm) -> (Authority, Certificate, Vec<u8>) {
    let authority = Authority::new(kind);
    let leaf = authority.issue(&request(&MemoryKey::generate(KeyAlgorithm::P256).unwrap()));
    let chain = [authority.certificate.clone()];
    let message = cmc::write_full_response(&leaf, &chain, &authority.key, &authority.certificate).unwrap();
    (authority, leaf, message)
}

#[test]
fn microsofts_answer_is_read_and_its_leaf_matched_to_the_request() {
    let response = cmc::read(&sample_response()).unwrap();
    let request = CertificationRequest::read(&sample_request()).unwrap();
    let leaf = response.leaf_for(request.public_key()).unwrap();
    assert_eq!(leaf.serial(), "1B0000B1F4E11A8BBA988F2CB300010000B1F4");
    assert_eq!(leaf.thumbprint_sha1(), "A5FE3C53F9F9E63B22A558861A8D1ACA37E9891F");
    assert_eq!(response.issued_certificate_hash(), Some(&leaf.sha1()[..]));
    assert_eq!(response.status, Some(CmcStatus::Success { text: Some("Issued".into()) }));
    assert_eq!(response.certificates.len(), 3);
    assert_eq!(leaf.subject_key_id().unwrap(), request.subject_key_id().unwrap());
    assert_eq!(leaf.alt_names().unwrap().upns.len(), 1);
    assert!(leaf.may_decrypt().unwrap() && !leaf.is_ca().unwrap());
    assert_eq!(leaf.not_after() - leaf.not_before(), time::Duration::days(365));

    let signers = response.verify_signature().unwrap();
    assert_eq!(signers.len(), 1);
    assert_eq!(signers[0].subject(), leaf.issuer());
    assert_eq!(leaf.authority_key_id().unwrap(), signers[0].subject_key_id().unwrap());
    leaf.verify_issued_by(signers[0]).unwrap();
    refused!(leaf.verify_issued_by(leaf), Error::BadSignature { .. });
}

#[test]
fn what_we_write_openssl_verifies_and_we_read() {
    for kind in [KeyAlgorithm::Rsa2048, KeyAlgorithm::Rsa4096, KeyAlgorithm::P256, KeyAlgorithm::P384] {
        let (authority, leaf, message) = issued(kind);
        let dir = authority.dir.path();
        std::fs::write(dir.join("answer"), &message).unwrap();
        let said = openssl(
            dir,
            &[
                "cms",
                "-verify",
                "-inform",
                "DER",
                "-in",
                "answer",
                "-CAfile",
                "ca.pem",
                "-purpose",
                "any",
                "-out",
                "body",
                "-certsout",
                "certs.pem",
            ],
        );
        assert!(said.contains("Verification successful"), "{said}");
        let printed = openssl(dir, &["cms", "-cmsout", "-print", "-inform", "DER", "-in", "answer"]);
        for line in ["version: 3", "eContentType: id-cct-PKIResponse", "d.issuerAndSerialNumber"] {
            assert!(printed.contains(line), "{line} is not in {printed}");
        }
        let body = openssl(dir, &["asn1parse", "-inform", "DER", "-in", "body"]);
        for line in ["Issued", "1.3.6.1.4.1.311.10.10.1", "1.3.6.1.4.1.311.21.17", &leaf.thumbprint_sha1()] {
            assert!(body.contains(line), "{line} is not in {body}");
        }

        let response = cmc::read(&message).unwrap();
        assert_eq!(response.certificates.len(), 2, "the authority's certificate is there once");
        assert_eq!(response.leaf_for(&leaf.public_key().unwrap()).unwrap(), &leaf);
        assert_eq!(response.verify_signature().unwrap(), [&authority.certificate]);
        assert_eq!(response.issued_certificate_hash(), Some(&leaf.sha1()[..]));
    }
}

#[test]
fn our_answer_is_laid_out_as_microsofts() {
    let controls = |message: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("answer"), message).unwrap();
        openssl(dir.path(), &["cms", "-verify", "-noverify", "-inform", "DER", "-in", "answer", "-out", "body"]);
        let mut body = std::fs::read(dir.path().join("body")).unwrap();
        let hash = body.len() - 4 - 20..body.len() - 4;
        body[hash].fill(0);
        hex::encode(body)
    };
    assert_eq!(controls(&issued(KeyAlgorithm::P256).2), controls(&sample_response()));
}

#[test]
fn certificates_alone_and_streamed_encodings_are_read() {
    let (authority, leaf, message) = issued(KeyAlgorithm::Rsa2048);
    let dir = authority.dir.path();
    let key = leaf.public_key().unwrap();
    let alone =
        ["crl2pkcs7", "-nocrl", "-certfile", "leaf.pem", "-certfile", "ca.pem", "-outform", "DER", "-out", "p7"];
    openssl(dir, &alone);
    let response = cmc::read(&std::fs::read(dir.join("p7")).unwrap()).unwrap();
    assert_eq!(response.status, None);
    assert_eq!(response.leaf_for(&key).unwrap(), &leaf);
    assert!(response.verify_signature().unwrap().is_empty());

    std::fs::write(dir.join("answer"), message).unwrap();
    openssl(dir, &["cms", "-verify", "-noverify", "-inform", "DER", "-in", "answer", "-out", "body"]);
    openssl(
        dir,
        &[
            "cms",
            "-sign",
            "-stream",
            "-nodetach",
            "-binary",
            "-econtent_type",
            "1.3.6.1.5.5.7.12.3",
            "-in",
            "body",
            "-signer",
            "ca.pem",
            "-inkey",
            "ca.key",
            "-certfile",
            "leaf.pem",
            "-outform",
            "DER",
            "-out",
            "streamed",
        ],
    );
    let streamed = std::fs::read(dir.join("streamed")).unwrap();
    assert_eq!(streamed[..2], [0x30, 0x80], "indefinite length");
    let response = cmc::read(&streamed).unwrap();
    assert_eq!(response.status, Some(CmcStatus::Success { text: Some("Issued".into()) }));
    assert_eq!(response.leaf_for(&key).unwrap(), &leaf);
    assert_eq!(response.verify_signature().unwrap(), [&authority.certificate]);
    for end in 0..streamed.len() {
        assert!(cmc::read(&streamed[..end]).is_err(), "broken off at {end}");
    }

    openssl(
        dir,
        &[
            "cms",
            "-sign",
            "-keyid",
            "-nodetach",
            "-binary",
            "-econtent_type",
            "1.3.6.1.5.5.7.12.3",
            "-in",
            "body",
            "-md",
            "sha512",
            "-signer",
            "ca.pem",
            "-inkey",
            "ca.key",
            "-nocerts",
            "-outform",
            "DER",
            "-out",
            "bare",
        ],
    );
    let bare = cmc::read(&std::fs::read(dir.join("bare")).unwrap()).unwrap();
    refused!(bare.verify_signature(), Error::SignerMissing { .. });
    refused!(bare.leaf_for(&key), Error::NoCertificate);
}

#[test]
fn the_leaf_is_chosen_by_key_and_a_stranger_is_named() {
    let (authority, old, _) = issued(KeyAlgorithm::P256);
    let key = MemoryKey::generate(KeyAlgorithm::P384).unwrap();
    let first = authority.issue(&request(&key));
    let second = authority.issue(&request(&key));
    let chain = [old.clone(), first.clone(), second.clone()];
    for wanted in [&first, &second] {
        let message = cmc::write_full_response(wanted, &chain, &authority.key, &authority.certificate).unwrap();
        let response = cmc::read(&message).unwrap();
        assert_eq!(response.certificates.len(), 4);
        assert_eq!(response.leaf_for(key.public_key()).unwrap(), wanted, "the one whose hash is stated");
        let stranger = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        refused!(
            response.leaf_for(stranger.public_key()),
            Error::CertificateForAnotherKey { came } if came.len() == 4
                && came.iter().any(|it| it.contains("CN=Ann Example") && it.contains(&old.serial()))
        );
    }
}

#[test]
fn refusals_and_delays_are_told_in_words() {
    let authority = Authority::new(KeyAlgorithm::P256);
    let (signer, certificate) = (&authority.key, &authority.certificate);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let message = cmc::write_failed(&FailInfo::NoKeyReuse, "Denied by\u{1b}[31m policy", signer, certificate).unwrap();
    let response = cmc::read(&message).unwrap();
    response.verify_signature().unwrap();
    refused!(
        response.leaf_for(key.public_key()),
        Error::NotIssued(CmcStatus::Failed { reason: Some(FailInfo::NoKeyReuse), .. })
    );
    assert_eq!(
        response.status.unwrap().to_string(),
        "the request was refused: the authority does not certify the same key again (noKeyReuse) (\"Denied by[31m policy\")"
    );

    let when = time::macros::datetime!(2026-11-22 15:04:00 UTC);
    let message = cmc::write_pending("Taken Under Submission", b"4711", when, signer, certificate).unwrap();
    let dir = authority.dir.path();
    std::fs::write(dir.join("answer"), &message).unwrap();
    openssl(
        dir,
        &["cms", "-verify", "-inform", "DER", "-in", "answer", "-CAfile", "ca.pem", "-purpose", "any", "-out", "b"],
    );
    let status = cmc::read(&message).unwrap().status.unwrap();
    assert_eq!(
        status,
        CmcStatus::Pending {
            text: Some("Taken Under Submission".into()),
            pend_token: b"4711".into(),
            time: Some(when)
        }
    );
    assert_eq!(
        status.to_string(),
        "the request waits for a decision; ask again from 2026-11-22 15:04 UTC (\"Taken Under Submission\")"
    );
}

/// An element with a short length.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// Has OpenSSL sign a PKIResponse with one status control, id-cmc-7.`arc`.
fn with_status(authority: &Authority, arc: u8, status: &str) -> Result<CmcStatus, Error> {
    let dir = authority.dir.path();
    let oid = element(6, &[0x2b, 6, 1, 5, 5, 7, 7, arc]);
    let value = element(0x31, &hex::decode(status.replace(' ', "")).unwrap());
    let control = element(0x30, &[vec![2, 1, 1], oid, value].concat());
    let empty = element(0x30, &[]);
    let body = element(0x30, &[element(0x30, &control), empty.clone(), empty].concat());
    std::fs::write(dir.join("body"), body).unwrap();
    openssl(
        dir,
        &[
            "cms",
            "-sign",
            "-nodetach",
            "-binary",
            "-econtent_type",
            "1.3.6.1.5.5.7.12.3",
            "-in",
            "body",
            "-signer",
            "ca.pem",
            "-inkey",
            "ca.key",
            "-outform",
            "DER",
            "-out",
            "answer",
        ],
    );
    cmc::read(&std::fs::read(dir.join("answer")).unwrap()).map(|response| response.status.unwrap())
}

#[test]
fn every_status_of_both_versions_is_read() {
    let authority = Authority::new(KeyAlgorithm::P256);
    let status = |arc, hex| with_status(&authority, arc, hex).unwrap();
    let failed = |reason| CmcStatus::Failed { reason, text: None };
    // Version 1: status, body list {1}, then what the standard allows.
    assert_eq!(status(1, "3008 020102 3003020101"), failed(None));
    assert_eq!(status(1, "300b 020102 3003020101 02010b"), failed(Some(FailInfo::InternalCaError)));
    assert_eq!(status(1, "300b 020102 3003020101 020163"), failed(Some(FailInfo::Unknown(99))));
    assert_eq!(status(1, "3008 020104 3003020101"), CmcStatus::NoSupport { text: None });
    assert_eq!(status(1, "3008 020105 3003020101"), CmcStatus::ConfirmRequired { text: None });
    assert_eq!(status(1, "3008 020106 3003020101"), CmcStatus::PopRequired { text: None });
    assert_eq!(status(1, "3008 020107 3003020101"), CmcStatus::Partial { text: None });
    assert_eq!(status(1, "3008 02012a 3003020101"), CmcStatus::Unknown { code: 42, text: None });
    // Version 2: a body part path, an extended reason, pending with the tag of its module.
    assert_eq!(status(25, "300d 020100 3008 3006020101020102"), CmcStatus::Success { text: None });
    let own = Some(FailInfo::Extended("1.2.3".into()));
    assert_eq!(status(25, "3010 020102 3003020101 a106 06022a03 0500"), failed(own));
    let pending = status(25, "301e 020103 3003020101 a014 040141 180f 32303236313132323135303430305a");
    let when = time::macros::datetime!(2026-11-22 15:04:00 UTC);
    assert_eq!(pending, CmcStatus::Pending { text: None, pend_token: b"A".into(), time: Some(when) });
    refused!(with_status(&authority, 1, "3003 020102"), Error::Malformed { what: "CMC status", .. });
    refused!(
        with_status(&authority, 1, "300b 020102 3003020101 040161"),
        Error::Malformed { what: "CMC fail info", .. }
    );
}

#[test]
fn a_tampered_answer_is_refused() {
    let ours = issued(KeyAlgorithm::P384).2;
    for message in [sample_response(), ours] {
        let verify = |message: &[u8]| cmc::read(message).unwrap().verify_signature().map(|_| ());
        verify(&message).unwrap();
        let mut content = message.clone();
        content[position(&message, b"Issued")] ^= 0x20;
        refused!(verify(&content), Error::BadDigest);
        let mut signature = message.clone();
        *signature.last_mut().unwrap() ^= 1;
        refused!(verify(&signature), Error::BadSignature { what: "signed message" });
        // The signed attribute messageDigest: OID, SET, OCTET STRING, then the digest.
        let mut digest = message.clone();
        let at = position(&message, &hex::decode("06092a864886f70d010904").unwrap());
        digest[at + 11 + 4] ^= 1;
        refused!(verify(&digest), Error::BadDigest);
    }
}

#[test]
fn an_answer_is_signed_only_with_the_key_of_its_certificate() {
    let (authority, leaf, _) = issued(KeyAlgorithm::P256);
    let other = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    refused!(cmc::write_full_response(&leaf, &[], &other, &authority.certificate), Error::SignerCertificate);
}

/// An answer with certificates alone, junk among them.
fn certs_only(certificates: &[&[u8]]) -> Vec<u8> {
    let version_digests_data = hex::decode("0201013100300b06092a864886f70d010701").unwrap();
    let signed = [version_digests_data, write(0xA0, &certificates.concat()), write(0x31, &[])].concat();
    let kind = hex::decode("06092a864886f70d010702").unwrap();
    write(0x30, &[kind, write(0xA0, &write(0x30, &signed))].concat())
}

#[test]
fn a_junk_certificate_hides_no_other() {
    let (_, leaf, _) = issued(KeyAlgorithm::P256);
    let key = leaf.public_key().unwrap();
    let junk: [&[u8]; 3] = [&[0x30, 0x03, 0xAA, 0xAA, 0xAA], &[0x30, 0x03, 0x02, 0x01, 0x05], &[0x30, 0x00]];
    let cut = write(0x30, &leaf.der()[4..leaf.der().len() - 9]);
    for junk in junk.into_iter().chain([&cut[..]]) {
        for order in [[junk, leaf.der()], [leaf.der(), junk]] {
            let response = cmc::read(&certs_only(&order)).unwrap();
            assert_eq!((response.certificates.len(), response.unreadable), (1, 1));
            assert_eq!(response.leaf_for(&key).unwrap(), &leaf);
        }
        let response = cmc::read(&certs_only(&[junk])).unwrap();
        let told = response.leaf_for(&key).unwrap_err().to_string();
        assert!(told.contains("1 that cannot be read"), "{told}");
    }
    let twice = cmc::read(&certs_only(&[leaf.der(), leaf.der()])).unwrap();
    assert_eq!(twice.leaf_for(&key).unwrap(), &leaf);
}

#[test]
fn what_is_not_one_answer_is_refused() {
    let message = sample_response();
    refused!(cmc::read(&[&message[..], b"\0"].concat()), Error::Leftover { what: "signed message", extra: 1 });
    refused!(cmc::read(&message[..message.len() - 1]), Error::Encoding { .. });
    refused!(cmc::read(&[]), Error::Encoding { offset: 0 });
    refused!(cmc::read(&vec![0x30; 1024 * 1024 + 1]), Error::TooLarge { .. });
    refused!(cmc::read(&[0x30, 0x80].repeat(100_000)), Error::TooDeep { limit: 32 });
    refused!(cmc::read(&[0x24, 0x80].repeat(100_000)), Error::TooDeep { .. });
    refused!(cmc::read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Error::Encoding { .. });
    refused!(cmc::read(&[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]), Error::Encoding { .. });
    refused!(cmc::read(&[0x04, 0x80, 0, 0]), Error::Encoding { .. });
    refused!(cmc::read(b"<html>Service unavailable</html>"), Error::Encoding { .. });
    refused!(cmc::read(&sample_request()), Error::Malformed { .. });

    let authority = Authority::new(KeyAlgorithm::P256);
    let dir = authority.dir.path();
    std::fs::write(dir.join("body"), "text").unwrap();
    let data = ["cms", "-data_create", "-in", "body", "-outform", "DER", "-out", "data"];
    openssl(dir, &data);
    refused!(cmc::read(&std::fs::read(dir.join("data")).unwrap()), Error::NotSignedData { .. });
    let signed = |kind: &str| {
        openssl(
            dir,
            &[
                "cms",
                "-sign",
                "-nodetach",
                "-binary",
                "-econtent_type",
                kind,
                "-in",
                "body",
                "-signer",
                "ca.pem",
                "-inkey",
                "ca.key",
                "-outform",
                "DER",
                "-out",
                "signed",
            ],
        );
        cmc::read(&std::fs::read(dir.join("signed")).unwrap())
    };
    refused!(signed("1.3.6.1.5.5.7.12.2"), Error::NotPkiResponse { found } if found == "1.3.6.1.5.5.7.12.2");
    refused!(signed("1.3.6.1.5.5.7.12.3"), Error::Malformed { what: "PKI response", .. });
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(cmc::read(&bytes).is_err());
    }

    #[test]
    fn a_damaged_answer_never_panics(
        at in prop_oneof![0usize..200, 200usize..4800, 4800usize..5258], byte in any::<u8>(), cut in 0usize..40,
    ) {
        let mut message = sample_response();
        message[at] = byte;
        message.drain(at..(at + cut / 20).min(message.len()));
        if let Ok(response) = cmc::read(&message) {
            let _ = response.verify_signature();
            for certificate in &response.certificates {
                let _ = (certificate.describe(), certificate.serial(), certificate.not_after(), certificate.alt_names());
                let _ = response.leaf_for(&certificate.public_key().unwrap_or_else(|_| sample_key()));
            }
        }
    }
}

fn sample_key() -> PublicKey {
    CertificationRequest::read(&sample_request()).unwrap().public_key().clone()
}
