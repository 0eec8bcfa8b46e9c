//! Attacks on the server by people who have a place in the house: each one's whole way written out, and where it ends.

mod compromised;
mod crowding;
mod disabled;
mod duties;
mod earlier_holding;
mod forgotten;
mod holdings;
mod items;
mod log;
mod named;
mod names;
mod own_certificates;
mod possession;
mod presence;
mod purposes;
mod renewal;
mod rows;
mod sessions;
pub mod site;
mod stock;
mod templates;
mod token_note;
mod too_many;
mod two_servers;
mod vouched;
