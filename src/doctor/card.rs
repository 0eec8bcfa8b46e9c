//! Examines one card or token.

use super::finding::{Check, Finding};
use crate::pkix::KeyAlgorithm;
use crate::token::{
    CardIdentifier, Condition, Counters, Error, KeyId, KeyWish, Oddity, SecretKind, StoredKey, Token, Tries,
};
use time::{Date, Duration};

/// Says what an enrollment will ask of the card.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    pub algorithm: Option<KeyAlgorithm>,
    /// Length of the certificate in bytes.
    pub certificate: usize,
    pub today: Date,
}

/// Sets how long before its end an identifier's expiry is reported.
const SOON: Duration = Duration::days(90);

/// Examines a card's fitness. An error means that card or reader failed, not that the card is unfit.
pub fn examine_card(token: &mut dyn Token, expected: &Expected) -> Result<Vec<Finding>, Error> {
    let counters = token.counters()?;
    let condition = token.condition()?;
    let stored = token.public_objects()?;
    let mut findings = vec![serial(token)];
    findings.extend(algorithms(&condition, expected.algorithm));
    findings.push(room(&condition, expected.certificate));
    findings.extend(secrets(&counters));
    findings.extend(defaults(&condition, &counters));
    findings.extend(identifier(token.identity().kind, condition.card_identifier, expected.today));
    if stored.iter().any(|stored| stored.odd.is_some() || stored.is_bare_key()) {
        let places = places(token)?;
        findings.extend(stored.iter().filter_map(|stored| odd(stored, &places)));
    }
    Ok(findings)
}

/// Returns the fixed places to which the keys of an enrollment go: one that signs, and one that decrypts. Where ids are
/// names, none of them is what is stored.
fn places(token: &mut dyn Token) -> Result<Vec<KeyId>, Error> {
    let mut place = |decrypts_only, name: &[u8]| {
        let wish = KeyWish { name: name.to_vec(), index: 0, decrypts_only, supersedes: Vec::new() };
        token.place(&wish).map(|placement| placement.id)
    };
    Ok(vec![place(false, b"a key that signs")?, place(true, b"a key that decrypts")?])
}

/// Reports an odd object; it stops nothing.
fn odd(stored: &StoredKey, places: &[KeyId]) -> Option<Finding> {
    let told = match stored.odd {
        Some(odd) => odd.to_string(),
        None if stored.is_bare_key() => "a key without a certificate".to_owned(),
        None => return None,
    };
    let id = hex::encode(&stored.id.0);
    let name = if id.is_empty() { stored.label.clone() } else { format!("{id} ({})", stored.label) };
    Some(Finding::attention(
        Check::Objects,
        format!("{name}: {told}"),
        match (stored.odd, places.contains(&stored.id)) {
            (Some(Oddity::Reserved), _) => "Nothing: it counts as free.",
            (_, true) => "It stops nothing. A new key takes its place: `cardwright enroll --replace`.",
            (_, false) => "It stops nothing, and stays: no key of an enrollment takes its place.",
        },
    ))
}

fn serial(token: &dyn Token) -> Finding {
    let identity = token.identity();
    if !identity.is_named() && !identity.serial.is_empty() {
        return Finding::bad(
            Check::Serial,
            format!("serial {} tells this token from no other", identity.serial),
            "Enroll it: a token that keeps data objects gets an id of its own then, and any other is refused.",
        );
    }
    if !identity.is_named() {
        return Finding::bad(
            Check::Serial,
            format!("this {} card has no serial, so that it cannot be told from another", identity.kind),
            "Run `cardwright token init`: it gives the card an identity of its own.",
        );
    }
    let version = if identity.model.is_empty() { identity.kind } else { &identity.model };
    Finding::good(Check::Serial, format!("{version}, serial {}", identity.serial))
}

fn algorithms(condition: &Condition, wanted: Option<KeyAlgorithm>) -> Option<Finding> {
    let Some(offered) = &condition.algorithms else {
        return Some(Finding::untold(Check::Algorithms, "the card does not tell which keys it can make"));
    };
    let names: Vec<_> = offered.iter().map(|algorithm| algorithm.name()).collect();
    let told = format!("makes {}", names.join(", "));
    Some(match wanted {
        Some(wanted) if !offered.contains(&wanted) => Finding::bad(
            Check::Algorithms,
            format!("{told}, but not {}", wanted.name()),
            "Use a profile template that orders a key this card can make, or another card.",
        ),
        _ => Finding::good(Check::Algorithms, told),
    })
}

fn room(condition: &Condition, wanted: usize) -> Finding {
    match condition.largest_certificate {
        None => Finding::untold(Check::Room, "the card does not tell how large a certificate it takes"),
        Some(largest) if largest < wanted => Finding::bad(
            Check::Room,
            format!("takes certificates of up to {largest} bytes; {wanted} are expected"),
            "Have the template issue smaller certificates (P-256 keys, fewer names), or use another card.",
        ),
        Some(largest) => Finding::good(
            Check::Room,
            format!(
                "takes certificates of up to {largest} bytes; how much room is left, `enroll` tries before all else"
            ),
        ),
    }
}

fn secrets(counters: &Counters) -> impl Iterator<Item = Finding> {
    let unblock = "Run `cardwright unblock`: it sets a new PIN by the administrator's authority.";
    let lost = "The card can only be reset to the factory's state, with everything on it lost.";
    [
        (Check::Pin, SecretKind::Pin, Some(counters.user), unblock),
        (Check::Puk, SecretKind::Puk, counters.puk, lost),
        (Check::AdminKey, SecretKind::Admin, Some(counters.admin), lost),
    ]
    .into_iter()
    .filter_map(|(check, secret, tries, remedy)| Some(tried(check, secret, tries?, remedy)))
}

fn tried(check: Check, secret: SecretKind, tries: Tries, remedy: &str) -> Finding {
    let told = format!("{secret}: {tries}");
    match tries {
        Tries::Full | Tries::Left(3..) => Finding::good(check, told),
        Tries::Untold => Finding::untold(check, told),
        Tries::Low | Tries::Left(2) => {
            Finding::attention(check, told, "Type the right one once: that restores the tries.")
        }
        Tries::Last | Tries::Left(1) => Finding::attention(
            check,
            told,
            "The last try is only spent with --spend-last-try; when in doubt, have the secret set anew instead.",
        ),
        Tries::NotSet => Finding::attention(check, told, "Enrollment sets it."),
        Tries::Locked | Tries::Left(0) => Finding::bad(check, told, remedy),
    }
}

fn defaults(condition: &Condition, counters: &Counters) -> impl Iterator<Item = Finding> {
    let rows = [
        (Check::DefaultPin, "PIN", condition.pin_is_default, true),
        (Check::DefaultPuk, "PUK", condition.puk_is_default, counters.puk.is_some()),
        (Check::DefaultAdminKey, "admin key", condition.admin_key_is_default, true),
    ];
    rows.into_iter().filter(|(.., has)| *has).map(|(check, name, is_default, _)| match is_default {
        None => Finding::untold(check, format!("cannot be told whether the {name} is still the factory's")),
        Some(false) => Finding::good(check, format!("the {name} is not the factory's")),
        Some(true) => Finding::attention(
            check,
            format!("the {name} is still the factory's, which everybody knows"),
            match check {
                Check::DefaultPin => "Enrollment asks for another; `cardwright token change-pin` sets one now.",
                _ => "Enrollment replaces it by the card's own.",
            },
        ),
    })
}

fn identifier(kind: &str, identifier: CardIdentifier, today: Date) -> Option<Finding> {
    let written = "Enrollment writes a fresh one.";
    let check = Check::CardIdentifier;
    Some(match identifier {
        CardIdentifier::None => return None,
        CardIdentifier::Absent if kind == "GIDS" => {
            Finding::attention(check, "no cardcf, by which Windows notices that the card has changed", written)
        }
        CardIdentifier::Absent => {
            Finding::attention(check, "no CHUID, by which other software tells cards apart", written)
        }
        CardIdentifier::Broken => Finding::attention(check, "the card's identifier cannot be read", written),
        CardIdentifier::Present { expires: Some(expires) } if expires < today => {
            Finding::attention(check, format!("the CHUID expired on {expires}"), written)
        }
        CardIdentifier::Present { expires: Some(expires) } if expires < today.saturating_add(SOON) => {
            Finding::attention(check, format!("the CHUID expires on {expires}"), written)
        }
        CardIdentifier::Present { expires: Some(expires) } => {
            Finding::good(check, format!("the CHUID is valid to {expires}"))
        }
        CardIdentifier::Present { expires: None } => Finding::good(check, "the card's identifier is there"),
    })
}
