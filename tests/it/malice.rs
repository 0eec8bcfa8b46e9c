//! Cards that break, lie or were meant to do harm: the driver may refuse, and must neither panic, hang nor go on for
//! ever, nor spend a try that nobody meant, nor take a card that is gone for a wrong secret.

mod anything;
mod bad_input;
mod budgets;
pub mod cards;
mod cuts;
mod everything;
mod lies;
