//! The pages for people, in a real browser, on real servers.

mod ahead;
mod asking;
mod assets;
mod bad_input;
mod cards;
mod entrance;
mod every;
mod german;
mod help_desk;
mod issuer;
mod journey;
mod kiosk;
pub mod lab;
mod many;
mod mine;
mod others;
mod oversight;
mod people;
mod pictures;
mod requests;
pub mod single;
mod templates;
