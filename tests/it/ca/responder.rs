//! OCSP in bytes: what is no question, and what an answer says. Strangers ask the server itself elsewhere.

use super::*;
use cardwright::ca::ocsp::{Answering, Question, Refusal, Status};

/// A question as OpenSSL writes it.
fn asked(directory: &Path, ca: &EmbeddedCa, serials: &[&str], options: &[&str]) -> Vec<u8> {
    let issuer = write(directory, "issuer.pem", ca.chain()[0].to_pem().as_bytes());
    let path = directory.join("question.der").to_str().unwrap().to_owned();
    let serials = serials.iter().flat_map(|serial| ["-serial", serial]);
    let mut arguments = vec!["ocsp"];
    arguments.extend(options);
    arguments.extend(["-issuer", issuer.as_str(), "-reqout", path.as_str()]);
    arguments.extend(serials);
    content("openssl", &arguments, b"");
    std::fs::read(path).unwrap()
}

#[test]
fn questions_are_read_and_bounded() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    for hash in ["-sha1", "-sha256"] {
        let question = Question::read(&asked(directory.path(), &ca, &["0x1234"], &[hash])).unwrap();
        assert_eq!(question.serials(&ca.chain()[0]).unwrap(), [Some(vec![0x12, 0x34])], "{hash}");
        assert!(question.has_nonce());
        let (_elsewhere, other) = create(KeyAlgorithm::P256);
        // The same name with another key is another authority.
        assert_eq!(question.serials(&other.chain()[0]).unwrap(), [None], "{hash}");
    }
    let plain = Question::read(&asked(directory.path(), &ca, &["1", "2"], &["-no_nonce"])).unwrap();
    assert!(!plain.has_nonce() && plain.serials(&ca.chain()[0]).unwrap().len() == 2);
    let unknown_hash = Question::read(&asked(directory.path(), &ca, &["1"], &["-sha512"])).unwrap();
    assert_eq!(unknown_hash.serials(&ca.chain()[0]).unwrap(), [None]);
    let many: Vec<String> = (1..=33).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let good = asked(directory.path(), &ca, &["1"], &[]);
    for wrong in [
        asked(directory.path(), &ca, &many, &[]),
        Vec::new(),
        b"question".to_vec(),
        good[..good.len() - 1].to_vec(),
        [good.clone(), vec![0]].concat(),
        vec![0x30; 20_000],
    ] {
        assert!(matches!(Question::read(&wrong).map(drop), Err(Error::OcspRequest)));
    }
}

#[test]
fn answers_are_signed_by_a_delegate() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let certificate = ca.delegate(key.public_key(), Duration::days(1), now()).unwrap();
    let der = asked(directory.path(), &ca, &["1", "2", "3"], &["-sha256"]);
    let by = Answering {
        signer: &key,
        certificate: &certificate,
        produced_at: now(),
        this_update: now(),
        next_update: now() + Duration::hours(1),
    };
    let revoked = Status::Revoked { at: now(), reason: RevocationReason::KeyCompromise };
    let answer = Question::read(&der).unwrap().answer(&[Status::Good, revoked, Status::Unknown], &by).unwrap();
    let answer = write(directory.path(), "answer.der", &answer);
    let question = write(directory.path(), "asked.der", &der);
    let authority = write(directory.path(), "authority.pem", ca.chain()[0].to_pem().as_bytes());
    let arguments = ["ocsp", "-reqin", &question, "-respin", &answer, "-CAfile", &authority, "-resp_text"];
    let said = content("openssl", &arguments, b"");
    for expected in
        ["Response verify OK", "Cert Status: good", "keyCompromise", "Cert Status: unknown", "OCSP No Check"]
    {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    for (refusal, expected) in [
        (Refusal::Malformed, "malformedrequest (1)"),
        (Refusal::TryLater, "trylater (3)"),
        (Refusal::Unauthorized, "unauthorized (6)"),
    ] {
        let path = write(directory.path(), "refusal.der", &refusal.to_der());
        let (_, said) = run("openssl", &["ocsp", "-respin", &path, "-noverify", "-resp_text"], b"");
        assert!(said.contains(expected), "{said}");
    }
}
