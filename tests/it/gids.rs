//! The GIDS driver: conversations told beforehand, the virtual GIDS card, and strangers who read what it wrote.

mod admin;
mod card;
mod counts;
mod cut_off;
mod default;
mod first_use;
mod full;
mod keys;
mod odd;
mod pins;
mod roots;
mod secrets;
mod strangers;

use crate::support::gids::{ADMIN_KEY, admin_key, pin};
use crate::support::script::Script;
use cardwright::gids::GidsToken;
use cardwright::iso7816::{Card, Continuity, Limits};
use std::path::PathBuf;

const SELECT: (&str, &str) = ("00A4040009A0000003974254465900", "61124F0BA00000039742544659020173034001C09000");
/// The files of a card without keys, as Microsoft shows them.
const MASTER_FILE: (&str, &str) = (
    "00CBA000045C02DF1F00",
    "DF1F818D016D736370000000000000000000000000000000000000000000A00000000000000000000000636172646964000000000020DF000012A00000000000000000000000636172646170707300000021DF000010A00000000000000000000000636172646366000000000022DF000010A000006D7363700000000000636D617066696C6500000023DF000010A000009000",
);
const CARD_ID: (&str, &str) = ("00CBA012045C02DF2000", "DF2010000102030405060708090A0B0C0D0E0F9000");
const NO_CONTAINERS: (&str, &str) = ("00CBA010045C02DF2300", "DF23009000");
const COUNTER: (&str, &str) = ("00CB3FFF045C027F7100", "7F71069701039301039000");
const VERIFY: (&str, &str) = ("00200080083132333435363738", "9000");
const CARD_CF: (&str, &str) = ("00CBA010045C02DF2200", "DF22060000000000009000");

/// The PIN in told conversations.
const PIN: &str = "12345678";

fn conversation(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/apdu/gids").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// A card that was opened and will be asked `turns` next, with nobody else about.
fn opened(limits: Limits, turns: &[(&str, &str)]) -> (Script, GidsToken) {
    let script = Script::new(limits, &[&[SELECT, MASTER_FILE, CARD_ID], turns].concat());
    let token = GidsToken::open(Card::new(script.channel())).unwrap();
    script.set_continuity(Continuity::Unbroken);
    (script, token)
}
