//! Key, signature and certificate on a GIDS card, RSA-2048, short APDUs, counted by the card: our driver against OpenSC's
//! pkcs11-tool through pcscd, which is started once for each of the three.

use super::certificates::certificate_for;
use super::piv::SEATED;
use super::support::process::run;
use super::support::rows::{Row, missing};
use anyhow::{Context, Result};
use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::pkix::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::{Credentials, KeyId, KeyOrder, LastTry, Token};
use cardwright::virtual_card::{GidsCard, GidsOptions, SharedCard};
use std::path::Path;
use std::process::Command;

const MODULE: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";
const PIN: &str = "123456";
const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";
const SIGNED: &[u8] = b"a request";

/// A card that has its PIN and no key, and takes short APDUs only.
fn card() -> Result<SharedCard> {
    let blank = GidsCard::new(GidsOptions { initialised: None, ..GidsOptions::default() })?;
    let card = SharedCard::new(Box::new(blank));
    let admin_key = AdminKey::from_hex(ADMIN_KEY).context("no admin key")?;
    GidsToken::initialise(Card::new(card.channel()), &admin_key, &pin(), *b"counted on cards")?;
    card.set_dial("short".parse()?);
    Ok(card)
}

fn pin() -> Pin {
    Pin::new(PIN.into())
}

/// From the card's SELECT to its certificate, in one login.
fn ours() -> Result<usize> {
    let card = card()?;
    card.forget_headers();
    let mut token = GidsToken::open(Card::new(card.channel()))?;
    let pin = pin();
    let mut session = token.log_in(Credentials::user(&pin, LastTry::Keep))?;
    let id = KeyId(vec![0x5A; 16]);
    let (label, algorithm) = ("a key".into(), KeyAlgorithm::Rsa2048);
    let key = session.generate(&KeyOrder { id: id.clone(), label, algorithm, decrypts: true, replace: false })?;
    let signature = session.sign(&id, SignatureAlgorithm::RsaPkcs1Sha256, SIGNED)?;
    key.verify(SignatureAlgorithm::RsaPkcs1Sha256, SIGNED, &signature)?;
    session.write_certificate(&id, "", &certificate_for(&key, "counted"))?;
    Ok(card.headers().len())
}

/// The same by pkcs11-tool.
fn theirs(directory: &Path, pcscd: &PrivatePcscd) -> Result<usize> {
    let (card, seat) = (card()?, pcscd.readers().first().context("no reader")?.seat());
    seat.insert(card.clone());
    seat.wait_until_taken_up(SEATED)?;
    let tool = |arguments: &[&str]| {
        let mut command = Command::new("pkcs11-tool");
        command.current_dir(directory).env(CLIENTS_VARIABLE, pcscd.socket());
        run(command.args(["--module", MODULE, "--login", "--pin", PIN]).args(arguments))
    };
    card.forget_headers();
    tool(&["--keypairgen", "--key-type", "rsa:2048", "--label", "made"])?;
    let mut count = card.headers().len();
    let key = made(&card)?;
    std::fs::write(directory.join("request"), SIGNED)?;
    std::fs::write(directory.join("certificate.der"), certificate_for(&key, "counted"))?;
    card.forget_headers();
    let sign = ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "00", "--input-file", "request"];
    tool(&[&sign[..], &["--output-file", "signature"]].concat())?;
    tool(&["--write-object", "certificate.der", "--type", "cert", "--id", "00"])?;
    count += card.headers().len();
    Ok(count)
}

/// The key that is on the card, as our driver finds it.
fn made(card: &SharedCard) -> Result<PublicKey> {
    let mut token = GidsToken::open(Card::new(card.channel()))?;
    token.public_objects()?.into_iter().find_map(|object| object.public_key).context("no key was made")
}

/// Counts both.
pub fn rows(directory: &Path) -> Result<[Row; 1]> {
    let what = "enrollment on a GIDS card, APDUs to those of OpenSC's pkcs11-tool";
    let skipped = |why: String| Ok([Row::skipped(what, why).at_most(0.5)]);
    if let Some(why) = missing(&["pkcs11-tool"]) {
        return skipped(why);
    }
    if !Path::new(MODULE).is_file() {
        return skipped("OpenSC's module is not installed".to_owned());
    }
    let pcscd = match PrivatePcscd::start(&["Bench GIDS"]) {
        Ok(pcscd) => pcscd,
        Err(error) => return skipped(error.to_string()),
    };
    let (ours, theirs) = (ours()?, theirs(directory, &pcscd)?);
    Ok([Row::new(what, [ours as f64 / theirs as f64]).at_most(0.5).remark(format!("{ours} to {theirs}"))])
}
