//! Bodies that are not as documented, on the routes of requests: a clear refusal, and nothing changed.

use super::support::{API, EXTENSION, Lab, Person};
use serde_json::{Value, json};
use uuid::Uuid;

/// A value that no field takes, for each type there is.
fn strange() -> [Value; 6] {
    [json!(true), json!(-1), json!(1.5), json!({"a": 1}), json!([[1]]), json!("\u{0}\u{1b}[2J")]
}

fn refused(lab: &Lab, who: &Person, verb: &str, path: &str, body: &Value) {
    let answer = lab.call(Some(&who.token), verb, path, Some(body));
    assert!((400..500).contains(&answer.status), "{verb} {path} {body}: {}", answer.status);
    assert!(!answer.code().is_empty(), "{verb} {path} {body}");
    assert!(!answer.json()["Message"].as_str().unwrap().chars().any(char::is_control), "{verb} {path} {body}");
}

#[test]
fn creating_a_request_takes_nothing_that_is_not_documented() {
    let lab = Lab::plain(|text| text.replacen("collect_priority = false", "collect_priority = true", 1));
    let alice = lab.user("alice", &[]);
    let bob = lab.user("bob", &[]);
    let good = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "target": alice.uuid, "type": "Enroll",
        "comment": "", "priority": "4",
    });
    let path = format!("{API}/requests");
    let long = json!("x".repeat(5000));
    for key in ["profiletemplateuuid", "target", "type", "priority", "datacollection", "comment"] {
        for value in strange().into_iter().chain([long.clone(), json!(Uuid::new_v4())]) {
            // Text is what a comment is made of.
            if key == "comment" && value.as_str().is_some_and(|text| text.len() < 50 && !text.contains('\u{1b}')) {
                continue;
            }
            let mut body = good.clone();
            body[key] = value;
            refused(&lab, &alice, "POST", &path, &body);
        }
    }
    let mut without = good.clone();
    without.as_object_mut().unwrap().remove("type");
    refused(&lab, &alice, "POST", &path, &without);
    let mut of_bob = good.clone();
    of_bob["target"] = json!(bob.uuid);
    assert_eq!(lab.post(&alice, &path, of_bob).refusal(), (403, "forbidden".into()));
    for text in ["", "null", "[]", "{", "{\"type\":\"Enroll\",\"type\":\"Enroll\"}"] {
        let answer = lab.call_raw(Some(&alice.token), "POST", &path, Some(text.as_bytes()), "application/json");
        assert_eq!(answer.refusal().0, 400, "{text}");
    }
    assert_eq!(lab.get(&alice, &path).status, 204, "nothing was made");
    // Letter case, blanks and strangers' keys are forgiven; the same request is made once a call.
    let odd = json!({
        "PROFILETEMPLATEUUID": format!(" {{{}}} ", lab.template.to_string().to_uppercase()), "DataCollection": null,
        "Type": "eNROLL", "Comment": "Привет, 世界 \u{1F4A3}", "unknown": {"deep": [1, 2]}, "Priority": 0,
    });
    lab.post(&alice, &path, odd).ok();
    let made = lab.get(&alice, &path).ok();
    assert_eq!((made.as_array().unwrap().len(), &made[0]["Priority"]), (1, &json!(0)));
    assert_eq!(made[0]["Comment"], "Привет, 世界 \u{1F4A3}");
}

#[test]
fn what_is_sent_to_a_request_changes_nothing_when_it_is_refused() {
    let lab = Lab::plain(|text| text.replacen("approvals_needed = 0", "approvals_needed = 1", 1));
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let request = lab.enroll_request(&alice);
    let before = lab.get(&alice, &format!("{API}/requests/{request}")).ok();
    let own = format!("{EXTENSION}/requests/{request}");
    for value in strange().into_iter().chain([json!("Exploded"), json!("")]) {
        refused(&lab, &alice, "PUT", &format!("{API}/requests/{request}"), &json!({"status": value}));
    }
    refused(&lab, &alice, "PUT", &format!("{API}/requests/{request}"), &json!({}));
    for value in [json!(true), json!(-1), json!({"a": 1}), json!("\u{1b}[2J"), json!("x".repeat(5000))] {
        refused(&lab, &bob, "POST", &format!("{own}/approve"), &json!({"Comment": value}));
        refused(&lab, &bob, "POST", &format!("{own}/deny"), &json!({"Comment": value}));
        refused(&lab, &bob, "POST", &format!("{own}/approve"), &json!({"Priority": value}));
        refused(&lab, &bob, "POST", &format!("{own}/approve"), &json!({"DataCollection": [{"x": value}]}));
        refused(&lab, &alice, "PUT", &format!("{own}/datacollection"), &json!({"DataCollection": [{"x": value}]}));
        refused(&lab, &alice, "POST", &format!("{own}/onetimepassword"), &json!({"OneTimePassword": value}));
    }
    let many: Vec<Value> = (0..65).map(|number| json!({format!("item {number}"): "x"})).collect();
    refused(&lab, &alice, "PUT", &format!("{own}/datacollection"), &json!({"DataCollection": many}));
    let eve = lab.user("eve", &["officers of another kind"]);
    for (verb, path, body) in [
        ("POST", format!("{own}/approve"), json!({})),
        ("POST", format!("{own}/deny"), json!({})),
        ("PUT", format!("{own}/datacollection"), json!({"DataCollection": []})),
        ("POST", format!("{own}/onetimepassword"), json!({"OneTimePassword": "x"})),
        ("POST", format!("{own}/onetimepassword/distribution"), json!({})),
        ("PUT", format!("{API}/requests/{request}"), json!({"status": "Canceled"})),
    ] {
        assert_eq!(lab.call(Some(&eve.token), verb, &path, Some(&body)).refusal(), (404, "not-found".into()), "{path}");
    }
    assert_eq!(lab.get(&alice, &format!("{API}/requests/{request}")).ok(), before);
}
