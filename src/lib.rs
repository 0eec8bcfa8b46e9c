//! cardwright brings smart cards and hardware tokens to life and keeps them alive.
//!
//! The map, floor by floor; a room imports only from floors below it (`tests/it/layers.rs` holds the table):
//!
//! | floor | rooms |
//! |---|---|
//! | 5 faces | [`cli`]: the operator's command line |
//! | 4 flow | [`enrollment`]: the driver of every face · [`server`]: the CM server |
//! | 3 reach | [`client`]: calls a CM server · [`ca`]: issues certificates · [`store`]: remembers |
//! | 2 tongues | [`pkcs11`]: tokens that speak PKCS#11 |
//! | 1 seam | [`token`]: what every card or device can be asked |
//! | 0 words | [`secret`] · [`pkix`] · [`cm`] |

pub mod ca;
pub mod cli;
pub mod client;
pub mod cm;
pub mod enrollment;
pub mod pkcs11;
pub mod pkix;
pub mod secret;
pub mod server;
pub mod store;
pub mod token;
