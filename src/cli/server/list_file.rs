//! Opens lists as offices write them: CSV (RFC 4180), a comma, a semicolon or a tab between the columns, in UTF-8 with or
//! without a byte order mark.

use crate::cli::failure::{Exit, Failure};
use csv::ByteRecord;
use std::io::Read;
use std::path::Path;

/// Names the encoding of a list that is not in UTF-8, as its first bytes show it.
#[derive(Debug, thiserror::Error)]
#[error("the list is in {0}, not in UTF-8")]
pub struct NotUtf8(&'static str);

/// Reads a list within its bound; `-`: standard input.
pub fn content(file: &Path, most: u64, code: &'static str, as_csv: &'static str) -> Result<Vec<u8>, Failure> {
    let unreadable = |source: std::io::Error| {
        Failure::new(code, Exit::Usage, format!("{} cannot be read: {source}", file.display())).remedy(as_csv)
    };
    let from: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(std::fs::File::open(file).map_err(unreadable)?),
    };
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        true => Ok(bytes),
        false => {
            let told = format!("the list has more than {most} bytes");
            Err(Failure::new(code, Exit::Usage, told).remedy("Divide it, and import the parts one by one."))
        }
    }
}

/// Refuses the encodings whose every character would be taken for another; what is in Latin-1 differs in letters with
/// marks alone, and its rows tell so.
pub fn is_in_utf8(bytes: &[u8]) -> Result<(), NotUtf8> {
    let marked = match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => "UTF-32",
        [0xFF, 0xFE, ..] => "UTF-16 (little endian, what some programs call \"Unicode\")",
        [0xFE, 0xFF, ..] => "UTF-16 (big endian)",
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => "UTF-16 (little endian, without a byte order mark)",
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => "UTF-16 (big endian, without a byte order mark)",
        _ => return Ok(()),
    };
    Err(NotUtf8(marked))
}

/// Returns the line on which a record begins. The reader counts from the end of the record before, which may be in the
/// midst of a line's end (CR LF), and before empty lines.
pub fn line(bytes: &[u8], record: &ByteRecord) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let rest = usize::try_from(position.byte()).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    position.line() + ends.map(|_| 1).sum::<u64>()
}
