//! The readers of strangers' bytes, each as a function that is fed any bytes: the one table of targets. libFuzzer feeds
//! them through `main.rs`, and `cargo test` (tests/it/fuzzed) what was found and what is as large as may be.
//!
//! A target takes what it is given to the end, so that what was read is also looked at and shown.

pub mod cards;
mod ldap;
mod pki;
mod texts;
mod tokens;

use std::hint::black_box;

/// A reader of strangers' bytes.
pub struct Target {
    pub name: &'static str,
    /// The longest input that is worth trying, in bytes: a little more than the reader's own limit, or where that is
    /// large enough to be slow, what shows all that it does.
    pub longest: usize,
    pub feed: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("ocsp-question", 17 * 1024, pki::ocsp_question),
    target("ocsp-answer", 65 * 1024, pki::ocsp_answer),
    target("revocation-list", 8 * 1024, pki::revocation_list),
    target("certificate", 8 * 1024, pki::certificate),
    target("pem", 8 * 1024, pki::pem),
    target("chain", 16 * 1024, pki::chain),
    target("certification-request", 8 * 1024, pki::certification_request),
    target("attestation", 16 * 1024, pki::attestation),
    target("cmc", 16 * 1024, pki::cmc_response),
    target("bundle", 16 * 1024, pki::bundle),
    target("sealed-message", 4 * 1024, pki::sealed_message),
    target("pfx", 8 * 1024, pki::pfx_file),
    target("key-file", 4 * 1024, pki::key_file),
    target("private-key", 4 * 1024, pki::private_key),
    target("public-key", 2 * 1024, pki::public_key),
    target("name", 2 * 1024, pki::distinguished_name),
    target("atr", 64, cards::atr),
    target("tlv", 4 * 1024, cards::strict_tlv),
    target("lenient", 4 * 1024, cards::lenient_tlv),
    target("piv-card", 16 * 1024, cards::piv_card),
    target("gids-card", 16 * 1024, cards::gids_card),
    target("piv-commands", 4 * 1024, cards::piv_commands),
    target("gids-commands", 4 * 1024, cards::gids_commands),
    target("card-state", 8 * 1024, cards::card_state),
    target("body", 8 * 1024, texts::body),
    target("answer", 8 * 1024, texts::answer),
    target("route", 1024, texts::route),
    target("template", 8 * 1024, texts::template),
    target("import", 8 * 1024, texts::import),
    target("code", 128, texts::code),
    target("spelling", 256, texts::spelling),
    target("journal", 8 * 1024, texts::journal),
    target("audit-line", 4 * 1024, texts::audit_line),
    target("dial", 512, texts::dial),
    target("ldap", 16 * 1024, ldap::message),
    target("filter", 5 * 1024, ldap::filter),
    target("access-token", 2 * 1024, tokens::access_token),
    target("key-set", 4 * 1024, tokens::key_set),
];

const fn target(name: &'static str, longest: usize, feed: fn(&[u8])) -> Target {
    Target { name, longest, feed }
}

/// Takes bytes apart into parts that each stand behind their length in two bytes; the last may be cut off.
pub fn parts(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, behind) = data.split_first_chunk::<2>()?;
        let (part, rest) = behind.split_at(usize::from(u16::from_be_bytes(*length)).min(behind.len()));
        data = rest;
        Some(part)
    })
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Shows why something was refused, as a person would see it.
fn shown<T, E: std::error::Error>(read: Result<T, E>) -> Option<T> {
    read.inspect_err(|error| drop(black_box(error.to_string()))).ok()
}
