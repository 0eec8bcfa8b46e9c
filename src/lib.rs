//! cardwright brings smart cards and hardware tokens to life and keeps them alive.
//!
//! The map, floor by floor; a room imports only from floors below it (`tests/it/layers.rs` holds the table):
//!
//! | floor | rooms |
//! |---|---|
//! | 5 faces | [`cli`]: the operator's command line · [`desk`]: a list through many readers · [`desk_page`]: the same in a browser · [`console`]: the server's pages for people · [`kiosk`]: a workstation's pages |
//! | 4 flow | [`enrollment`]: the driver of every face · [`workstation`]: works on the cards in this computer's readers · [`server`]: the CM server · [`template`]: profile templates · [`doctor`]: will this card do? · [`pages`]: what a page is made of |
//! | 3 reach | [`client`]: calls a CM server · [`ca`]: issues certificates · [`store`]: remembers · [`directory`]: people of an LDAP directory |
//! | 3 reach | [`published`]: fetches what authorities publish |
//! | 3 reach | [`reader`]: cards in PC/SC readers · [`farm`]: lends virtual cards to pcscd |
//! | 2 tongues | [`pkcs11`] · [`piv`] · [`gids`]: tokens that speak PKCS#11, SP 800-73 or GIDS |
//! | 2 tongues | [`gssapi`]: Kerberos tickets, shown and taken |
//! | 2 mirror | [`virtual_card`]: PIV and GIDS cards of our own, with a fault dial |
//! | 1 seam | [`token`]: what every card or device can be asked |
//! | 0 ground | [`secret`] · [`pkix`] · [`cm`] · [`iso7816`] · [`web`] · [`platform`]: what only an operating system has |

pub mod ca;
pub mod cli;
pub mod client;
pub mod cm;
#[cfg(feature = "server")]
pub mod console;
pub mod desk;
#[cfg(feature = "kiosk")]
pub mod desk_page;
#[cfg(feature = "server")]
pub mod directory;
pub mod doctor;
pub mod enrollment;
#[cfg(feature = "farm")]
pub mod farm;
pub mod gids;
pub mod gssapi;
pub mod iso7816;
#[cfg(feature = "kiosk")]
pub mod kiosk;
#[cfg(feature = "pages")]
pub mod pages;
pub mod piv;
pub mod pkcs11;
pub mod pkix;
pub mod platform;
pub mod published;
pub mod reader;
pub mod secret;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod store;
pub mod template;
pub mod token;
#[cfg(feature = "farm")]
pub mod virtual_card;
#[cfg(feature = "pages")]
pub mod web;
pub mod workstation;
