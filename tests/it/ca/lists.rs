//! Complete and delta lists, as OpenSSL understands them; and a long one.

use super::*;

fn revoked(serial: u32, reason: Option<RevocationReason>) -> Revocation {
    Revocation { serial: [&[1], &serial.to_be_bytes()[..]].concat(), at: now(), reason }
}

fn text(directory: &Path, der: &[u8]) -> String {
    let path = write(directory, "list.der", der);
    content("openssl", &["crl", "-inform", "DER", "-in", &path, "-noout", "-text"], b"")
}

#[test]
fn a_delta_list_names_its_base_and_what_was_released() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let hold = entries(&[revoked(1, Some(RevocationReason::CertificateHold))]);
    let freshest = ListOrder { freshest_url: Some("http://pki.example.com/delta.crl"), ..list_order(7, now()) };
    let base = text(directory.path(), &ca.sign_list(&freshest, &hold).unwrap());
    assert!(base.contains("X509v3 CRL Number: \n                7\n"), "{base}");
    assert!(base.contains("Certificate Hold"), "{base}");
    assert!(base.contains("X509v3 Freshest CRL") && base.contains("URI:http://pki.example.com/delta.crl"), "{base}");

    let changes = entries(&[revoked(1, None), revoked(2, Some(RevocationReason::KeyCompromise))]);
    let order = ListOrder { base: Some(7), ..list_order(8, now()) };
    let der = ca.sign_list(&order, &changes).unwrap();
    let delta = text(directory.path(), &der);
    assert!(delta.contains("X509v3 Delta CRL Indicator: critical\n                7\n"), "{delta}");
    assert!(delta.contains("Remove From CRL") && delta.contains("Key Compromise"), "{delta}");
    let authority = write(directory.path(), "authority.pem", ca.chain()[0].to_pem().as_bytes());
    let path = write(directory.path(), "delta.der", &der);
    let said = content("openssl", &["crl", "-inform", "DER", "-in", &path, "-noout", "-CAfile", &authority], b"");
    assert!(said.contains("verify OK"), "{said}");
}

#[test]
fn openssl_takes_a_delta_list_into_account() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let [held, lost] = [(); 2].map(|()| ca.issue(&user(&LEAF), now()).unwrap());
    let entry = |certificate: &Certificate, reason| Revocation { serial: serial(certificate), at: now(), reason };
    let base = entries(&[entry(&held, Some(RevocationReason::CertificateHold))]);
    let freshest = ListOrder { freshest_url: Some("http://pki.example.com/delta.crl"), ..list_order(7, now()) };
    let base = ca.sign_list(&freshest, &base).unwrap();
    let changes = entries(&[entry(&held, None), entry(&lost, Some(RevocationReason::KeyCompromise))]);
    let delta = ca.sign_list(&ListOrder { base: Some(7), ..list_order(8, now()) }, &changes).unwrap();

    let pem = |name: &str, der: &[u8]| {
        let path = write(directory.path(), name, der);
        let pem = directory.path().join(format!("{name}.pem")).to_str().unwrap().to_owned();
        content("openssl", &["crl", "-inform", "DER", "-in", &path, "-out", &pem], b"");
        pem
    };
    let (base, delta) = (pem("base", &base), pem("delta", &delta));
    let authority = write(directory.path(), "authority.pem", ca.chain()[0].to_pem().as_bytes());
    let check = |certificate: &Certificate, options: &[&str]| {
        let leaf = write(directory.path(), "leaf.pem", certificate.to_pem().as_bytes());
        let verify = ["verify", "-crl_check", "-CAfile", &authority, "-CRLfile", &base];
        run("openssl", &[&verify[..], options, &[&leaf]].concat(), b"")
    };
    let with_delta = ["-extended_crl", "-use_deltas", "-CRLfile", &delta];
    let (accepted, said) = check(&held, &[]);
    assert!(!accepted && said.contains("revoked"), "on hold by the base alone: {said}");
    let (accepted, said) = check(&lost, &[]);
    assert!(accepted, "the base alone knows nothing of it: {said}");
    let (accepted, said) = check(&lost, &with_delta);
    assert!(!accepted && said.contains("revoked"), "{said}");
    let (accepted, said) = check(&held, &with_delta);
    assert!(accepted, "taken off hold: {said}");
}

#[test]
fn a_list_of_a_hundred_thousand_stays_small() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let mut long = Entries::default();
    for number in 0..100_000 {
        long.add(&revoked(number, Some(RevocationReason::Superseded))).unwrap();
    }
    assert_eq!(long.len(), 100_000);
    let der = ca.sign_list(&list_order(1, now()), &long).unwrap();
    assert!(der.len() < 5_000_000, "{} bytes", der.len());
    let path = write(directory.path(), "long.der", &der);
    let authority = write(directory.path(), "authority.pem", ca.chain()[0].to_pem().as_bytes());
    let said = content("openssl", &["crl", "-inform", "DER", "-in", &path, "-noout", "-CAfile", &authority], b"");
    assert!(said.contains("verify OK"), "{said}");
}
