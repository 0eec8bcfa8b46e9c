//! Data items: whose, which values, and when an execution waits for them.

use super::support::{API, Answer, EXTENSION, Lab, Person};
use serde_json::{Value, json};
use uuid::Uuid;

const ITEMS: &str = r#"data_items = [
    { name = "Department", kind = "choice", choices = ["IT", "HR"] },
    { name = "Birthday", kind = "date", from = "subscriber", after_approval = true, minimum = "1900-01-01", description = "As in the passport" },
    { name = "Badge", kind = "number", from = "manager", minimum = 1, maximum = 99999 },
    { name = "Private mail", kind = "email", from = "subscriber", required = false, stored = false, after_approval = true },
    { name = "Phone", pattern = "\\+[0-9]{4,15}", required = false, max_length = 16 },
    { name = "Parking", kind = "yes-no", required = false },
]
[[workflows.enroll.documents]]
name = "Receipt"
text = """{User!name} ({Data!department}) takes a card by request {Request!id}: {Request!comment}"""
"#;

fn template(text: String) -> String {
    text.replacen("data_items = []", ITEMS, 1).replacen("approvals_needed = 0", "approvals_needed = 1", 1)
}

fn asked(lab: &Lab, who: &Person, target: Uuid, items: Value) -> Answer {
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": items, "type": "Enroll", "comment": "{User!name}", "target": target,
    });
    lab.post(who, &format!("{API}/requests"), body)
}

fn collect(lab: &Lab, who: &Person, request: &str, items: Value) -> Answer {
    lab.put(who, &format!("{EXTENSION}/requests/{request}/datacollection"), json!({"DataCollection": items}))
}

fn approve(lab: &Lab, who: &Person, request: &str, body: Value) -> Answer {
    lab.post(who, &format!("{EXTENSION}/requests/{request}/approve"), body)
}

fn shown(lab: &Lab, who: &Person, request: &str) -> Value {
    lab.get(who, &format!("{API}/requests/{request}")).ok()
}

fn assign(lab: &Lab, who: &Person, request: &str) -> Answer {
    lab.post(who, &format!("{API}/smartcards"), json!({"requestid": request, "cardid": Uuid::new_v4()}))
}

#[test]
fn both_sides_give_theirs_before_the_execution() {
    let lab = Lab::plain(template);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    assert_eq!(asked(&lab, &alice, alice.uuid, json!([])).refusal(), (400, "data-item-missing".into()));
    let request = asked(&lab, &alice, alice.uuid, json!([{"department": "IT"}, {"Parking": true}])).ok();
    let request = super::support::last_segment(&request);
    let before = shown(&lab, &alice, &request);
    assert_eq!((&before["IsDataCollectionComplete"], &before["DataCollectionFlags"]), (&json!(false), &json!(0)));
    let kept = json!([{"Name": "Department", "Value": "IT"}, {"Name": "Parking", "Value": "yes"}]);
    assert_eq!(before["DataCollection"], kept);

    // The last approval waits for what only a manager gives, and is not counted before.
    assert_eq!(approve(&lab, &bob, &request, json!({})).refusal(), (400, "data-item-missing".into()));
    assert_eq!(shown(&lab, &alice, &request), before);
    assert_eq!(collect(&lab, &alice, &request, json!([{"Badge": 7}])).refusal(), (403, "data-item-not-yours".into()));
    let birthday = json!({"DataCollection": [{"Birthday": "1990-05-01"}]});
    assert_eq!(approve(&lab, &bob, &request, birthday).refusal(), (403, "data-item-not-yours".into()));
    assert_eq!(approve(&lab, &bob, &request, json!({"DataCollection": [{"Badge": 7}]})).ok()["Status"], 3);
    let half = shown(&lab, &alice, &request);
    assert_eq!((&half["IsDataCollectionComplete"], &half["DataCollectionFlags"]), (&json!(false), &json!(16)));
    assert_eq!(assign(&lab, &alice, &request).refusal(), (409, "data-collection-incomplete".into()));

    let given = json!([{"Birthday": "1990-05-01"}, {"private mail": "a@example.test"}]);
    let whole = collect(&lab, &alice, &request, given).ok();
    assert_eq!((&whole["IsDataCollectionComplete"], &whole["DataCollectionFlags"]), (&json!(true), &json!(48)));
    // What is not stored is remembered as given, without its value.
    assert_eq!(whole["DataCollection"][4], json!({"Name": "Private mail", "Value": null}));
    let other = collect(&lab, &alice, &request, json!([{"Birthday": "1991-01-01"}]));
    assert_eq!(other.refusal(), (409, "data-item-given".into()));
    assign(&lab, &alice, &request).ok();
    let late = collect(&lab, &alice, &request, json!([{"Phone": "+12345"}]));
    assert_eq!(late.refusal(), (409, "data-collection-closed".into()));
    assert_eq!(shown(&lab, &alice, &request)["DataCollection"], whole["DataCollection"]);
}

#[test]
fn who_asks_for_another_gives_the_managers_items() {
    let lab = Lab::plain(template);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let birthday = json!([{"Department": "HR"}, {"Birthday": "1990-05-01"}]);
    assert_eq!(asked(&lab, &bob, alice.uuid, birthday).refusal(), (403, "data-item-not-yours".into()));
    let request = asked(&lab, &bob, alice.uuid, json!([{"Department": "HR"}, {"Badge": "12"}])).ok();
    let request = super::support::last_segment(&request);
    assert_eq!(collect(&lab, &lab.user("eve", &[]), &request, json!([])).refusal(), (404, "not-found".into()));
    // While nobody has approved, what was given may be mended.
    assert_eq!(collect(&lab, &bob, &request, json!([{"Badge": 13}])).ok()["DataCollection"][1]["Value"], "13");
    let carol = lab.user("carol", &["officers"]);
    assert_eq!(approve(&lab, &carol, &request, json!({})).ok()["Status"], 3);
}

#[test]
fn values_that_are_not_taken_are_refused_with_their_item() {
    let lab = Lab::plain(template);
    let alice = lab.user("alice", &[]);
    let cases = [
        (json!({"Departement": "IT"}), "data-item-unknown", "Departement"),
        (json!({"Birthday": "1.5.1990"}), "data-item-invalid", "Birthday"),
        (json!({"Birthday": "1990-02-30"}), "data-item-invalid", "Birthday"),
        (json!({"Birthday": "1899-12-31"}), "data-item-invalid", "Birthday"),
        (json!({"Private mail": "nobody"}), "data-item-invalid", "Private mail"),
        (json!({"Phone": "12345"}), "data-item-invalid", "Phone"),
        (json!({"Phone": "+12345\n"}), "data-item-invalid", "Phone"),
        (json!({"Phone": "+1234567890123456"}), "data-item-invalid", "Phone"),
        (json!({"Parking": "perhaps"}), "data-item-invalid", "Parking"),
        (json!({"Parking": "\u{202E}yes"}), "data-item-invalid", "Parking"),
        (json!({"Parking": "ye\u{200B}s"}), "data-item-invalid", "Parking"),
        (json!({"Badge": "7"}), "data-item-not-yours", "Badge"),
    ];
    for (item, code, name) in cases {
        let answer = asked(&lab, &alice, alice.uuid, json!([{"Department": "IT"}, item]));
        assert_eq!(answer.code(), code, "{item}");
        assert!(answer.json()["Message"].as_str().unwrap().contains(name), "{item}");
    }
    assert_eq!(asked(&lab, &alice, alice.uuid, json!([{"Department": "Sales"}])).code(), "data-item-invalid");
    assert_eq!(asked(&lab, &alice, alice.uuid, json!([{"Department": null}])).code(), "data-item-missing");
    let twice = asked(&lab, &alice, alice.uuid, json!([{"Department": "IT"}, {"DEPARTMENT": "HR"}]));
    assert_eq!(twice.refusal(), (400, "bad-field".into()));
    assert_eq!(lab.get(&alice, &format!("{API}/requests")).status, 204, "nothing was made");
}

#[test]
fn the_policy_tells_what_is_collected_in_both_spellings() {
    let lab = Lab::plain(template);
    let alice = lab.user("alice", &[]);
    let template = format!("{API}/profiletemplates/{}", lab.template);
    let policy = lab.get(&alice, &format!("{template}/policies/enroll")).ok();
    assert_eq!(policy, lab.get(&alice, &format!("{template}/policy/workflow/Enroll")).ok());
    let names: Vec<&String> = policy.as_object().unwrap().keys().collect();
    for name in "ApprovalsNeeded AuthorizedApprover AuthorizedEnrollmentAgent AuthorizedInitiator CollectComments \
        CollectRequestPriority DefaultRequestPriority Documents Enabled EnrollAgentRequired OneTimePasswordPolicy \
        Personalization PolicyDataCollection SelfServiceEnabled"
        .split(' ')
        .filter(|name| !name.is_empty())
    {
        assert!(names.iter().any(|known| *known == name), "{name} is missing");
    }
    assert_eq!(policy["Documents"], json!(["Receipt"]));
    assert_eq!(policy["PolicyDataCollection"][1]["From"], "subscriber");
    assert_eq!(policy["PolicyDataCollection"][1]["Minimum"], "1900-01-01");
    assert_eq!(policy["PolicyDataCollection"][0]["Choices"], json!(["IT", "HR"]));
    assert_eq!(policy["OneTimePasswordPolicy"], Value::Null);
}

#[test]
fn documents_are_filled_in_once() {
    let lab = Lab::plain(template);
    let alice = lab.user("alice", &[]);
    let request = asked(&lab, &alice, alice.uuid, json!([{"Department": "IT"}])).ok();
    let request = super::support::last_segment(&request);
    let documents = format!("{EXTENSION}/requests/{request}/documents");
    let text = format!("alice (IT) takes a card by request {request}: {{User!name}}");
    // What a person typed is never a placeholder.
    assert_eq!(lab.get(&alice, &documents).ok(), json!([{"Name": "Receipt", "Text": text}]));
    assert_eq!(lab.get(&lab.user("eve", &[]), &documents).refusal(), (404, "not-found".into()));
}

#[test]
fn a_name_alone_is_text_that_whoever_asks_gives() {
    let lab = Lab::plain(|text| text.replacen("data_items = []", "data_items = [\"Reason\"]", 1));
    let alice = lab.user("alice", &[]);
    assert_eq!(asked(&lab, &alice, alice.uuid, json!([{"Reason": " "}])).code(), "data-item-invalid");
    let request = super::support::last_segment(&asked(&lab, &alice, alice.uuid, json!([{"Reason": "Žluťoučký"}])).ok());
    let whole = shown(&lab, &alice, &request);
    assert_eq!((&whole["IsDataCollectionComplete"], &whole["DataCollectionFlags"]), (&json!(true), &json!(32)));
}

#[test]
fn comments_and_priorities_follow_the_policy() {
    let strict = |text: String| {
        template(text).replacen("collect_comments = false", "require_comments = true", 1).replacen(
            "collect_priority = false",
            "collect_priority = true",
            1,
        )
    };
    let lab = Lab::plain(strict);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let ask = |comment: &str, priority: Value| {
        let body = json!({
            "profiletemplateuuid": lab.template, "datacollection": [{"Department": "IT"}, {"Birthday": "2000-01-01"}],
            "type": "Enroll", "comment": comment, "priority": priority,
        });
        lab.post(&alice, &format!("{API}/requests"), body)
    };
    assert_eq!(ask(" ", Value::Null).refusal(), (400, "comment-missing".into()));
    assert_eq!(ask("new", json!(256)).refusal(), (400, "malformed-body".into()));
    let requests: Vec<String> = [json!("4"), json!(2), Value::Null]
        .map(|priority| super::support::last_segment(&ask("new", priority).ok()))
        .into();
    let waiting = lab.get(&bob, &format!("{EXTENSION}/requests?status=Pending")).ok();
    let order: Vec<&str> = waiting.as_array().unwrap().iter().map(|one| one["Uuid"].as_str().unwrap()).collect();
    assert_eq!(order, [&requests[2], &requests[1], &requests[0]]);
    let badge = json!([{"Badge": 1}]);
    let silent = approve(&lab, &bob, &requests[0], json!({"DataCollection": badge}));
    assert_eq!(silent.refusal(), (400, "comment-missing".into()));
    let urgent = json!({"DataCollection": badge, "Comment": "seen", "Priority": 0});
    assert_eq!(approve(&lab, &bob, &requests[0], urgent).ok()["Priority"], 0);

    let lab = Lab::plain(template);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [{"Department": "IT"}], "type": "Enroll", "priority": "4",
    });
    let refused = lab.post(&alice, &format!("{API}/requests"), body);
    assert_eq!(refused.refusal(), (400, "priority-not-collected".into()));
    let request = super::support::last_segment(&asked(&lab, &alice, alice.uuid, json!([{"Department": "IT"}])).ok());
    let urgent = approve(&lab, &bob, &request, json!({"Priority": 0}));
    assert_eq!(urgent.refusal(), (400, "priority-not-collected".into()));
}
