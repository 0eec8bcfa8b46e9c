//! Search filters: as people write them (RFC 4515), as LDAP sends them (RFC 4511, 4.5.1.7).

use super::ber::{self, OCTETS, SEQUENCE};

/// Bounds a filter as it is written, in bytes.
const MOST_BYTES: usize = 4096;
/// Bounds how deep filters stand within each other.
const MOST_DEEP: usize = 16;

const AND: u8 = 0xA0;
const OR: u8 = 0xA1;
const NOT: u8 = 0xA2;
const EQUAL: u8 = 0xA3;
const SUBSTRINGS: u8 = 0xA4;
const AT_LEAST: u8 = 0xA5;
const AT_MOST: u8 = 0xA6;
const PRESENT: u8 = 0x87;
const ALIKE: u8 = 0xA8;
const EXTENSIBLE: u8 = 0xA9;

/// Holds a filter as LDAP sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(Vec<u8>);

/// Says why a text is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    #[error("a filter has at most {MOST_BYTES} bytes, and {MOST_DEEP} within each other")]
    TooLong,
    #[error(
        "the filter is wrong at byte {0}; it is written like (&(department=IT)(sn=A*)), each value's ( ) * \\ as \\28 \\29 \\2a \\5c"
    )]
    Wrong(usize),
}

impl Filter {
    /// Reads a filter as people write it; the outermost parentheses may be left out.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let text = text.trim();
        if text.len() > MOST_BYTES {
            return Err(FilterError::TooLong);
        }
        let mut parser = Parser { text: text.as_bytes(), at: 0 };
        let filter = if text.starts_with('(') { parser.filter(0)? } else { parser.item()? };
        if parser.at == text.len() { Ok(Self(filter)) } else { Err(FilterError::Wrong(parser.at)) }
    }

    /// Holds where all of these do.
    pub fn all(filters: &[&Self]) -> Self {
        Self::joined(AND, filters)
    }

    /// Holds where one of these does.
    pub fn any(filters: &[&Self]) -> Self {
        Self::joined(OR, filters)
    }

    fn joined(tag: u8, filters: &[&Self]) -> Self {
        Self(ber::element(tag, &filters.iter().flat_map(|filter| filter.0.iter().copied()).collect::<Vec<_>>()))
    }

    /// Holds for entries with this value.
    pub fn equal(attribute: &str, value: &[u8]) -> Self {
        Self(assertion(EQUAL, attribute.as_bytes(), value))
    }

    /// Holds for entries with this value or a greater one.
    pub fn at_least(attribute: &str, value: &str) -> Self {
        Self(assertion(AT_LEAST, attribute.as_bytes(), value.as_bytes()))
    }

    /// Holds for entries with a value in which a text stands anywhere; the text is never read as a filter.
    pub fn holding(attribute: &str, text: &str) -> Self {
        let mut inner = ber::element(OCTETS, attribute.as_bytes());
        ber::put(&mut inner, SEQUENCE, &ber::element(0x81, text.as_bytes()));
        Self(ber::element(SUBSTRINGS, &inner))
    }

    /// Holds for entries that have the attribute.
    pub fn present(attribute: &str) -> Self {
        Self(ber::element(PRESENT, attribute.as_bytes()))
    }

    /// Holds for entries that a matching rule says it of.
    pub fn by_rule(attribute: &str, rule: &str, value: &[u8]) -> Self {
        Self(extensible(rule.as_bytes(), attribute.as_bytes(), value, false))
    }

    /// Returns the filter as LDAP sends it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn assertion(tag: u8, attribute: &[u8], value: &[u8]) -> Vec<u8> {
    let mut inner = ber::element(OCTETS, attribute);
    ber::put(&mut inner, OCTETS, value);
    ber::element(tag, &inner)
}

fn extensible(rule: &[u8], attribute: &[u8], value: &[u8], of_name: bool) -> Vec<u8> {
    let mut inner = Vec::new();
    for (tag, text) in [(0x81, rule), (0x82, attribute)] {
        if !text.is_empty() {
            ber::put(&mut inner, tag, text);
        }
    }
    ber::put(&mut inner, 0x83, value);
    if of_name {
        ber::put(&mut inner, 0x84, &[0xFF]);
    }
    ber::element(EXTENSIBLE, &inner)
}

/// Reads a filter byte by byte.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn wrong<T>(&self) -> Result<T, FilterError> {
        Err(FilterError::Wrong(self.at))
    }

    fn expect(&mut self, byte: u8) -> Result<(), FilterError> {
        if self.peek() != Some(byte) {
            return self.wrong();
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a filter in parentheses.
    fn filter(&mut self, depth: usize) -> Result<Vec<u8>, FilterError> {
        if depth > MOST_DEEP {
            return Err(FilterError::TooLong);
        }
        self.expect(b'(')?;
        let filter = match self.peek() {
            Some(joint @ (b'&' | b'|')) => {
                self.at += 1;
                let mut inner = Vec::new();
                while self.peek() == Some(b'(') {
                    inner.extend(self.filter(depth + 1)?);
                }
                ber::element(if joint == b'&' { AND } else { OR }, &inner)
            }
            Some(b'!') => {
                self.at += 1;
                ber::element(NOT, &self.filter(depth + 1)?)
            }
            _ => self.item()?,
        };
        self.expect(b')')?;
        Ok(filter)
    }

    /// Reads one comparison.
    fn item(&mut self) -> Result<Vec<u8>, FilterError> {
        let start = self.at;
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-;.:".contains(byte);
        while self.peek().as_ref().is_some_and(plain) {
            self.at += 1;
        }
        let attribute = &self.text[start..self.at];
        let sign = match self.peek() {
            Some(sign @ (b'~' | b'<' | b'>')) => {
                self.at += 1;
                sign
            }
            _ => b'=',
        };
        self.expect(b'=')?;
        let parts = self.value()?;
        let (Some(first), false) = (parts.first(), attribute.is_empty()) else { return self.wrong() };
        if let Some(attribute) = attribute.strip_suffix(b":").filter(|_| sign == b'=' && parts.len() == 1) {
            return self.extensible(attribute, first);
        }
        match (sign, parts.as_slice()) {
            _ if attribute.contains(&b':') => self.wrong(),
            (b'~', [value]) => Ok(assertion(ALIKE, attribute, value)),
            (b'<', [value]) => Ok(assertion(AT_MOST, attribute, value)),
            (b'>', [value]) => Ok(assertion(AT_LEAST, attribute, value)),
            (b'=', [value]) => Ok(assertion(EQUAL, attribute, value)),
            (b'=', [first, last]) if first.is_empty() && last.is_empty() => Ok(ber::element(PRESENT, attribute)),
            (b'=', parts) => substrings(attribute, parts).ok_or(FilterError::Wrong(self.at)),
            _ => self.wrong(),
        }
    }

    /// Reads what stands before `:=`: an attribute, `dn`, a rule.
    fn extensible(&self, left: &[u8], value: &[u8]) -> Result<Vec<u8>, FilterError> {
        let mut parts = left.split(|byte| *byte == b':');
        let attribute = parts.next().unwrap_or_default();
        let mut rest: Vec<_> = parts.collect();
        let of_name = rest.first().is_some_and(|part| part.eq_ignore_ascii_case(b"dn"));
        if of_name {
            rest.remove(0);
        }
        match (attribute, rest.as_slice()) {
            (b"", []) => self.wrong(),
            (attribute, []) => Ok(extensible(b"", attribute, value, of_name)),
            (attribute, [rule]) if !rule.is_empty() => Ok(extensible(rule, attribute, value, of_name)),
            _ => self.wrong(),
        }
    }

    /// Reads a value up to the parenthesis behind it, in the parts between stars.
    fn value(&mut self) -> Result<Vec<Vec<u8>>, FilterError> {
        let mut parts = vec![Vec::new()];
        while let Some(byte) = self.peek().filter(|byte| *byte != b')') {
            self.at += 1;
            match byte {
                b'*' => parts.push(Vec::new()),
                b'(' | 0 => return Err(FilterError::Wrong(self.at - 1)),
                b'\\' => {
                    let digits = self.text.get(self.at..self.at + 2).and_then(|digits| hex::decode(digits).ok());
                    let Some([byte]) = digits.as_deref() else { return self.wrong() };
                    parts.last_mut().ok_or(FilterError::Wrong(self.at))?.push(*byte);
                    self.at += 2;
                }
                byte => parts.last_mut().ok_or(FilterError::Wrong(self.at))?.push(byte),
            }
        }
        Ok(parts)
    }
}

/// Returns a filter for values that hold these parts in this order; `None` where a part in the middle is empty.
fn substrings(attribute: &[u8], parts: &[Vec<u8>]) -> Option<Vec<u8>> {
    let (first, rest) = parts.split_first()?;
    let (last, middle) = rest.split_last()?;
    let mut inner = Vec::new();
    if !first.is_empty() {
        ber::put(&mut inner, 0x80, first);
    }
    for part in middle {
        if part.is_empty() {
            return None;
        }
        ber::put(&mut inner, 0x81, part);
    }
    if !last.is_empty() {
        ber::put(&mut inner, 0x82, last);
    }
    let mut whole = ber::element(OCTETS, attribute);
    ber::put(&mut whole, SEQUENCE, &inner);
    Some(ber::element(SUBSTRINGS, &whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> String {
        hex::encode(Filter::parse(text).unwrap().0)
    }

    #[test]
    fn filters_are_sent_as_the_standard_spells_them() {
        assert_eq!(sent("(cn=A)"), "a3070402636e040141");
        assert_eq!(sent("cn=A"), sent("(cn=A)"));
        assert_eq!(sent("(cn=*)"), "8702636e");
        assert_eq!(sent("(cn=A*b*c)"), "a40f0402636e3009800141810162820163");
        assert_eq!(sent("(!(cn=\\2a\\c3\\a4))"), "a20ba3090402636e04032ac3a4");
        assert_eq!(
            sent("(&(a=1)(|(b>=2)(c<=3)(d~=4)))"),
            concat!("a022a306040161040131a118", "a506040162040132", "a606040163040133", "a806040164040134")
        );
        assert_eq!(
            sent("(memberOf:1.2.840.113556.1.4.1941:=cn=x)"),
            hex::encode(&Filter::by_rule("memberOf", "1.2.840.113556.1.4.1941", b"cn=x").0)
        );
        assert_eq!(sent("(ou:dn:=x)"), "a90a82026f7583017884 01ff".replace(' ', ""));
    }

    #[test]
    fn a_text_that_is_looked_for_stays_a_text() {
        assert_eq!(Filter::holding("cn", "b"), Filter::parse("(cn=*b*)").unwrap());
        assert_eq!(Filter::holding("cn", "*)(\\"), Filter::parse("(cn=*\\2a\\29\\28\\5c*)").unwrap());
    }

    #[test]
    fn what_is_no_filter_is_refused_with_its_place() {
        for bad in [
            "",
            "(",
            "(cn=A",
            "(cn=A))",
            "(cn=(x))",
            "(cn=\\zz)",
            "(=A)",
            "(cn>A)",
            "(a**b=1)",
            "(cn=a**b)",
            "(a:b:c:=1)",
            "(a b=1)",
            "(cn=A)(cn=B)",
        ] {
            assert!(matches!(Filter::parse(bad), Err(FilterError::Wrong(_))), "{bad}");
        }
        let deep = format!("{}(cn=A){}", "(!".repeat(40), ")".repeat(40));
        assert_eq!(Filter::parse(&deep), Err(FilterError::TooLong));
        assert_eq!(Filter::parse(&format!("(cn={})", "a".repeat(5000))), Err(FilterError::TooLong));
    }
}
