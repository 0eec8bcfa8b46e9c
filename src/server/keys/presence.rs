//! Says which secrets wait until their card has shown that it is there, by which keys it may, and whether it has: it
//! authenticates to the server by the key that it has, and the client that relays this has no key.
//!
//! The server's challenge is derived for the request, the card and a nonce, so that an answer counts for no other,
//! whoever writes to the database. While an authentication is open, the server computes nothing else under the card's
//! key: whatever does ends it (`store::presence`).

use super::diversify::{KeyError, MasterKeys};
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::presence::{GIDS_CHALLENGE, PresenceProtocol};
use crate::secret::AdminKey;
use crate::store::{Derivation, PresenceRecord, SmartcardRecord};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

/// Counts the bytes that each side of a GIDS card's mutual authentication adds of its own, before the padding byte.
const HALF: usize = 7;
/// Ends what each side encrypts (ISO/IEC 9797-1, padding method 2).
const PADDING: u8 = 0x80;
/// Counts the bytes of a block of 3DES, which GIDS cards have.
const BLOCK: usize = 8;

/// Says whether a secret was made for the assignment that this request brings: nobody else was told it, and the card has
/// it only if this request has put it there.
fn is_fresh(card: &SmartcardRecord, brings: bool, secret: Derivation) -> bool {
    brings && secret.generation == card.generation
}

/// Lists the keys by which the card can show that it is there: those that it may have from before this request.
pub fn keys_to_show(card: &SmartcardRecord, brings: bool) -> Vec<Derivation> {
    let held = [Some(card.own_key), card.next_key].into_iter().flatten();
    let own = card.admin_key != AdminKeyState::Default;
    held.filter(|key| own && !is_fresh(card, brings, *key)).collect()
}

/// Says whether the card must be there before this secret of it is told. A card that was given no key of its own has
/// nothing to show.
pub fn guards(card: &SmartcardRecord, brings: bool, secret: Derivation) -> bool {
    card.admin_key != AdminKeyState::Default && !is_fresh(card, brings, secret)
}

/// Derives the server's challenge: one block for a PIV card, of the length of its witness.
fn challenge(masters: &MasterKeys, opened: &PresenceRecord) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let length = match (opened.protocol, &opened.card) {
        (PresenceProtocol::Piv, Some(witness)) => witness.len(),
        (PresenceProtocol::Piv, None) | (PresenceProtocol::Gids, _) => GIDS_CHALLENGE,
    };
    masters.challenge(opened.from.master, opened.request, opened.smartcard, opened.nonce, length)
}

/// Holds the server's side of an authentication.
pub struct MutualAuthentication {
    key: AdminKey,
    challenge: Zeroizing<Vec<u8>>,
}

impl MutualAuthentication {
    /// Derives the key and the challenge of an authentication.
    pub fn of(masters: &MasterKeys, opened: &PresenceRecord) -> Result<Self, KeyError> {
        let key = masters.admin_key(opened.from, opened.card_id)?;
        Ok(Self { key, challenge: challenge(masters, opened)? })
    }

    /// Returns the server's challenge.
    pub fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// Decrypts a PIV card's witness.
    pub fn reveal(&self, witness: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.key.decrypt(witness).ok_or(KeyError::ChallengeLength(witness.len()))
    }

    /// Answers the challenge of a GIDS card: card's and server's challenge and the server's half of a key, encrypted in
    /// CBC mode with an IV of zeros. `None` where the challenge is not one, or is the server's own: then the answer would
    /// be what the card has to say.
    pub fn answer(&self, card: &[u8], half: [u8; HALF]) -> Option<Zeroizing<Vec<u8>>> {
        let reflected =
            card.iter().zip(self.challenge.iter()).take(GIDS_CHALLENGE / 2).all(|(one, other)| one == other);
        if card.len() != GIDS_CHALLENGE || reflected {
            return None;
        }
        let text = Zeroizing::new([card, &self.challenge, &half, &[PADDING]].concat());
        let mut previous = Zeroizing::new(vec![0; BLOCK]);
        let mut done = Zeroizing::new(Vec::with_capacity(text.len()));
        for block in text.chunks_exact(BLOCK) {
            previous = self.key.encrypt(&mixed(block, &previous))?;
            done.extend_from_slice(&previous);
        }
        Some(done)
    }

    /// Says whether this is what a card with the key answers.
    pub fn is_answered_by(&self, opened: &PresenceRecord, answer: &[u8]) -> bool {
        match (opened.protocol, &opened.card) {
            (_, None) => false,
            (PresenceProtocol::Piv, Some(_)) => {
                self.key.encrypt(&self.challenge).is_some_and(|right| verify_slices_are_equal(&right, answer).is_ok())
            }
            (PresenceProtocol::Gids, Some(card)) => {
                let right = Zeroizing::new([&self.challenge[..], card].concat());
                let text = self.decrypted(answer).filter(|text| text.len() == right.len() + HALF + 1);
                text.is_some_and(|text| {
                    let (both, rest) = text.split_at(right.len());
                    verify_slices_are_equal(both, &right).is_ok() && rest.last() == Some(&PADDING)
                })
            }
        }
    }

    /// Decrypts whole blocks in CBC mode with an IV of zeros.
    fn decrypted(&self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut done = Zeroizing::new(Vec::with_capacity(text.len()));
        let mut previous: &[u8] = &[0; BLOCK];
        for block in text.chunks(BLOCK) {
            done.extend_from_slice(&mixed(&self.key.decrypt(block)?, previous));
            previous = block;
        }
        Some(done)
    }
}

/// Adds two blocks bit by bit (XOR).
fn mixed(one: &[u8], other: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(one.iter().zip(other).map(|(one, other)| one ^ other).collect())
}

/// Says whether what is kept shows that the card was there, by a key that it may have had from before the request. It is
/// computed again: whoever can write to the database has no such key.
pub fn is_shown(
    masters: &MasterKeys,
    kept: &PresenceRecord,
    card: &SmartcardRecord,
    brings: bool,
) -> Result<bool, KeyError> {
    let Some(answer) = kept.answer.as_ref().filter(|_| !is_fresh(card, brings, kept.from)) else { return Ok(false) };
    Ok(MutualAuthentication::of(masters, kept)?.is_answered_by(kept, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever has no key could hand the server's challenge back to it, and have it say what the card should.
    #[test]
    fn a_challenge_that_begins_as_the_servers_own_is_not_answered() {
        let challenge = Zeroizing::new(vec![1; GIDS_CHALLENGE]);
        let server = MutualAuthentication { key: AdminKey::new((0..24).collect()), challenge };
        for (card, answered) in [
            (vec![2; GIDS_CHALLENGE], true),
            (vec![1; GIDS_CHALLENGE], false),
            ([[1; GIDS_CHALLENGE / 2], [2; GIDS_CHALLENGE / 2]].concat(), false),
            ([[2; GIDS_CHALLENGE / 2], [1; GIDS_CHALLENGE / 2]].concat(), true),
            (vec![2; GIDS_CHALLENGE - 1], false),
            (Vec::new(), false),
        ] {
            assert_eq!(server.answer(&card, [3; HALF]).is_some(), answered, "{card:?}");
        }
    }
}
