//! Rewrites BER so that a DER reader can read it: definite lengths, and strings in one piece (X.690, 8.1 and 8.7).
//!
//! Some certificate authorities send CMS with indefinite lengths. DER comes out as it went in, and so does the content
//! of an element of definite length that is no BER itself: whoever reads that element judges it.

use super::error::Error;

/// Limits the nesting; Microsoft's deepest messages have a dozen levels, certificates included.
const MAX_DEPTH: usize = 32;

/// Limits the elements; a mebibyte of certificates has some 130,000, and what reads them needs a hundred bytes for each.
const MAX_ELEMENTS: usize = 192 * 1024;

const CONSTRUCTED: u8 = 0x20;
const OCTET_STRING: u8 = 0x04;
const INDEFINITE: u8 = 0x80;

/// Rewrites the one element in `input`; bytes after it are an error, which calls the message `what`.
pub(super) fn to_definite(input: &[u8], what: &'static str) -> Result<Vec<u8>, Error> {
    let mut cursor = Cursor::new(input);
    let mut out = Vec::with_capacity(input.len());
    cursor.element(input.len(), MAX_DEPTH, &mut out)?;
    match input.len() - cursor.at {
        0 => Ok(out),
        extra => Err(Error::Leftover { what, extra }),
    }
}

/// Returns the first element inside the one in `input`, as it came.
pub(super) fn first_inside(input: &[u8]) -> Result<&[u8], Error> {
    let mut cursor = Cursor::new(input);
    cursor.byte(input.len())?;
    let limit = match cursor.length(input.len())? {
        End::At(end) => end,
        End::EndOfContents => input.len(),
    };
    let start = cursor.at;
    cursor.skip(limit)?;
    input.get(start..cursor.at).ok_or(Error::Encoding { offset: start })
}

/// Returns how long the element at the beginning of `input` is.
pub(super) fn length_of_first(input: &[u8]) -> Result<usize, Error> {
    let mut cursor = Cursor::new(input);
    cursor.skip(input.len())?;
    Ok(cursor.at)
}

/// Reads `input` from the offset `at`.
struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    /// Counts the elements that were copied.
    elements: usize,
}

/// Says where an element's content ends: at an offset, or at the end-of-contents octets.
enum End {
    At(usize),
    EndOfContents,
}

impl<'a> Cursor<'a> {
    fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, elements: 0 }
    }

    fn broken<T>(&self) -> Result<T, Error> {
        Err(Error::Encoding { offset: self.at })
    }

    /// Reads the next byte, which must stand before `limit`.
    fn byte(&mut self, limit: usize) -> Result<u8, Error> {
        match self.input.get(self.at) {
            Some(byte) if self.at < limit => {
                self.at += 1;
                Ok(*byte)
            }
            _ => self.broken(),
        }
    }

    /// Passes over the element at the cursor, which must end before `limit`; one that tells its length is not looked
    /// into.
    fn skip(&mut self, limit: usize) -> Result<(), Error> {
        let start = self.at;
        self.byte(limit)?;
        match self.length(limit)? {
            End::At(end) => self.at = end,
            End::EndOfContents => {
                self.at = start;
                self.element(limit, MAX_DEPTH, &mut Vec::new())?;
            }
        }
        Ok(())
    }

    /// Copies the element at the cursor, which must end before `limit`, to `out`.
    fn element(&mut self, limit: usize, depth: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(Error::TooManyElements { limit: MAX_ELEMENTS });
        }
        let tag = self.byte(limit)?;
        // Neither X.509 nor CMS uses tag numbers above 30; tag 0 outside an indefinite length is a stray end.
        if tag & 0x1f == 0x1f || tag == 0 {
            return self.broken();
        }
        let end = self.length(limit)?;
        if tag & CONSTRUCTED == 0 {
            let End::At(end) = end else { return self.broken() };
            header(tag, end - self.at, out);
            out.extend_from_slice(self.input.get(self.at..end).unwrap_or_default());
            self.at = end;
            return Ok(());
        }
        let depth = depth.checked_sub(1).ok_or(Error::TooDeep { limit: MAX_DEPTH })?;
        let whole = tag == OCTET_STRING | CONSTRUCTED;
        let start = self.at;
        let mut content = Vec::new();
        match (self.content(&end, limit, depth, whole, &mut content), end) {
            (Err(Error::Encoding { .. }), End::At(end)) if !whole => {
                content.clear();
                content.extend_from_slice(self.input.get(start..end).unwrap_or_default());
                self.at = end;
            }
            (read, _) => read?,
        }
        header(if whole { OCTET_STRING } else { tag }, content.len(), out);
        out.append(&mut content);
        Ok(())
    }

    /// Copies the elements of a constructed one to `content`; those of a string in pieces without their headers.
    fn content(
        &mut self,
        end: &End,
        limit: usize,
        depth: usize,
        whole: bool,
        content: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let limit = if let End::At(end) = end { *end } else { limit };
        while !self.finished(end, limit) {
            let start = content.len();
            self.element(limit, depth, content)?;
            if whole {
                strip_header(content, start).ok_or(Error::Encoding { offset: self.at })?;
            }
        }
        Ok(())
    }

    /// Reads the length octets; a definite length that goes beyond `limit` is an error.
    fn length(&mut self, limit: usize) -> Result<End, Error> {
        let first = self.byte(limit)?;
        let length = match first {
            INDEFINITE => return Ok(End::EndOfContents),
            0..INDEFINITE => usize::from(first),
            _ => {
                let count = first & 0x7f;
                if count > 4 {
                    return self.broken();
                }
                let mut length = 0usize;
                for _ in 0..count {
                    length = length << 8 | usize::from(self.byte(limit)?);
                }
                length
            }
        };
        match self.at.checked_add(length) {
            Some(end) if end <= limit => Ok(End::At(end)),
            _ => self.broken(),
        }
    }

    /// Says whether the content has ended, and steps over end-of-contents octets.
    fn finished(&mut self, end: &End, limit: usize) -> bool {
        match end {
            End::At(end) => self.at >= *end,
            End::EndOfContents if self.input.get(self.at..limit).unwrap_or_default().starts_with(&[0, 0]) => {
                self.at += 2;
                true
            }
            End::EndOfContents => false,
        }
    }
}

/// Writes tag and length octets in DER.
fn header(tag: u8, length: usize, out: &mut Vec<u8>) {
    out.push(tag);
    if length < 0x80 {
        out.push(length as u8);
        return;
    }
    let bytes: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    out.push(0x80 | bytes.len() as u8);
    out.extend(bytes);
}

/// Removes the header of the OCTET STRING that begins at `start` and ends the buffer; `None` when another type is
/// there.
fn strip_header(content: &mut Vec<u8>, start: usize) -> Option<()> {
    let (tag, first) = (*content.get(start)?, *content.get(start + 1)?);
    if tag != OCTET_STRING {
        return None;
    }
    let size = if first < 0x80 { 2 } else { 2 + usize::from(first & 0x7f) };
    content.drain(start..start + size);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{first_inside, to_definite};

    fn rewritten(hex: &str) -> String {
        to_definite(&hex::decode(hex).unwrap(), "test").map_or_else(|error| error.to_string(), hex::encode)
    }

    #[test]
    fn der_comes_out_as_it_went_in() {
        let long = format!("308200c8{}", "0500".repeat(100));
        assert_eq!(rewritten("3000"), "3000");
        assert_eq!(rewritten("30060404deadbeef"), "30060404deadbeef");
        assert_eq!(rewritten(&format!("3081c8{}", "0500".repeat(100))), long.replace("8200c8", "81c8"));
        assert_eq!(rewritten(&long), long.replace("8200c8", "81c8"));
    }

    #[test]
    fn lengths_become_definite_and_strings_whole() {
        assert_eq!(rewritten("30800500308005000000 0000".replace(' ', "").as_str()), "3006050030020500");
        assert_eq!(rewritten("240604010104 0102".replace(' ', "").as_str()), "04020102");
        // Chunks within chunks: 24 { 24 { 04 01, 04 02 }, 04 03 }.
        assert_eq!(rewritten("24802480040101040102000004010300 00".replace(' ', "").as_str()), "0403010203");
        assert_eq!(rewritten("a080308000000000"), "a0023000");
    }

    #[test]
    fn what_is_no_ber_inside_a_definite_length_is_left_as_it_is() {
        for hex in ["30020501", "3003800000", "3005aaaaaaaaaa", "300a 3003020101 3003800000"] {
            let hex = hex.replace(' ', "");
            assert_eq!(rewritten(&hex), hex);
        }
        assert_eq!(rewritten("30803003aaaaaa0000"), "30053003aaaaaa");
        let deep = hex::encode([0x30, 0x80].repeat(40));
        assert!(rewritten(&deep).contains("deeper"));
    }

    #[test]
    fn the_first_element_inside_is_found_as_it_came() {
        let inside = |hex: &str| first_inside(&hex::decode(hex).unwrap()).map(hex::encode).unwrap_or_default();
        assert_eq!(inside("3006308105020101"), "");
        assert_eq!(inside("300930810302010105000c"), "308103020101");
        assert_eq!(inside("308030800201010000050000 00".replace(' ', "").as_str()), "30800201010000");
        assert_eq!(inside("3000"), "");
    }

    #[test]
    fn contradictions_are_refused() {
        for hex in [
            "",
            "30",
            "3080",
            "30800500",
            "3001",
            "0480",
            "1f0100",
            "0000",
            "24030201ff",
            "3080308000",
            "30803003050100",
        ] {
            assert!(rewritten(hex).contains("breaks off"), "{hex}: {}", rewritten(hex));
        }
        // The end of contents must stand inside what holds the element.
        assert_eq!(rewritten("300230800000"), "2 bytes follow the end of the test");
        assert_eq!(rewritten("050000"), "1 bytes follow the end of the test");
    }
}
