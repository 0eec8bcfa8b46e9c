//! Drives a card through one workflow over a CM server: enrolls, renews, unblocks or retires it, for every face.
//!
//! In: a [`Token`](crate::token::Token), a [`CmClient`](crate::client::CmClient), a [`Journal`], an [`Order`], and the
//! answers to what a [`Step`] asked for. Out: a [`Step`] to render, and [`Event`]s on the way; nothing here prints or
//! prompts. [`Enrollment::advance`] goes as far as it can and may be called again after an error. A new process goes on
//! from where the journal says the work stands and makes no second request, key or certificate. The PIN is needed once,
//! for one login. The order of the calls is that of MIM's enrollment walkthrough. Absent: clock, terminal, any key of
//! the server's.

mod admin;
mod advance;
mod arrivals;
mod authorities;
mod card;
mod choose;
mod code;
mod driver;
mod elsewhere;
mod error;
mod foreseen;
mod foresight;
mod holding;
mod inputs;
mod install;
mod issue;
mod journal;
mod key_order;
mod login;
mod new_pin;
mod offline;
mod opening;
mod pin;
mod plan;
mod possession;
mod prepare;
mod presence;
mod proof;
mod proposed;
mod prospects;
mod proven;
mod puk;
mod received;
mod record;
mod relay;
mod remedy;
mod remove;
mod request;
mod responder;
mod retire;
mod room;
mod rotate;
mod secrets_first;
mod showing;
mod slots;
mod so_pin;
mod stage;
mod step;
mod survey;
mod take_up;
mod unblock;
mod undo;
mod workflow;

pub use card::{card_id, earlier_card_id};
pub use code::ExitClass;
pub use driver::Enrollment;
pub use error::{Cause, Error};
pub use journal::{Journal, JournalError};
pub use offline::{HelpDesk, HelpDeskError, unblock_offline};
pub use presence::show_presence;
pub use received::{KeyReceiver, ReceivedKey};
pub use record::{Ended, IssuedWork, KeyWork, Milestone, PinWork, ReceivedWork, Record, Tie, own_words};
pub use relay::Relay;
pub use slots::Unread;
pub use stage::Stage;
pub use step::{EnrollOrder, Event, Input, Installed, Need, OldKey, Order, Outcome, RenewOrder, Step, WhichPin};
pub use survey::{Content, Item};
pub use workflow::Workflow;
