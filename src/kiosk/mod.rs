//! The kiosk: pages of one workstation on loopback, at which a person alone looks after their own card.
//!
//! In: cards that are put in and taken out, forms of one browser. Out: one question a page, and works on the card.
//! `engine` is the one state of the workstation, whose `scene` is what is shown; `acts` does what a
//! form asks for; `works` are done with the card on its thread; `screens` writes a scene as a page, a file a question.
//! What a person typed is dropped once it is used, when the card is taken out, and when nobody is there any more; no page
//! shows it again. Absent: whose rights somebody has, and rules for cards (the server, the card).

mod acts;
mod browser;
mod card;
mod carry;
mod check;
mod engine;
mod frame;
mod idle;
mod logon;
mod marks;
mod office;
mod pauses;
mod readers;
mod scene;
mod screens;
mod serve;
mod settings;
mod swap;
mod swapping;
mod visits;
mod works;

pub use browser::{BROWSERS, Screen, ShowError};
pub use check::{Checked, check, link_beside, refuses_readers};
pub use office::Office;
pub use serve::{Opened, StartError, serve};
pub use settings::{GiveLink, Settings};
