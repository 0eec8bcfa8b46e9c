//! BER as LDAP uses it (RFC 4511, 5.1): tags of one byte, definite lengths, which need not be in their shortest form.

/// Says that bytes are not what LDAP sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const OCTETS: u8 = 0x04;
pub const ENUMERATED: u8 = 0x0A;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// Bounds the bytes of a length that are read; four say more than is ever taken.
const MOST_LENGTH_BYTES: usize = 4;

/// Splits off tag and length; `None` where the bytes end within them.
fn head(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Malformed> {
    let [tag, first, rest @ ..] = bytes else { return Ok(None) };
    if tag & 0x1F == 0x1F {
        return Err(Malformed);
    }
    let many = usize::from(first & 0x7F);
    match first {
        0..=0x7F => Ok(Some((*tag, 2, many))),
        // 80: a length that is not told at first, which LDAP never uses.
        0x80 => Err(Malformed),
        _ if many > MOST_LENGTH_BYTES => Err(Malformed),
        _ if rest.len() < many => Ok(None),
        _ => {
            let length = rest.iter().take(many).fold(0usize, |length, byte| length << 8 | usize::from(*byte));
            Ok(Some((*tag, 2 + many, length)))
        }
    }
}

/// Returns how many bytes the element has that begins here; `None` where too few are there to say.
pub fn announced(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    Ok(head(bytes)?.map(|(_, head, length)| head.saturating_add(length)))
}

/// Reads elements one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the next element: its tag and content.
    pub fn next(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let (tag, head, length) = head(self.0)?.ok_or(Malformed)?;
        let (content, rest) = self.0.get(head..).and_then(|rest| rest.split_at_checked(length)).ok_or(Malformed)?;
        self.0 = rest;
        Ok((tag, content))
    }

    /// Reads the next element, which must have this tag.
    pub fn take(&mut self, wanted: u8) -> Result<&'a [u8], Malformed> {
        let (tag, content) = self.next()?;
        if tag == wanted { Ok(content) } else { Err(Malformed) }
    }

    /// Reads a number that is not negative and fits.
    pub fn number(&mut self, wanted: u8) -> Result<u32, Malformed> {
        let content = self.take(wanted)?;
        let negative = content.first().is_none_or(|first| first & 0x80 != 0);
        let significant = content.iter().position(|byte| *byte != 0).map_or(&[][..], |at| &content[at..]);
        if negative || significant.len() > 4 {
            return Err(Malformed);
        }
        Ok(significant.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// Reads a text.
    pub fn text(&mut self, wanted: u8) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.take(wanted)?).map_err(|_| Malformed)
    }
}

/// Returns an element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 6);
    put(&mut bytes, tag, content);
    bytes
}

/// Appends an element.
pub fn put(into: &mut Vec<u8>, tag: u8, content: &[u8]) {
    put_head(into, tag, content.len());
    into.extend_from_slice(content);
}

/// Appends tag and length.
pub fn put_head(into: &mut Vec<u8>, tag: u8, length: usize) {
    into.push(tag);
    let bytes = length.to_be_bytes();
    let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len() - 1)..];
    if length > 0x7F {
        into.push(0x80 | significant.len() as u8);
    }
    into.extend_from_slice(significant);
}

/// Appends a number.
pub fn put_number(into: &mut Vec<u8>, tag: u8, number: u32) {
    let bytes = u64::from(number).to_be_bytes();
    // One zero stays before a byte that would read as negative.
    let zeros = bytes.windows(2).take_while(|pair| pair[0] == 0 && pair[1] & 0x80 == 0).count();
    put(into, tag, &bytes[zeros..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_are_read_as_they_are_written() {
        for number in [0, 1, 127, 128, 255, 256, 65535, u32::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, INTEGER, number);
            assert_eq!(Reader(&bytes).number(INTEGER), Ok(number));
        }
        for length in [0, 127, 128, 255, 256, 70_000] {
            let bytes = element(OCTETS, &vec![7; length]);
            assert_eq!(announced(&bytes), Ok(Some(bytes.len())));
            assert_eq!(Reader(&bytes).take(OCTETS).map(<[u8]>::len), Ok(length));
        }
        // Active Directory writes every length in four bytes.
        assert_eq!(Reader(&[0x04, 0x84, 0, 0, 0, 1, 9]).take(OCTETS), Ok(&[9][..]));
    }

    #[test]
    fn what_is_no_ldap_is_refused_and_what_is_cut_off_waits() {
        assert_eq!(announced(&[0x30]), Ok(None));
        assert_eq!(announced(&[0x30, 0x84, 0, 0]), Ok(None));
        for bad in [&[0x30, 0x80][..], &[0x30, 0x85, 0, 0, 0, 0, 1], &[0x1F, 0x01], &[0x30, 0xFF]] {
            assert_eq!(announced(bad), Err(Malformed), "{bad:?}");
        }
        for bad in [&[][..], &[0x04, 2, 1], &[0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 1]] {
            assert_eq!(Reader(bad).next(), Err(Malformed), "{bad:?}");
        }
        for bad in [&[0x02, 0][..], &[0x02, 1, 0x80], &[0x02, 6, 0, 1, 0, 0, 0, 0]] {
            assert_eq!(Reader(bad).number(INTEGER), Err(Malformed), "{bad:?}");
        }
    }
}
