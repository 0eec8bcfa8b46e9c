//! DER put together by hand, also such as nobody sends.

/// An element with the shortest length there is.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let length = if content.len() < 0x80 {
        vec![content.len() as u8]
    } else {
        [vec![0x80 | digits.len() as u8], digits].concat()
    };
    [vec![tag], length, content.to_vec()].concat()
}

/// An element that claims to have 256 MiB less one byte, and has nothing.
pub fn lying(tag: u8) -> Vec<u8> {
    vec![tag, 0x84, 0x0F, 0xFF, 0xFF, 0xFF]
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub fn oid(hexadecimal: &str) -> Vec<u8> {
    tlv(6, &hex::decode(hexadecimal).unwrap())
}

pub fn integer(value: u64) -> Vec<u8> {
    let bytes: Vec<u8> = value.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let sign = if bytes.first().is_none_or(|first| first & 0x80 != 0) { vec![0] } else { vec![] };
    tlv(2, &[sign, bytes].concat())
}

/// As many parts in a row, each made from its number, as there is room for.
pub fn filled(room: usize, part: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(room);
    for number in 0.. {
        let next = part(number);
        if out.len() + next.len() > room {
            break;
        }
        out.extend(next);
    }
    out
}

/// Elements in descending order, which a set in DER never has.
pub fn descending(room: usize, part: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    filled(room, |number| part(u32::MAX / 2 - number))
}

/// A SEQUENCE within a SEQUENCE, so deep.
pub fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(tlv(5, &[]), |inner, _| tlv(0x30, &inner))
}

/// CN=, with a number.
pub fn attribute(number: u32) -> Vec<u8> {
    sequence(&[&oid("550403"), &tlv(0x0C, &number.to_be_bytes().map(|byte| b'a' + byte % 26))])
}
