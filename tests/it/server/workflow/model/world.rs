//! The model, and the server beside it.

use super::Step;
use super::acts;
use super::keys::Keys;
use crate::server::support::{API, Answer, EXTENSION, Lab, Person, last_segment};
use crate::server::workflow::course::{ARCHIVED, Held, lab, listed, with};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Written down a second time, not taken from the library: in which state what may be asked for.
const ASKED: [(&str, &str, bool); 11] = [
    ("Renew", "A", true),
    ("OnlineUpdate", "A", true),
    ("Duplicate", "A", true),
    ("TemporaryCards", "AS", true),
    ("Recover", "ASD", true),
    ("RecoverOnBehalf", "ASDR", true),
    ("Unblock", "A", false),
    ("Reinstate", "AS", false),
    ("Revoke", "AS", false),
    ("Retire", "ASD", false),
    ("Enroll", "", true),
];
const SELF_SERVICE: [&str; 8] =
    ["Enroll", "Renew", "Recover", "Duplicate", "OnlineUpdate", "Revoke", "Retire", "Unblock"];
const CARDS_ONLY: [&str; 3] = ["Retire", "Unblock", "TemporaryCards"];
/// What the server calls the states of a request.
const STATUSES: [(char, u8); 6] = [('P', 16), ('O', 3), ('E', 18), ('C', 8), ('W', 17), ('N', 4)];
pub(super) const ADDING: [&str; 4] = ["Enroll", "Duplicate", "RecoverOnBehalf", "TemporaryCards"];
pub(super) const AGENT: usize = 2;
const APPROVER: usize = 3;

/// A card, or a profile on none.
pub(super) struct Holder {
    pub(super) owner: usize,
    pub(super) held: Held,
    /// Active, Suspended, Disabled, Retired.
    pub(super) state: char,
    pub(super) superseded: bool,
    /// Lent, or with another's keys.
    pub(super) passing: bool,
}

pub(super) struct Request {
    pub(super) uuid: String,
    pub(super) kind: &'static str,
    pub(super) target: usize,
    pub(super) originator: usize,
    pub(super) holder: Option<usize>,
    pub(super) old_profile: Option<String>,
    /// Pending, aPproved ('O'), Executing, Completed, Withdrawn, denieD ('N').
    pub(super) state: char,
    pub(super) card: Option<String>,
    pub(super) card_id: Option<Uuid>,
    pub(super) profile: Option<String>,
    /// The profile it begins with, as the server has chosen among those of a card.
    pub(super) from: Option<String>,
    /// Serials of the certificates made for it.
    pub(super) issued: Option<Vec<String>>,
    pub(super) suspends: bool,
}

pub struct World {
    pub(super) lab: Lab,
    pub(super) people: Vec<Person>,
    pub(super) holders: Vec<Holder>,
    pub(super) requests: Vec<Request>,
    pub(super) card_ids: Vec<Uuid>,
    /// Serial to reason.
    pub(super) revoked: BTreeMap<String, u8>,
    pub(super) acts: Vec<&'static str>,
    pub(super) has_cards: bool,
    /// The template has the server make and archive an encryption key.
    pub(super) archives: bool,
    pub(super) keys: Keys,
}

pub(super) fn is_open(state: char) -> bool {
    matches!(state, 'P' | 'O' | 'E')
}

impl World {
    pub fn new(kind: &str, archives: bool) -> Self {
        let reuse = |text: String| text.replace("allow_smartcard_reuse = false", "allow_smartcard_reuse = true");
        let lab = lab(kind, if archives { ARCHIVED } else { "" }, reuse);
        let groups: [(&str, &[&str]); 5] =
            [("alice", &[]), ("bob", &[]), ("agent", &["agents"]), ("approver", &["approvers"]), ("eve", &[])];
        let people = groups.map(|(name, groups)| lab.user(name, groups)).into();
        let mut world = Self {
            lab,
            people,
            holders: Vec::new(),
            requests: Vec::new(),
            card_ids: (0..8).map(|_| Uuid::new_v4()).collect(),
            revoked: BTreeMap::new(),
            acts: Vec::new(),
            has_cards: kind != "software",
            archives,
            keys: Keys::default(),
        };
        for person in [0, 0, 1] {
            world.create(person, "Enroll", 0);
            world.finish(world.requests.len() - 1);
        }
        world
    }

    pub fn take(&mut self, step: &Step) {
        // Mostly those who may do something.
        let who = |number: usize| [0, 0, 1, 1, 2, 2, 2, 2, 3, 4][number % 10];
        if let Step::Create { person, kind, holder } = *step {
            return self.create(who(person), ASKED[kind % ASKED.len()].0, holder);
        }
        if self.requests.is_empty() {
            return;
        }
        let of = |request: usize| request % self.requests.len();
        match *step {
            Step::Create { .. } => {}
            Step::Decide { person, request, approve } => self.decide(who(person), of(request), approve),
            Step::Assign { person, request, card } => self.assign(who(person), of(request), card),
            Step::Issue { person, request } => self.issue(who(person), of(request)),
            Step::Begin { person, request } => self.begin(who(person), of(request)),
            Step::Retire { person, request } => self.retire(who(person), of(request)),
            Step::Complete { person, request } => self.complete(who(person), of(request)),
            Step::Cancel { person, request } => self.cancel(who(person), of(request)),
            Step::Finish { request } => self.finish(of(request)),
        }
    }

    fn finish(&mut self, request: usize) {
        self.decide(APPROVER, request, true);
        for card in 0..self.card_ids.len() {
            if self.requests[request].card.is_none() {
                self.assign(AGENT, request, card);
            }
        }
        self.issue(AGENT, request);
        self.begin(AGENT, request);
        self.retire(AGENT, request);
        self.complete(AGENT, request);
    }

    #[track_caller]
    pub(super) fn expect(&self, what: &str, request: Option<usize>, answer: &Answer, expected: bool) {
        let about = request.map(|request| {
            let request = &self.requests[request];
            format!("{} {} {}", request.kind, request.state, request.uuid)
        });
        let words = String::from_utf8_lossy(&answer.bytes);
        assert!(answer.status < 500, "{what} {about:?}: {} {words}", answer.status);
        assert_eq!(answer.status < 300, expected, "{what} {about:?}: {} {words}", answer.status);
    }

    /// Whether what a request is about lets it go on.
    fn goes_on(&self, kind: &str, holder: Option<usize>, old_profile: Option<&str>, suspends: bool) -> bool {
        let Some(holder) = holder.map(|holder| &self.holders[holder]) else { return true };
        let (_, states, carries_keys) = ASKED.iter().find(|(asked, ..)| *asked == kind).unwrap();
        let profile_is_current = old_profile.is_none_or(|profile| profile == holder.held.profile);
        let carries_on = *carries_keys && kind != "RecoverOnBehalf";
        states.contains(holder.state)
            && !(carries_on && (holder.superseded || holder.passing || !profile_is_current))
            && (kind != "Reinstate" || suspends == (holder.state == 'A'))
    }

    pub(super) fn may_still(&self, request: usize) -> bool {
        let request = &self.requests[request];
        self.goes_on(request.kind, request.holder, request.old_profile.as_deref(), request.suspends)
    }

    /// Whether the person carries out this request.
    pub(super) fn executes(&self, person: usize, request: usize) -> bool {
        person == AGENT || person == self.requests[request].target
    }

    fn create(&mut self, person: usize, kind: &'static str, holder: usize) {
        let holder = match kind {
            "Enroll" => None,
            _ if self.holders.is_empty() => return,
            _ => Some(holder % self.holders.len()),
        };
        let owner = holder.map_or(person, |holder| self.holders[holder].owner);
        let target = if kind == "RecoverOnBehalf" { usize::from(owner == 0) } else { owner };
        let mut body = match holder {
            Some(holder) => self.holders[holder].held.body(kind),
            None => {
                json!({"profiletemplateuuid": self.lab.template, "datacollection": [], "type": kind, "comment": ""})
            }
        };
        if kind == "RecoverOnBehalf" {
            body = with(body, "target", json!(self.people[target].uuid));
        }
        let old_profile = holder.map(|holder| self.holders[holder].held.profile.clone());
        let suspends = holder.is_some_and(|holder| self.holders[holder].state == 'A');
        let twin = self.requests.iter().any(|open| {
            holder.is_some()
                && open.holder == holder
                && open.kind == kind
                && open.target == target
                && is_open(open.state)
        });
        let sees = person == AGENT || person == owner;
        let may = person == AGENT || (SELF_SERVICE.contains(&kind) && person == target);
        let offered = self.has_cards || !CARDS_ONLY.contains(&kind);
        let expected = sees && may && offered && !twin && self.goes_on(kind, holder, None, suspends);
        let answer = self.lab.post(&self.people[person], &format!("{API}/requests"), body);
        self.expect(&format!("create {kind} by {person}"), None, &answer, expected);
        if !expected {
            return;
        }
        self.acts.push("request-created");
        let keeps = !ADDING.contains(&kind) && kind != "Recover";
        let card = holder.filter(|_| keeps).and_then(|holder| self.holders[holder].held.card.clone());
        let uuid = last_segment(&answer.json());
        let read = self.lab.get(&self.people[AGENT], &format!("{API}/requests/{uuid}")).ok();
        let from = read["OldProfileUuid"].as_str().map(str::to_owned).filter(|_| old_profile.is_some());
        self.requests.push(Request {
            uuid,
            kind,
            target,
            originator: person,
            holder,
            old_profile,
            state: if kind == "RecoverOnBehalf" { 'P' } else { 'O' },
            card,
            card_id: None,
            profile: None,
            from,
            issued: None,
            suspends,
        });
    }

    fn decide(&mut self, person: usize, request: usize, approve: bool) {
        let expected = person == APPROVER && self.requests[request].state == 'P';
        let verb = if approve { "approve" } else { "deny" };
        let path = format!("{EXTENSION}/requests/{}/{verb}", self.requests[request].uuid);
        let answer = self.lab.post(&self.people[person], &path, json!({"Comment": ""}));
        self.expect(verb, Some(request), &answer, expected);
        if expected {
            self.acts.push(if approve { "request-approved" } else { "request-denied" });
            self.requests[request].state = if approve { 'O' } else { 'N' };
        }
    }

    fn is_living(&self, card_id: Uuid) -> bool {
        self.requests.iter().any(|request| {
            let holder =
                self.holders.iter().find(|holder| holder.held.card.is_some() && holder.held.card == request.card);
            let gone = holder.map_or(!is_open(request.state), |holder| holder.state == 'R');
            request.card_id == Some(card_id) && !gone
        })
    }

    fn assign(&mut self, person: usize, request: usize, card: usize) {
        let card_id = self.card_ids[card % self.card_ids.len()];
        let asked = &self.requests[request];
        let executes = self.executes(person, request) && self.has_cards && matches!(asked.state, 'O' | 'E');
        let again = asked.card.is_some() && asked.card_id == Some(card_id);
        let brings = ADDING.contains(&asked.kind) || asked.kind == "Recover";
        let fresh = asked.card.is_none() && brings && !self.is_living(card_id) && self.may_still(request);
        // The card of an older request may be named again where the request is about that very card.
        let named = asked.holder.filter(|_| asked.card_id.is_none() && asked.card.is_some()).is_some_and(|holder| {
            let card = &self.holders[holder].held.card;
            self.requests.iter().any(|made| made.card == *card && made.card_id == Some(card_id))
        });
        let expected = executes && (again || named || fresh);
        let body = json!({"requestid": asked.uuid, "cardid": card_id});
        let answer = self.lab.post(&self.people[person], &format!("{API}/smartcards"), body);
        self.expect("assign", Some(request), &answer, expected);
        if executes && fresh {
            self.acts.push("card-assigned");
            let asked = &mut self.requests[request];
            asked.card = Some(last_segment(&answer.json()));
            asked.card_id = Some(card_id);
            asked.state = 'E';
        }
    }

    /// The card's key is asked for, which begins an unblock.
    fn begin(&mut self, person: usize, request: usize) {
        let asked = &self.requests[request];
        if asked.kind != "Unblock" || asked.state != 'O' {
            return;
        }
        let expected = self.executes(person, request) && self.may_still(request);
        let card = asked.card.clone().unwrap();
        let shown = self.lab.get(&self.people[AGENT], &format!("{API}/smartcards/{card}")).ok();
        let card_id = shown["SerialNumber"].as_str().unwrap().trim_matches(['{', '}']).to_owned();
        let path = format!("{API}/requests/{}/smartcards/{card}/diversifiedkey?cardid={card_id}", asked.uuid);
        let answer = self.lab.get(&self.people[person], &path);
        self.expect("begin", Some(request), &answer, expected);
        if expected {
            self.acts.push("admin-key-given");
            self.requests[request].state = 'E';
        }
    }

    fn retire(&mut self, person: usize, request: usize) {
        let asked = &self.requests[request];
        if asked.kind != "Retire" {
            return;
        }
        let holder = asked.holder.unwrap();
        let again = asked.state == 'E' && self.holders[holder].state == 'R';
        let expected =
            self.executes(person, request) && (again || (matches!(asked.state, 'O' | 'E') && self.may_still(request)));
        let path = format!("{API}/requests/{}/smartcards/{}", asked.uuid, asked.card.as_ref().unwrap());
        let answer = self.lab.put(&self.people[person], &path, json!({"status": "Retired"}));
        self.expect("retire", Some(request), &answer, expected);
        if expected && !again {
            self.acts.push("card-retired");
            self.requests[request].state = 'E';
            self.holders[holder].state = 'R';
            self.ended(holder);
            self.revoke(holder, true, 5);
            self.close(holder);
        }
    }

    /// Holds everything the server shows against the model.
    pub fn compare(&self) {
        let agent = &self.people[AGENT];
        for holder in &self.holders {
            let path = match &holder.held.card {
                Some(card) => format!("{API}/smartcards/{card}"),
                None => format!("{API}/profiles/{}", holder.held.profile),
            };
            let shown = self.lab.get(agent, &path).ok();
            let number = [('A', 2), ('D', 3), ('S', 4), ('R', 6)].into_iter().find(|(state, _)| *state == holder.state);
            assert_eq!(shown["Status"], number.unwrap().1, "{path}");
            assert_eq!(shown["Flags"].as_u64().unwrap() & 8 != 0, holder.superseded, "{path}");
        }
        for request in &self.requests {
            let shown = self.lab.get(agent, &format!("{API}/requests/{}", request.uuid)).ok();
            let number = STATUSES.into_iter().find(|(state, _)| *state == request.state).unwrap().1;
            assert_eq!(shown["Status"], number, "{} {}", request.kind, request.uuid);
        }
        assert_eq!(listed(&self.lab), self.revoked, "the revocation list");
    }

    /// The last look, also at what only the database tells.
    pub fn end(mut self) {
        self.compare();
        self.lab.stop();
        let expected: HashSet<&str> = self.acts.iter().copied().collect();
        let told: Vec<String> = acts(&self.lab).into_iter().filter(|act| expected.contains(act.as_str())).collect();
        assert_eq!(told, self.acts, "the log tells every change once");
        let tolerance = time::Duration::seconds(300);
        let checked = cardwright::server::audit_check(&self.lab.data(), &[], tolerance).unwrap();
        assert!(checked.is_whole() && checked.compared, "the log says what every row became: {checked:?}");
        self.compare_keys();
        let database = rusqlite::Connection::open(self.lab.data().join("cardwright.db")).unwrap();
        let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let twice = "SELECT count(*) FROM (SELECT 1 FROM smartcards WHERE status <> 'retired' GROUP BY card_id HAVING count(*) > 1)";
        assert_eq!(count(twice), 0, "two living cards of one id");
        let unapproved = "SELECT count(*) FROM certificates c JOIN requests r ON r.uuid = c.request \
                          WHERE r.status NOT IN ('executing', 'completed', 'canceled')";
        assert_eq!(count(unapproved), 0, "a certificate without an approved request");
        let active = "SELECT count(*) FROM (SELECT 1 FROM profiles WHERE status = 'active' AND smartcard IS NOT NULL \
                      GROUP BY smartcard HAVING count(*) > 1)";
        assert_eq!(count(active), 0, "two active profiles on one card");
    }
}
