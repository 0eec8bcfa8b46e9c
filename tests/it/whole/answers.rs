//! A PKCS#11 token whose module refuses one call, or carries it out and its answer is lost, or in which the program is killed
//! there: each flow, at each login and change, done again by the same command, comes to the undisturbed end.
//!
//! The tokens are kryoptic's, which locks PINs and whose every write is a transaction.

use serde_json::Value;

use crate::support::program::{Ended, end};
use crate::support::site::{API, Site};
use crate::support::{kryoptic, odd_module, torture};

const PIN: &str = "271828";
const NEW_PIN: &str = "314159";
/// More calls than any flow makes.
const MOST: usize = 100;
/// One point of so many is tried where not all are.
const PART: usize = 23;

/// What befalls the call.
const HARMS: [&str; 4] = ["refuse", "lose", "kill-before", "kill-after"];

/// A flow, and whether the token was enrolled before.
struct Flow {
    command: &'static [&'static str],
    enrolled: bool,
}

const FLOWS: [Flow; 5] = [
    Flow { command: &["enroll"], enrolled: false },
    Flow { command: &["renew"], enrolled: true },
    Flow { command: &["unblock"], enrolled: true },
    Flow { command: &["retire", "--yes"], enrolled: true },
    Flow { command: CHANGE_PIN, enrolled: true },
];
const CHANGE_PIN: &[&str] = &["token", "change-pin"];

/// What is there at the end.
#[derive(Debug, PartialEq)]
struct Portrait {
    /// Private keys, public keys, certificates.
    objects: [usize; 3],
    tries_left: Value,
    card: Value,
    issued: usize,
    requests: Vec<(Value, Value)>,
}

/// A site with tokens, each in a directory of its own.
struct Office {
    site: Site,
    tokens: usize,
}

impl Office {
    fn new() -> Self {
        // One person enrolls all the tokens.
        let mut site = Site::with_settings("\n[people]\ncertificates_per_day = 0\n", |template| template);
        site.program.use_kryoptic();
        let module = odd_module::before(&mut site.program, &kryoptic::path());
        site.program.use_module(module);
        site.person("alice", &[]);
        Self { site, tokens: 0 }
    }

    fn run(&self, flow: &Flow, harm: Option<(&str, usize)>, pin: &str) -> Ended {
        let mut command = self.site.command("alice", pin, &[flow.command, &["--label", "card"]].concat());
        if let Some((harm, at)) = harm {
            command.env("ODD_HARM", harm).env("ODD_AT", at.to_string());
        }
        if flow.command == CHANGE_PIN {
            command.env("CARDWRIGHT_NEW_PIN", NEW_PIN);
        }
        end(&mut command)
    }

    /// A flow on a new token, harmed and done again; what is there then, and whether it was cut off.
    fn done(&mut self, flow: &Flow, harm: Option<(&str, usize)>) -> (Portrait, bool) {
        self.tokens += 1;
        let directory = self.site.program.path(&format!("tokens-{}", self.tokens));
        std::fs::create_dir(&directory).unwrap();
        self.site.program.set(kryoptic::VARIABLE, kryoptic::configure(&directory).display().to_string());
        self.site.program.factory_token("card");
        if flow.enrolled {
            self.run(&FLOWS[0], None, PIN).done();
        }
        let first = self.run(flow, harm, PIN);
        if !first.success() {
            let again = self.run(flow, None, PIN);
            // Whoever is refused the old PIN has the new one already.
            let changed = flow.command == CHANGE_PIN && !again.success() && again.told().code == "wrong-pin";
            let again = if changed { self.run(flow, None, NEW_PIN) } else { again };
            assert!(again.success(), "{:?} {harm:?}: {first:?}, then {again:?}", flow.command);
        }
        (self.portrait(if flow.command == CHANGE_PIN { NEW_PIN } else { PIN }), !first.success())
    }

    fn portrait(&self, pin: &str) -> Portrait {
        assert!(self.site.program.journal().is_empty());
        let info = self.site.run("alice", pin, &["token", "info", "--label", "card"]).done();
        let id = info["card_id"].as_str().unwrap();
        let card = self.site.get("alice", &format!("{API}/smartcards?cardid={id}")).ok();
        let listed = format!("{API}/smartcards/{}/certificates", card["Uuid"].as_str().unwrap());
        let issued = self.site.get("alice", &listed);
        let issued = if issued.status == 204 { 0 } else { issued.ok().as_array().unwrap().len() };
        let requests = self.site.get("alice", &format!("{API}/requests")).ok();
        let of_card =
            |request: &&Value| [&request["NewSmartcardUuid"], &request["OldSmartcardUuid"]].contains(&&card["Uuid"]);
        let of_card = requests.as_array().unwrap().iter().filter(of_card);
        Portrait {
            objects: self.site.program.objects("card", pin),
            tries_left: info["tries_left"].clone(),
            card: card["Status"].clone(),
            issued,
            requests: of_card.map(|it| (it["RequestType"].clone(), it["Status"].clone())).collect(),
        }
    }
}

#[test]
fn a_call_that_is_refused_or_whose_answer_is_lost_does_no_harm() {
    let mut office = Office::new();
    for flow in &FLOWS {
        let (expected, _) = office.done(flow, None);
        assert!(!expected.requests.is_empty());
        for harm in HARMS {
            for at in torture::points_in(PART, 0..MOST) {
                let (portrait, was_cut_off) = office.done(flow, Some((harm, at)));
                assert_eq!(portrait, expected, "{:?} {harm} {at}", flow.command);
                if !was_cut_off {
                    break;
                }
            }
        }
    }
}
