use cardwright::iso7816::tlv::{Tlv, TlvError, Writer, find, read_all, read_first, read_one, write};
use proptest::prelude::*;

use crate::support::script::bytes;

/// Tags of one, two and three bytes that the standard allows.
fn tags() -> impl Strategy<Value = u32> {
    prop_oneof![
        (1u32..=0xFF).prop_filter("one byte", |tag| tag & 0x1F != 0x1F),
        (0u32..8, 0x1Fu32..=0x7F).prop_map(|(class, number)| (class << 5 | 0x1F) << 8 | number),
        (0u32..8, 0x81u32..=0xFF, 0u32..=0x7F)
            .prop_map(|(class, high, low)| (class << 5 | 0x1F) << 16 | high << 8 | low),
    ]
}

fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![0usize..=300, Just(65535), Just(65536)]
}

proptest! {
    #[test]
    fn what_was_written_is_read(tag in tags(), length in lengths(), fill: u8) {
        let value = vec![fill; length];
        let written = write(tag, &value);
        prop_assert_eq!(read_one(&written), Ok(Tlv { tag, value: &value }));
        prop_assert_eq!(&**Writer::new().put(tag, &value).finish(), &*written);
    }

    #[test]
    fn every_truncation_is_refused(tag in tags(), length in 0usize..=300) {
        let written = write(tag, &vec![0x5A; length]);
        for cut in 0..written.len() {
            prop_assert_eq!(read_first(&written[..cut]).err(), Some(TlvError::Truncated { length: cut }));
        }
    }

    #[test]
    fn leftovers_are_refused(tag in tags(), value: Vec<u8>, behind in prop::collection::vec(any::<u8>(), 1..9)) {
        let mut written = write(tag, &value);
        written.extend(&behind);
        prop_assert_eq!(read_one(&written), Err(TlvError::LeftOver { length: behind.len() }));
        let (first, rest) = read_first(&written).unwrap();
        prop_assert_eq!((first.tag, first.value, rest), (tag, &*value, &*behind));
    }

    /// Whatever can be read is spelled the one way in which it can be written.
    #[test]
    fn stray_bytes_never_panic_and_have_one_spelling(stray in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(objects) = read_all(&stray) {
            let again: Vec<u8> = objects.iter().flat_map(|object| write(object.tag, object.value)).collect();
            prop_assert_eq!(again, stray);
        }
    }

    #[test]
    fn several_objects_are_read_in_order(objects in prop::collection::vec((tags(), any::<Vec<u8>>()), 0..6)) {
        let written: Vec<u8> = objects.iter().flat_map(|(tag, value)| write(*tag, value)).collect();
        let read: Vec<_> = read_all(&written).unwrap().iter().map(|o| (o.tag, o.value.to_vec())).collect();
        prop_assert_eq!(read, objects);
    }
}

#[test]
fn lengths_have_their_shortest_form() {
    for (length, head) in
        [(0x7F, "807F"), (0x80, "808180"), (0xFF, "8081FF"), (0x100, "80820100"), (0xFFFF, "8082FFFF")]
    {
        assert_eq!(write(0x80, &vec![0; length])[..head.len() / 2], bytes(head));
    }
    assert_eq!(write(0x80, &vec![0; 0x1_0000])[..5], bytes("80 83 01 00 00"));
}

#[test]
fn other_spellings_are_refused() {
    for tag in ["00 00", "1F 1E 00", "5F 00 00", "5F 80 7F 00", "5F 81 80 00", "7F FF FF 7F 00"] {
        assert_eq!(read_first(&bytes(tag)), Err(TlvError::Tag), "{tag}");
    }
    for length in ["04 80 00 00", "04 81 7F", "04 82 00 FF", "04 83 00 FF FF", "04 84 00 01 00 00", "04 FF"] {
        assert_eq!(read_first(&bytes(length)), Err(TlvError::Length), "{length}");
    }
}

#[test]
fn one_object_is_found_among_others() {
    let written = bytes("86 01 0A 7F49 02 3131 86 00");
    assert_eq!(find(&written, 0x7F49).unwrap().value, b"11");
    assert_eq!(find(&written, 0x87), Err(TlvError::Missing { wanted: 0x87 }));
    assert_eq!(find(&written, 0x86), Err(TlvError::Unexpected { tag: 0x86 }));
    assert_eq!(find(&bytes("86 01 0A 87"), 0x86), Err(TlvError::Truncated { length: 1 }));
}

#[test]
fn objects_are_nested() {
    let inner = Writer::new().put(0x81, b"challenge").put(0x82, b"");
    let written = Writer::new().put(0x80, &[7]).nest(0x7C, inner).finish();
    assert_eq!(**written, *bytes("80 01 07 7C 0D 81 09 6368616C6C656E6765 82 00"));
    let template = find(&written, 0x7C).unwrap();
    assert_eq!(find(template.value, 0x81).unwrap().value, b"challenge");
}

#[test]
fn a_value_is_never_shown() {
    let shown = format!("{:?}", Tlv { tag: 0x5FC102, value: b"secret" });
    assert_eq!(shown, "5FC102, 6 bytes");
}
