//! The program killed (SIGKILL) where the card gets its nth command, before the card carries it out or after, and begun again
//! by the same command; and what the desk tells the server alone, with the answer lost.

use super::device::Device;
use super::person::{self, NEW_PIN, Person, Portrait};
use super::{Act, CHANGE_PIN, FLOWS, Flow, KINDS, Kind, MOST, person_before};
use crate::enrollment::real::{Lab, Proxy};
use crate::support::gate::{Gate, Victim, was_killed};
use crate::support::pcscd::{self, Inserted};
use crate::support::program::{Ended, Program, bounded, end};
use crate::support::torture;
use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The longest that the program may take, in seconds.
const BOUND: u64 = 300;
/// One point of so many is tried where not all are: two of a flow on a kind of card.
const PART: usize = 61;

/// A workstation with the program and one reader.
struct Seat {
    program: Program,
    reader: Inserted,
    proxy: Proxy,
}

impl Seat {
    fn new(lab: &Lab, kind: &Kind) -> Self {
        let mut program = Program::new();
        program.unset("CARDWRIGHT_MODULE");
        program.set(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
        let Device::Card(card, _) = (kind.make)() else { panic!("no card of {}", kind.name) };
        Self { program, reader: pcscd::insert_shared(card), proxy: Proxy::before(lab.server.addr) }
    }

    /// Puts the person's card into the reader; the program that sends the nth command is killed.
    fn insert(&self, person: &Person, at: Option<usize>, after: bool) -> Victim {
        let Device::Card(card, _) = &person.device else { panic!("it is no card") };
        let (gate, victim) = Gate::before(card, at, after);
        self.reader.card().insert(gate);
        self.reader.card().forget_headers();
        victim
    }

    fn command(&self, bearer: &str, person: &Person, words: &[String]) -> Command {
        let mut command = self.program.command(["--json"]);
        command
            .args(words)
            .env("CARDWRIGHT_SERVER", format!("http://{}", self.proxy.addr))
            .env("CARDWRIGHT_BEARER", bearer)
            .env("CARDWRIGHT_STATE", &person.home)
            .env("CARDWRIGHT_PIN", person.pin);
        command
    }

    /// The flow by the program, with the card in the reader.
    fn flow(&self, flow: &Flow, person: &Person) -> Command {
        let request = person.request.map(|request| request.to_string());
        let word = |word: &&str| if *word == "REQUEST" { request.clone().unwrap() } else { (*word).to_owned() };
        let words: Vec<_> =
            flow.command.iter().map(word).chain(["--reader".into(), self.reader.reader().into()]).collect();
        let mut command = self.command(&person.bearer, person, &words);
        match flow.name {
            CHANGE_PIN => command.env("CARDWRIGHT_NEW_PIN", NEW_PIN),
            "unblock" => command.env("CARDWRIGHT_NEW_PIN", person.pin),
            _ => &mut command,
        };
        command
    }

    /// Runs the flow again, to its end.
    fn again(&self, flow: &Flow, person: &mut Person) -> Ended {
        let run = |person: &Person| end(&mut bounded(&self.flow(flow, person), &BOUND.to_string()));
        let ended = run(person);
        if flow.name != CHANGE_PIN {
            return ended;
        }
        let refused = ended.code != Some(0) && ended.told().code == "wrong-pin" && person.was_cut_off;
        person.pin = NEW_PIN;
        // The card has the new PIN already.
        if refused { run(person) } else { ended }
    }
}

/// Runs a program until it ends or is killed; says whether it was killed.
fn is_killed(command: &mut Command, victim: &Victim) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = victim.start(|| command.spawn().unwrap(), |child| child);
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return was_killed(status);
        }
        if since.elapsed() > Duration::from_secs(BOUND) {
            let _ = child.kill().and_then(|()| child.wait());
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// All flows that the program carries out on a kind of card.
fn column(kind: &Kind) {
    let lab = (kind.lab)();
    let seat = Seat::new(&lab, kind);
    for flow in FLOWS.iter().filter(|flow| !flow.command.is_empty()) {
        let mut undisturbed = person_before(&lab, kind, flow, &seat.proxy);
        seat.insert(&undisturbed, None, false);
        seat.again(flow, &mut undisturbed).done();
        let commands = seat.reader.card().headers().len();
        let expected = undisturbed.portrait();
        let mut cut_off = Vec::new();
        for point in torture::points_in(PART, 0..2 * commands) {
            let told = format!("{} of {}, killed at {}, after: {}", flow.name, kind.name, point / 2, point % 2 == 1);
            let mut person = person_before(&lab, kind, flow, &seat.proxy);
            let victim = seat.insert(&person, Some(point / 2), point % 2 == 1);
            person.was_cut_off = is_killed(&mut seat.flow(flow, &person), &victim);
            cut_off.push(person.was_cut_off);
            seat.insert(&person, None, false);
            let ended = seat.again(flow, &mut person);
            assert!(ended.success(), "{told}: {ended:?}");
            assert_eq!(person.portrait(), expected, "{told}");
        }
        // A run may take a few commands less than another: a certificate may be shorter.
        let killed = cut_off.iter().filter(|killed| **killed).count();
        assert!(
            killed * 4 >= cut_off.len() * 3 || cut_off.len() < 4,
            "{} of {}: {killed} killed",
            flow.name,
            kind.name
        );
    }
}

#[test]
fn a_program_killed_with_a_piv_card_goes_on() {
    column(&KINDS[0]);
}

#[test]
fn a_program_killed_with_a_yubikey_goes_on() {
    column(&KINDS[1]);
}

#[test]
fn a_program_killed_with_a_gids_card_goes_on() {
    column(&KINDS[2]);
}

/// What the desk does without the card.
struct Report {
    before: &'static [Act],
    command: &'static [&'static str],
}

const REPORTS: [Report; 5] = [
    Report { before: &[], command: &["retire", "--yes", "--lost", "CARD"] },
    Report { before: &[], command: &["card", "lost", "--yes", "CARD"] },
    Report { before: &[], command: &["card", "lost", "--yes", "--reason", "forgotten", "CARD"] },
    Report { before: &[person::forget], command: &["card", "found", "CARD"] },
    Report { before: &[person::lose], command: &["card", "replace", "CARD"] },
];

impl Report {
    /// Has the desk report it, with the answer to a call lost; what came of it, and whether it was.
    fn reported(&self, seat: &Seat, lab: &Lab, lost: Option<(usize, bool)>) -> (Portrait, bool) {
        let flow = Flow { name: "report", before: &[person::enroll], work: person::enroll, command: &[] };
        let mut person = person_before(lab, &KINDS[1], &flow, &seat.proxy);
        self.before.iter().for_each(|act| act(&mut person).unwrap());
        let card = person.smartcard().unwrap().to_string();
        let words: Vec<_> = self.command.iter().map(|word| (*word).replace("CARD", &card)).collect();
        let run = || end(&mut bounded(&seat.command(&person.bearer_of_desk, &person, &words), &BOUND.to_string()));
        if let Some((at, carried_out)) = lost {
            seat.proxy.set(Some(at), carried_out);
        }
        let first = run();
        seat.proxy.set(None, false);
        let was_lost = !first.success();
        if was_lost {
            let again = run();
            assert!(again.success(), "{:?} {lost:?}: {first:?}, then {again:?}", self.command);
        }
        (person.portrait(), was_lost)
    }
}

#[test]
fn a_report_whose_answer_is_lost_is_made_once() {
    let lab = (KINDS[1].lab)();
    let seat = Seat::new(&lab, &KINDS[1]);
    for report in &REPORTS {
        let (expected, _) = report.reported(&seat, &lab, None);
        for carried_out in [false, true] {
            let points = torture::points_in(3, 0..MOST);
            let lost = points.map(|at| (at, report.reported(&seat, &lab, Some((at, carried_out)))));
            for (at, (portrait, _)) in lost.take_while(|(_, (_, was_lost))| *was_lost) {
                assert_eq!(portrait, expected, "{:?} {at} {carried_out}", report.command);
            }
        }
    }
}
