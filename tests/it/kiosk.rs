//! The kiosk: the program at a workstation of its own, with a private pcscd, virtual cards, a real server and a real browser.

mod check;
mod everywhere;
mod hostile;
mod kinds;
pub mod lab;
mod odd;
mod pad;
mod pins;
mod screen;
mod swap;
mod visits;
