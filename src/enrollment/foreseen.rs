//! Holds what is found before anything has begun: what an order is about, and which keys it comes to.

use crate::cm::smartcard::Smartcard;
use crate::cm::template::GenerationOptions;
use crate::token::Placement;
use uuid::Uuid;

/// Holds what an order is about, before there is a request.
#[derive(Clone)]
pub(super) struct Opening {
    /// A request that was made elsewhere.
    pub given: Option<Uuid>,
    /// The template to be enrolled for.
    pub template: Option<Uuid>,
    pub target: Option<Uuid>,
    /// The card as the server knows it, unless it is to be enrolled.
    pub card: Option<Smartcard>,
}

/// Holds which keys are to be made and where they go.
pub(super) struct KeyPlan {
    pub keys: Vec<PlannedKey>,
    /// Thumbprints of the certificates to be renewed.
    pub old: Vec<String>,
}

/// Holds one key that is to be made.
pub(super) struct PlannedKey {
    pub options: GenerationOptions,
    pub placement: Placement,
    /// The token has no fixed places: the key's id is its name.
    pub named: bool,
    /// Whether the key in its place may have to decrypt what was stored; `None` where the place is free.
    pub keeps: Option<bool>,
}
