//! All integration tests, one binary, one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]
#![allow(unsafe_code)] // Setting an environment variable is unsafe, and a PKCS#11 module is configured by one.

mod attacks;
mod ca;
mod cli;
mod client;
mod desk;
mod doctor;
mod enrollment;
mod farm;
mod fuzzed;
mod gids;
mod iso7816;
mod kiosk;
mod layers;
mod malice;
mod packaging;
mod pages;
mod piv;
mod pkix;
mod platform;
mod reader;
mod server;
mod store;
mod strangers;
mod support;
mod token;
mod virtual_card;
mod whole;
mod windows;
mod wire;
mod workstation;
