//! What certificates say of a person: from the person's record, by the template's patterns.

use super::publication::{certificate, openssl};
use super::support::{API, Lab, Person, csr, new_csr, pkcs7};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer, cmc};
use cardwright::server::{self, AccountError, AccountRefusal, NewUser};
use serde_json::json;
use std::process::Command;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

fn rich(template: String) -> String {
    let names = "emails = [\"{User!email}\", \"{User!attribute.mail2}\"]\n\
                 dns_names = [\"{User!attribute.dns}\"]\n\
                 kerberos_principal = \"{User!upn}\"\n\
                 sid = \"{User!sid}\"\n\n[key]";
    let shape = "microsoft_template = { oid = \"1.3.6.1.4.1.311.21.8.1.2.3\", major_version = 100, minor_version = 1 }\n\
                 microsoft_template_name = true\napplication_policies = true\n\
                 policies = [{ oid = \"1.3.6.1.4.1.99999.1\", cps_url = \"https://pki.example.test/cps\" }]\n\n[revocation]";
    template.replacen("[key]", names, 1).replacen("[revocation]", shape, 1).replacen(
        "[\"clientAuth\", \"smartcardLogon\"]",
        "[\"clientAuth\", \"smartcardLogon\", \"pkinitClient\"]",
        1,
    )
}

fn alice() -> NewUser {
    NewUser {
        name: "alice".into(),
        groups: vec!["operators".into()],
        upn: Some("alice@EXAMPLE.TEST".into()),
        email: Some("alice@example.test".into()),
        sid: Some("S-1-5-21-1-2-3-1104".into()),
        attributes: [("dns", "pc1.example.test"), ("mail2", "a.smith@example.test")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

fn added(lab: &Lab, user: NewUser) -> Result<Person, AccountError> {
    let added = server::user_add(&lab.data(), user, OffsetDateTime::now_utc() + Duration::days(1))?;
    Ok(Person { uuid: added.uuid, token: added.token.expose().to_owned() })
}

#[test]
fn a_certificate_has_every_name_the_template_asks_for() {
    let lab = Lab::plain(rich);
    let alice = added(&lab, alice()).unwrap();
    lab.enrolled(&alice);
    let (_, path) = certificate(&lab, &alice);
    let text = openssl(&["x509", "-noout", "-text", "-in", path.to_str().unwrap()]);
    for expected in [
        "email:alice@example.test, email:a.smith@example.test, DNS:pc1.example.test",
        "S-1-5-21-1-2-3-1104",
        "PKINIT Client Auth",
        "1.3.6.1.4.1.311.21.7",
        "1.3.6.1.4.1.311.21.10",
        "1.3.6.1.4.1.311.20.2: \n                ...S.m.a.r.t.c.a.r.d.L.o.g.o.n",
        "CPS: https://pki.example.test/cps",
    ] {
        assert!(text.contains(expected), "{expected:?}: {text}");
    }
}

#[test]
fn who_lacks_what_the_template_needs_gets_no_certificate() {
    for (lacking, user) in [
        ("sid", NewUser { sid: None, ..alice() }),
        ("dns", NewUser { attributes: [("mail2".to_owned(), "a@b.test".to_owned())].into(), ..alice() }),
        ("upn", NewUser { upn: None, ..alice() }),
    ] {
        // Two people never have the same, so each has a server.
        let lab = Lab::plain(rich);
        let person = added(&lab, NewUser { name: format!("no {lacking}"), ..user }).unwrap();
        let request = lab.enroll_request(&person);
        lab.assign(&person, &request, Uuid::new_v4());
        let refused = lab.certificatedata(&person, &request, &new_csr());
        assert!(refused.json()["Message"].as_str().unwrap().contains(lacking), "{refused:?}");
        assert_eq!(refused.refusal(), (409, "user-attribute-missing".into()));
    }
}

#[test]
fn a_record_that_could_not_stand_in_a_certificate_is_not_made() {
    let lab = Lab::plain(|template| template);
    let attribute =
        |name: &str, value: &str| NewUser { attributes: [(name.to_owned(), value.to_owned())].into(), ..alice() };
    assert!(matches!(
        added(&lab, NewUser { sid: Some("alice".into()), ..alice() }),
        Err(AccountError::Refused(AccountRefusal::Sid(_)))
    ));
    for user in
        [attribute("Dns", "x"), attribute("", "x"), attribute("dns", "a\nb"), attribute("dns", &"x".repeat(300))]
    {
        assert!(matches!(added(&lab, user), Err(AccountError::Refused(AccountRefusal::Attribute))));
    }
    added(&lab, alice()).unwrap();
}

const OF_MAIL: &str = r#"
[[additional_certificates]]
key = { generate = "P-256" }
certificate = { template_name = "Mail", key_usages = ["keyAgreement"], extended_key_usages = ["emailProtection"], validity_days = 30, smime_capabilities = ["aes256-GCM", "aes256-CBC", "1.2.840.113549.1.9.16.3.6"] }

[additional_certificates.subject]
name = "CN={User!name},OU={Data!Department}"
email = "{User!email}"
uris = ["tag:microsoft.com,2022-09-14:sid:{User!sid}", "sip:{User!email}"]
directory_names = ["CN={User!name},O=Elsewhere"]

[[additional_certificates]]
key = { generate = "P-256" }
certificate = { template_name = "Workstation", key_usages = ["digitalSignature"], extended_key_usages = ["serverAuth", "clientAuth"], validity_days = 30, microsoft_template_name = true }
subject = { name = "CN={User!attribute.dns}", dns_names = ["{User!attribute.dns}"], ip_addresses = ["{User!attribute.ip}", "fd00::1"] }

[[additional_certificates]]
key = { generate = "P-256" }
certificate = { template_name = "Same", key_usages = ["digitalSignature"], extended_key_usages = ["clientAuth"], validity_days = 30 }

[revocation]"#;

/// Enrolls for as many keys; returns what OpenSSL and GnuTLS say of each certificate, in the template's order.
fn said_of_each(lab: &Lab, person: &Person, count: usize) -> Vec<(String, String)> {
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [{"Department": "R+D, Evil"}], "type": "Enroll", "comment": "",
    });
    let request = lab.request(person, body);
    lab.assign(person, &request, Uuid::new_v4());
    let keys: Vec<_> = (0..count).map(|_| MemoryKey::generate(KeyAlgorithm::P256).unwrap()).collect();
    let requests: Vec<_> = keys.iter().map(|key| STANDARD.encode(csr(key))).collect();
    let body = json!({"pfxpassword": "", "certificaterequests": requests, "comments": ""});
    let answer = lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body).ok();
    let said = keys.iter().enumerate().map(|(index, key)| {
        let issued = pkcs7(&json!([answer[index]]));
        let leaf = cmc::read(&issued).unwrap().leaf_for(key.public_key()).unwrap().clone();
        let path = lab.directory.path().join(format!("{index}.pem"));
        std::fs::write(&path, leaf.to_pem()).unwrap();
        let gnutls = Command::new("certtool").args(["--certificate-info", "--infile"]).arg(&path).output().unwrap();
        let openssl = openssl(&["x509", "-noout", "-text", "-in", path.to_str().unwrap()]);
        (openssl, String::from_utf8_lossy(&gnutls.stdout).into_owned())
    });
    said.collect()
}

/// What is said of one certificate, and what is not.
struct Row {
    of_openssl: &'static [&'static str],
    of_gnutls: &'static [&'static str],
    of_neither: &'static [&'static str],
}

#[test]
fn each_certificate_of_a_profile_bears_the_names_that_it_is_given() {
    let lab = Lab::plain(|template| {
        let items = "data_items = [{ name = \"Department\", max_length = 64 }]";
        rich(template).replacen("\n[revocation]", OF_MAIL, 1).replacen("data_items = []", items, 1).replacen(
            "[workflows.renew]\nself_service = true\n",
            "",
            1,
        )
    });
    let mut user = alice();
    user.attributes.insert("ip".into(), "192.0.2.7".into());
    let alice = added(&lab, user).unwrap();
    let said = said_of_each(&lab, &alice, 4);
    let rows = [
        Row {
            of_openssl: &[
                "Subject: CN = alice\n",
                "DNS:pc1.example.test",
                "1.3.6.1.4.1.311.25.2: ",
                "1.3.6.1.4.1.311.21.7",
            ],
            of_gnutls: &["RFC822Name: a.smith@example.test"],
            of_neither: &["S/MIME Capabilities", "URI:tag"],
        },
        Row {
            of_openssl: &[
                "OU = \"R+D, Evil\", CN = alice",
                "email:alice@example.test, URI:tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1104, \
                 URI:sip:alice@example.test, DirName:/O=Elsewhere/CN=alice",
                "S/MIME Capabilities: \n",
            ],
            of_gnutls: &["directoryName: CN=alice,O=Elsewhere", "1.2.840.113549.1.9.15"],
            of_neither: &["DNS:", "1.3.6.1.4.1.311.25.2", "1.3.6.1.4.1.311.20.2", "1.3.6.1.4.1.311.21.7", "CPS:"],
        },
        Row {
            of_openssl: &[
                "Subject: CN = pc1.example.test\n",
                "TLS Web Server Authentication",
                "DNS:pc1.example.test, IP Address:192.0.2.7, IP Address:FD00:0:0:0:0:0:0:1",
                "...W.o.r.k.s.t.a.t.i.o.n",
            ],
            of_gnutls: &["IPAddress: 192.0.2.7", "IPAddress: fd00::1"],
            of_neither: &["email:", "1.3.6.1.4.1.311.25.2"],
        },
        // One that does not say whom it names has the names of the first.
        Row {
            of_openssl: &["Subject: CN = alice\n", "DNS:pc1.example.test", "1.3.6.1.4.1.311.25.2: "],
            of_gnutls: &[],
            of_neither: &["1.3.6.1.4.1.311.21.7"],
        },
    ];
    for (row, (openssl, gnutls)) in rows.iter().zip(&said) {
        for expected in row.of_openssl {
            assert!(openssl.contains(expected), "{expected:?}: {openssl}");
        }
        for expected in row.of_gnutls {
            assert!(gnutls.contains(expected), "{expected:?}: {gnutls}");
        }
        for unexpected in row.of_neither {
            assert!(!openssl.contains(unexpected), "{unexpected:?}: {openssl}");
        }
    }
    // aes256-GCM, aes256-CBC and the key wrap that was named by its number, in this order (RFC 4262, 2).
    let leaf = Certificate::from_pem(&std::fs::read_to_string(lab.directory.path().join("1.pem")).unwrap()).unwrap();
    let found = leaf.extensions().iter().find(|it| it.extn_id.to_string() == "1.2.840.113549.1.9.15").unwrap();
    let expected = "3029300b060960864801650304012e300b060960864801650304012a300d060b2a864886f70d0109100306";
    assert_eq!(hex::encode(found.extn_value.as_bytes()), expected);
}

/// What a new data directory begins with, where nobody need approve.
const SHIPPED: &str = include_str!("../../../src/template/example.toml");

#[test]
fn the_shipped_template_makes_what_windows_logs_on_with() {
    let lab = Lab::plain(|template| {
        let uuid = template.split("uuid = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        SHIPPED.replace("@UUID@", &uuid).replacen("approvals_needed = 1", "approvals_needed = 0", 1)
    });
    let key = MemoryKey::generate(KeyAlgorithm::Rsa2048).unwrap();
    let alice = added(&lab, alice()).unwrap();
    lab.enrolled_with(&alice, &key);
    let (_, path) = certificate(&lab, &alice);
    let text = openssl(&["x509", "-noout", "-text", "-in", path.to_str().unwrap()]);
    for expected in [
        "Public-Key: (2048 bit)",
        "Digital Signature, Key Encipherment\n",
        "TLS Web Client Authentication, Microsoft Smartcard Login\n",
        "othername: UPN::alice@EXAMPLE.TEST",
        "S-1-5-21-1-2-3-1104",
    ] {
        assert!(text.contains(expected), "{expected:?}: {text}");
    }
    // Who is in no directory has a certificate all the same; who has no UPN is told so.
    let new = |name: &str, upn: Option<&str>| NewUser {
        name: name.into(),
        upn: upn.map(str::to_owned),
        ..NewUser::default()
    };
    let bob = added(&lab, new("bob", Some("bob@example.test"))).unwrap();
    lab.enrolled_with(&bob, &MemoryKey::generate(KeyAlgorithm::Rsa2048).unwrap());
    let (_, path) = certificate(&lab, &bob);
    let text = openssl(&["x509", "-noout", "-text", "-in", path.to_str().unwrap()]);
    assert!(text.contains("UPN::bob@example.test") && !text.contains("1.3.6.1.4.1.311.25.2"), "{text}");
    let nameless = added(&lab, new("carol", None)).unwrap();
    let request = lab.enroll_request(&nameless);
    lab.assign(&nameless, &request, Uuid::new_v4());
    let refused = lab.certificatedata(&nameless, &request, &csr(&MemoryKey::generate(KeyAlgorithm::Rsa2048).unwrap()));
    assert_eq!(refused.refusal(), (409, "user-attribute-missing".into()));
    // A key on a curve would come with a usage that it has not (RFC 8813).
    let dora = added(&lab, new("dora", Some("dora@example.test"))).unwrap();
    let request = lab.enroll_request(&dora);
    lab.assign(&dora, &request, Uuid::new_v4());
    assert_eq!(lab.certificatedata(&dora, &request, &new_csr()).refusal(), (400, "key-algorithm".into()));
}
