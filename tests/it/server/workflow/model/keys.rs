//! Private keys in the model: what each profile holds, what a request brings, and how far the end of a card goes.

use super::world::{AGENT, Holder, World};
use crate::server::support::{API, new_csr};
use crate::server::workflow::keyed::{Brought, PASSWORD, letter, with_password};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most that comes as history at one time.
const MOST: usize = 24;

/// What a profile holds: serials, each with the letter it came as.
pub(super) struct Held {
    pub(super) card: Option<String>,
    pub(super) items: Vec<(char, String)>,
    /// New, Living with its card or alone, Retired before it.
    pub(super) state: char,
}

/// What is known of keys.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) profiles: BTreeMap<String, Held>,
    /// What was archived: PKCS#8, whose it is.
    archived: BTreeMap<String, (Vec<u8>, usize)>,
    /// Whose certificate it is.
    owners: BTreeMap<String, usize>,
    /// Request, made, recovered, history: as the log must have it.
    left: Vec<[String; 4]>,
}

impl World {
    /// What a request must answer: letters, each with the serial of what is brought back.
    fn plan(&self, request: usize) -> Vec<(char, Option<String>)> {
        let asked = &self.requests[request];
        let fresh = |letter| (letter, None);
        if !self.archives {
            return if asked.kind == "RecoverOnBehalf" { vec![] } else { vec![fresh('c')] };
        }
        let mut old: Vec<_> = match &asked.from {
            Some(from) => self.keys.profiles[from].items.clone(),
            None => Vec::new(),
        };
        old.retain(|(letter, serial)| {
            let (_, owner) = if *letter == 'c' { return false } else { &self.keys.archived[serial] };
            *owner == asked.target || asked.kind == "RecoverOnBehalf"
        });
        let current = old.iter().position(|(letter, _)| *letter != 'h');
        let mut back = |found: Option<usize>| found.map(|found| old.remove(found).1);
        let mut plan = vec![fresh('c')];
        match asked.kind {
            "RecoverOnBehalf" => {
                plan.clear();
                plan.extend(back(current).map(|serial| ('r', Some(serial))));
            }
            "Duplicate" | "TemporaryCards" => {
                let serial = back(current).unwrap();
                let good = self.revoked.get(&serial).is_none_or(|reason| *reason == 6);
                if good {
                    plan.push(('r', Some(serial)));
                } else {
                    plan.extend([fresh('s'), ('h', Some(serial))]);
                }
                return plan;
            }
            _ => plan.push(fresh('s')),
        }
        plan.extend(old.into_iter().take(MOST).map(|(_, serial)| ('h', Some(serial))));
        plan
    }

    pub(super) fn issue(&mut self, person: usize, request: usize) {
        let asked = &self.requests[request];
        let on_behalf = asked.kind == "RecoverOnBehalf";
        let issues =
            ["Enroll", "Duplicate", "Renew", "Recover", "OnlineUpdate", "TemporaryCards"].contains(&asked.kind);
        let has_card = !self.has_cards || asked.card.is_some();
        // Other keys are refused; where the client has none, the call is the same call.
        let again = asked.issued.is_some();
        let expected = self.executes(person, request)
            && matches!(asked.state, 'O' | 'E')
            && (issues || (on_behalf && self.archives))
            && has_card
            && (if again { on_behalf } else { self.may_still(request) });
        let csrs = if on_behalf { vec![] } else { vec![new_csr()] };
        let answer = with_password(&self.lab, &self.people[person], &asked.uuid, &csrs, json!(PASSWORD));
        self.expect("issue", Some(request), &answer, expected);
        if expected {
            let answers = answer.json().as_array().unwrap().clone();
            self.brought(request, answers, again);
        }
    }

    fn brought(&mut self, request: usize, answers: Vec<Value>, again: bool) {
        let (uuid, target) = (self.requests[request].uuid.clone(), self.requests[request].target);
        let plan = if again { None } else { Some(self.plan(request)) };
        let read = self.lab.get(&self.people[AGENT], &format!("{API}/requests/{uuid}")).ok();
        let profile = read["NewProfileUuid"].as_str().unwrap().to_owned();
        let path = format!("{API}/profiles/{profile}/certificates");
        let listed = self.lab.get(&self.people[AGENT], &path).ok();
        let signing = listed.as_array().unwrap().iter().find(|entry| entry["TemplateCommonName"] == "SmartcardLogon");
        let mut items = Vec::new();
        for answer in &answers {
            let came = letter(answer);
            let serial = match came {
                'c' => signing.unwrap()["SerialNumber"].as_str().unwrap().to_owned(),
                _ => {
                    let (key, certificate) = Brought::opened(answer);
                    let serial = hex::encode_upper(certificate.serial_bytes());
                    let now = key.expose_pkcs8().to_vec();
                    let (then, _) = self.keys.archived.entry(serial.clone()).or_insert((now.clone(), target));
                    assert_eq!(*then, now, "what comes back is what was archived");
                    serial
                }
            };
            self.keys.owners.entry(serial.clone()).or_insert(target);
            items.push((came, serial));
        }
        let of = |wanted| -> String {
            let serials: Vec<_> = items.iter().filter(|(came, _)| *came == wanted).map(|(_, it)| it.as_str()).collect();
            serials.join(" ")
        };
        let left = [uuid, of('s'), of('r'), of('h')];
        if let Some(plan) = plan {
            let planned: Vec<_> = items
                .iter()
                .map(|(came, serial)| (*came, Some(serial.clone()).filter(|_| matches!(came, 'r' | 'h'))))
                .collect();
            assert_eq!(planned, plan, "{}", self.requests[request].kind);
            let act =
                |came: &char| if "cs".contains(*came) { "certificate-issued" } else { "certificate-brought-back" };
            self.acts.extend(items.iter().map(|(came, _)| act(came)));
            let asked = &mut self.requests[request];
            let issued = items.iter().filter(|(came, _)| "cs".contains(*came)).map(|(_, serial)| serial.clone());
            (asked.state, asked.profile, asked.issued) = ('E', Some(profile.clone()), Some(issued.collect()));
            let held = Held { card: asked.card.clone(), items, state: 'N' };
            self.keys.profiles.insert(profile, held);
        }
        if left[1..].iter().any(|serials| !serials.is_empty()) {
            self.acts.push("keys-given");
            self.keys.left.push(left);
        }
    }

    fn is_on(profile: &str, held: &Held, holder: &Holder) -> bool {
        match &held.card {
            Some(card) => holder.held.card.as_ref() == Some(card),
            None => holder.held.card.is_none() && holder.held.profile == profile,
        }
    }

    /// The state of the card or profile that these keys are on; new where nothing is known of it yet.
    fn state_of(&self, profile: &str, held: &Held) -> char {
        let holder = self.holders.iter().find(|holder| Self::is_on(profile, held, holder));
        match (held.state, holder) {
            ('L', Some(holder)) => holder.state,
            (state, _) => state,
        }
    }

    /// Serials whose keys the holder has and that are its owner's; `alone`: and that nobody else living has in use.
    pub(super) fn taken(&self, holder: usize, alone: bool) -> Vec<String> {
        let holder = &self.holders[holder];
        let (on, off): (Vec<_>, Vec<_>) =
            self.keys.profiles.iter().partition(|(profile, held)| Self::is_on(profile, held, holder));
        let mut taken: Vec<String> = Vec::new();
        for (came, serial) in on.iter().flat_map(|(_, held)| &held.items) {
            let elsewhere = || {
                off.iter().any(|(profile, held)| {
                    "NAS".contains(self.state_of(profile, held))
                        && held.items.iter().any(|(came, other)| *came != 'h' && other == serial)
                })
            };
            let own = self.keys.owners[serial] == holder.owner;
            if own && !(alone && (*came == 'h' || elsewhere())) && !taken.contains(serial) {
                taken.push(serial.clone());
            }
        }
        taken
    }

    /// Does another card or profile have this key suspended?
    pub(super) fn suspended_elsewhere(&self, holder: usize, serial: &str) -> bool {
        let holder = &self.holders[holder];
        self.keys.profiles.iter().any(|(profile, held)| {
            !Self::is_on(profile, held, holder)
                && self.state_of(profile, held) == 'S'
                && held.items.iter().any(|(_, other)| other == serial)
        })
    }

    /// A request's profile takes the place of what was on its card.
    pub(super) fn activated(&mut self, profile: &str, old: Option<&str>) {
        if let Some(old) = old.and_then(|old| self.keys.profiles.get_mut(old)) {
            old.state = 'R';
        }
        if let Some(new) = self.keys.profiles.get_mut(profile) {
            new.state = 'L';
        }
    }

    /// What is on a card that has ended goes with it, begun or not.
    pub(super) fn ended(&mut self, holder: usize) {
        let holder = &self.holders[holder];
        for (profile, held) in &mut self.keys.profiles {
            if held.state == 'N' && Self::is_on(profile, held, holder) {
                held.state = 'L';
            }
        }
    }

    /// Holds the log against the keys that have left: each time an act, by a request that was open and approved.
    pub(super) fn compare_keys(&self) {
        let log = rusqlite::Connection::open(self.lab.data().join("cardwright.db")).unwrap();
        let mut records = log.prepare("SELECT record FROM audit ORDER BY number").unwrap();
        let records = records.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let mut open: BTreeMap<String, bool> = BTreeMap::new();
        let mut told = Vec::new();
        for record in records {
            let record: Value = serde_json::from_str(&record.unwrap()).unwrap();
            let Some(request) = record["request"].as_str().map(str::to_owned) else { continue };
            match record["act"].as_str().unwrap() {
                "request-created" => {
                    let status = record["evidence"]["status"].as_str().unwrap();
                    open.insert(request, status.eq_ignore_ascii_case("approved"));
                }
                "request-approved" => {
                    open.insert(request, true);
                }
                "request-denied" | "request-completed" | "request-withdrawn" => {
                    open.remove(&request);
                }
                "keys-given" => {
                    assert_eq!(open.get(&request), Some(&true), "keys have left by a request that is not approved");
                    let of = |name: &str| record["evidence"][name].as_str().unwrap().to_owned();
                    told.push([request, of("made"), of("recovered"), of("history")]);
                }
                _ => {}
            }
        }
        assert_eq!(told, self.keys.left, "the log tells of every key that has left");
    }
}
