//! Key, request and certificate on a PIV card: `cardwright renew` against yubico-piv-tool and openssl, in turn.
//!
//! Both speak to virtual cards of the same make (YubiKey mode, 3DES management key) in readers of one private pcscd.
//! Ours is the whole command with its HTTPS server: key in place of the old one, certification request, certificate, CHUID,
//! read back, and the server told; the card is enrolled once before. Theirs is what an administrator would script: four
//! commands of yubico-piv-tool, and `openssl x509` with a CA in files. It makes no request, reads no retry counter and renews no
//! CHUID.

use super::support::cardwright::{Cardwright, Options, json};
use super::support::cost::{Cost, cpu_ratio, timed, wall_ratio};
use super::support::rows::{Row, missing};
use super::tool::Tool;
use anyhow::{Context, Result, ensure};
use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const WARM_UP: usize = 1;
const PAIRS: usize = 10;
/// The factory's, which the tool's side keeps.
pub const PIN: &str = "123456";
const OUR_PIN: &str = "271828";
const READERS: [&str; 2] = ["Yubico YubiKey CCID", "Bench"];
/// The admin key of a YubiKey fresh from the factory.
const PIV_DEFAULT: (&str, &str) =
    ("default_admin_key_hex = \"\"", "default_admin_key_hex = \"010203040506070801020304050607080102030405060708\"");
pub const SEATED: Duration = Duration::from_secs(20);

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
        let mut command = self.server.client(&self.state);
        command
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

/// Measures both in turn.
pub fn rows(directory: &Path) -> Result<[Row; 3]> {
    let (wall, cpu, apdus) = (
        "P-256 renewal on a PIV card, wall time to yubico-piv-tool's and openssl's",
        "the same, processor time with our server's",
        "the same, APDUs",
    );
    if let Some(why) = missing(&["yubico-piv-tool", "openssl"]) {
        return Ok([wall, cpu, apdus].map(|what| Row::skipped(what, why.clone())));
    }
    let pcscd = match PrivatePcscd::start(&READERS) {
        Ok(pcscd) => pcscd,
        Err(error) => return Ok([wall, cpu, apdus].map(|what| Row::skipped(what, error.to_string()))),
    };
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
    let theirs = Tool::prepare(directory, &pcscd.socket(), seats[0].name())?;
    let ours = Ours::prepare(directory, &pcscd.socket(), seats[1].name())?;
    let (mut pairs, mut counts) = (Vec::new(), Vec::new());
    for turn in 0..WARM_UP + PAIRS {
        cards.iter().for_each(SharedCard::forget_headers);
        let pair = (ours.renew()?, timed(|| theirs.enroll("ECCP256"))?);
        if turn >= WARM_UP {
            pairs.push(pair);
            counts.push(cards[1].headers().len() as f64 / cards[0].headers().len() as f64);
        }
    }
    Ok([Row::new(wall, wall_ratio(&pairs)), Row::new(cpu, cpu_ratio(&pairs)), Row::new(apdus, counts)])
}
