//! Lists: all that can be wrong with one, one that runs twice, and one that is changed in the middle.

use serde_json::json;

use cardwright::virtual_card::{SharedCard, VirtualCard};

use super::{ADAM, Bench, OLGA, PIN, approved, changes, plain};
use crate::support::site::EXTENSION;

/// A card without any application.
struct Nothing;

impl VirtualCard for Nothing {
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x00]
    }

    fn reset(&mut self) {}

    fn transmit(&mut self, _command: &[u8]) -> Vec<u8> {
        vec![0x6D, 0x00]
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        Vec::new().into()
    }
}

#[test]
fn what_is_wrong_with_a_list_is_told_before_anything_begins() {
    let bench = Bench::new(&["ursula", "petra"], plain);
    let wrong = |text: &str| {
        let list = bench.site.program.write("wrong.csv", text);
        bench.end(&["run", &list, "--pin", "now"]).refused(2, "desk-list").message
    };
    let told = wrong("person,serial\nursula,\nUrsula@example.test,\nnobody,\npet,\npetra,\nPETRA,\n");
    assert!(told.contains("line 7: \"petra\" stands in line 6 already"), "{told}");
    let told = wrong("person,serial\nursula,\nUrsula@example.test,\nnobody,\npet,\n");
    let lines: Vec<_> = told.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "line 3: \"ursula\" stands in line 2 already",
            "line 4: the server knows no user \"nobody\", or does not tell you",
            "line 5: the server knows no user \"pet\"; alike are: petra",
        ]
    );
    assert!(wrong("name\nursula\n").contains("line 1: there is no column \"person\""));
    assert!(wrong("person,template\nursula,Other\n").contains("line 2: no profile template is called \"Other\""));
    bench.end(&["run", "nowhere.csv", "--pin", "now"]).refused(2, "desk-list");
    let list = bench.list(&["ursula"]);
    bench.end(&["run", &list, "--pin", "letter"]).refused(2, "desk-letters");
    bench.end(&["run", &list, "--pin", "hand-over"]).refused(6, "desk-no-opening");
    bench.end(&["resume", &uuid::Uuid::new_v4().to_string(), "--pin", "now"]).refused(2, "desk-run-unknown");
    // Where results cannot be written, that is told before the work and not after it.
    bench
        .end(&["run", &list, "--pin", "now", "--results", &format!("{list}/results"), "--idle", "1"])
        .refused(10, "desk-state");
    assert_eq!(bench.requests(), []);
}

#[test]
fn approvals_are_asked_for_at_once_and_a_list_that_changes_goes_on() {
    let mut bench = Bench::new(&["ursula", "petra", "gita", "nils"], approved);
    bench.site.person(ADAM, &["approvers"]);
    let list = bench.list(&["ursula", "petra", "gita"]);
    let first = bench.end(&["run", &list, "--pin", "now"]);
    assert_eq!(first.code, Some(7), "{first:?}");
    let told = first.document();
    let run = told["run"].as_str().unwrap().to_owned();
    assert_eq!((&told["waiting"], &told["done"]), (&json!(3), &json!(0)));
    assert!(told["rows"][0]["trouble"].as_str().unwrap().contains("waits for the approval of adam"), "{told}");
    let pending =
        |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), "Pending".to_owned())).collect::<Vec<_>>();
    assert_eq!(bench.requests(), pending(&["gita", "petra", "ursula"]));
    // The same list asks for nothing twice, here or where nothing is known of it.
    let mut elsewhere = bench.command(&["run", &list, "--pin", "now"]);
    elsewhere.env("CARDWRIGHT_STATE", bench.site.program.path("another"));
    let again = crate::support::program::end(&mut elsewhere);
    assert_eq!((again.code, again.document()["run"].as_str()), (Some(7), Some(run.as_str())), "{again:?}");
    assert_eq!(bench.requests().len(), 3);

    // Ursula's is approved, and begins; then the list changes.
    bench.approve("ursula");
    let card = bench.insert(0);
    card.set_dial("remove@40".parse().unwrap());
    let begun = bench.run(&["run", &list, "--pin", "now"]);
    assert_eq!(begun.until("begun")["person"], "ursula");
    assert_eq!(begun.until("failed")["trouble"]["code"], "token-removed");
    drop(begun);
    card.set_dial("".parse().unwrap());
    // Who is named by a number is told of by name.
    let nils = bench.site.client(OLGA).find_user("nils").unwrap().unwrap().uuid.to_string();
    let list = bench.list(&["gita", &nils]);
    bench.approve("gita");
    let changed = bench.run(&["run", &list, "--pin", "now"]);
    let next = bench.insert(1);
    assert_eq!(changed.until("done")["person"], "gita");
    // What was begun goes on, though the list does not name it any more.
    card.insert_again();
    assert_eq!(changed.until("done")["person"], "ursula");
    let (code, last) = changed.ended();
    assert_eq!(code, Some(7), "{last:?}");
    let rows = last.last().unwrap()["rows"].as_array().unwrap().clone();
    let stands: Vec<_> =
        rows.iter().map(|row| (row["person"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    let dropped = "not in the list any more";
    assert_eq!(stands, [("ursula", "done"), ("petra", dropped), ("gita", "done"), ("nils", "waits for approval")]);
    let names = [("gita", "Completed"), ("nils", "Pending"), ("petra", "Pending"), ("ursula", "Completed")];
    assert_eq!(bench.requests(), names.map(|(name, status)| (name.to_owned(), status.to_owned())));

    // The server confirms what the run has come to, and OpenSSL takes its signature.
    let to = bench.site.program.path("results").display().to_string();
    std::fs::create_dir(&to).unwrap();
    let signed = bench.end(&["results", &run, "--sign", "--to", &to]).document();
    let file = |ending: &str| format!("{to}/desk-{run}.{ending}");
    let verifies = |content: &str| {
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-out", "/dev/null"]);
        openssl.args(["-in", &file("p7s"), "-content", content, "-CAfile"]).arg(bench.site.ca_file());
        openssl.output().unwrap().status.success()
    };
    assert!(verifies(&file("signed.json")) && !verifies(&file("json")));
    let digest = signed["signed"]["sha256"].as_str().unwrap();
    assert!(std::fs::read_to_string(file("html")).unwrap().contains(digest), "{signed}");

    // Another run: cards of the one before are refused by name, and so is what is no card for it.
    let before = changes(&next);
    bench.approve("nils");
    let list = bench.list(&["nils"]);
    let other = bench.run(&["run", &list, "--anew", "--pin", "now"]);
    let refused = [other.until("card-refused"), other.until("card-refused")].map(|told| told["trouble"].clone());
    assert!(refused.iter().all(|trouble| trouble["code"] == "card-in-use"), "{refused:?}");
    let messages = refused.map(|trouble| trouble["message"].as_str().unwrap().to_owned());
    assert!(messages.iter().any(|it| it.contains("is ursula's (Active)")), "{messages:?}");
    assert!(messages.iter().any(|it| it.contains("is gita's (Active)")), "{messages:?}");
    bench.reader(2).seat().insert(SharedCard::new(Box::new(Nothing)));
    assert_eq!(other.until("card-refused")["trouble"]["code"], "unknown-card");
    assert_eq!(changes(&next), before, "a card that is refused is not touched");
    bench.insert(3);
    assert_eq!(other.until("done")["person"], "nils");
    assert_eq!(other.ended().0, Some(0));
    // The first run says that nothing was done for nils, which the server knows better now.
    let refused = bench.end(&["results", &run, "--sign", "--to", &to]).refused(6, "desk-row");
    assert!(refused.message.contains("nils") || refused.message.contains("row 4"), "{}", refused.message);
}

#[test]
fn a_list_that_grows_gives_nobody_a_second_card_and_what_is_asked_for_anew_has_its_data() {
    let mut bench = Bench::new(&["ursula", "petra"], |template| {
        approved(template.replacen("data_items = []", "data_items = [\"Room\"]", 1))
    });
    bench.site.person(ADAM, &["approvers"]);
    let list = bench.site.program.write("people.csv", "person,data.Room\nursula,4711\n");
    let way = ["--pin", "now"];
    let run = |bench: &Bench| bench.end(&[&["run", &list], &way[..]].concat());
    let asked = run(&bench);
    assert_eq!(asked.code, Some(7), "{asked:?}");
    // Denied, and asked for once more without the list: the same is said again.
    let queue = |bench: &Bench| bench.site.client(OLGA).queue(None, None, None).unwrap();
    let path = format!("{EXTENSION}/requests/{}/deny", queue(&bench)[0].request.uuid);
    bench.site.send(ADAM, "POST", &path, &json!({})).ok();
    assert_eq!(run(&bench).code, Some(6));
    let id = asked.document()["run"].as_str().unwrap().to_owned();
    let again = bench.end(&[&["resume", &id], &way[..]].concat());
    assert_eq!(again.code, Some(7), "{again:?}");
    let made = queue(&bench)[0].request.clone();
    assert_eq!(made.data_collection[0].value.as_deref(), Some("4711"));

    let request = made.uuid.to_string();
    bench.site.run(ADAM, PIN, &["request", "approve", &request, "--yes"]).done();
    bench.insert(0);
    assert_eq!(run(&bench).code, Some(0));
    // The run is over, and the list grows.
    bench.site.program.write("people.csv", "person,data.Room\nursula,4712\npetra,4713\n");
    let grown = run(&bench);
    assert_eq!((grown.code, &grown.document()["done"]), (Some(7), &json!(1)), "{grown:?}");
    let stands = [("petra", "Pending"), ("ursula", "Completed"), ("ursula", "Denied")];
    assert_eq!(bench.requests(), stands.map(|(name, status)| (name.to_owned(), status.to_owned())));
}
