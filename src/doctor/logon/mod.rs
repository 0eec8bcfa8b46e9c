//! Tells whether somebody will log on with a card: by Windows' rules for smart card logon and those of PKINIT (RFC 4556).
//!
//! In: what was read of the card ([`read_card`], without the PIN), what is trusted, and what the server has told; the time.
//! Out: [`Finding`]s, each a stable [`Code`] with facts, as data. Authorities are asked for their lists and answers through
//! [`crate::published`], and the server by [`ask_server`], after the card was read: nothing holds the card meanwhile.
//! Absent: printing, asking a person, changing anything.

mod asked;
mod card;
mod certificate;
mod chain;
mod code;
mod finding;
mod inquiry;
mod person;
mod revocation;
mod stores;

pub use asked::{Asked, Server};
pub use card::{LogonCard, LogonCertificate, read_card};
pub use code::Code;
pub use finding::Finding;
pub use inquiry::{Inquiry, ask_server};

/// Bounds the certificates of one card that are judged.
const MOST_CANDIDATES: usize = 4;

/// Judges a card: what it tells, then each certificate with which somebody could log on, then server and directory.
pub fn examine(card: &LogonCard, asked: &Asked<'_>) -> Vec<Finding> {
    let mut findings = card.judge(asked.now.date());
    for candidate in card.candidates().iter().take(MOST_CANDIDATES) {
        let about = |finding: Finding| finding.about(&candidate.name);
        findings.extend(examine_certificate(candidate, card, asked).into_iter().map(about));
    }
    findings.push(person::clock(asked));
    findings.extend(person::judge(asked.server));
    findings
}

fn examine_certificate(candidate: &LogonCertificate, card: &LogonCard, asked: &Asked<'_>) -> Vec<Finding> {
    let leaf = &candidate.certificate;
    let mut findings = certificate::judge(leaf, asked.now);
    let chain = chain::follow(leaf, &card.authorities, asked);
    findings.extend(chain.findings);
    if let Some(registry) = asked.registry.filter(|_| chain.is_whole) {
        findings.extend(stores::judge(&chain.path, registry));
    }
    // Nobody but a trusted authority says whom this computer asks; only for a missing issuer is asked before.
    let reason = match asked.published {
        _ if !chain.is_whole => Err("it leads to no authority that is trusted here"),
        None => Err("this computer asks no authorities"),
        Some(published) => Ok(published),
    };
    match reason {
        Err(reason) => {
            let finding = Finding::new(Code::RevocationNotAsked).with("certificate", leaf.subject());
            findings.push(finding.with("reason", reason));
        }
        Ok(published) => {
            let pairs = chain.path.iter().zip(chain.path.iter().skip(1));
            findings.extend(pairs.flat_map(|(below, above)| revocation::ask(below, above, published, asked.now)));
        }
    }
    findings.extend(person::judge_certificate(candidate, asked.server));
    findings
}
