//! Whoever has one duty takes another: an administrator who makes a puppet approver, an approver who is an agent too.

use super::site::{Shown, alter, by_certificate, enrolled, site, software_key, uuid};
use crate::server::identity::restart;
use crate::server::support::{API, Answer, EXTENSION, Lab, Person, csr};
use crate::support::program::Program;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

/// An operator who is an approver too approves what another operator has asked for.
fn approved_by_agent(lab: &Lab) -> (Person, String) {
    let [olga, boris] = [("olga", &["operators"][..]), ("boris", &["operators", "approvers"])]
        .map(|(name, groups)| lab.user(name, groups));
    let alice = lab.user("alice", &[]);
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "", "target": alice.uuid,
    });
    let request = lab.request(&olga, body);
    lab.post(&boris, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    (boris, request)
}

#[test]
fn who_approves_a_request_does_not_execute_it() {
    let lab = site(|template| template);
    let (boris, request) = approved_by_agent(&lab);
    let own_approval = (403, "own-approval".to_owned());
    let assign = json!({"requestid": request, "cardid": Uuid::new_v4(), "atr": ""});
    assert_eq!(lab.post(&boris, &format!("{API}/smartcards"), assign.clone()).refusal(), own_approval);
    assert_eq!(lab.get(&boris, &format!("{EXTENSION}/requests/{request}/foresight")).refusal(), own_approval);
    // Another agent begins, and the approver takes it from there.
    let rita = lab.user("rita", &["operators"]);
    let card_id = Uuid::new_v4();
    let card = lab.assign(&rita, &request, card_id);
    let on_card = format!("{API}/requests/{request}/smartcards/{card}");
    assert_eq!(lab.get(&boris, &format!("{on_card}/diversifiedkey?cardid={card_id}")).refusal(), own_approval);
    assert_eq!(lab.certificatedata(&boris, &request, &csr(&software_key())).refusal(), own_approval);
    assert_eq!(lab.complete(&boris, &request).refusal(), own_approval);
    // By another token of his he is the same person.
    let fresh = lab.post(&boris, &format!("{EXTENSION}/token/renew"), json!({})).ok();
    let again = Person { uuid: boris.uuid, token: fresh["Bearer"].as_str().unwrap().to_owned() };
    assert_eq!(lab.certificatedata(&again, &request, &csr(&software_key())).refusal(), own_approval);
    lab.certificatedata(&rita, &request, &csr(&software_key())).ok();
    lab.complete(&rita, &request).ok();
}

#[test]
fn nor_by_another_way_in() {
    let lab = site(|template| template.replace("bears_roles = false", "bears_roles = true"));
    let boris = lab.user("boris", &["operators", "approvers"]);
    let anna = lab.user("anna", &["approvers"]);
    let card = enrolled(&lab, &boris, &anna);
    let request = lab.enroll_request(&lab.user("alice", &[]));
    lab.post(&boris, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    let body =
        json!({"pfxpassword": "", "certificaterequests": [STANDARD.encode(csr(&software_key()))], "comments": ""});
    let path = format!("{API}/requests/{request}/certificatedata");
    let shown: Shown = by_certificate(&lab, (&card.certificate, &card.key), "POST", &path, Some(body));
    assert_eq!(shown.code(), (403, "own-approval"));
}

#[test]
fn a_template_may_let_who_approves_execute_and_is_warned_of() {
    let lab = site(|template| template.replacen("approver_may_execute = false", "approver_may_execute = true", 1));
    let (boris, request) = approved_by_agent(&lab);
    lab.assign(&boris, &request, Uuid::new_v4());
    lab.certificatedata(&boris, &request, &csr(&software_key())).ok();
    lab.complete(&boris, &request).ok();
    let file = lab.data().join("templates/smart-card-logon.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let template = cardwright::template::ProfileTemplate::parse(&file, &text).unwrap();
    let told = template.weaknesses();
    assert!(told.iter().any(|(key, _)| key == "workflows.enroll.approver_may_execute"), "{told:?}");
}

/// Who asked and whom it is for never approve, whatever groups they are in.
#[test]
fn neither_who_asks_nor_whom_it_is_for_approves() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["operators", "approvers"]);
    let anna = lab.user("anna", &["approvers"]);
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "", "target": anna.uuid,
    });
    let request = lab.request(&boris, body);
    for who in [&boris, &anna] {
        let answer = lab.post(who, &format!("{EXTENSION}/requests/{request}/approve"), json!({}));
        assert_eq!(answer.refusal(), (403, "self-approval".into()));
    }
}

/// Two administrators, and an approver whom one of them would like to be.
struct House {
    lab: Lab,
    anna: Person,
    bert: Person,
    boris: Person,
}

impl House {
    fn new() -> Self {
        let lab = site(|template| template);
        let [anna, bert, boris] = [("anna", "administrators"), ("bert", "administrators"), ("boris", "approvers")]
            .map(|(name, group)| lab.user(name, &[group]));
        Self { lab, anna, bert, boris }
    }

    fn accounts(&self) -> Vec<Value> {
        self.lab.get(&self.bert, &format!("{EXTENSION}/accounts")).ok().as_array().unwrap().clone()
    }

    /// Expects a change to be kept for somebody else, and nothing to have come of it; gives the proposal's id.
    #[track_caller]
    fn only_proposed(&self, answer: &Answer) -> String {
        let body = answer.json();
        assert_eq!((answer.status, &body["State"]), (202, &json!("open")), "{body}");
        assert_eq!((&body["Bearer"], &body["Code"]), (&Value::Null, &Value::Null), "{body}");
        body["Uuid"].as_str().unwrap().to_owned()
    }

    fn acts(&self) -> Vec<Value> {
        acts(&self.lab, &self.bert)
    }
}

/// The log of acts, as whoever manages users reads it.
fn acts(lab: &Lab, person: &Person) -> Vec<Value> {
    let listed = lab.get(person, &format!("{EXTENSION}/audit?limit=1000")).ok();
    let record = |act: &Value| serde_json::from_str(act["Record"].as_str().unwrap()).unwrap();
    listed.as_array().unwrap().iter().map(record).collect()
}

fn decide(lab: &Lab, person: &Person, proposal: &str, word: &str) -> Answer {
    lab.post(person, &format!("{EXTENSION}/proposals/{proposal}/{word}"), json!({}))
}

/// The owner's call: nobody logs in for it.
fn activate(lab: &Lab, code: &Value) -> Answer {
    lab.call(None, "POST", &format!("{EXTENSION}/token/activate"), Some(&json!({"Code": code})))
}

#[test]
fn an_administrator_makes_no_puppet_approver() {
    let house = House::new();
    let House { lab, anna, bert, .. } = &house;
    let accounts = format!("{EXTENSION}/accounts");
    let before = house.accounts();
    let at_once = lab.post(anna, &accounts, json!({"Name": "puppet", "Groups": ["approvers"]}));
    let proposal = house.only_proposed(&at_once);
    assert_eq!(house.accounts(), before, "there is no puppet");
    assert_eq!(decide(lab, anna, &proposal, "confirm").refusal(), (403, "own-proposal".into()));
    // By two steps: somebody without a part, who is given one.
    let harmless = lab.post(anna, &accounts, json!({"Name": "harmless"}));
    assert_eq!(harmless.status, 201);
    let puppet = format!("{accounts}/{}", harmless.json()["Uuid"].as_str().unwrap());
    for groups in [json!(["approvers"]), json!(["operators"]), json!(["administrators"]), json!(["auditors"])] {
        house.only_proposed(&lab.put(anna, &puppet, json!({"Groups": groups})));
    }
    assert!(house.accounts().iter().all(|account| account["Name"] != "harmless" || account["Groups"] == json!([])));
    // Groups that nobody has named, and what is known of somebody without a part, are one administrator's to change.
    assert_eq!(lab.put(anna, &puppet, json!({"Groups": ["staff"], "Upn": "harmless@example.test"})).status, 200);
    // Nor is the other administrator got rid of first: who is disabled counts.
    assert_eq!(lab.put(anna, &format!("{accounts}/{}", bert.uuid), json!({"Disabled": true})).status, 200);
    house.only_proposed(&lab.put(anna, &puppet, json!({"Groups": ["approvers"]})));
    house.only_proposed(&lab.put(anna, &format!("{accounts}/{}", bert.uuid), json!({"Groups": []})));
}

#[test]
fn an_administrator_does_not_come_in_as_an_approver() {
    let house = House::new();
    let House { lab, anna, bert, boris } = &house;
    let of_boris = format!("{EXTENSION}/accounts/{}", boris.uuid);
    house.only_proposed(&lab.post(anna, &format!("{of_boris}/tokens"), json!({"Label": "mine", "Days": 3})));
    for change in [json!({"Upn": "anna2@example.test"}), json!({"Email": "anna@example.test"}), json!({"Groups": []})] {
        house.only_proposed(&lab.put(anna, &of_boris, change));
    }
    assert_eq!(lab.put(anna, &of_boris, json!({"Disabled": true})).status, 200, "that must be quick");
    house.only_proposed(&lab.put(anna, &of_boris, json!({"Disabled": false})));
    let listed = lab.get(bert, &format!("{EXTENSION}/proposals")).ok();
    let told: Vec<_> = listed.as_array().unwrap().iter().map(|it| (it["Kind"].clone(), it["Name"].clone())).collect();
    assert_eq!(told.len(), 5);
    assert!(told.iter().all(|(_, name)| name == "boris") && told[4].0 == "add-token", "{told:?}");
}

#[test]
fn nor_by_an_identity_of_an_issuer_that_is_linked_with_the_approver() {
    let house = House::new();
    let House { lab, anna, bert, boris } = &house;
    let identities = |user: &Value| format!("{EXTENSION}/accounts/{}/identities", user.as_str().unwrap());
    let of_boris = identities(&json!(boris.uuid));
    let annas = json!({"Issuer": "https://issuer.test", "Subject": "anna"});
    let proposal = house.only_proposed(&lab.post(anna, &of_boris, annas.clone()));
    assert_eq!(lab.get(bert, &of_boris).status, 204, "nothing is linked yet");
    let listed = lab.get(bert, &format!("{EXTENSION}/proposals")).ok()[0].clone();
    assert_eq!((&listed["Kind"], &listed["Subject"]), (&json!("link-identity"), &json!("anna")));
    assert_eq!(decide(lab, anna, &proposal, "confirm").refusal(), (403, "own-proposal".into()));
    decide(lab, bert, &proposal, "confirm").ok();
    let linked = lab.get(bert, &of_boris).ok()[0].clone();
    assert_eq!((&linked["Issuer"], &linked["Subject"]), (&annas["Issuer"], &annas["Subject"]));
    // It is nobody else's meanwhile, and to take it away is one administrator's, and quick.
    let harmless = lab.post(anna, &format!("{EXTENSION}/accounts"), json!({"Name": "harmless"})).ok()["Uuid"].clone();
    let taken = lab.post(anna, &identities(&harmless), annas.clone());
    assert_eq!(taken.refusal(), (409, "identity-taken".into()));
    let unlink = format!("{EXTENSION}/identities/{}/unlink", linked["Uuid"].as_str().unwrap());
    assert_eq!(lab.post(anna, &unlink, json!({})).status, 204);
    assert_eq!(lab.get(bert, &of_boris).status, 204);
    assert_eq!(lab.post(anna, &identities(&harmless), annas).status, 201);
    let wrong = json!({"Issuer": "https://issuer.test", "Subject": "an\u{200b}na"});
    assert_eq!(lab.post(anna, &identities(&harmless), wrong).refusal(), (400, "bad-field".into()));
    assert_eq!(lab.post(anna, &identities(&json!(anna.uuid)), json!({"Issuer": "x", "Subject": "y"})).status, 403);
    let acts = house.acts();
    let by = |act: &str| acts.iter().filter(|it| it["act"] == act).count();
    assert_eq!((by("change-proposed"), by("identity-linked"), by("identity-unlinked")), (1, 2, 1));
}

#[test]
fn what_two_administrators_want_is_done_once_and_logged() {
    let house = House::new();
    let House { lab, anna, bert, boris } = &house;
    let accounts = format!("{EXTENSION}/accounts");
    let added = house.only_proposed(&lab.post(anna, &accounts, json!({"Name": "carla", "Groups": ["approvers"]})));
    let account = decide(lab, bert, &added, "confirm").ok()["Account"].clone();
    assert_eq!(decide(lab, bert, &added, "confirm").refusal(), (409, "proposal-closed".into()));
    let tokens = format!("{accounts}/{}/tokens", account.as_str().unwrap());
    let token = house.only_proposed(&lab.post(anna, &tokens, json!({"Label": "", "Days": 3})));
    let confirmed = decide(lab, bert, &token, "confirm").ok();
    let bearer = activate(lab, &confirmed["Code"]).ok();
    let carla = Person { uuid: boris.uuid, token: bearer["Bearer"].as_str().unwrap().to_owned() };
    assert_eq!(lab.get(&carla, &format!("{EXTENSION}/whoami")).ok()["Groups"], json!(["approvers"]));
    let rejected = house.only_proposed(&lab.put(anna, &format!("{accounts}/{}", boris.uuid), json!({"Groups": []})));
    assert_eq!(decide(lab, bert, &rejected, "reject").status, 204);
    assert_eq!(decide(lab, bert, &rejected, "confirm").refusal(), (409, "proposal-closed".into()));
    let acts = house.acts();
    let by = |act: &str| acts.iter().filter(|it| it["act"] == act).count();
    assert_eq!(by("change-proposed"), 3, "{acts:?}");
    assert_eq!((by("change-confirmed"), by("change-rejected"), by("token-activated")), (2, 1, 1));
}

#[test]
fn a_token_is_shown_to_nobody_but_who_has_its_code_and_that_once() {
    let lab = site(|template| template);
    let (anna, alice) = (lab.user("anna", &["administrators"]), lab.user("alice", &[]));
    let tokens = format!("{EXTENSION}/accounts/{}/tokens", alice.uuid);
    let given = lab.post(&anna, &tokens, json!({"Label": "card desk", "Days": 3})).ok();
    assert_eq!((&given["Bearer"], given["Code"].as_str().unwrap().len()), (&Value::Null, 23));
    let listed = || lab.get(&alice, &tokens).ok()[0].clone();
    assert_ne!(listed()["Awaited"], "0001-01-01T00:00:00");
    // The code itself lets nobody in.
    let by_code = lab.call(given["Code"].as_str(), "GET", &format!("{EXTENSION}/whoami"), None);
    assert_eq!(by_code.refusal(), (401, "not-authenticated".into()));
    let made = activate(&lab, &json!(given["Code"].as_str().unwrap().to_lowercase())).ok();
    let bearer = made["Bearer"].as_str();
    assert_eq!(lab.call(bearer, "GET", &format!("{EXTENSION}/whoami"), None).ok()["Name"], "alice");
    // Whoever comes second is told, the owner above all; and the owner sees it in her list.
    let second = activate(&lab, &given["Code"]);
    assert!(second.json()["Message"].as_str().unwrap().contains("127.0.0.1"), "{}", second.json());
    assert_eq!(second.refusal(), (409, "activation-used".into()));
    assert_eq!(listed()["ActivatedFrom"], "127.0.0.1");
    if lab.database.is_none() {
        let code = given["Code"].as_str().unwrap().as_bytes();
        assert!(!std::fs::read(lab.data().join("cardwright.db")).unwrap().windows(code.len()).any(|it| it == code));
    }
}

#[test]
fn a_code_that_is_over_revoked_or_guessed_gives_nothing() {
    let mut lab = site(|template| template);
    restart(&mut lab, "[limits]\nfailures_per_address = { burst = 5, per_minute = 1 }\n");
    let (anna, alice) = (lab.user("anna", &["administrators"]), lab.user("alice", &[]));
    let tokens = format!("{EXTENSION}/accounts/{}/tokens", alice.uuid);
    let code = || lab.post(&anna, &tokens, json!({"Label": "", "Days": 3})).ok();
    let (over, revoked, good) = (code(), code(), code());
    let uuid = uuid(&lab, over["Uuid"].as_str().unwrap());
    alter(&lab, &format!("UPDATE tokens SET activation_ends = 1 WHERE uuid = {uuid}"));
    lab.post(&anna, &format!("{EXTENSION}/tokens/{}/revoke", revoked["Uuid"].as_str().unwrap()), json!({}));
    assert_eq!(activate(&lab, &over["Code"]).refusal(), (403, "activation-over".into()));
    assert_eq!(activate(&lab, &revoked["Code"]).refusal(), (403, "activation-unknown".into()));
    assert_eq!(activate(&lab, &Value::Null).refusal(), (403, "activation-unknown".into()));
    let guessed = (0..9).map(|_| activate(&lab, &json!("00000-00000-00000-00000"))).map(|answer| answer.status);
    assert_eq!(guessed.filter(|status| *status == 429).count(), 6);
    assert_eq!(activate(&lab, &good["Code"]).status, 429, "who guesses waits");
}

/// A link to sign in by lends all that its owner may do, as a bearer token does.
#[test]
fn an_administrator_comes_in_as_an_approver_by_no_link() {
    let house = House::new();
    let House { lab, anna, bert, boris } = &house;
    let link = |user: uuid::Uuid| format!("{EXTENSION}/accounts/{user}/link");
    let proposal = house.only_proposed(&lab.post(anna, &link(boris.uuid), json!({"Minutes": 5})));
    assert_eq!(decide(lab, anna, &proposal, "confirm").refusal(), (403, "own-proposal".into()));
    let listed = lab.get(bert, &format!("{EXTENSION}/proposals")).ok()[0].clone();
    assert_eq!((&listed["Kind"], &listed["Minutes"]), (&json!("make-link"), &json!(5)));
    let confirmed = decide(lab, bert, &proposal, "confirm").ok();
    assert_eq!((confirmed["LinkCode"].as_str().unwrap().len(), &confirmed["Code"]), (43, &Value::Null));
    // For oneself nobody makes one, and the code is no bearer token.
    assert_eq!(lab.post(anna, &link(anna.uuid), json!({})).refusal(), (403, "forbidden".into()));
    let by_code = lab.call(confirmed["LinkCode"].as_str(), "GET", &format!("{EXTENSION}/whoami"), None);
    assert_eq!(by_code.refusal(), (401, "not-authenticated".into()));
    // Somebody without a part is one administrator's to help, and each link is an act.
    let alice = lab.user("alice", &[]);
    let given = lab.post(anna, &link(alice.uuid), json!({})).ok();
    assert_eq!(given["Code"].as_str().unwrap().len(), 43);
    for minutes in [0, 1441] {
        assert_eq!(lab.post(anna, &link(alice.uuid), json!({"Minutes": minutes})).status, 400);
    }
    lab.put(anna, &format!("{EXTENSION}/accounts/{}", alice.uuid), json!({"Disabled": true})).ok();
    assert_eq!(lab.post(anna, &link(alice.uuid), json!({})).refusal(), (409, "user-disabled".into()));
    assert_eq!(house.acts().iter().filter(|act| act["act"] == "link-made").count(), 2);
    if lab.database.is_none() {
        let code = given["Code"].as_str().unwrap().as_bytes();
        assert!(!std::fs::read(lab.data().join("cardwright.db")).unwrap().windows(code.len()).any(|it| it == code));
    }
}

#[test]
fn a_link_of_the_data_directory_is_logged_as_that_and_shown_once() {
    let lab = site(|template| template);
    let anna = lab.user("anna", &["administrators"]);
    lab.user("alice", &[]);
    let data = lab.data().display().to_string();
    let program = Program::new();
    let made = |name: &str| program.json(["server", "user", "sign-in-link", &data, name, "--minutes", "5"]);
    let shown = made("alice").done();
    assert_eq!((shown["code"].as_str().unwrap().len(), &shown["name"]), (43, &json!("alice")));
    assert_eq!(made("nobody").told().code, "user-unknown");
    let acts = acts(&lab, &anna);
    let act = acts.iter().find(|act| act["act"] == "link-made").unwrap();
    assert_eq!(
        (&act["evidence"]["at"], &act["evidence"]["shown"]),
        (&json!("data-directory"), &json!("true")),
        "{act}"
    );
}

/// The setting for small sites, and for those that want two from the first day on.
#[test]
fn whether_a_second_administrator_is_needed_is_the_settings_to_say_and_an_act() {
    for (setting, administrators, expected) in
        [("", 1, 201), ("", 2, 202), ("second_administrator = true", 1, 202), ("second_administrator = false", 2, 201)]
    {
        let mut lab = site(|template| template);
        lab.stop();
        let path = lab.data().join("server.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(
            &path,
            text.replace(
                "[roles]\nadmin = [\"group:administrators\"]",
                &format!("[roles]\n{setting}\nadmin = [\"group:administrators\"]"),
            ),
        )
        .unwrap();
        lab.start();
        let people: Vec<_> =
            (0..administrators).map(|at| lab.user(&format!("admin{at}"), &["administrators"])).collect();
        let body = json!({"Name": "puppet", "Groups": ["approvers"]});
        let answer = lab.post(&people[0], &format!("{EXTENSION}/accounts"), body);
        assert_eq!(answer.status, expected, "{setting} with {administrators}");
        let said = acts(&lab, &people[0]).iter().filter(|act| act["act"] == "second-administrator").count();
        assert_eq!(said, usize::from(!setting.is_empty()), "{setting}");
    }
}

/// Root's door: nothing is kept from whoever may write to the data directory, but the log says that it was there.
#[test]
fn what_is_done_at_the_data_directory_is_logged_as_that() {
    let house = House::new();
    let acts = house.acts();
    let added: Vec<_> = acts.iter().filter(|act| act["act"] == "user-added").collect();
    assert_eq!(added.len(), 3);
    for act in added {
        let evidence = act["evidence"].to_string();
        assert!(evidence.contains("data-directory") && evidence.contains("shown"), "{act}");
    }
}
