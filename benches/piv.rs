//! Key, request and certificate on a PIV card: `cardwright renew` against yubico-piv-tool and openssl, in turn.
//!
//! Both speak to virtual cards of the same make (YubiKey mode, 3DES management key) in readers of one private pcscd.
//! Ours is the whole command with its HTTPS server: key in place of the old one, certification request, certificate, CHUID,
//! read back, and the server told; the card is enrolled once before. Theirs is what an administrator would script: four
//! commands of yubico-piv-tool, and `openssl x509` with a CA in files. It makes no request, reads no retry counter and renews no
//! CHUID.

#![allow(clippy::print_stdout)]

#[path = "enrollment/cost.rs"]
mod cost;
mod support;
#[path = "piv/tool.rs"]
mod tool;

use anyhow::{Context, Result, ensure};
use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard};
use cost::{Cost, timed};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::cardwright::{Cardwright, Options, command, json};
use support::numbers::{Spread, milliseconds};
use support::process::fresh_directory;
use support::table;
use tool::Tool;

const WARM_UP: usize = 1;
const PAIRS: usize = 10;
/// The factory's, which the tool's side keeps.
const PIN: &str = "123456";
const OUR_PIN: &str = "271828";
const READERS: [&str; 2] = ["Yubico YubiKey CCID", "Bench"];
/// The admin key of a YubiKey fresh from the factory.
const PIV_DEFAULT: (&str, &str) =
    ("default_admin_key_hex = \"\"", "default_admin_key_hex = \"010203040506070801020304050607080102030405060708\"");
const SEATED: Duration = Duration::from_secs(20);

/// Our side.
struct Ours {
    server: Cardwright,
    state: PathBuf,
    socket: PathBuf,
    reader: String,
}

impl Ours {
    fn prepare(directory: &Path, socket: &Path, reader: &str) -> Result<Self> {
        let server = Cardwright::start(directory, &Options { changes: &[PIV_DEFAULT], ..Options::default() })?;
        let ours =
            Self { server, state: directory.join("state"), socket: socket.to_owned(), reader: reader.to_owned() };
        json(ours.command().arg("enroll"))?;
        Ok(ours)
    }

    fn command(&self) -> Command {
        let mut command = command();
        command
            .env("CARDWRIGHT_SERVER", &self.server.url)
            .env("CARDWRIGHT_CA_FILE", self.server.directory.join("ca.cer.pem"))
            .env("CARDWRIGHT_BEARER", &self.server.bearer)
            .env("CARDWRIGHT_STATE", &self.state)
            .env("CARDWRIGHT_PIN", OUR_PIN)
            .env("CARDWRIGHT_NEW_PIN", OUR_PIN)
            .env("CARDWRIGHT_READER", &self.reader)
            .env(CLIENTS_VARIABLE, &self.socket);
        command
    }

    fn renew(&self) -> Result<Cost> {
        let before = self.server.service.cpu()?;
        let cost = timed(|| {
            let told = json(self.command().arg("renew"))?;
            told["certificates"][0]["serial_number"].as_str().map(drop).context("no certificate was installed")
        })?;
        Ok(Cost { server_cpu: self.server.service.cpu()? - before, ..cost })
    }
}

/// One pair of costs, and how many APDUs each side sent.
struct Pair {
    ours: Cost,
    theirs: Cost,
}

fn main() -> Result<()> {
    let directory = fresh_directory("piv")?;
    let pcscd = PrivatePcscd::start(&READERS)?;
    let seats: Vec<_> = pcscd.readers().iter().filter(|reader| reader.name().ends_with("00 00")).collect();
    ensure!(seats.len() == READERS.len(), "{} readers", seats.len());
    let cards: Vec<SharedCard> = seats
        .iter()
        .map(|reader| -> Result<SharedCard> {
            let card = SharedCard::new(Box::new(PivCard::new(PivOptions::yubikey())?));
            reader.seat().insert(card.clone());
            reader.seat().wait_until_taken_up(SEATED)?;
            Ok(card)
        })
        .collect::<Result<_>>()?;
    let theirs = Tool::prepare(&directory, &pcscd.socket(), seats[0].name())?;
    let ours = Ours::prepare(&directory, &pcscd.socket(), seats[1].name())?;
    let (mut pairs, mut apdus) = (Vec::new(), (0, 0));
    for turn in 0..WARM_UP + PAIRS {
        cards.iter().for_each(SharedCard::forget_headers);
        let pair = Pair { ours: ours.renew()?, theirs: timed(|| theirs.enroll("ECCP256"))? };
        apdus = (cards[1].headers().len(), cards[0].headers().len());
        if turn >= WARM_UP {
            pairs.push(pair);
        }
    }
    publish(&pairs, apdus)
}

fn publish(pairs: &[Pair], apdus: (usize, usize)) -> Result<()> {
    let row = |what: &str, our: fn(&Cost) -> Duration, their: fn(&Cost) -> Duration| {
        let spread = |of: &dyn Fn(&Pair) -> f64| Spread::of(pairs.iter().map(of));
        vec![
            what.to_owned(),
            spread(&|pair| milliseconds(our(&pair.ours))).told(1),
            spread(&|pair| milliseconds(their(&pair.theirs))).told(1),
            spread(&|pair| our(&pair.ours).as_secs_f64() / their(&pair.theirs).as_secs_f64()).told(2),
        ]
    };
    let (our_apdus, their_apdus) = apdus;
    let rows = [
        row("wall", |cost| cost.wall, |cost| cost.wall),
        row("CPU of the commands", |cost| cost.cpu, |cost| cost.cpu),
        row("CPU with our server's", Cost::cpu_with_server, |cost| cost.cpu),
        vec![
            "APDUs of the last turn".to_owned(),
            our_apdus.to_string(),
            their_apdus.to_string(),
            format!("{:.2}", our_apdus as f64 / their_apdus as f64),
        ],
    ];
    let notes = [
        format!(
            "Median (least to greatest) of {PAIRS} pairs in turn after {WARM_UP} for warmth; the ratio is taken pair by pair."
        ),
        format!("`cargo bench --bench piv`, {}.", table::machine()),
    ];
    let head = ["P-256 on a PIV card, ms", "cardwright and its server", "yubico-piv-tool and openssl", "ratio"];
    table::publish("piv", "PIV", &head, &rows, &notes)
}
