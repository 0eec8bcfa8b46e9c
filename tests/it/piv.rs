//! The PIV driver: conversations as data, our own card with its dial, refusals, counters, counts.

mod conversations;

use cardwright::secret::{AdminKey, Pin, Puk};

fn pin(text: &str) -> Pin {
    Pin::new(text.into())
}

fn puk(text: &str) -> Puk {
    Puk::new(text.into())
}

fn admin_key(digits: &str) -> AdminKey {
    AdminKey::from_hex(digits).unwrap()
}
