//! The pages for people, in a real browser, on real servers.

mod cards;
mod entrance;
mod every;
mod lab;
mod others;
mod oversight;
mod people;
mod requests;
