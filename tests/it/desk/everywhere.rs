//! Rows of a run whose cards are pulled at each of their commands, or whose program is killed there; each comes to the
//! undisturbed end.

use std::collections::HashMap;

use cardwright::cm::route::Holder;
use cardwright::pkix::Certificate;
use cardwright::server::{NewUser, user_add};
use cardwright::token::{Token, Tries};
use cardwright::virtual_card::{PivCard, SharedCard};
use time::OffsetDateTime;

use super::pins::{letters_in, opens, pin_in, text_of};
use super::{Bench, OLGA, PIN, Run, plain};
use crate::support::gate::Gate;
use crate::support::{piv, torture};
use crate::whole::cards::kind::yubikey;

/// How many readers are used.
const READERS: usize = 4;
/// One point of so many is tried where not all are.
const PULLED: usize = 19;
const KILLED: usize = 53;

/// How cards get their PINs.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Now,
    Letter,
}

/// A desk with people who are to have cards in one way.
struct Office {
    bench: Bench,
    way: Way,
}

impl Office {
    fn new(way: Way) -> Self {
        Self { bench: Bench::new(&[], plain), way }
    }

    /// Adds people, and writes their list.
    fn list(&self, people: &[String]) -> String {
        for name in people {
            let user = NewUser { name: name.clone(), ..NewUser::default() };
            user_add(&self.bench.site.program.path("server"), user, OffsetDateTime::now_utc() + time::Duration::DAY)
                .unwrap();
        }
        self.bench.list(&people.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Where the letters of a run go.
    fn letters(&self, run: &str) -> String {
        self.bench.site.program.path(run).display().to_string()
    }

    /// Begins a run of a list, or goes on with it.
    fn run(&self, name: &str, list: &str) -> Run {
        match self.way {
            Way::Now => self.bench.run(&["run", list, "--pin", "now"]),
            Way::Letter => self.bench.run(&["run", list, "--pin", "letter", "--letters", &self.letters(name)]),
        }
    }

    /// The letters of a run, each read once.
    fn letters_of(&self, name: &str) -> Vec<String> {
        match self.way {
            Way::Now => Vec::new(),
            Way::Letter => letters_in(&self.letters(name)).iter().map(|letter| text_of(letter)).collect(),
        }
    }

    /// How many commands the card of an undisturbed row gets.
    fn commands(&self) -> usize {
        let person = ["undisturbed".to_owned()];
        let list = self.list(&person);
        let run = self.run("undisturbed", &list);
        let card = self.bench.insert(0);
        run.until("done");
        assert_eq!(run.ended().0, Some(0));
        self.bench.reader(0).seat().remove();
        self.is_right(&person[0], &card, &self.letters_of("undisturbed"), "undisturbed");
        card.headers().len()
    }

    /// The person has one card with one key, one certificate and one request, and knows the PIN; no try is lost.
    fn is_right(&self, person: &str, card: &SharedCard, letters: &[String], told: &str) {
        let client = self.bench.site.client(OLGA);
        let mut token = piv::open(card);
        let counters = token.counters().unwrap();
        assert_eq!((counters.user, counters.puk), (Tries::Left(3), Some(Tries::Left(3))), "{told}");
        let stored = token.public_objects().unwrap();
        assert_eq!(stored.len(), 1, "{told}");
        let there = Certificate::from_der(stored[0].certificate.as_ref().unwrap()).unwrap().thumbprint_sha1();
        let of_person = client.queue(None, None, None).unwrap().into_iter().filter(|row| row.target_name == person);
        let [row] = of_person.collect::<Vec<_>>().try_into().unwrap_or_else(|rows| panic!("{told}: {rows:?}"));
        assert_eq!(row.request.status.name(), "Completed", "{told}");
        let listed = client.certificates_of(Holder::Smartcard(row.request.new_smartcard.unwrap())).unwrap();
        assert_eq!(listed.iter().map(|it| &*it.thumbprint).collect::<Vec<_>>(), [&*there], "{told}");
        drop(token);
        match self.way {
            Way::Now => opens(card, PIN),
            Way::Letter => {
                let theirs: Vec<_> = letters.iter().filter(|text| text.contains(person)).collect();
                let [letter] = theirs.as_slice() else { panic!("{told}: {theirs:?}") };
                opens(card, &pin_in(letter));
            }
        }
    }
}

fn new_card() -> SharedCard {
    SharedCard::new(Box::new(PivCard::new(yubikey()).unwrap()))
}

fn name(way: &str, point: usize) -> String {
    format!("{way}{point:03}")
}

/// A run in which each card is pulled at another command, and put in again.
fn pulled_everywhere(office: &Office, commands: usize) {
    let points: Vec<_> = torture::points_in(PULLED, 0..2 * commands).collect();
    let people: Vec<_> = points.iter().map(|point| name("pulled", *point)).collect();
    let list = office.list(&people);
    let run = office.run("pulled", &list);
    let mut waiting = points.iter().map(|point| {
        let card = new_card();
        let fault = ["remove", "remove-after"][point % 2];
        card.set_dial(format!("{fault}@{}", point / 2 + 1).parse().unwrap());
        (*point, card)
    });
    let mut inside: HashMap<String, (usize, SharedCard)> = HashMap::new();
    let (mut done, mut pulled) = (Vec::new(), 0);
    for number in 0..READERS {
        let reader = office.bench.reader(number);
        if let Some(next) = waiting.next() {
            reader.seat().insert(next.1.clone());
            inside.insert(reader.name().to_owned(), next);
        }
    }
    while !inside.is_empty() || done.len() < points.len() {
        let told = run.next();
        let Some(number) = (0..READERS).find(|number| told["reader"] == office.bench.reader(*number).name()) else {
            continue;
        };
        let reader = office.bench.reader(number);
        match told["event"].as_str().unwrap() {
            "done" => {
                let (point, card) = inside.remove(reader.name()).unwrap();
                done.push((told["person"].as_str().unwrap().to_owned(), point, card));
                reader.seat().remove();
            }
            // It was pulled, or the last one is done. What was pulled at work is told as that.
            event
                if event == "empty"
                    || told["trouble"]["message"].as_str().is_some_and(|it| it.contains("was pulled")) =>
            {
                match inside.get(reader.name()) {
                    Some((_, card)) => {
                        pulled += 1;
                        card.set_dial("".parse().unwrap());
                        card.insert_again();
                    }
                    None => {
                        if let Some(next) = waiting.next() {
                            reader.seat().insert(next.1.clone());
                            inside.insert(reader.name().to_owned(), next);
                        }
                    }
                }
            }
            "not-written" | "blind" => panic!("{told}"),
            _ => {}
        }
    }
    let (code, last) = run.ended();
    assert_eq!(code, Some(0), "{last:?}");
    assert!(pulled * 2 >= points.len(), "only {pulled} of {} cards were pulled", points.len());
    let letters = office.letters_of("pulled");
    for (person, point, card) in done {
        // Some are pulled when all is done.
        card.set_dial("".parse().unwrap());
        card.insert_again();
        office.is_right(
            &person,
            &card,
            &letters,
            &format!("{person}, pulled at {}, after: {}", point / 2, point % 2 == 1),
        );
    }
}

/// Runs of one person each, whose program is killed at another command.
fn killed_everywhere(office: &Office, commands: usize) {
    let seat = office.bench.reader(0).seat();
    for point in torture::points_in(KILLED, 0..2 * commands) {
        let told = format!("killed at {}, after: {}", point / 2, point % 2 == 1);
        let (person, card) = (name("killed", point), new_card());
        let list = office.list(std::slice::from_ref(&person));
        let (gate, victim) = Gate::before(&card, Some(point / 2), point % 2 == 1);
        seat.insert(SharedCard::new(gate));
        let first = victim.start(|| office.run(&person, &list), |run| &run.child);
        let (code, first) = first.ended();
        // The way to the end may have had a command less.
        if code.is_some() {
            assert_eq!(code, Some(0), "{told}: {first:?}");
        } else {
            let (code, last) = office.run(&person, &list).ended();
            assert_eq!(code, Some(0), "{told}: {first:?}, then {last:?}");
        }
        seat.remove();
        office.is_right(&person, &card, &office.letters_of(&person), &told);
    }
}

fn everywhere(way: Way) {
    let office = Office::new(way);
    let commands = office.commands();
    pulled_everywhere(&office, commands);
    killed_everywhere(&office, commands);
}

#[test]
fn a_row_comes_to_its_end_wherever_it_is_cut() {
    everywhere(Way::Now);
}

#[test]
fn a_row_with_a_letter_comes_to_its_end_wherever_it_is_cut() {
    everywhere(Way::Letter);
}
