//! GIDS cards (Microsoft's Generic Identity Device Specification 2.0) as [`crate::token::Token`]s.
//!
//! In: calls of [`crate::token`]. Out: commands to an [`crate::iso7816::Card`], and files as Windows' inbox minidriver
//! keeps them (Windows Smart Card Minidriver Specification 7.07, "File System Requirements" and "Windows Inbox Smart
//! Card Minidriver"): `cardid`, `cardcf`, `mscp\cmapfile`, `mscp\msroots`, certificates. Microsoft leaves two files undocumented, the
//! master file and the key map; they are laid out as its drivers write them.
//! The user's PIN authorises making and deleting keys and certificates; the admin key authorises setting the PIN and
//! replacing the admin key. Absent: PC/SC, files, clocks, any code of [`crate::virtual_card`].

mod admin;
mod application;
mod cardcf;
mod changes;
mod command;
mod compression;
mod container;
mod contents;
mod error;
mod files;
mod initialise;
mod key;
mod keymap;
mod pin;
mod room;
mod roots;
mod session;
mod token;

pub use command::AID;
pub use error::Error;
pub use token::GidsToken;
