//! The messages of LDAP that are sent and read (RFC 4511, 4): bind, StartTLS, search in pages (RFC 2696), unbind.

use super::ber::{self, BOOLEAN, ENUMERATED, INTEGER, Malformed, OCTETS, Reader, SEQUENCE, SET};
use super::entry::Entry;
use super::error::Outcome;
use super::filter::Filter;
use crate::secret::DirectoryPassword;
use zeroize::Zeroizing;

const BIND: u8 = 0x60;
const BIND_ANSWER: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const EXTENDED_ANSWER: u8 = 0x78;
const CONTROLS: u8 = 0xA0;
const SIMPLE: u8 = 0x80;
const SASL: u8 = 0xA3;
/// What a directory answers to a mechanism of SASL (RFC 4511, 4.2.2).
const CREDENTIALS: u8 = 0x87;
const REFERRAL: u8 = 0xA3;

/// Names the operation that begins TLS in the connection (RFC 4511, 4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// Names the control for answers in pages (RFC 2696).
const PAGES: &[u8] = b"1.2.840.113556.1.4.319";

/// Bounds the attributes of an entry, and the values of one, that are kept.
const MOST_VALUES: usize = 500_000;

/// Says what is searched for.
pub struct Search<'a> {
    pub base: &'a str,
    /// False: the base alone.
    pub subtree: bool,
    pub filter: &'a Filter,
    pub attributes: &'a [&'a str],
    /// How long the directory may look, in seconds.
    pub seconds: u32,
}

/// Holds one message of a directory.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// With what a mechanism of SASL was told.
    Bound(Outcome, Vec<u8>),
    Entry(Entry),
    /// Part of what is searched lies elsewhere; nobody goes there.
    Reference,
    /// The search has ended, or its page; the cookie is empty after the last.
    Done(Outcome, Vec<u8>),
    Extended(Outcome),
}

/// Puts a message around an operation.
fn message(id: u32, operation: &[u8], controls: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    ber::put_number(&mut inner, INTEGER, id);
    inner.extend_from_slice(operation);
    inner.extend_from_slice(controls);
    ber::element(SEQUENCE, &inner)
}

/// Asks to be known under a name, by its password (RFC 4513, 5.1.3). No buffer with the password is left behind.
pub fn bind(id: u32, name: &str, password: &DirectoryPassword) -> Zeroizing<Vec<u8>> {
    let mut operation = Vec::new();
    ber::put_number(&mut operation, INTEGER, 3);
    ber::put(&mut operation, OCTETS, name.as_bytes());
    let secret = password.expose().as_bytes();
    let mut secret_head = Vec::new();
    ber::put_head(&mut secret_head, SIMPLE, secret.len());
    let mut head = Vec::new();
    ber::put_number(&mut head, INTEGER, id);
    ber::put_head(&mut head, BIND, operation.len() + secret_head.len() + secret.len());
    let length = head.len() + operation.len() + secret_head.len() + secret.len();
    // As large as it gets, so that it never moves and leaves a copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 8));
    ber::put_head(&mut bytes, SEQUENCE, length);
    for part in [&head, &operation, &secret_head] {
        bytes.extend_from_slice(part);
    }
    bytes.extend_from_slice(secret);
    bytes
}

/// Asks to be known by a mechanism of SASL (RFC 4511, 4.2), whose next token is this.
pub fn sasl(id: u32, mechanism: &str, token: &[u8]) -> Vec<u8> {
    let mut credentials = ber::element(OCTETS, mechanism.as_bytes());
    ber::put(&mut credentials, OCTETS, token);
    let mut operation = Vec::new();
    ber::put_number(&mut operation, INTEGER, 3);
    ber::put(&mut operation, OCTETS, &[]);
    ber::put(&mut operation, SASL, &credentials);
    message(id, &ber::element(BIND, &operation), &[])
}

/// Asks for TLS in the connection.
pub fn start_tls(id: u32) -> Vec<u8> {
    message(id, &ber::element(EXTENDED, &ber::element(0x80, START_TLS)), &[])
}

/// Says that nothing more is asked.
pub fn unbind(id: u32) -> Vec<u8> {
    message(id, &ber::element(UNBIND, &[]), &[])
}

/// Asks for a page of a search; the cookie of the page before leads to the next.
pub fn search(id: u32, search: &Search<'_>, page: u32, cookie: &[u8]) -> Vec<u8> {
    let mut operation = ber::element(OCTETS, search.base.as_bytes());
    ber::put_number(&mut operation, ENUMERATED, if search.subtree { 2 } else { 0 });
    // Aliases lead elsewhere, as referrals do.
    ber::put_number(&mut operation, ENUMERATED, 0);
    ber::put_number(&mut operation, INTEGER, 0);
    ber::put_number(&mut operation, INTEGER, search.seconds);
    ber::put(&mut operation, BOOLEAN, &[0]);
    operation.extend_from_slice(search.filter.bytes());
    let attributes = search.attributes.iter().flat_map(|name| ber::element(OCTETS, name.as_bytes()));
    ber::put(&mut operation, SEQUENCE, &attributes.collect::<Vec<_>>());
    let mut value = Vec::new();
    ber::put_number(&mut value, INTEGER, page);
    ber::put(&mut value, OCTETS, cookie);
    let mut control = ber::element(OCTETS, PAGES);
    // A directory that cannot answer in pages is to say so.
    ber::put(&mut control, BOOLEAN, &[0xFF]);
    ber::put(&mut control, OCTETS, &ber::element(SEQUENCE, &value));
    let controls = ber::element(CONTROLS, &ber::element(SEQUENCE, &control));
    message(id, &ber::element(SEARCH, &operation), &controls)
}

/// Reads one whole message; returns it with the number of what it answers.
pub fn read(bytes: &[u8]) -> Result<(u32, Answer), Malformed> {
    let mut outer = Reader(bytes);
    let mut inner = Reader(outer.take(SEQUENCE)?);
    if !outer.is_empty() {
        return Err(Malformed);
    }
    let id = inner.number(INTEGER)?;
    let (tag, content) = inner.next()?;
    let answer = match tag {
        BIND_ANSWER => {
            let (outcome, token) = bound(content)?;
            Answer::Bound(outcome, token)
        }
        SEARCH_ENTRY => Answer::Entry(entry(content)?),
        SEARCH_REFERENCE => Answer::Reference,
        SEARCH_DONE => Answer::Done(outcome(content)?, cookie(inner)?),
        EXTENDED_ANSWER => Answer::Extended(outcome(content)?),
        _ => return Err(Malformed),
    };
    Ok((id, answer))
}

/// Reads how something ended (RFC 4511, 4.1.9).
fn outcome(content: &[u8]) -> Result<Outcome, Malformed> {
    ended(&mut Reader(content))
}

/// Reads how a bind went on, and what a mechanism of SASL was told.
fn bound(content: &[u8]) -> Result<(Outcome, Vec<u8>), Malformed> {
    let mut reader = Reader(content);
    let outcome = ended(&mut reader)?;
    while !reader.is_empty() {
        match reader.next()? {
            (CREDENTIALS, token) => return Ok((outcome, token.to_vec())),
            (REFERRAL, _) => {}
            _ => return Err(Malformed),
        }
    }
    Ok((outcome, Vec::new()))
}

fn ended(reader: &mut Reader<'_>) -> Result<Outcome, Malformed> {
    let code = reader.number(ENUMERATED)?;
    reader.take(OCTETS)?;
    // Some directories write it in an encoding of their own.
    Ok(Outcome::new(code, &String::from_utf8_lossy(reader.take(OCTETS)?)))
}

/// Reads an entry; more values than anybody has are refused.
fn entry(content: &[u8]) -> Result<Entry, Malformed> {
    let mut reader = Reader(content);
    let dn = reader.text(OCTETS)?.to_owned();
    let mut list = Reader(reader.take(SEQUENCE)?);
    let mut attributes = Vec::new();
    let mut left = MOST_VALUES;
    while !list.is_empty() {
        let mut attribute = Reader(list.take(SEQUENCE)?);
        let name = attribute.text(OCTETS)?.to_owned();
        let mut set = Reader(attribute.take(SET)?);
        let mut values = Vec::new();
        while !set.is_empty() {
            values.push(set.take(OCTETS)?.to_vec());
            left = left.checked_sub(1).ok_or(Malformed)?;
        }
        left = left.checked_sub(1).ok_or(Malformed)?;
        attributes.push((name, values));
    }
    Ok(Entry { dn, attributes })
}

/// Reads the cookie of the control for pages; empty where there is none.
fn cookie(mut rest: Reader<'_>) -> Result<Vec<u8>, Malformed> {
    while !rest.is_empty() {
        let (tag, content) = rest.next()?;
        let mut controls = Reader(if tag == CONTROLS { content } else { &[] });
        while !controls.is_empty() {
            let mut control = Reader(controls.take(SEQUENCE)?);
            let kind = control.take(OCTETS)?;
            while kind == PAGES && !control.is_empty() {
                let (tag, value) = control.next()?;
                if tag == OCTETS {
                    let mut pages = Reader(Reader(value).take(SEQUENCE)?);
                    pages.number(INTEGER)?;
                    return Ok(pages.take(OCTETS)?.to_vec());
                }
            }
        }
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_is_sent_as_the_standard_spells_it() {
        let sent = bind(1, "cn=a", &DirectoryPassword::new("geheim".into()));
        assert_eq!(hex::encode(&*sent), "30160201016011020103040463 6e3d61 8006676568 65696d".replace(' ', ""));
    }

    #[test]
    fn a_token_is_sent_and_told_as_the_standard_spells_it() {
        assert_eq!(
            hex::encode(sasl(1, "GSSAPI", &[0xBE])),
            "3017 020101 6012 020103 0400 a30b 0406475353415049 0401be".replace(' ', "")
        );
        let told = hex::decode("300f0201016 10a0a010e 04000400 8701be".replace(' ', "")).unwrap();
        assert_eq!(read(&told), Ok((1, Answer::Bound(Outcome::new(14, ""), vec![0xBE]))));
    }

    #[test]
    fn answers_are_read_and_others_refused() {
        let entry = "300f 020102 640a 0404636e3d61 3002 3000";
        let bytes = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
        assert_eq!(read(&bytes(entry)), Err(Malformed), "an attribute without a name");
        let entry = bytes("3019 020102 6414 0404636e3d61 300c 300a 0402636e 3104 0402c3a4");
        let (id, answer) = read(&entry).unwrap();
        let Answer::Entry(entry) = answer else { panic!("{answer:?}") };
        assert_eq!((id, entry.dn.as_str(), entry.text("CN")), (2, "cn=a", Some("ä")));
        let done = bytes(
            "3033 020103 6507 0a0100 0400 0400 a025 3023 0416312e322e3834302e3131333535362e312e342e333139 0409 3007 020100 0402beef",
        );
        assert_eq!(read(&done), Ok((3, Answer::Done(Outcome::new(0, ""), vec![0xBE, 0xEF]))));
        for cut in 0..done.len() {
            assert_eq!(read(&done[..cut]), Err(Malformed));
        }
        assert_eq!(read(&bytes("300c 020101 4a07 0404636e3d61 00")), Err(Malformed), "an operation of clients");
        assert_eq!(
            read(&bytes("300c 020101 6107 0a0131 0400 0400")),
            Ok((1, Answer::Bound(Outcome::new(49, ""), vec![])))
        );
    }
}
