//! Answers a card's challenge through the server, or here by the key where the server cannot.

use super::admin::no_key;
use super::driver::Enrollment;
use super::error::Cause;
use super::plan::KnownAdminKey;
use super::record::Tie;
use crate::client::CmClient;
use crate::cm::offline::CODE_BYTES;
use crate::token::{self, ChallengeResponder, SecretKind};
use uuid::Uuid;

/// Bound the lengths of AES keys, in bytes.
const SHORTEST_AES_KEY: usize = 16;
const LONGEST_AES_KEY: usize = 32;

/// Has the server answer a card's challenge, so that the admin key does not leave it. A MIM CM answers with one block of
/// 3DES; a card with an AES key, whose challenge is longer, is answered here by the key that MIM gives out.
pub(super) struct ServerResponder<'c> {
    client: &'c CmClient,
    tie: Tie,
    card_id: Uuid,
    atr: Option<String>,
    key: KnownAdminKey,
}

impl<'a> Enrollment<'a> {
    /// Returns what answers the card's challenges by this key.
    pub(super) fn responder(&self, tie: Tie, key: KnownAdminKey) -> ServerResponder<'a> {
        ServerResponder { client: self.client, tie, card_id: self.card_id, atr: self.facts.atr.clone(), key }
    }
}

impl ServerResponder<'_> {
    /// Has the server answer.
    fn ask(&self, challenge: &[u8]) -> Result<Vec<u8>, Cause> {
        let Tie { request, smartcard } = self.tie;
        let (atr, diversified) = (self.atr.clone(), self.key == KnownAdminKey::Own);
        Ok(self.client.authentication_response(request, smartcard, self.card_id, atr, challenge, diversified)?)
    }

    /// Answers by the card's own key. Where the server does not give it out, or it does not fit the challenge, the card
    /// gets no answer and stays as it is.
    fn compute(&self, challenge: &[u8]) -> Result<Vec<u8>, Cause> {
        let Tie { request, smartcard } = self.tie;
        if self.key == KnownAdminKey::Default {
            // Whoever knows the key that this kind of card came with answers by it, and asks nobody.
            return Err(token::Error::Contradicted { secret: SecretKind::Admin, is_default: false }.into());
        }
        let own = self.client.diversified_key(request, smartcard, self.card_id, self.atr.clone()).map_err(no_key)?;
        let unfit = || token::Error::SecretLength {
            secret: SecretKind::Admin,
            minimum: SHORTEST_AES_KEY,
            maximum: LONGEST_AES_KEY,
        };
        Ok(own.encrypt(challenge).ok_or_else(unfit)?.to_vec())
    }
}

impl ChallengeResponder for ServerResponder<'_> {
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let through_server = challenge.len() == CODE_BYTES || self.client.has_extension().map_err(Cause::from)?;
        Ok(if through_server { self.ask(challenge)? } else { self.compute(challenge)? })
    }
}
