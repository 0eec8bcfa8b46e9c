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
    token.card_id.unwrap_or_else(|| derived(token, &token.serial))
}

/// Returns the card id that earlier versions gave the token, if that was another one. Others may have the same.
pub fn earlier_card_id(token: &Identity) -> Option<Uuid> {
    let earlier = derived(token, token.earlier_serial.as_ref()?);
    (earlier != card_id(token)).then_some(earlier)
}

/// Returns the card id that a token has by this serial.
fn derived(token: &Identity, serial: &str) -> Uuid {
    let mut name = NAMESPACE.as_bytes().to_vec();
    for part in [token.manufacturer.as_str(), &token.model, serial] {
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
    use crate::token::Origin;

    fn identity(serial: &str, label: &str) -> Identity {
        Identity {
            kind: "PKCS#11",
            label: label.into(),
            serial: serial.into(),
            manufacturer: "SoftHSM project".into(),
            model: "SoftHSM v2".into(),
            card_id: None,
            origin: Origin::Maker,
            earlier_serial: None,
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

    #[test]
    fn an_earlier_serial_gives_the_card_id_of_then() {
        let then = card_id(&identity("00010203", "one"));
        let now = Identity { earlier_serial: Some("00010203".into()), ..identity("a1b2c3d4e5f60718", "one") };
        assert_eq!(earlier_card_id(&now), Some(then));
        assert_eq!(earlier_card_id(&Identity { serial: "00010203".into(), ..now }), None);
        let written = Identity { card_id: Some(Uuid::from_u128(1)), ..identity("0000", "one") };
        assert_eq!((card_id(&written), earlier_card_id(&written)), (Uuid::from_u128(1), None));
    }
}
