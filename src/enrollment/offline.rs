//! Sets a new PIN for a forgotten one, by codes that are read out over the telephone; no server is asked.

use super::card::card_id;
use super::error::Error;
use super::new_pin::check_pin;
use super::stage::Stage;
use crate::cm::offline::{CARD_BYTES, CODE_BYTES, CodeKind, puk_of, puk_request};
use crate::secret::Pin;
use crate::token::{self, Admin, Authority, ChallengeResponder, LastTry, Operation, Token};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// Holds whatever error a help desk ends with.
pub type HelpDeskError = Box<dyn std::error::Error + Send + Sync>;

/// Answers codes: the help desk at the other end of the telephone.
pub trait HelpDesk {
    /// Reads out a code and returns the bytes of the answer ([`CodeKind::answer`]).
    fn ask(&mut self, kind: CodeKind, code: [u8; CODE_BYTES]) -> Result<Zeroizing<[u8; CODE_BYTES]>, HelpDeskError>;
}

/// Puts the card's challenge to the help desk.
struct Spoken<'d>(&'d mut dyn HelpDesk);

impl ChallengeResponder for Spoken<'_> {
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, HelpDeskError> {
        Ok(self.0.ask(CodeKind::Challenge, challenge.try_into()?)?.to_vec())
    }
}

/// Says that an answer holds no PUK.
#[derive(Debug, thiserror::Error)]
#[error("the answer holds no PUK")]
struct NoPuk;

/// Sets a new PIN by what the help desk answers: to the card's challenge, or to a request for the card's PUK. A token
/// that has neither, such as those of PKCS#11, refuses before the help desk is asked.
pub fn unblock_offline(
    token: &mut dyn Token,
    desk: &mut dyn HelpDesk,
    new_pin: &Pin,
    last_try: LastTry,
) -> Result<(), Error> {
    let failed = |source| Error::new(Stage::SetPin, source);
    // A PIN that the card would not take must show before anybody is telephoned.
    if let Some(form) = token.form(token::SecretKind::Pin) {
        check_pin(new_pin.expose(), form).map_err(|cause| Error::new(Stage::SetPin, cause))?;
    }
    if token.authority(Operation::Unblock) != Authority::Puk {
        return token.set_pin(Admin::Responder(&mut Spoken(desk)), new_pin, last_try).map_err(failed);
    }
    // A locked PUK must show before anybody is telephoned.
    let counters = token.counters().map_err(failed)?;
    if let Some(tries) = counters.puk {
        tries.may_try(token::SecretKind::Puk, last_try).map_err(failed)?;
    }
    let refused = |source: HelpDeskError| failed(token::Error::Responder(source));
    let answer = desk.ask(CodeKind::PukRequest, request_of(token)?).map_err(refused)?;
    let puk = puk_of(&answer).ok_or_else(|| refused(NoPuk.into()))?;
    token.set_pin(Admin::Puk(&puk), new_pin, last_try).map_err(failed)
}

/// Makes a new request for this card's PUK: the first bytes of the SHA-256 of the card id, then random ones.
fn request_of(token: &dyn Token) -> Result<[u8; CODE_BYTES], Error> {
    let card_id = card_id(token.identity());
    let mut card = [0; CARD_BYTES];
    for (to, from) in card.iter_mut().zip(digest(&SHA256, card_id.as_bytes()).as_ref()) {
        *to = *from;
    }
    let mut random = [0; CODE_BYTES - CARD_BYTES];
    rand::fill(&mut random).map_err(|_| Error::new(Stage::SetPin, token::Error::Responder(NoRandom.into())))?;
    Ok(puk_request(card, random))
}

/// Says that the system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
struct NoRandom;
