//! `msroots` of a GIDS card, read by what Microsoft says of it and judged by OpenSSL.

use cardwright::iso7816::tlv;
use cardwright::virtual_card::SharedCard;
use flate2::read::ZlibDecoder;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use super::gids::object;

/// Elementary file and data object of the file; `None` if the master file does not name it.
pub fn place(card: &SharedCard) -> Option<(u16, u16)> {
    let master = object(card, 0xA000, 0xDF1F);
    let name = master.windows(8).position(|window| window == b"msroots\0")?;
    let row = &master[name - 9..name + 19];
    assert!(row.starts_with(b"mscp\0"));
    Some((u16::from_le_bytes([row[24], row[25]]), u16::from_le_bytes([row[20], row[21]])))
}

/// The file as it is; `None` if there is none.
pub fn file(card: &SharedCard) -> Option<Vec<u8>> {
    let (file, tag) = place(card)?;
    Some(tlv::read_one(&object(card, file, tag)).unwrap().value.to_vec())
}

/// The PKCS#7 in the file.
pub fn unpacked(card: &SharedCard) -> Option<Vec<u8>> {
    let file = file(card)?;
    let (head, packed) = file.split_at(4);
    assert_eq!(head[..2], [1, 0]);
    let mut bundle = Vec::new();
    ZlibDecoder::new(packed).read_to_end(&mut bundle).unwrap();
    assert_eq!(usize::from(u16::from_le_bytes([head[2], head[3]])), bundle.len());
    Some(bundle)
}

/// The subjects that `openssl pkcs7` prints of the file, in order of the alphabet.
pub fn subjects(card: &SharedCard) -> Vec<String> {
    unpacked(card).map(|bundle| printed(&bundle)).unwrap_or_default()
}

/// The subjects that `openssl pkcs7` prints of a bundle, in order of the alphabet.
pub fn printed(bundle: &[u8]) -> Vec<String> {
    let mut openssl = Command::new("openssl");
    openssl.args(["pkcs7", "-inform", "DER", "-print_certs", "-noout"]);
    let mut openssl = openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    openssl.stdin.take().unwrap().write_all(bundle).unwrap();
    let output = openssl.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let subjects = text.lines().filter_map(|line| line.trim().strip_prefix("subject="));
    let mut subjects: Vec<_> = subjects.map(|subject| subject.trim().replace(" = ", "=")).collect();
    subjects.sort();
    subjects
}
