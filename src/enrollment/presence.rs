//! Has the card show the server that it is there, where the server demands that before it tells a secret.
//!
//! No transaction waits for the server. Another program may use the card meanwhile and spoil it: then it is begun anew, a
//! few times. A refusal of the card changes nothing on it; only where two keys may hold is the other one tried.

use super::admin::is_wrong;
use super::driver::Enrollment;
use super::error::Error;
use super::record::Tie;
use super::relay::{Presence, Relay, is_for_absence};
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::client::CmClient;
use crate::cm::presence::{PresenceOpening, PresenceProtocol};
use crate::token::{self, LastTry, SecretKind, Token};
use uuid::Uuid;

/// Bounds the authentications that are begun one after the other.
const MOST_BEGUN: u32 = 4;

impl Enrollment<'_> {
    /// Does what the server may refuse until the card has shown that it is there: then the card does, and it is done
    /// again. Where the card cannot, the refusal is returned ([`is_for_absence`]).
    pub(super) fn with_presence<T>(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
        call: impl Fn(&Self, Observer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match call(self, observer) {
            Err(refused) if is_for_absence(&refused) => match self.show_presence(tie, token, observer)? {
                Presence::Shown => call(self, observer),
                Presence::Refused | Presence::NotOffered => Err(refused),
            },
            done => done,
        }
    }

    /// Has the card authenticate to the server; where it could not before, in this process, it is not asked again.
    fn show_presence(&mut self, tie: Tie, token: &mut dyn Token, observer: Observer<'_>) -> Result<Presence, Error> {
        if let Some(absent @ (Presence::Refused | Presence::NotOffered)) = self.facts.presence {
            return Ok(absent);
        }
        observer(Event::Doing(Stage::ShowPresence));
        let last_try = self.order.last_try();
        let presence = relayed(self.client, tie, self.card_id, token, last_try);
        self.facts.counters = None;
        let presence = presence.map_err(|error| Error::new(Stage::ShowPresence, error))?;
        self.facts.presence = Some(presence);
        observer(if presence == Presence::Shown { Event::PresenceShown } else { Event::PresenceMissing });
        Ok(presence)
    }

    /// Says why the card has not shown that it is there, for a caller that was refused for it.
    pub(super) fn absence(&self) -> Presence {
        self.facts.presence.unwrap_or(Presence::Refused)
    }
}

/// Has the card authenticate to the server for a request of no workflow of this room; false where it cannot.
pub fn show_presence(client: &CmClient, tie: Tie, card_id: Uuid, token: &mut dyn Token) -> Result<bool, token::Error> {
    Ok(relayed(client, tie, card_id, token, LastTry::Keep)? == Presence::Shown)
}

/// Says whether the card has shown, in this request, that it is there; asks the server, and nothing of the card.
pub(super) fn was_shown(client: &CmClient, tie: Tie, card_id: Uuid) -> bool {
    let opening = PresenceOpening { card_id, protocol: PresenceProtocol::Piv, witness: None };
    // Where it has not, the server misses what a card would have sent first.
    client.open_presence(tie.request, tie.smartcard, &opening).is_ok_and(|opened| opened.shown)
}

/// Relays authentications between card and server until one has come to something.
fn relayed(
    client: &CmClient,
    tie: Tie,
    card_id: Uuid,
    token: &mut dyn Token,
    last_try: LastTry,
) -> Result<Presence, token::Error> {
    let mut relay = Relay::new(client, tie, card_id);
    let mut came_to = Err(token::Error::Reset);
    for _ in 0..MOST_BEGUN {
        came_to = token.show_presence(&mut relay, last_try);
        let again = match &came_to {
            Err(token::Error::Reset) => true,
            Err(error) if is_wrong(error) => relay.another,
            Err(_) => relay.is_over,
            Ok(()) => false,
        };
        if !again || relay.shown {
            break;
        }
    }
    match came_to {
        _ if relay.shown => Ok(Presence::Shown),
        Ok(()) | Err(token::Error::Locked { secret: SecretKind::Admin }) => Ok(Presence::Refused),
        Err(error) if is_wrong(&error) => Ok(Presence::Refused),
        Err(token::Error::NotOffered(_)) => Ok(Presence::NotOffered),
        Err(_) if relay.is_refused => Ok(Presence::Refused),
        Err(error) => Err(error),
    }
}
