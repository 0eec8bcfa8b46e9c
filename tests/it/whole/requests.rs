//! Every type of request that puts keys on a card, through the real program: made by `request create`, and carried out by
//! the command that it prints, on a PIV and a GIDS card in a reader and on a SoftHSM token.

use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use cardwright::virtual_card::{GidsCard, GidsOptions, PivCard, PivOptions, VirtualCard};
use serde_json::{Value, json};

use crate::support::pcscd::{self, Inserted};
use crate::support::program::{Ended, bounded, end};
use crate::support::site::{API, ENROLL, Site, keys, set};

const PIN: &str = "271828";
const NEW_PIN: &str = "314159";
const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";
/// The longest a child may take, in seconds.
const BOUND: &str = "240";
const TEMPLATE: &str = "Smart card logon";

const WORKFLOWS: &str = r#"
[workflows.NAME]
approvals_needed = 0
initiators = ["group:operators"]
approvers = ["group:approvers"]
enrollment_agents = ["group:operators"]
"#;

/// A certificate whose key is made and archived at the server, so that there is something to bring back.
const ARCHIVED: &str = r#"
[[additional_certificates]]
key = { generate = "RSA-2048", generated_by = "server", archive = true }
certificate = { template_name = "Encryption", key_usages = ["keyEncipherment"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

/// Where cards of one kind come from.
#[derive(Clone, Copy)]
enum Kind {
    Reader(fn(u32) -> Box<dyn VirtualCard>),
    SoftHsm,
}

/// A card that keys are put onto.
struct Card {
    arguments: Vec<String>,
    _inserted: Option<Inserted>,
}

struct Office {
    site: Site,
    kind: Kind,
    cards: u32,
}

impl Office {
    fn new(kind: Kind, algorithm: &str) -> Self {
        let mut site = Site::with(|template| {
            let kept = template.split("\n[workflows.renew]").next().unwrap().to_owned();
            let kept = set(kept, ENROLL, "approvers", r#"["group:approvers"]"#);
            let kept = match kind {
                Kind::Reader(_) => set(kept, "[smartcard]", "default_admin_key_hex", &format!("{ADMIN_KEY:?}")),
                Kind::SoftHsm => kept,
            };
            let kept = keys(kept, algorithm).replacen("\n[revocation]", ARCHIVED, 1);
            let names = [
                "renew",
                "recover",
                "duplicate",
                "recover_on_behalf",
                "online_update",
                "revoke",
                "temporary_cards",
                "unblock",
                "retire",
            ];
            let more: String = names.iter().map(|name| WORKFLOWS.replace("NAME", name)).collect();
            // The new certificates go onto a new card; OnlineUpdate keeps it.
            let more = more.replace("[workflows.renew]\n", "[workflows.renew]\nreuse_card = false\n");
            // Another person's keys are brought back only after an approval.
            set(kept + &more, "[workflows.recover_on_behalf]", "approvals_needed", "1")
        });
        site.person("alice", &[]);
        site.person("bob", &[]);
        site.person("olga", &["operators"]);
        site.person("oscar", &["approvers"]);
        if let Kind::Reader(_) = kind {
            site.program.set(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
        }
        Self { site, kind, cards: 0 }
    }

    /// A new card, as it leaves the factory and was made ready.
    fn card(&mut self) -> Card {
        self.cards += 1;
        match self.kind {
            Kind::SoftHsm => {
                let label = format!("card {}", self.cards);
                self.site.program.factory_token(&label);
                Card { arguments: vec!["--label".into(), label], _inserted: None }
            }
            Kind::Reader(make) => {
                let inserted = pcscd::insert(make(40_000_000 + self.cards));
                let card =
                    Card { arguments: vec!["--reader".into(), inserted.reader().into()], _inserted: Some(inserted) };
                if self.run("olga", &["token", "info"], Some(&card)).done()["state"] == "blank" {
                    let [key, pin] = [("admin.key", ADMIN_KEY), ("first.pin", PIN)]
                        .map(|(name, content)| format!("file:{}", self.site.program.write(name, content)));
                    let init = ["token", "init", "--so-pin-from", &key, "--pin-from", &pin];
                    self.run("olga", &init, Some(&card)).done();
                }
                card
            }
        }
    }

    fn run(&self, who: &str, arguments: &[&str], card: Option<&Card>) -> Ended {
        let of_card: Vec<&str> = card.iter().flat_map(|card| card.arguments.iter().map(String::as_str)).collect();
        let command = self.site.command(who, PIN, &[arguments, &of_card].concat());
        let mut bounded = bounded(&command, BOUND);
        bounded.env("CARDWRIGHT_NEW_PIN", NEW_PIN);
        match arguments.first() {
            Some(&"enroll") => bounded.env_remove("CARDWRIGHT_NEW_PIN"),
            Some(&"retire") => bounded.env("CARDWRIGHT_PIN", NEW_PIN),
            _ => &mut bounded,
        };
        end(&mut bounded)
    }

    /// Makes a request as the operator; the command that is printed.
    #[track_caller]
    fn create(&self, arguments: &[&str]) -> (String, String) {
        let made = self.run("olga", &[&["request", "create"], arguments].concat(), None).done();
        (made["request"].as_str().unwrap().to_owned(), made["next"].as_str().unwrap().to_owned())
    }

    /// Types what was printed, on this card.
    fn types(&self, next: &str, card: Option<&Card>) -> Ended {
        let words: Vec<&str> = next.split_whitespace().skip(1).collect();
        self.run("olga", &words, card)
    }

    /// Makes a request and has it carried out as it says.
    #[track_caller]
    fn carried_out(&self, arguments: &[&str], card: &Card) -> Value {
        let (request, next) = self.create(arguments);
        let done = self.types(&next, Some(card)).done();
        assert_eq!(done["request"], *request, "{arguments:?}");
        let shown = self.run("olga", &["request", "show", &request], None).done();
        assert_eq!((&shown["status"], &shown["next"]), (&json!("Completed"), &Value::Null), "{arguments:?}");
        done
    }

    /// Likewise, where the old key is not at hand and an approver stands in for it.
    #[track_caller]
    fn carried_out_with_approval(&self, arguments: &[&str], card: &Card) -> Value {
        let (request, next) = self.create(arguments);
        let waits = self.types(&next, Some(card)).refused(7, "request-pending");
        assert_eq!(waits.request.as_deref(), Some(request.as_str()));
        assert_eq!(self.run("olga", &["token", "info"], Some(card)).done()["certificates"], json!([]));
        self.run("oscar", &["request", "approve", &request], None).done();
        self.types(&next, Some(card)).done()
    }

    fn status(&self, smartcard: &str) -> Value {
        self.site.get("olga", &format!("{API}/smartcards/{smartcard}")).ok()["Status"].clone()
    }

    /// The certificates that the card shows, by their serial numbers.
    fn shown(&self, card: &Card) -> Vec<String> {
        let info = self.run("olga", &["token", "info"], Some(card)).done();
        let serial = |one: &Value| one["serial_number"].as_str().unwrap().to_owned();
        info["certificates"].as_array().unwrap().iter().map(serial).collect()
    }
}

fn serials(done: &Value) -> Vec<String> {
    let serial = |one: &Value| one["serial_number"].as_str().unwrap().to_owned();
    done["certificates"].as_array().unwrap().iter().map(serial).collect()
}

/// Two lists alike, in whatever order.
#[track_caller]
fn same(mut one: Vec<String>, mut other: Vec<String>, what: &str) {
    one.sort();
    other.sort();
    assert_eq!(one, other, "{what}");
}

/// Carries out each type on cards of one kind.
fn every_type(kind: Kind, algorithm: &str) {
    let mut office = Office::new(kind, algorithm);
    let [first, second, lent, renewed, recovered, others] = std::array::from_fn(|_| office.card());
    let enroll = office.carried_out(&["--type", "enroll", "--for", "alice", "--template", TEMPLATE], &first);
    let card = enroll["smartcard"].as_str().unwrap().to_owned();
    same(office.shown(&first), serials(&enroll), "enroll");

    let updated = office.carried_out(&["--type", "online-update", "--smartcard", &card], &first);
    assert_eq!(updated["smartcard"], *card, "the same card");
    assert_ne!(serials(&updated), serials(&enroll));
    assert!(serials(&updated).iter().all(|serial| office.shown(&first).contains(serial)));

    let duplicate = office.carried_out(&["--type", "duplicate", "--smartcard", &card], &second);
    assert_ne!(duplicate["smartcard"], *card);
    same(office.shown(&second), serials(&duplicate), "duplicate");

    let lend = ["--type", "temporary-card", "--for", "alice", "--template", TEMPLATE];
    let lent_out = office.carried_out(&lend, &lent);
    assert!(!serials(&lent_out).is_empty());

    let behalf = ["--type", "recover-on-behalf", "--smartcard", &card, "--for", "bob"];
    let (request, next) = office.create(&behalf);
    assert!(next.ends_with("--wait"), "{next}");
    let escrow = std::thread::scope(|scope| {
        let waits = scope.spawn(|| office.types(&next, Some(&others)));
        office.run("oscar", &["request", "approve", &request], None).done();
        waits.join().unwrap().done()
    });
    assert!(!serials(&escrow).is_empty(), "alice's key, for bob");
    same(office.shown(&others), serials(&escrow), "recover on behalf");

    let renewal = office.carried_out_with_approval(&["--type", "renew", "--smartcard", &card], &renewed);
    let card = renewal["smartcard"].as_str().unwrap().to_owned();
    same(office.shown(&renewed), serials(&renewal), "renew on a new card");

    let recover = ["--type", "recover", "--smartcard", &card, "--loss-reason", "lost"];
    let recovery = office.carried_out_with_approval(&recover, &recovered);
    assert_eq!(office.status(&card), 3, "the lost card is disabled");
    let card = recovery["smartcard"].as_str().unwrap().to_owned();
    same(office.shown(&recovered), serials(&recovery), "recover");

    // What puts no keys on a card has commands of its own.
    let (request, next) = office.create(&["--type", "unblock", "--smartcard", &card]);
    let other = office.run("olga", &["enroll", "--request", &request], Some(&recovered));
    let refused = other.refused(2, "request-of-other-kind");
    assert!(refused.remedy.contains("cardwright unblock --request"), "{refused:?}");
    let unblocked = office.types(&next, Some(&recovered)).done();
    assert_eq!(unblocked["request"], *request);
    let (request, next) = office.create(&["--type", "retire", "--smartcard", &card]);
    let retired = office.types(&format!("{next} --yes"), Some(&recovered)).done();
    assert_eq!(retired["request"], *request);
    assert_eq!(office.status(&card), 6);
    assert_eq!(office.shown(&recovered), Vec::<String>::new());
    let smartcard = duplicate["smartcard"].as_str().unwrap();
    let (_, next) = office.create(&["--type", "revoke", "--smartcard", smartcard]);
    assert_eq!(office.types(&next, None).done()["status"], "Completed");
    assert_eq!(office.status(smartcard), 3);
}

#[test]
fn each_type_is_carried_out_on_piv_cards_by_the_command_that_it_prints() {
    every_type(
        Kind::Reader(|serial| Box::new(PivCard::new(PivOptions { serial, ..PivOptions::yubikey() }).unwrap())),
        "P-256",
    );
}

#[test]
fn each_type_is_carried_out_on_gids_cards_by_the_command_that_it_prints() {
    every_type(Kind::Reader(|_| Box::new(GidsCard::new(GidsOptions::default()).unwrap())), "RSA-2048");
}

#[test]
fn each_type_is_carried_out_on_softhsm_tokens_by_the_command_that_it_prints() {
    every_type(Kind::SoftHsm, "P-256");
}

/// A script is told of the request that is open; nothing is made beside it unless that is said.
#[test]
fn a_second_request_is_not_made_beside_one_that_is_open() {
    let mut office = Office::new(Kind::SoftHsm, "P-256");
    let card = office.card();
    let (open, next) = office.create(&["--type", "enroll", "--for", "alice", "--template", TEMPLATE]);
    let count = || office.run("olga", &["request", "list"], None).done().as_array().unwrap().len();
    let enroll = ["enroll", "--target", "alice", "--template", TEMPLATE];
    let refused = office.run("olga", &enroll, Some(&card)).told();
    assert_eq!((refused.exit, refused.code.as_str()), (6, "another-request-open"), "{refused:?}");
    assert_eq!((refused.request.as_deref(), refused.next.as_deref()), (Some(open.as_str()), Some(next.as_str())));
    let again = ["request", "create", "--type", "enroll", "--for", "alice", "--template", TEMPLATE];
    let refused = office.run("olga", &again, None).refused(6, "another-request-open");
    assert_eq!(refused.next.as_deref(), Some(next.as_str()));
    assert_eq!(count(), 1);
    assert_eq!(office.types(&next, Some(&card)).done()["request"], *open);
    // Another card of the same person, while one type is asked for of the first.
    let smartcard = office.run("olga", &["request", "show", &open], None).done()["new_smartcard"].clone();
    let smartcard = smartcard.as_str().unwrap();
    let (update, _) = office.create(&["--type", "online-update", "--smartcard", smartcard]);
    let renew = ["request", "create", "--type", "renew", "--smartcard", smartcard];
    assert_eq!(office.run("olga", &renew, None).refused(6, "another-request-open").request, Some(update));
    // Whatever takes something away does not wait, and both may be wanted.
    office.run("olga", &[&renew[..], &["--another"]].concat(), None).done();
    office.create(&["--type", "revoke", "--smartcard", smartcard]);
    assert_eq!(count(), 4);
}
