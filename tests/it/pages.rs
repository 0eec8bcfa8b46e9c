//! The pages for people, in a real browser, on real servers.

mod entrance;
mod every;
mod lab;
mod requests;
