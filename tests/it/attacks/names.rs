//! Who has a name that is nearly another's, or that somebody else gave, is taken for the other.

use super::site::{alter, bytes};
use crate::server::identity::oidc::{self, Issuer, claims, key, token};
use crate::server::identity::{lab, restart, whoami};
use crate::server::support::{EXTENSION, Lab, Person, new_csr};
use cardwright::server::{self, AccountError, AccountRefusal, NewUser, UserChange};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// As one letter, as a letter and a mark, in capitals, in wide letters.
const SAME: [&str; 4] = ["zoé@example.test", "zoe\u{301}@example.test", "ZOÉ@Example.Test", "ｚｏé@example.test"];

fn new(name: &str) -> NewUser {
    NewUser { name: name.into(), ..NewUser::default() }
}

fn add(lab: &Lab, new: NewUser) -> Result<Person, AccountError> {
    let added = server::user_add(&lab.data(), new, OffsetDateTime::now_utc() + Duration::days(1))?;
    Ok(Person { uuid: added.uuid, token: added.token.expose().to_owned() })
}

fn issued(lab: &Lab, person: &Person) -> crate::server::support::Answer {
    let request = lab.enroll_request(person);
    lab.assign(person, &request, Uuid::new_v4());
    lab.certificatedata(person, &request, &new_csr())
}

#[test]
fn two_people_never_have_the_same_name_for_certificates() {
    let lab = lab(true, "[roles]\nadmin = [\"group:administrators\"]\n");
    let ada = lab.user("ada", &["administrators"]);
    let sid = "S-1-5-21-1-2-3-1104";
    let zoe = NewUser { upn: Some(SAME[0].into()), email: Some(SAME[0].into()), sid: Some(sid.into()), ..new("zoé") };
    add(&lab, zoe).unwrap();
    let accounts = format!("{EXTENSION}/accounts");
    let mallory = lab.post(&ada, &accounts, json!({"Name": "mallory", "Upn": "m@example.test"})).ok();
    let account = format!("{accounts}/{}", mallory["Uuid"].as_str().unwrap());
    let taken = (409, "not-unique".to_owned());
    for same in SAME {
        for field in ["Upn", "Email"] {
            let fresh = lab.post(&ada, &accounts, json!({"Name": "eve", field: same}));
            assert_eq!(fresh.refusal(), taken, "{field} {same}");
            assert_eq!(lab.put(&ada, &account, json!({ field: same })).refusal(), taken, "{field} {same}");
        }
        let typed = add(&lab, NewUser { upn: Some(same.into()), ..new("eve") });
        assert!(matches!(typed, Err(AccountError::Refused(AccountRefusal::NotUnique("UPN")))), "{same}");
    }
    for name in ["ZOÉ", "zoe\u{301}", "ｚoé"] {
        assert_eq!(lab.post(&ada, &accounts, json!({"Name": name})).refusal(), (409, "user-exists".into()), "{name}");
    }
    assert_eq!(lab.put(&ada, &account, json!({"Sid": sid.to_lowercase()})).status, 400);
    assert_eq!(lab.put(&ada, &account, json!({ "Sid": sid })).refusal(), taken);
    // What is one's own is written anew in another form.
    let own = UserChange { upn: Some(SAME[2].into()), ..UserChange::default() };
    server::user_change(&lab.data(), "zoé", own).unwrap();
}

/// An earlier release has let two people have one name: the server starts, says so, and certifies neither.
#[test]
fn those_who_have_the_same_already_are_certified_once_it_is_mended() {
    let mut lab = Lab::plain(|template| template.replacen("# upn = ", "upn = ", 1));
    let (alice, mallory) = (lab.user("alice", &[]), lab.user("mallory", &[]));
    lab.stop();
    alter(&lab, "UPDATE users SET upn = 'ALICE@example.test' WHERE name = 'mallory'");
    alter(&lab, "DELETE FROM folded_names");
    alter(&lab, &format!("INSERT INTO meta (name, value) VALUES ('unfolded-names', {})", bytes(&lab, "01")));
    lab.start();
    for person in [&alice, &mallory] {
        assert_eq!(issued(&lab, person).refusal(), (409, "not-unique".into()));
    }
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    server::user_change(&lab.data(), "mallory", disabled).unwrap();
    let other = UserChange { upn: Some("mallory@example.test".into()), ..UserChange::default() };
    server::user_change(&lab.data(), "mallory", other).unwrap();
    issued(&lab, &alice).ok();
}

/// The rules come after the names, and the names come by every way.
#[test]
fn no_certificate_bears_a_name_of_another_domain() {
    let email = "email = \"{User!attribute.mail}\"\nupn = \"{User!name}@{User!attribute.realm}\"";
    let mut lab = Lab::plain(|template| template.replacen("# upn = \"{User!upn}\"", email, 1));
    let attributes = |mail: &str, realm: &str| {
        [("mail".to_owned(), mail.to_owned()), ("realm".to_owned(), realm.to_owned())].into_iter().collect()
    };
    let with = |name: &str, mail: &str, realm: &str| NewUser { attributes: attributes(mail, realm), ..new(name) };
    let good = add(&lab, with("good", "good@mail.test", "example.test")).unwrap();
    let mail = add(&lab, with("mail", "ceo@bank.test", "example.test")).unwrap();
    let realm = add(&lab, with("administrator", "x@mail.test", "bank.test")).unwrap();
    let twice = add(&lab, with("root@bank.test", "y@mail.test", "example.test")).unwrap();
    restart(&mut lab, "[people]\nupn_domains = [\"Example.test\"]\nemail_domains = [\"mail.test\"]\n");
    for person in [&mail, &realm, &twice] {
        assert_eq!(issued(&lab, person).refusal(), (409, "domain-not-allowed".into()));
    }
    issued(&lab, &good).ok();
    let typed = add(&lab, NewUser { upn: Some("eve@bank.test".into()), ..new("eve") });
    assert!(matches!(typed, Err(AccountError::Refused(AccountRefusal::Domain(_)))));
}

const MAKES: &str = "create_users = true\nupn_claim = \"upn\"\nemail_claim = \"email\"\n";

fn with(changes: &[(&str, &str)]) -> Value {
    let mut claims = claims();
    for (name, value) in changes {
        claims[*name] = json!(value);
    }
    claims
}

/// A server that trusts an issuer with this key.
fn trusting(key: &oidc::Key, settings: &str, more: &str) -> (Lab, Issuer) {
    let issuer = Issuer::new(&[key]);
    let mut lab = lab(true, settings);
    let settings = issuer.settings(&lab, more);
    restart(&mut lab, &settings);
    (lab, issuer)
}

#[test]
fn an_issuer_claims_nobody_elses_names_and_no_other_domain() {
    let key = key("one");
    let people = "[people]\nupn_domains = [\"example.test\"]\nemail_domains = [\"mail.test\"]\n";
    let (lab, _issuer) = trusting(&key, people, &format!("{MAKES}user_claim = \"winaccountname\"\nuser_by = \"name\""));
    let called = |changes: &[(&str, &str)]| whoami(&lab, &token(&key, &with(changes)));
    called(&[]).ok();
    let bob = [("sub", "bob"), ("winaccountname", "bob"), ("upn", "bob@example.test"), ("email", "bob@mail.test")];
    let and = |more: (&'static str, &'static str)| {
        let mut all = bob.to_vec();
        all.push(more);
        all
    };
    // Before bob has an account, and after.
    for _ in 0..2 {
        assert_eq!(called(&and(("email", "ceo@bank.test"))).refusal(), (409, "domain-not-allowed".into()));
        assert_eq!(called(&and(("upn", "bob@bank.test"))).refusal(), (409, "domain-not-allowed".into()));
        assert!(called(&and(("upn", "ALICE@example.test"))).status >= 400);
        assert!(called(&and(("email", "ａlice@mail.test"))).status >= 400);
        assert_eq!(called(&bob).ok()["Name"], "bob");
    }
}

#[test]
fn a_name_of_an_issuer_meets_no_account_by_accident() {
    let key = key("one");
    for make in [true, false] {
        let more = format!("{}link = \"identity\"\n", if make { MAKES } else { "" });
        let (lab, _issuer) = trusting(&key, "", &more);
        lab.user("alice", &["administrators"]);
        let came = |sub: &str| whoami(&lab, &token(&key, &with(&[("sub", sub)])));
        let refused = came("0815");
        assert!(refused.json()["Message"].as_str().unwrap().contains("administrator"));
        assert_eq!(refused.refusal(), (403, "identity-not-linked".into()));
        server::user_link(&lab.data(), "alice", claims()["iss"].as_str().unwrap(), "0815").unwrap();
        assert_eq!(came("0815").ok()["Name"], "alice");
        assert_eq!(came("4711").refusal(), (403, "identity-not-linked".into()));
    }
}

/// The issuer gives the name of one who has left to somebody else.
#[test]
fn a_name_that_changes_hands_takes_no_account_along() {
    let key = key("one");
    let (lab, _issuer) = trusting(&key, "", MAKES);
    let came = |sub: &str, upn: &str| whoami(&lab, &token(&key, &with(&[("sub", sub), ("upn", upn)])));
    let first = came("0815", "alice@example.test").ok();
    assert_eq!(came("4711", "alice@example.test").refusal(), (403, "identity-not-linked".into()));
    assert_eq!(came("4711", "ALICE@example.test").refusal(), (403, "identity-not-linked".into()));
    let renamed = came("0815", "alice.new@example.test").ok();
    assert_eq!(first["Uuid"], renamed["Uuid"]);
    let user = server::user_list(&lab.data()).unwrap().pop().unwrap();
    assert_eq!(user.upn.as_deref(), Some("alice.new@example.test"));
}

/// Neither by the name of its account, nor by making one anew, nor has somebody else of the issuer the account.
/// Whoever links accounts could else have the directory's word for another stand for one of his choice.
#[test]
fn an_identity_of_the_directory_is_linked_by_nobody() {
    let lab = Lab::plain(|template| template);
    lab.user("mallory", &[]);
    let person = uuid::Uuid::new_v4().to_string();
    assert!(matches!(
        server::user_link(&lab.data(), "mallory", "directory", &person),
        Err(AccountError::Refused(AccountRefusal::IdentityOfDirectory))
    ));
}

#[test]
fn an_identity_that_was_unlinked_comes_in_as_nobody() {
    let key = key("one");
    for more in [MAKES, "link = \"name\"\n"] {
        let (lab, _issuer) = trusting(&key, "", more);
        if more != MAKES {
            lab.user("alice", &[]);
        }
        let came = |sub: &str| whoami(&lab, &token(&key, &with(&[("sub", sub)])));
        let name = came("0815").ok()["Name"].as_str().unwrap().to_owned();
        let issuer = claims()["iss"].as_str().unwrap().to_owned();
        server::user_unlink(&lab.data(), &name, &issuer, "0815").unwrap();
        let refused = (403, "identity-not-linked".to_owned());
        assert_eq!(came("0815").refusal(), refused, "{more}");
        if more == MAKES {
            assert_eq!(came("4711").refusal(), refused, "another of the issuer with that name");
        }
        assert!(matches!(
            server::user_unlink(&lab.data(), &name, &issuer, "0815"),
            Err(AccountError::Refused(AccountRefusal::IdentityUnknown))
        ));
        server::user_link(&lab.data(), &name, &issuer, "0815").unwrap();
        assert_eq!(came("0815").ok()["Name"], name.as_str());
    }
}

/// An earlier release has kept no identity with the accounts that it made for the issuer.
#[test]
fn accounts_of_an_earlier_release_are_taken_over_once() {
    let key = key("one");
    let (lab, _issuer) = trusting(&key, "", MAKES);
    let came = |sub: &str| whoami(&lab, &token(&key, &with(&[("sub", sub)])));
    let first = came("0815").ok();
    alter(&lab, "DELETE FROM identities");
    assert_eq!(came("0815").ok()["Uuid"], first["Uuid"]);
    assert_eq!(came("4711").refusal(), (403, "identity-not-linked".into()));
}
