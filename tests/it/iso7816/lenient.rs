use cardwright::iso7816::lenient::read;
use cardwright::iso7816::tlv::{TlvError, read_all, write};
use proptest::prelude::*;

use crate::support::script::bytes;

proptest! {
    /// Whatever comes: no panic, no more objects than there is room for, no value but out of the input.
    #[test]
    fn nothing_is_read_that_is_not_there(stray in prop::collection::vec(any::<u8>(), 0..200)) {
        let objects = read(&stray);
        prop_assert!(objects.all().len() <= stray.len() / 2);
        let held: usize = objects.all().iter().map(|object| object.value.len()).sum();
        prop_assert!(held <= stray.len());
        for object in objects.all() {
            prop_assert!(object.value.is_empty() || stray.windows(object.value.len()).any(|it| it == object.value));
        }
    }

    /// What the strict reader reads, the tolerant one reads alike, but for an object whose tag is padding.
    #[test]
    fn what_is_strict_is_read_alike(stray in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(strict) = read_all(&stray)
            && strict.iter().all(|object| object.tag >> 24 == 0 && !object.tag.to_be_bytes().contains(&0xFF))
        {
            let read = read(&stray);
            prop_assert_eq!(read.all(), &*strict);
            prop_assert_eq!(read.flaw(), None);
        }
    }

    #[test]
    fn padding_and_long_lengths_change_nothing(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
        padding in prop::collection::vec(prop::sample::select(vec![0x00u8, 0xFF]), 0..4),
        long in 1usize..=4,
    ) {
        let spelled = |value: &Vec<u8>| {
            let length = (value.len() as u32).to_be_bytes();
            [&padding[..], &[0x53, 0x80 | long as u8], &length[4 - long..], value].concat()
        };
        let written = [values.iter().flat_map(spelled).collect::<Vec<_>>(), padding.clone()].concat();
        let objects = read(&written);
        prop_assert_eq!(objects.every(0x53).collect::<Vec<_>>(), values.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(objects.flaw(), None);
    }
}

#[test]
fn what_follows_a_broken_object_is_left_out() {
    for (broken, flaw) in [
        ("80 01 0A 04 80 01 02 00 00", TlvError::Length),
        ("80 01 0A 04 85 00 00 00 00 01 FF", TlvError::Length),
        ("80 01 0A 1F 81 82 83 84 00", TlvError::Tag),
        ("80 01 0A 81 05 01 02", TlvError::Truncated { length: 4 }),
    ] {
        let written = bytes(broken);
        let objects = read(&written);
        assert_eq!((objects.one(0x80), objects.flaw()), (Ok(Some([0x0A].as_slice())), Some(flaw)), "{broken}");
        assert_eq!(objects.one(0x81), Err(flaw), "it may be what is broken");
    }
    let written = bytes("80 01 0A 81 05 01 02");
    assert_eq!(read(&written).cut(0x81), Some([1, 2].as_slice()));
    let twice = [write(0x80, &[1]), write(0x80, &[2])].concat();
    assert_eq!(read(&twice).one(0x80), Err(TlvError::Unexpected { tag: 0x80 }));
    assert_eq!(read(&twice).first(0x80), Some([1].as_slice()));
}
