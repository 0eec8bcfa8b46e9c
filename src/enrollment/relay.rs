//! Relays a mutual authentication between a card and the server, and needs no key for it.

use super::error::{Cause, Error};
use super::record::Tie;
use crate::client::{self, CmClient};
use crate::cm::presence::{PresenceAnswer, PresenceChallenge, PresenceOpening, PresenceProtocol, PresenceStep};
use crate::cm::problem::ProblemCode;
use crate::token::{self, Counterpart, SecretKind};
use uuid::Uuid;

/// Says whether the card has shown that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Shown,
    /// The card accepts no key that the server has for it.
    Refused,
    /// The card has no mutual authentication.
    NotOffered,
}

impl Presence {
    /// Returns what stands for it where the card keeps the secret that it has.
    pub fn error(self) -> token::Error {
        match self {
            Self::NotOffered => token::Error::NotOffered("mutual authentication"),
            Self::Shown | Self::Refused => {
                token::Error::SecretRefused { secret: SecretKind::Admin, left: token::Tries::Untold }
            }
        }
    }
}

/// Says whether the server has refused because the card has not shown that it is there.
pub(super) fn is_for_absence(error: &Error) -> bool {
    let (Cause::Server(source) | Cause::AdminKeyWithheld { source }) = &error.cause else { return false };
    is(source, ProblemCode::PresenceNeeded)
}

fn is(error: &client::Error, code: ProblemCode) -> bool {
    error.refusal_code() == Some(code.name())
}

/// Relays a mutual authentication between a card and the server.
pub struct Relay<'c> {
    client: &'c CmClient,
    request: Uuid,
    smartcard: Uuid,
    card_id: Uuid,
    /// The card may hold another key than the one that the server has just used.
    pub(super) another: bool,
    pub(super) shown: bool,
    /// The server did not take the card's answer, or has no key that the card could show.
    pub(super) is_refused: bool,
    /// The server waited for no answer any more.
    pub(super) is_over: bool,
}

type Relayed<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

impl<'c> Relay<'c> {
    /// Makes a relay for the card of a request.
    pub fn new(client: &'c CmClient, Tie { request, smartcard }: Tie, card_id: Uuid) -> Self {
        Self { client, request, smartcard, card_id, another: false, shown: false, is_refused: false, is_over: false }
    }

    fn open(&mut self, protocol: PresenceProtocol, witness: Option<&[u8]>) -> Relayed<PresenceChallenge> {
        let opening = PresenceOpening { card_id: self.card_id, protocol, witness: witness.map(<[u8]>::to_vec) };
        let opened = self.client.open_presence(self.request, self.smartcard, &opening);
        let opened = opened.map_err(|error| self.noted(error))?;
        (self.another, self.shown, self.is_over) = (opened.another, opened.shown, false);
        Ok(opened)
    }

    fn step(&mut self, challenge: Option<&[u8]>, answer: Option<&[u8]>) -> Relayed<PresenceAnswer> {
        let [challenge, answer] = [challenge, answer].map(|said| said.map(<[u8]>::to_vec));
        let step = PresenceStep { card_id: self.card_id, challenge, answer };
        let answered = self.client.show_presence(self.request, self.smartcard, &step);
        Ok(answered.map_err(|error| self.noted(error))?)
    }

    fn noted(&mut self, error: client::Error) -> Cause {
        self.is_refused = is(&error, ProblemCode::PresenceWrong) || is(&error, ProblemCode::PresenceNothing);
        self.is_over = is(&error, ProblemCode::PresenceOver) || is(&error, ProblemCode::Conflict);
        error.into()
    }
}

impl Counterpart for Relay<'_> {
    fn reveal(&mut self, witness: &[u8]) -> Relayed<(Vec<u8>, Vec<u8>)> {
        let opened = self.open(PresenceProtocol::Piv, Some(witness))?;
        Ok((opened.witness.unwrap_or_default(), opened.challenge))
    }

    fn challenge(&mut self) -> Relayed<Vec<u8>> {
        Ok(self.open(PresenceProtocol::Gids, None)?.challenge)
    }

    fn answer(&mut self, challenge: &[u8]) -> Relayed<Vec<u8>> {
        Ok(self.step(Some(challenge), None)?.answer.unwrap_or_default())
    }

    fn judge(&mut self, answer: &[u8]) -> Relayed<()> {
        self.shown = self.step(None, Some(answer))?.shown;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{ClientConfig, Login, Offer, Timeouts, Trust};
    use crate::enrollment::stage::Stage;
    use crate::secret::BearerToken;
    use std::time::Duration;

    fn refused(code: ProblemCode) -> client::Error {
        let (code, message) = (Some(code.name().to_owned()), String::new());
        client::Error::Refused { status: 403, code, message, correlation_id: None, offer: Offer::Other }
    }

    #[test]
    fn only_one_refusal_is_for_absence() {
        let absent = |cause: Cause| is_for_absence(&Error::new(Stage::FetchPuk, cause));
        assert!(absent(Cause::Server(refused(ProblemCode::PresenceNeeded))));
        assert!(absent(Cause::AdminKeyWithheld { source: refused(ProblemCode::PresenceNeeded) }));
        for code in [ProblemCode::PresenceWrong, ProblemCode::PresenceOver, ProblemCode::Forbidden] {
            assert!(!absent(Cause::Server(refused(code))), "{code:?}");
            assert!(!absent(Cause::AdminKeyWithheld { source: refused(code) }), "{code:?}");
        }
        assert!(!absent(Cause::Server(client::Error::ExtensionAbsent { route: "" })));
        assert!(!absent(Cause::TokenNeeded));
    }

    #[test]
    fn what_the_server_says_of_an_answer_is_noted() {
        let client = CmClient::new(ClientConfig {
            base_url: "https://localhost/".parse().unwrap(),
            trust: Trust::Platform,
            login: Login::Bearer(BearerToken::new("secret".into())),
            timeouts: Timeouts { connect: Duration::from_secs(1), call: Duration::from_secs(1) },
        });
        let client = client.unwrap();
        let mut relay = Relay::new(&client, Tie { request: Uuid::nil(), smartcard: Uuid::nil() }, Uuid::nil());
        for (code, is_refused, is_over) in [
            (ProblemCode::PresenceWrong, true, false),
            (ProblemCode::PresenceNothing, true, false),
            (ProblemCode::PresenceOver, false, true),
            (ProblemCode::Conflict, false, true),
            (ProblemCode::Forbidden, false, false),
        ] {
            relay.noted(refused(code));
            assert_eq!((relay.is_refused, relay.is_over), (is_refused, is_over), "{code:?}");
        }
    }
}
