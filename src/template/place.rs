//! Says what a data item's value must be like to stand in a certificate: it is typed by a person, and must not become
//! another name, a second name, or a name of another kind.

/// Names the part of a certificate in which a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An attribute of a distinguished name, by its short name.
    Attribute(&'static str),
    /// A mailbox; `whole`: the value is all of it.
    Mailbox {
        whole: bool,
    },
    Upn {
        whole: bool,
    },
    Kerberos {
        whole: bool,
    },
    Host,
    Address,
    /// A URI, where each value is percent-encoded (RFC 3986, 2.1).
    Uri,
}

/// Lists what Active Directory takes in no name of an account, what separates addresses (RFC 5322, 3.2.3) and what
/// separates the parts of a Kerberos principal (RFC 1964, 2.1.1).
const SEPARATORS: &str = "\"'(),/:;<=>?[\\]|*+`";

impl Place {
    /// Returns what the part is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attribute(name) => name,
            Self::Mailbox { .. } => "e-mail address",
            Self::Upn { .. } => "UPN",
            Self::Kerberos { .. } => "Kerberos principal",
            Self::Host => "host name",
            Self::Address => "IP address",
            Self::Uri => "URI",
        }
    }

    /// Returns how long the part may be, in characters: the upper bounds of RFC 5280, A.1, and as much as a user's record
    /// takes where there is none.
    pub fn longest(self) -> usize {
        match self {
            Self::Attribute("C") => 2,
            Self::Attribute("DC") => 63,
            Self::Attribute("CN" | "O" | "OU" | "SERIALNUMBER") => 64,
            Self::Attribute("L" | "ST") => 128,
            Self::Attribute(_)
            | Self::Mailbox { .. }
            | Self::Upn { .. }
            | Self::Kerberos { .. }
            | Self::Host
            | Self::Address => 256,
            Self::Uri => 1024,
        }
    }

    /// Says whether a value without hidden characters may stand there.
    pub fn takes(self, value: &str) -> bool {
        match self {
            Self::Attribute("C") => value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase()),
            Self::Attribute("SERIALNUMBER") => value.bytes().all(is_printable),
            Self::Attribute("DC") => value.bytes().all(is_of_label),
            Self::Attribute(_) | Self::Uri => true,
            Self::Upn { whole } => is_account(value, whole),
            Self::Mailbox { whole } | Self::Kerberos { whole } => value.is_ascii() && is_account(value, whole),
            Self::Host => value.split('.').all(|label| !label.is_empty() && label.bytes().all(is_of_label)),
            Self::Address => value.parse::<std::net::IpAddr>().is_ok(),
        }
    }
}

/// Says whether a byte may stand in a PrintableString (X.680, 41.4).
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte)
}

/// Says whether a byte may stand in a label of a host name (RFC 1123, 2.1).
fn is_of_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// Says whether a value is `name@domain`, or where it is not all of a name, a part of one without a domain.
fn is_account(value: &str, whole: bool) -> bool {
    let plain = |character: char| !character.is_whitespace() && !SEPARATORS.contains(character);
    let formed = match value.split_once('@') {
        Some((name, domain)) => whole && !name.is_empty() && !domain.is_empty() && !domain.contains('@'),
        None => !whole,
    };
    formed && value.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_taken_and_no_second_beside_it() {
        let taken = |place: Place, values: &[&str]| values.iter().all(|value| place.takes(value));
        let whole = [Place::Upn { whole: true }, Place::Mailbox { whole: true }, Place::Kerberos { whole: true }];
        for place in whole {
            assert!(taken(place, &["a.smith@example.test", "x-1_y@EXAMPLE"]));
            for bad in
                ["alice", "@x", "alice@", "a@b@c", "a@b,c@d", "a@b c@d", "alice/admin@X", "\"a\"@b", "a;b@c", "<a@b>"]
            {
                assert!(!place.takes(bad), "{place:?} {bad}");
            }
        }
        assert!(Place::Upn { whole: true }.takes("zoé@example.test"));
        assert!(!Place::Mailbox { whole: true }.takes("zoé@example.test"));
        let part = Place::Kerberos { whole: false };
        assert!(taken(part, &["alice", "alice.smith"]) && !part.takes("alice@X") && !part.takes("krbtgt/X"));
        assert!(taken(Place::Host, &["pc1.example.test", "pc1"]));
        for bad in ["*.example.test", "a..b", "a b", "a,DNS:b", ".a", "a_b"] {
            assert!(!Place::Host.takes(bad), "{bad}");
        }
        assert!(taken(Place::Address, &["10.0.0.1", "::1"]) && !Place::Address.takes("10.0.0"));
        assert!(Place::Attribute("C").takes("DE") && !Place::Attribute("C").takes("Germany"));
        assert!(Place::Attribute("CN").takes("a,O=b") && !Place::Attribute("SERIALNUMBER").takes("a_b"));
    }
}
