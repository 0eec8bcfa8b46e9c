//! Data objects and their contents (SP 800-73-4 part 1, appendix A).
//!
//! In: what GET DATA answers, and SELECT's property template. Out: what they mean, and the bytes for PUT DATA.

use super::error::Error;
use crate::iso7816::lenient;
use crate::iso7816::tlv::{self, TlvError, write};
use crate::token;
use aws_lc_rs::digest::{SHA256, digest};
use time::{Date, Month};
use uuid::Uuid;

/// Holds the part that is used of the application property template, which SELECT answers (SP 800-73-4 part 2, table
/// 3).
#[derive(Default)]
pub(super) struct Property {
    /// Identifiers of the AC template; empty if the card does not tell.
    pub algorithms: Vec<u8>,
}

impl Property {
    /// Reads an answer; what cannot be read tells nothing. Some cards have one AC template for each algorithm.
    pub fn read(answer: &[u8]) -> Self {
        let template = lenient::read(lenient::read(answer).first(0x61).unwrap_or_default());
        let supported = template.every(0xAC).map(lenient::read);
        Self { algorithms: supported.flat_map(|it| it.every(0x80).collect::<Vec<_>>().concat()).collect() }
    }
}

/// Returns the content of the `53` that GET DATA answers, or what is there of it; `None` if it is empty, for a removed
/// object is an empty one. A card may also leave the `53` out.
pub(super) fn content(answer: &[u8]) -> Option<&[u8]> {
    let objects = lenient::read(answer);
    let content = objects.first(0x53).or(objects.cut(0x53)).unwrap_or(answer);
    (!content.is_empty()).then_some(content)
}

/// Returns the value of the one object `tag`, or `None`; a second one is an error.
pub(super) fn one<'a>(objects: &[tlv::Tlv<'a>], tag: u32) -> Result<Option<&'a [u8]>, TlvError> {
    let mut found = objects.iter().filter(|object| object.tag == tag);
    match (found.next(), found.next()) {
        (object, None) => Ok(object.map(|object| object.value)),
        (_, Some(_)) => Err(TlvError::Unexpected { tag }),
    }
}

/// Fills an array with random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], token::Error> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Random.at("draw random bytes"))?;
    Ok(bytes)
}

/// Names a card permanently, by 14 bytes.
pub(super) type CardId = [u8; 14];

/// Holds both names that a GUID has stood for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GuidName {
    /// What names the card: all 16 bytes count.
    pub id: CardId,
    /// The GUID's first 14 bytes, by which earlier versions named the card; cards numbered in a row share them.
    pub earlier: CardId,
}

/// Says whether the bytes name a card: one byte repeated means that nobody set them.
fn named(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [one, other] if one != other))
}

/// Returns the first bytes of the SHA-256 of `bytes`.
fn hashed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let hash = digest(&SHA256, bytes);
    let mut head = [0; N];
    for (to, from) in head.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    head
}

/// Counts the random bytes of a card identifier of our own; their hash fills the rest.
const RANDOM: usize = 10;

/// Draws a card identifier by which [`is_own_id`] knows that this program drew it at random.
pub(super) fn draw_id() -> Result<CardId, token::Error> {
    let random = random::<RANDOM>()?;
    let check: [u8; 4] = hashed(&random);
    let mut id = [0; 14];
    for (to, from) in id.iter_mut().zip(random.iter().chain(&check)) {
        *to = *from;
    }
    Ok(id)
}

/// Says whether [`draw_id`] drew the identifier. One that stems from a GUID is not: two cards may have the same.
pub(super) fn is_own_id(id: &CardId) -> bool {
    id.split_first_chunk::<RANDOM>().is_some_and(|(random, check)| check == hashed::<4>(random))
}

/// Holds a Card Holder Unique Identifier (table 9). Other software caches what it knows of a card under its GUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chuid {
    fasc_n: [u8; 25],
    guid: Uuid,
    /// YYYYMMDD in ASCII.
    expires: [u8; 8],
}

impl Chuid {
    /// Holds the FASC-N of a card that is not the federal government's: agency and system 9999, credential 999999, all
    /// else nines or zeros (TIG SCEPACS, 2.1; outside of the government the issuer chooses).
    const NON_FEDERAL: [u8; 25] = [
        0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE, 0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
        0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB,
    ];
    const NEVER: [u8; 8] = *b"20991231";

    /// Makes one with a new random GUID (RFC 4122, 4.4).
    pub fn fresh() -> Self {
        Self { fasc_n: Self::NON_FEDERAL, guid: Uuid::new_v4(), expires: Self::NEVER }
    }

    /// Returns the same card's next CHUID: another GUID, all else kept. A signature is dropped, as it was over the old
    /// GUID.
    pub fn renewed(&self) -> Self {
        Self { guid: Uuid::new_v4(), ..self.clone() }
    }

    pub fn read(content: &[u8]) -> Result<Self, TlvError> {
        let objects = lenient::read(content);
        Ok(Self {
            fasc_n: exact(&objects, 0x30)?,
            guid: Uuid::from_bytes(exact(&objects, 0x34)?),
            expires: exact(&objects, 0x35)?,
        })
    }

    pub fn write(&self) -> Vec<u8> {
        [
            write(0x30, &self.fasc_n),
            write(0x34, self.guid.as_bytes()),
            write(0x35, &self.expires),
            write(0x3E, &[]),
            write(0xFE, &[]),
        ]
        .concat()
    }

    /// Returns what names the card by its GUID; `None` if the GUID is one byte repeated.
    ///
    /// The Card Capability Container keeps the name when the GUID is renewed and has room for 14 bytes, so the name is
    /// a hash of all 16.
    pub fn card_name(&self) -> Option<GuidName> {
        let guid = self.guid.as_bytes();
        let earlier = *guid.first_chunk()?;
        named(guid).then(|| GuidName { id: hashed(guid), earlier })
    }

    /// Returns the last day of validity; `None` if the field holds no date.
    pub fn expires(&self) -> Option<Date> {
        let digits = std::str::from_utf8(&self.expires).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
        let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u16>().ok();
        let month = Month::try_from(u8::try_from(number(4..6)?).ok()?).ok()?;
        Date::from_calendar_date(number(0..4)?.into(), month, u8::try_from(number(6..8)?).ok()?).ok()
    }
}

fn exact<const N: usize>(objects: &lenient::Objects<'_>, tag: u32) -> Result<[u8; N], TlvError> {
    let value = objects.one(tag)?.ok_or(TlvError::Missing { wanted: tag })?;
    value.try_into().map_err(|_| TlvError::ValueLength { tag, length: value.len() })
}

/// Reads the card identifier in a Card Capability Container (table 8); `None` if it is empty or all zero.
pub(super) fn read_card_capability(content: &[u8]) -> Result<Option<CardId>, TlvError> {
    let identifier = lenient::read(content).one(0xF0)?.unwrap_or_default();
    match identifier.last_chunk::<14>() {
        _ if identifier.is_empty() => Ok(None),
        Some(id) if identifier.len() == 21 => Ok(named(id).then_some(*id)),
        _ => Err(TlvError::ValueLength { tag: 0xF0, length: identifier.len() }),
    }
}

/// Encodes a Card Capability Container that names the card `id` and claims nothing else.
pub(super) fn write_card_capability(id: &CardId) -> Vec<u8> {
    /// Begins a card identifier: GSC-RID, manufacturer unknown, card type "Java card" (NISTIR 6887, 6.1).
    const PREFIX: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02];
    let empty = |tag| write(tag, &[]);
    [
        write(0xF0, &[PREFIX.as_slice(), id].concat()),
        // Versions of the container and its grammar; the data model is number 10 (SP 800-73-4 part 1, 3.1.1).
        write(0xF1, &[0x21]),
        write(0xF2, &[0x21]),
        empty(0xF3),
        write(0xF4, &[0x00]),
        write(0xF5, &[0x10]),
        empty(0xF6),
        empty(0xF7),
        empty(0xFA),
        empty(0xFB),
        empty(0xFC),
        empty(0xFD),
        empty(0xFE),
    ]
    .concat()
}

/// Reads how many retired keys have their certificate on the card (table 15, key history).
pub(super) fn read_key_history(content: &[u8]) -> Result<u8, TlvError> {
    exact::<1>(&lenient::read(content), 0xC1).map(|[count]| count)
}

/// Encodes a key history of `count` certificates on the card and none elsewhere.
pub(super) fn write_key_history(count: u8) -> Vec<u8> {
    [write(0xC1, &[count]), write(0xC2, &[0x00]), write(0xFE, &[])].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chuid_is_read_as_it_is_written_and_renewed_under_another_guid() {
        let fresh = Chuid::fresh();
        let bytes = fresh.write();
        assert_eq!(bytes.len(), 59);
        assert_eq!(Chuid::read(&bytes), Ok(fresh.clone()));
        assert_eq!(fresh.expires().map(|date| date.to_string()).as_deref(), Some("2099-12-31"));
        let renewed = fresh.renewed();
        assert_ne!(renewed.guid, fresh.guid);
        assert_eq!((renewed.fasc_n, renewed.expires), (fresh.fasc_n, fresh.expires));
        assert_eq!(fresh.guid.get_version_num(), 4);
    }

    #[test]
    fn a_chuid_that_is_none_is_refused() {
        let bytes = Chuid::fresh().write();
        assert_eq!(Chuid::read(&bytes[..40]).err(), Some(TlvError::Truncated { length: 13 }));
        assert_eq!(Chuid::read(&[]).err(), Some(TlvError::Missing { wanted: 0x30 }));
        let short = [write(0x30, &[0; 24]), write(0x34, &[0; 16]), write(0x35, &[0; 8])].concat();
        assert_eq!(Chuid::read(&short).err(), Some(TlvError::ValueLength { tag: 0x30, length: 24 }));
        let twice = [bytes.clone(), write(0x34, &[0; 16])].concat();
        assert_eq!(Chuid::read(&twice).err(), Some(TlvError::Unexpected { tag: 0x34 }));
        let undated = Chuid { expires: *b"2030023x", ..Chuid::fresh() };
        assert_eq!(undated.expires(), None);
        assert_eq!(Chuid { expires: *b"20300230", ..Chuid::fresh() }.expires(), None);
        assert_eq!(Chuid { guid: Uuid::nil(), ..Chuid::fresh() }.card_name(), None);
    }

    /// Decodes by TIG SCEPACS 2.1: five bits a digit, the least significant first, then odd parity.
    #[test]
    fn the_fasc_n_is_that_of_no_federal_agency() {
        let bits: Vec<u8> =
            Chuid::NON_FEDERAL.iter().flat_map(|byte| (0..8).rev().map(move |i| byte >> i & 1)).collect();
        let digits: String = bits
            .chunks(5)
            .map(|five| {
                let value: u8 = (0..4usize).map(|i| five[i] << i).sum();
                char::from_digit(value.into(), 16).unwrap()
            })
            .collect();
        assert!(bits.chunks(5).take(39).all(|five| five.iter().sum::<u8>() % 2 == 1));
        assert!(digits.starts_with("b9999d9999d999999d0d1d"), "{digits}");
    }

    #[test]
    fn a_capability_container_names_the_card() {
        let id = *b"fourteen bytes";
        assert_eq!(read_card_capability(&write_card_capability(&id)), Ok(Some(id)));
        assert_eq!(read_card_capability(&write_card_capability(&[0; 14])), Ok(None));
        assert_eq!(read_card_capability(&write(0xF0, &[])), Ok(None));
        assert_eq!(read_card_capability(&write(0xF1, &[0x21])), Ok(None));
        let short = read_card_capability(&write(0xF0, &[1; 20]));
        assert_eq!(short, Err(TlvError::ValueLength { tag: 0xF0, length: 20 }));
    }

    #[test]
    fn a_key_history_counts() {
        assert_eq!(read_key_history(&write_key_history(3)), Ok(3));
        assert_eq!(read_key_history(&write(0xFE, &[])), Err(TlvError::Missing { wanted: 0xC1 }));
    }

    #[test]
    fn the_property_template_may_tell_algorithms() {
        let yubikey = "61114f0600001000010079074f05a000000308";
        assert!(Property::read(&hex::decode(yubikey).unwrap()).algorithms.is_empty());
        let supported = write(0xAC, &[write(0x80, &[0x03]), write(0x80, &[0x11]), write(0x06, &[0])].concat());
        let telling = write(0x61, &supported);
        assert_eq!(Property::read(&telling).algorithms, [0x03, 0x11]);
        let one_each =
            [0x07, 0x11, 0x14, 0x0A, 0x0C].map(|it| write(0xAC, &[write(0x80, &[it]), write(0x06, &[0])].concat()));
        assert_eq!(Property::read(&write(0x61, &one_each.concat())).algorithms, [0x07, 0x11, 0x14, 0x0A, 0x0C]);
        for nothing in [&[][..], &write(0x6F, &[]), &telling[1..], &[0x61, 0x80, 0x00, 0x00], &[0x61, 0x7F, 0xAC]] {
            assert!(Property::read(nothing).algorithms.is_empty(), "{nothing:02X?}");
        }
    }

    #[test]
    fn an_empty_object_is_none() {
        for empty in [&[][..], &[0x53, 0x00], &[0x53, 0x81, 0x00], &[0x53, 0x00, 0x00, 0xFF]] {
            assert_eq!(content(empty), None, "{empty:02X?}");
        }
        for odd in [
            &[0x53, 0x01, 0xAA][..],
            &[0x53, 0x83, 0, 0, 1, 0xAA, 0],
            &[0, 0xFF, 0x53, 1, 0xAA],
            &[0x53, 9, 0xAA],
            &[0xAA],
        ] {
            assert_eq!(content(odd), Some([0xAA].as_slice()), "{odd:02X?}");
        }
    }
}
