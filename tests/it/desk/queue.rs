//! What is approved at the server, carried out at two workstations; two cards of one id; what a card costs.

use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard};
use std::time::Duration;

use super::{ADAM, Bench, Held, OLGA, PATIENCE, PIN, Run, approved, changes};
use crate::whole::cards::kind::yubikey;

#[test]
fn what_is_approved_is_carried_out_once_at_the_cost_of_single_enrollments() {
    let mut bench = Bench::new(&["ursula", "petra", "gita", "nils", "ida", "otto"], approved);
    bench.site.person(ADAM, &["approvers"]);
    let queue = ["run", "--from-queue", "--pin", "now"];
    bench.end(&queue).refused(6, "desk-nothing-approved");
    let list = bench.list(&["ursula", "petra", "gita", "nils", "ida", "otto"]);
    assert_eq!(bench.end(&["run", &list, "--pin", "now"]).code, Some(7));
    // What one enrollment costs.
    let gita = bench.approve("gita");
    let alone = bench.insert(3);
    let name = bench.reader(3).name();
    bench.reader(3).seat().wait_until_taken_up(Duration::from_secs(20)).unwrap();
    let is_seen = || bench.site.run(OLGA, PIN, &["token", "info", "--reader", name]).success();
    assert!((0..50).any(|_| is_seen()));
    alone.forget_headers();
    bench.site.run(OLGA, PIN, &["enroll", "--request", &gita, "--reader", name]).done();
    let cost = alone.headers();
    bench.reader(3).seat().remove();

    ["petra", "ursula", "ida", "otto"].iter().for_each(|name| drop(bench.approve(name)));
    let other = PrivatePcscd::start(&["Elsewhere"]).unwrap();
    let mut command = bench.command(&queue);
    command.env("CARDWRIGHT_STATE", bench.site.program.path("another")).env(CLIENTS_VARIABLE, other.socket());
    let elsewhere = Run::of(command);
    elsewhere.until("reader");
    let run = bench.run(&queue);
    let options = yubikey();
    let twin = PivOptions { serial: options.serial, ..yubikey() };
    let (first, is_reached, release) = Held::card(options);
    bench.reader(0).seat().insert(first);
    assert_eq!(run.until("begun")["person"], "ursula", "who has waited longest comes first");
    is_reached.recv_timeout(PATIENCE).unwrap();

    // A second card of the same id is not taken for the first, neither now nor later.
    let twin = SharedCard::new(Box::new(PivCard::new(twin).unwrap()));
    bench.reader(1).seat().insert(twin.clone());
    assert_eq!(run.until("card-refused")["trouble"]["code"], "same-serial");
    // Another workstation, which has read the same queue, gives nobody a second card, and its card to whoever comes next.
    let late = SharedCard::new(Box::new(PivCard::new(yubikey()).unwrap()));
    other.readers()[0].seat().insert(late.clone());
    let failed = elsewhere.until("failed");
    assert_eq!((&failed["person"], &failed["trouble"]["code"]), (&"ursula".into(), &"request-of-other-card".into()));
    assert_eq!(elsewhere.until("done")["person"], "petra");
    drop(elsewhere);
    release.send(()).unwrap();
    drop(is_reached);
    assert_eq!(run.until("done")["person"], "ursula");
    bench.reader(1).seat().remove();
    run.until("empty");
    bench.reader(1).seat().insert(twin.clone());
    assert_eq!(run.until("card-refused")["trouble"]["code"], "desk-card-done");
    assert_eq!(changes(&twin), 0);

    bench.insert(2);
    let failed = run.until("failed");
    assert_eq!(
        (&failed["person"], &failed["trouble"]["code"]),
        (&"petra".into(), &"request-completed-elsewhere".into())
    );
    assert_eq!(run.until("done")["person"], "ida");
    let next = bench.insert(3);
    assert_eq!(run.until("done")["person"], "otto");
    assert_eq!(next.headers(), cost, "a card at the desk costs what one enrollment costs");
    let (code, last) = run.ended();
    assert_eq!((code, &last.last().unwrap()["done"]), (Some(6), &3.into()));
    let pending = |name: &str| (name.to_owned(), if name == "nils" { "Pending" } else { "Completed" }.to_owned());
    assert_eq!(bench.requests(), ["gita", "ida", "nils", "otto", "petra", "ursula"].map(pending));
    // What the other one has done is known as soon as it is asked for.
    let id = last.last().unwrap()["run"].as_str().unwrap().to_owned();
    assert_eq!(bench.end(&["resume", &id, "--pin", "now"]).done()["done"], 4);
}
