//! Tells by which id the server knows a token.

use crate::token::Identity;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use uuid::{Builder, Uuid};

/// Names the namespace of derived card ids (RFC 9562, 5.5); it was chosen at random once and never changes.
const NAMESPACE: Uuid = Uuid::from_u128(0x5b1e_7c2a_90d4_4b8e_a3f6_1d2c_8e47_b905);

/// Returns the card id of a token: its own GUID if it has one, else a UUID of version 5 over manufacturer, model and
/// serial, each followed by a zero byte.
///
/// PKCS#11 tokens have a serial that is text and unique only within a manufacturer's model, while CM servers want a
/// GUID. The label is left out, so that a relabelled token stays the same card.
pub fn card_id(token: &Identity) -> Uuid {
    if let Some(card_id) = token.card_id {
        return card_id;
    }
    let mut name = NAMESPACE.as_bytes().to_vec();
    for part in [&token.manufacturer, &token.model, &token.serial] {
        name.extend_from_slice(part.trim_end().as_bytes());
        name.push(0);
    }
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest(&SHA1_FOR_LEGACY_USE_ONLY, &name).as_ref()) {
        *to = *from;
    }
    Builder::from_sha1_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(serial: &str, label: &str) -> Identity {
        Identity {
            kind: "PKCS#11",
            label: label.into(),
            serial: serial.into(),
            manufacturer: "SoftHSM project".into(),
            model: "SoftHSM v2".into(),
            card_id: None,
        }
    }

    #[test]
    fn a_card_id_follows_the_serial_and_not_the_label() {
        // Python: uuid.uuid5(NAMESPACE, "SoftHSM project\0SoftHSM v2\0a1b2c3d4e5f60718\0")
        let expected = "b4af83a9-e3f5-5858-99c2-32805778cbd0";
        assert_eq!(card_id(&identity("a1b2c3d4e5f60718", "one")).to_string(), expected);
        assert_eq!(card_id(&identity("a1b2c3d4e5f60718  ", "two")).to_string(), expected);
        assert_ne!(card_id(&identity("a1b2c3d4e5f60719", "one")).to_string(), expected);
    }
}
