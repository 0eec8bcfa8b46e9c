//! A CM server in a few lines that misbehaves on purpose. It spells its bodies itself, after Microsoft's samples, so
//! that the client is not only held against its own vocabulary.

mod absence;
mod answers;

pub use absence::Absence;
pub use answers::{PROPOSED_PIN, ok};

use super::authority::Authority;
use super::fake_secrets::Secrets;
use cardwright::cm::problem::ProblemCode;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use url::Url;
use uuid::Uuid;

pub const TEMPLATE: &str = "a039b4d0-5ce8-4eff-8651-181c6576fda3";
pub const USER: &str = "8f1590dc-d932-4b66-8e68-2e91c5880780";
/// The admin key the fake gives out, 24 bytes of odd parity.
pub const OWN_KEY: [u8; 24] = [0x4f; 24];

/// What the server does wrong, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// Breaks the connection instead of carrying out call number `0`.., and ever after.
    AwayBefore(usize),
    /// Carries the call out and breaks the connection instead of answering, and ever after.
    AwayAfter(usize),
    /// Answers calls of this path ending with something that is no JSON.
    Nonsense(&'static str),
    /// Issues for a key of its own.
    OtherKey,
    /// Answers calls of this path ending with a refusal.
    Refuse(&'static str, u16),
    /// Answers calls of this verb and this end of their path with a refusal that has this code.
    RefuseAs(&'static str, &'static str, ProblemCode),
    /// Refuses call number `0`, and no other.
    RefuseCall(usize),
}

#[derive(Clone)]
struct Card {
    uuid: Uuid,
    card_id: String,
    status: u32,
    secrets: Secrets,
    thumbprints: Vec<String>,
}

#[derive(Clone)]
struct Job {
    uuid: Uuid,
    kind: u32,
    status: u32,
    comment: String,
    smartcard: Option<Uuid>,
    /// It is for somebody who was named.
    targeted: bool,
    /// Certification request and certificate, DER.
    issued: Vec<(Vec<u8>, Vec<u8>)>,
}

pub struct State {
    jobs: Vec<Job>,
    cards: Vec<Card>,
    calls: usize,
    pub mischief: Option<Mischief>,
    /// Whether new requests wait for approval.
    pub approval: bool,
    pub diversify: bool,
    /// Whether the routes beyond Microsoft's are there.
    pub extension: bool,
    /// What is said of them where they are not.
    pub absence: Absence,
    /// Whether what was created is named by a header, with an empty body.
    pub located: bool,
    /// The admin key that cards come with.
    pub default_key: [u8; 24],
    /// The one that it gives them; and the one that is to follow, and whether that was let out.
    pub own_key: [u8; 24],
    pub next_key: Option<[u8; 24]>,
    pub next_proposed: bool,
    pub hash: &'static str,
    /// The answers to reset that were told, with the call that told them.
    pub atrs: Vec<(String, String)>,
    /// For whom requests were made, where that was said.
    pub targets: Vec<String>,
    /// Whether a person's own list is of his own enrollments alone.
    pub lists_own_alone: bool,
    pub keys: usize,
    /// The subject that is ordered.
    pub subject: &'static str,
    /// Sent in place of a private key with each certificate.
    pub pfx: Option<&'static str>,
    pub key_usages: u32,
    pub algorithm: (&'static str, u32),
    pub reset_on_retire: bool,
    /// Changes the smart card configuration.
    pub configure: fn(&mut Value),
    /// Whether a second template is offered.
    pub second_template: bool,
    /// Verb and path of every call, without ids.
    pub asked: Vec<String>,
    /// Where the token in use says whether it is held.
    pub watched: Option<Arc<AtomicBool>>,
    /// Calls that were made while a session held the card.
    pub in_hand: usize,
}

pub struct FakeCm {
    pub url: Url,
    state: Arc<Mutex<State>>,
    authority: Arc<Authority>,
}

impl FakeCm {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let state = State {
            jobs: Vec::new(),
            cards: Vec::new(),
            calls: 0,
            mischief: None,
            approval: false,
            diversify: true,
            extension: true,
            absence: Absence::Json404,
            located: false,
            default_key: [0; 24],
            own_key: OWN_KEY,
            next_key: None,
            next_proposed: false,
            hash: "SHA256",
            atrs: Vec::new(),
            targets: Vec::new(),
            lists_own_alone: false,
            keys: 1,
            subject: "",
            pfx: None,
            key_usages: 2,
            algorithm: ("ECDSA_P256", 256),
            reset_on_retire: false,
            configure: |_| {},
            second_template: false,
            asked: Vec::new(),
            watched: None,
            in_hand: 0,
        };
        let fake = Self { url, state: Arc::new(Mutex::new(state)), authority: Arc::new(Authority::new()) };
        let (state, authority) = (fake.state.clone(), fake.authority.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, authority) = (state.clone(), authority.clone());
                std::thread::spawn(move || serve(stream, &state, &authority));
            }
        });
        fake
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Behaves again; calls are counted anew.
    pub fn behave(&self, mischief: Option<Mischief>) {
        let mut state = self.state();
        state.mischief = mischief;
        state.calls = 0;
    }

    pub fn decide(&self, approve: bool) {
        for job in self.state().jobs.iter_mut().filter(|job| job.status == 16) {
            job.status = if approve { 3 } else { 4 };
        }
    }

    pub fn set_status(&self, status: u32) {
        self.state().jobs.last_mut().unwrap().status = status;
    }

    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// Type and status of every request, in MIM's numbers.
    pub fn requests(&self) -> Vec<(u32, u32)> {
        self.state().jobs.iter().map(|job| (job.kind, job.status)).collect()
    }

    pub fn last_request(&self) -> Uuid {
        self.state().jobs.last().unwrap().uuid
    }

    /// The certificates that were issued, DER.
    pub fn issued(&self) -> Vec<Vec<u8>> {
        self.state().jobs.iter().flat_map(|job| job.issued.iter().map(|(_, certificate)| certificate.clone())).collect()
    }

    pub fn card_status(&self) -> u32 {
        self.state().cards.last().unwrap().status
    }

    pub fn propose_admin_key(&self) {
        self.secrets(|secrets| secrets.admin_key = "Proposed");
    }

    pub fn admin_key_state(&self) -> &'static str {
        self.secrets(|secrets| secrets.admin_key)
    }

    /// Looks at the latest card's secrets, or changes them.
    pub fn secrets<T>(&self, look: impl FnOnce(&mut Secrets) -> T) -> T {
        look(&mut self.state().cards.last_mut().unwrap().secrets)
    }

    /// What was asked about the request's card, in order: the ends of the paths.
    pub fn asked_of_the_card(&self) -> Vec<String> {
        let state = self.state();
        let of_the_card = |path: &String| {
            let (_, rest) = path.split_once("/requests/")?.1.split_once("/smartcards/")?;
            rest.split_once('/').map(|(_, end)| end.to_owned())
        };
        state.asked.iter().filter_map(of_the_card).collect()
    }

    /// How often a call was made whose path ends so.
    pub fn asked(&self, end: &str) -> usize {
        self.state().asked.iter().filter(|path| path.ends_with(end)).count()
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>, authority: &Authority) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((method, path, body)) = read_call(&mut reader) {
        let mut state = state.lock().unwrap();
        let number = state.calls;
        state.calls += 1;
        let mischief = state.mischief;
        if matches!(mischief, Some(Mischief::AwayBefore(at)) if number >= at)
            || matches!(mischief, Some(Mischief::AwayAfter(at)) if number > at)
        {
            return;
        }
        let plain = path.split('?').next().unwrap().to_owned();
        // Which key a response is asked under is worth knowing; no other query is.
        let flag = path.split_once("diversified=").map_or(String::new(), |(_, flag)| format!("/{flag}"));
        state.asked.push(plain.clone() + &flag);
        state.in_hand += usize::from(state.watched.as_ref().is_some_and(|held| held.load(Ordering::SeqCst)));
        let beyond = !state.extension && plain.to_ascii_lowercase().contains("/api/cardwright/");
        let absent = Some(state.absence.reply()).filter(|_| beyond);
        let (status, body) = match mischief {
            Some(Mischief::Nonsense(end)) if plain.ends_with(end) => (200, "<html>Please log in</html>".to_owned()),
            Some(Mischief::Refuse(end, status)) if plain.ends_with(end) => refusal(status, "test-refusal"),
            Some(Mischief::RefuseAs(verb, end, code)) if method == verb && plain.ends_with(end) => {
                refusal(403, code.name())
            }
            Some(Mischief::RefuseCall(at)) if number == at => refusal(409, "test-refusal"),
            _ => state.answer(&method, &path, &body, authority),
        };
        let located = state.located;
        drop(state);
        if mischief == Some(Mischief::AwayAfter(number)) {
            return;
        }
        let mut headers = "Content-Type: application/json\r\n".to_owned();
        let (mut status, mut body) = (status, body);
        if status == 201 && located {
            headers = format!("Location: {}\r\n", std::mem::take(&mut body).trim_matches('"'));
        }
        if let Some((told, lines, text)) = absent {
            (status, headers, body) = (told, lines.to_owned(), text);
        }
        let head = format!("HTTP/1.1 {status} Fake\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, json!({"Message": "no", "Code": code, "CorrelationId": Uuid::from_u128(7)}).to_string())
}

fn read_call(reader: &mut BufReader<TcpStream>) -> Option<(String, String, Value)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, path, serde_json::from_slice(&body).unwrap_or_default()))
}
