//! Reads and writes distinguished names as text (RFC 4514). Order and repeated types are kept:
//! `OU=A,OU=B,DC=corp,DC=example`.

use super::error::Error;
use super::text;
use der::{
    Decode, Encode, Tag,
    asn1::{Any, ObjectIdentifier as Oid, SetOfVec},
};
use std::fmt::Write;
pub use x509_cert::name::Name;
use x509_cert::{attr::AttributeTypeAndValue, name::RelativeDistinguishedName};

/// Limits the text that is read, in bytes.
const MAX_TEXT: usize = 4096;

/// Lists the types with a short name: those of RFC 4514, 3, then those that people and Active Directory also write.
/// Where one type has two names the first is printed.
const TYPES: [(&str, Oid); 18] = [
    ("CN", Oid::new_unwrap("2.5.4.3")),
    ("L", Oid::new_unwrap("2.5.4.7")),
    ("ST", Oid::new_unwrap("2.5.4.8")),
    ("O", Oid::new_unwrap("2.5.4.10")),
    ("OU", Oid::new_unwrap("2.5.4.11")),
    ("C", COUNTRY),
    ("STREET", Oid::new_unwrap("2.5.4.9")),
    ("DC", DOMAIN_COMPONENT),
    ("UID", Oid::new_unwrap("0.9.2342.19200300.100.1.1")),
    ("emailAddress", EMAIL_ADDRESS),
    ("serialNumber", SERIAL_NUMBER),
    ("SN", Oid::new_unwrap("2.5.4.4")),
    ("GN", Oid::new_unwrap("2.5.4.42")),
    ("givenName", Oid::new_unwrap("2.5.4.42")),
    ("T", Oid::new_unwrap("2.5.4.12")),
    ("title", Oid::new_unwrap("2.5.4.12")),
    ("E", EMAIL_ADDRESS),
    ("S", Oid::new_unwrap("2.5.4.8")),
];
const COUNTRY: Oid = Oid::new_unwrap("2.5.4.6");
const SERIAL_NUMBER: Oid = Oid::new_unwrap("2.5.4.5");
const DOMAIN_COMPONENT: Oid = Oid::new_unwrap("0.9.2342.19200300.100.1.25");
const EMAIL_ADDRESS: Oid = Oid::new_unwrap("1.2.840.113549.1.9.1");

/// Reads RFC 4514 text, most specific part first; empty text is the empty name. Types are names in any letter case
/// or dotted identifiers; blanks around separators are skipped.
pub fn parse(text: &str) -> Result<Name, Error> {
    if text.len() > MAX_TEXT {
        return Err(Error::TooLarge { what: "distinguished name", size: text.len(), limit: MAX_TEXT });
    }
    if text.trim().is_empty() {
        return Ok(Name::default());
    }
    let malformed = Error::malformed("distinguished name");
    let mut scanner = Scanner { chars: text.chars().collect(), at: 0 };
    let mut rdns: Vec<Vec<AttributeTypeAndValue>> = vec![Vec::new()];
    loop {
        let attribute = scanner.attribute()?;
        if let Some(rdn) = rdns.last_mut() {
            rdn.push(attribute);
        }
        match scanner.next() {
            None => break,
            Some('+') => {}
            Some(_) => rdns.push(Vec::new()),
        }
    }
    let sets = rdns.into_iter().rev().map(SetOfVec::try_from).collect::<Result<Vec<_>, _>>().map_err(&malformed)?;
    Name::from_der(&sets.to_der().map_err(&malformed)?).map_err(&malformed)
}

/// Writes RFC 4514 text, most specific part first. Control characters and those that change the direction of writing
/// are escaped, so that a name cannot disturb a terminal.
pub fn to_text(name: &Name) -> String {
    let rdns: Vec<&RelativeDistinguishedName> = name.iter_rdn().collect();
    let part = |rdn: &RelativeDistinguishedName| rdn.iter().map(attribute_text).collect::<Vec<_>>().join("+");
    rdns.into_iter().rev().map(part).collect::<Vec<_>>().join(",")
}

/// Returns the values of one type, most significant first; `short` is a short name such as `CN`, in any letter case.
pub fn values(name: &Name, short: &str) -> Vec<String> {
    let Some((_, wanted)) = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(short)) else {
        return Vec::new();
    };
    name.iter().filter(|attribute| attribute.oid == *wanted).filter_map(|it| text::of(it.value.to_ref())).collect()
}

/// Writes `type=value`; the value in hexadecimal DER where type or encoding is not known.
fn attribute_text(attribute: &AttributeTypeAndValue) -> String {
    let known = TYPES.iter().find(|(_, oid)| *oid == attribute.oid);
    match (known, text::of(attribute.value.to_ref())) {
        (Some((short, _)), Some(value)) => format!("{short}={}", escape(&value)),
        _ => {
            let der = attribute.value.to_der().unwrap_or_default();
            format!("{}=#{}", attribute.oid, hex::encode(der))
        }
    }
}

/// Escapes any text so that it can stand as one value in RFC 4514 text.
pub fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(value.len());
    for (at, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            _ if c.is_control() || turns_direction(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    // Writing to a String does not fail.
                    let _ = write!(out, "\\{byte:02X}");
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// Says whether a character changes the direction of writing.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Reads the text character by character.
struct Scanner {
    chars: Vec<char>,
    at: usize,
}

impl Scanner {
    /// Refuses the text at the current character.
    fn wrong<T>(&self, reason: &'static str) -> Result<T, Error> {
        Err(Error::Name { position: self.at, reason })
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn skip_blanks(&mut self) {
        while self.peek() == Some(' ') {
            self.at += 1;
        }
    }

    /// Reads `type=value` and stops in front of `,` or `+` or at the end.
    fn attribute(&mut self) -> Result<AttributeTypeAndValue, Error> {
        self.skip_blanks();
        let mut short = String::new();
        loop {
            match self.next() {
                Some('=') => break,
                Some(c) if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ' ') => short.push(c),
                Some(_) => return self.wrong("a type is letters, digits and dots before an equals sign"),
                None => return self.wrong("an equals sign is missing"),
            }
        }
        let oid = self.oid(short.trim())?;
        self.skip_blanks();
        let value = if self.peek() == Some('#') { self.hex_value()? } else { self.text_value(oid)? };
        Ok(AttributeTypeAndValue { oid, value })
    }

    /// Reads a short name or a dotted identifier.
    fn oid(&self, short: &str) -> Result<Oid, Error> {
        let dotted = short.strip_prefix("OID.").or_else(|| short.strip_prefix("oid.")).unwrap_or(short);
        match TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(short)) {
            Some((_, oid)) => Ok(*oid),
            None => Oid::new(dotted).or_else(|_| self.wrong("the type is not known")),
        }
    }

    /// Reads a value after `#`: DER in hexadecimal.
    fn hex_value(&mut self) -> Result<Any, Error> {
        self.at += 1;
        let mut digits = String::new();
        while let Some(c) = self.peek().filter(|c| !matches!(c, ',' | '+')) {
            digits.push(c);
            self.at += 1;
        }
        let decoded = hex::decode(digits.trim_end()).ok().and_then(|der| Any::from_der(&der).ok());
        decoded.map_or_else(|| self.wrong("the value after # is not DER in hexadecimal"), Ok)
    }

    /// Reads a value as text, in the string type that RFC 5280, A.1 wants for the attribute.
    fn text_value(&mut self, oid: Oid) -> Result<Any, Error> {
        let mut bytes = Vec::new();
        let mut kept = 0;
        while let Some(c) = self.peek().filter(|c| !matches!(c, ',' | '+')) {
            self.at += 1;
            match c {
                '\\' => self.escaped(&mut bytes)?,
                '"' | ';' | '<' | '>' | '\0' => return self.wrong("this character needs a backslash before it"),
                _ => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
            if c != ' ' {
                kept = bytes.len();
            }
        }
        bytes.truncate(kept);
        if bytes.is_empty() {
            return self.wrong("the value is empty");
        }
        if std::str::from_utf8(&bytes).is_err() {
            return self.wrong("the escaped bytes are not UTF-8");
        }
        let tag = match oid {
            COUNTRY | SERIAL_NUMBER => Tag::PrintableString,
            DOMAIN_COMPONENT | EMAIL_ADDRESS => Tag::Ia5String,
            _ => Tag::Utf8String,
        };
        if tag == Tag::PrintableString && !bytes.iter().all(|byte| is_printable(*byte)) {
            return self.wrong("C and serialNumber hold letters, digits and few signs only (RFC 5280, A.1)");
        }
        if tag == Tag::Ia5String && !bytes.is_ascii() {
            return self
                .wrong("DC and emailAddress hold ASCII only (RFC 5280, A.1); write the domain in its xn-- form");
        }
        Any::new(tag, bytes).map_err(Error::malformed("distinguished name"))
    }

    /// Reads what follows a backslash: a special character or two hexadecimal digits.
    fn escaped(&mut self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let digit = |c: Option<char>| c.and_then(|c| c.to_digit(16));
        match (self.next(), self.peek()) {
            (Some(c @ (' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\')), _) => bytes.push(c as u8),
            (high, low) => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => {
                    self.at += 1;
                    bytes.push((high << 4 | low) as u8);
                }
                _ => return self.wrong("after a backslash comes a special character or two hexadecimal digits"),
            },
        }
        Ok(())
    }
}

/// Says whether a byte may stand in a PrintableString (X.680, 41.4).
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte)
}
