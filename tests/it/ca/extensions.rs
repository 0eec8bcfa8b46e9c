//! Extensions that Windows and Kerberos look for: byte for byte as Microsoft's own authority writes them.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The certificates of Microsoft's sample answer.
fn sample() -> Vec<Certificate> {
    let text = include_str!("../../data/mim-cm/samples/certificatedata-response.json");
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    let answer = json.get(0).unwrap_or(&json);
    let pkcs7: String = answer["Pkcs7"].as_str().unwrap().chars().filter(|c| !c.is_whitespace()).collect();
    cmc::read(&STANDARD.decode(pkcs7).unwrap()).unwrap().certificates
}

fn value<'a>(certificate: &'a Certificate, id: &str) -> Option<&'a [u8]> {
    let found = certificate.extensions().iter().find(|extension| extension.extn_id.to_string() == id);
    found.map(|extension| extension.extn_value.as_bytes())
}

fn values(id: &str) -> Vec<Vec<u8>> {
    sample().iter().filter_map(|certificate| value(certificate, id)).map(<[u8]>::to_vec).collect()
}

#[test]
fn windows_extensions_are_those_of_microsofts_sample_byte_for_byte() {
    let (_directory, ca) = create(KeyAlgorithm::P256);
    let order = IssueOrder {
        subject: "CN=Jimaco".into(),
        subject_alt_names: vec![SubjectAltName::Upn("v-jibran@microsoft.com".into())],
        extended_key_usages: vec![SMARTCARD_LOGON.into(), "1.3.6.1.4.1.311.42.2.1".into(), CLIENT_AUTH.into()],
        application_policies: true,
        policies: vec![CertificatePolicy { oid: "1.3.6.1.4.1.311.42.1.5".into(), cps_url: None }],
        template_name: Some("SubCA".into()),
        ..IssueOrder::bare(LEAF.clone())
    };
    let ours = ca.issue(&order, now()).unwrap();
    for (id, what) in [
        ("1.3.6.1.4.1.311.21.10", "application policies"),
        ("1.3.6.1.4.1.311.20.2", "the template's name"),
        ("2.5.29.17", "the user principal name"),
        ("2.5.29.32", "the certificate policy"),
        ("2.5.29.37", "the extended key usages"),
    ] {
        let theirs = values(id);
        assert!(theirs.iter().any(|theirs| Some(theirs.as_slice()) == value(&ours, id)), "{what}: {theirs:02x?}");
    }
    let [theirs] = values("1.3.6.1.4.1.311.21.7").try_into().unwrap();
    let (oid, major, minor) = template_id(&theirs);
    let template = MicrosoftTemplate { oid, major_version: major, minor_version: minor };
    let ours = ca.issue(&IssueOrder { template: Some(template), ..order }, now()).unwrap();
    assert_eq!(value(&ours, "1.3.6.1.4.1.311.21.7"), Some(theirs.as_slice()));
}

/// What OpenSSL reads in a template extension.
fn template_id(der: &[u8]) -> (String, u32, u32) {
    let said = content("openssl", &["asn1parse", "-inform", "DER"], der);
    let mut values = said.lines().filter_map(|line| Some(line.rsplit_once(" :")?.1.rsplit(':').next()?.trim()));
    let oid = values.find(|value| value.contains('.')).unwrap().to_owned();
    let mut number = || u32::from_str_radix(values.next().unwrap(), 16).unwrap();
    (oid, number(), number())
}

#[test]
fn strangers_read_every_extension() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let order = IssueOrder {
        subject_alt_names: vec![
            SubjectAltName::Kerberos("alice/admin@EXAMPLE.TEST".into()),
            SubjectAltName::Email("alice@example.test".into()),
            SubjectAltName::Email("a.smith@example.test".into()),
            SubjectAltName::Dns("pc1.example.test".into()),
        ],
        extended_key_usages: vec!["1.3.6.1.5.2.3.4".into()],
        freshest_crl_url: Some("http://pki.example.com/delta.crl".into()),
        ocsp_url: Some("http://pki.example.com/ocsp".into()),
        policies: vec![CertificatePolicy {
            oid: "1.3.6.1.4.1.99999.1".into(),
            cps_url: Some("https://pki.example.com/cps".into()),
        }],
        ..user(&LEAF)
    };
    let leaf = ca.issue(&order, now()).unwrap();
    let path = write(directory.path(), "leaf.pem", leaf.to_pem().as_bytes());
    let text = content("openssl", &["x509", "-in", &path, "-noout", "-text"], b"");
    for expected in [
        "X509v3 Freshest CRL",
        "URI:http://pki.example.com/delta.crl",
        "OCSP - URI:http://pki.example.com/ocsp",
        "CA Issuers - URI:http://pki.example.com/ca.crt",
        "Policy: 1.3.6.1.4.1.99999.1\n                  CPS: https://pki.example.com/cps",
        "email:alice@example.test, email:a.smith@example.test, DNS:pc1.example.test",
        "PKINIT Client Auth",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing from\n{text}");
    }
    let gnutls = content("certtool", &["--certificate-info"], leaf.to_pem().as_bytes());
    for expected in ["http://pki.example.com/ocsp", "1.3.6.1.4.1.99999.1", "KRB5Principal: alice/admin@EXAMPLE.TEST"] {
        assert!(gnutls.contains(expected), "{expected:?} is missing from\n{gnutls}");
    }
}

#[test]
fn what_cannot_stand_in_an_extension_is_refused() {
    let (_directory, ca) = create(KeyAlgorithm::P256);
    let policy = |oid: &str, url: Option<&str>| IssueOrder {
        policies: vec![CertificatePolicy { oid: oid.into(), cps_url: url.map(str::to_owned) }],
        ..user(&LEAF)
    };
    let kerberos = |principal: &str| IssueOrder {
        subject_alt_names: vec![SubjectAltName::Kerberos(principal.into())],
        ..user(&LEAF)
    };
    for order in [
        policy("policy", None),
        policy("1.2.3", Some("https://pki/\u{e9}")),
        kerberos("alice"),
        kerberos("@EXAMPLE.TEST"),
        kerberos("alice//x@EXAMPLE.TEST"),
        kerberos("jos\u{e9}@EXAMPLE.TEST"),
        IssueOrder { ocsp_url: Some(String::new()), ..user(&LEAF) },
        IssueOrder { freshest_crl_url: Some("http://a b".into()), ..user(&LEAF) },
        IssueOrder { template_name: Some("\u{1f600}".into()), ..user(&LEAF) },
    ] {
        let refused = ca.issue(&order, now());
        assert!(matches!(refused, Err(Error::Name { .. } | Error::ObjectIdentifier { .. })), "{refused:?}");
    }
}
