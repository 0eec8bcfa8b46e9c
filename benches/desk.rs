//! A list of people through N readers by `cardwright desk run`, against four people through one.
//!
//! The cards are virtual ones that take two seconds for a key, in readers of a private pcscd, and whoever changes them takes
//! no time. Measured is the whole command, from its start to its end: requests made and looked at, cards recognised, enrolled
//! and written, results told; server, pcscd and cards are on the same processors.

#![allow(clippy::print_stdout)]

mod support;

use anyhow::{Context, Result, bail, ensure};
use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd, Reader};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::cardwright::{Cardwright, Options, command, json};
use support::cost::{Cost, timed};
use support::numbers::{Spread, milliseconds};
use support::process::fresh_directory;
use support::table;

const ROUNDS: usize = 3;
const READERS: [usize; 4] = [1, 2, 4, 8];
/// So many cards go through each reader.
const EACH: usize = 4;
const SLOW: &str = "slow=2s";
const PIN: &str = "271828";
const NAMES: [&str; 8] = ["Desk A", "Desk B", "Desk C", "Desk D", "Desk E", "Desk F", "Desk G", "Desk H"];
/// The admin key of a YubiKey fresh from the factory.
const PIV_DEFAULT: (&str, &str) =
    ("default_admin_key_hex = \"\"", "default_admin_key_hex = \"010203040506070801020304050607080102030405060708\"");

/// A server, and somebody at the desk.
struct Place {
    server: Cardwright,
    directory: PathBuf,
    serial: u32,
}

impl Place {
    fn prepare(directory: &Path) -> Result<Self> {
        let server = Cardwright::start(directory, &Options { changes: &[PIV_DEFAULT], ..Options::default() })?;
        json(command().args(["server", "user", "change", "--group", "operators"]).arg(&server.directory).arg("olga"))?;
        Ok(Self { server, directory: directory.to_owned(), serial: 30_000_000 })
    }

    fn person(&self, name: &str) -> Result<()> {
        json(command().args(["server", "user", "add"]).arg(&self.server.directory).arg(name)).map(drop)
    }

    fn card(&mut self) -> Result<SharedCard> {
        self.serial += 1;
        let card = PivCard::new(PivOptions { serial: self.serial, ..PivOptions::yubikey() })?;
        let card = SharedCard::new(Box::new(card));
        card.set_dial(SLOW.parse()?);
        Ok(card)
    }

    /// Has a list of people of its own go through so many readers.
    fn run(&mut self, readers: usize, round: usize) -> Result<Cost> {
        let people: Vec<String> = (0..readers * EACH).map(|number| format!("p{round}-{readers}-{number}")).collect();
        for person in &people {
            self.person(person)?;
        }
        let list = self.directory.join(format!("people-{round}-{readers}.csv"));
        std::fs::write(&list, format!("person\n{}\n", people.join("\n")))?;
        let pcscd = PrivatePcscd::start(&NAMES[..readers])?;
        let mut cards = people.iter().map(|_| self.card()).collect::<Result<Vec<_>>>()?;
        // The first reader of each entry has a driver of its own.
        let seats: Vec<&Reader> = pcscd.readers().iter().step_by(2).collect();
        for seat in &seats {
            seat.seat().insert(cards.pop().context("too few cards")?);
        }
        let mut desk = self.desk(&list, &pcscd);
        let before = self.server.service.cpu()?;
        let cost = timed(|| attend(&mut desk, &seats, &mut cards))?;
        Ok(Cost { server_cpu: self.server.service.cpu()? - before, ..cost })
    }

    fn desk(&self, list: &Path, pcscd: &PrivatePcscd) -> Command {
        let mut command = self.server.client(&self.directory.join("state"));
        command
            .args(["desk", "run", "--pin", "now"])
            .arg(list)
            .env("CARDWRIGHT_PIN", PIN)
            .env("CARDWRIGHT_NEW_PIN", PIN)
            .env(CLIENTS_VARIABLE, pcscd.socket())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }
}

/// Runs the desk to its end, and puts the next card in where one is done.
fn attend(desk: &mut Command, seats: &[&Reader], cards: &mut Vec<SharedCard>) -> Result<()> {
    let mut child = desk.spawn()?;
    let told = BufReader::new(child.stdout.take().context("standard output")?);
    for line in told.lines() {
        let told: Value = serde_json::from_str(&line?)?;
        let seat = seats.iter().find(|seat| told["reader"] == seat.name());
        match (told["event"].as_str().unwrap_or_default(), seat) {
            ("done", Some(seat)) => seat.seat().remove(),
            ("empty", Some(seat)) => {
                if let Some(card) = cards.pop() {
                    seat.seat().insert(card);
                }
            }
            ("failed" | "card-refused" | "not-written" | "blind" | "waits", _) => bail!("{told}"),
            _ => {}
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "the desk ended with {status}");
    Ok(())
}

fn main() -> Result<()> {
    let directory = fresh_directory("desk")?;
    let mut place = Place::prepare(&directory)?;
    let mut costs: Vec<(usize, Vec<Cost>)> = READERS.iter().map(|readers| (*readers, Vec::new())).collect();
    for round in 0..ROUNDS {
        for (readers, costs) in &mut costs {
            costs.push(place.run(*readers, round)?);
        }
    }
    publish(&costs)
}

fn publish(costs: &[(usize, Vec<Cost>)]) -> Result<()> {
    let walls = |costs: &[Cost]| Spread::of(costs.iter().map(|cost| cost.wall.as_secs_f64()));
    let alone = costs.first().map_or(f64::NAN, |(_, costs)| walls(costs).least);
    let rows: Vec<Vec<String>> = costs
        .iter()
        .map(|(readers, costs)| {
            let cards = readers * EACH;
            let each = |of: fn(&Cost) -> f64| Spread::of(costs.iter().map(|cost| of(cost) / cards as f64));
            vec![
                readers.to_string(),
                cards.to_string(),
                walls(costs).told(2),
                format!("{:.2}", walls(costs).least / alone),
                each(|cost| milliseconds(cost.cpu)).told(0),
                each(|cost| milliseconds(cost.cpu_with_server())).told(0),
            ]
        })
        .collect();
    let notes = [
        format!("Median (least to greatest) of {ROUNDS} rounds; the ratio is of the least, to one reader with {EACH} cards."),
        "The desk's processor time has its start in it, and server, pcscd and virtual cards not; the aim is a ratio of at most \
         1.1, and 60 ms a card."
            .to_owned(),
        format!("`cargo bench --bench desk`, {}.", table::machine()),
    ];
    let head = ["readers", "cards", "wall, s", "ratio", "the desk's CPU a card, ms", "with the server's"];
    table::publish("desk", "A list through many readers", &head, &rows, &notes)
}
