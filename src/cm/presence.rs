//! How a card shows a server that it is there, holding its admin key: bodies of a mutual authentication that the client
//! relays, so that it needs no key for it. MIM CM has no such call.
//!
//! PIV (SP 800-73-4 part 2, 3.2.4 and appendix A.1): the card's witness, encrypted, opens it; the server reveals the
//! witness and gives its challenge, and the card answers that. GIDS: the server gives its challenge, the card gives
//! one of its own, the server answers that, and the card answers the server's.

use super::card_secrets::states;
use super::wire::body::body;
use super::wire::{Crlf, CrlfOrNothing, Guid, Named, Plain, Vocabulary};
use uuid::Uuid;

/// Counts the bytes of each side's challenge in a mutual authentication of a GIDS card.
pub const GIDS_CHALLENGE: usize = 16;

states! {
    /// Names the mutual authentication that a card has.
    PresenceProtocol, "a protocol of cards" {
        Piv = 0,
        Gids = 1,
    }
}

/// Opens a mutual authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceOpening {
    pub card_id: Uuid,
    pub protocol: PresenceProtocol,
    /// What a PIV card has encrypted: one block, 8 bytes of 3DES or 16 of AES.
    pub witness: Option<Vec<u8>>,
}

body!(PresenceOpening {
    card_id: "CardId" => Guid,
    protocol: "Protocol" => Named<PresenceProtocol>,
    witness: "Witness" => CrlfOrNothing,
});

/// Gives the server's side of an opened mutual authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceChallenge {
    /// What a PIV card's witness was before it was encrypted.
    pub witness: Option<Vec<u8>>,
    /// What the card is to answer; empty where its presence was shown before.
    pub challenge: Vec<u8>,
    /// The card may hold another key than the one that this is by: where it refuses, a new opening is by that.
    pub another: bool,
    /// The presence of the card was shown for this request before.
    pub shown: bool,
}

body!(PresenceChallenge {
    witness: "Witness" => CrlfOrNothing,
    challenge: "Challenge" => Crlf,
    another: "Another" => Plain<bool>,
    shown: "Shown" => Plain<bool>,
});

/// Hands in what the card has said: its own challenge, or its answer to the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceStep {
    pub card_id: Uuid,
    pub challenge: Option<Vec<u8>>,
    pub answer: Option<Vec<u8>>,
}

body!(PresenceStep {
    card_id: "CardId" => Guid,
    challenge: "Challenge" => CrlfOrNothing,
    answer: "Answer" => CrlfOrNothing,
});

/// Says what came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceAnswer {
    /// The server's answer to the card's own challenge.
    pub answer: Option<Vec<u8>>,
    pub shown: bool,
}

body!(PresenceAnswer {
    answer: "Answer" => CrlfOrNothing,
    shown: "Shown" => Plain<bool>,
});
