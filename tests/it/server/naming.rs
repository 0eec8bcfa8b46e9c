//! What certificates say of a person: from the person's record, by the template's patterns.

use super::publication::{certificate, openssl};
use super::support::{Lab, Person, new_csr};
use cardwright::server::{self, AccountError, AccountRefusal, NewUser};
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
