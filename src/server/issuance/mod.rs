//! From an approved request to the certificates it brings.
//!
//! `plan` says which certificates are fresh, copied or left out; `judge` checks certification requests by the template;
//! `entitlement` refuses what may not be certified all the same; `possession` takes the signature of an old key;
//! `allowance` bounds names, and how much a person is issued; `foresight` says what would be issued;
//! `certify` has certificates signed and remembers them in one transaction; `deliver` writes the answer; `issued` tells what
//! a request has brought already.
//! Absent: how a signature is made (`authority`), what completion does to a card (`workflow`).

pub mod allowance;
pub mod certify;
pub mod deliver;
pub mod entitlement;
pub mod foresight;
pub mod issued;
pub mod judge;
pub mod plan;
pub mod possession;
mod stock;
