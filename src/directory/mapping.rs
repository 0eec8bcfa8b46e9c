//! What a value of `altSecurityIdentities` says of a certificate (KB5014754): `X509:` and one or two marked fields.

/// Bounds a value, in bytes; it holds two names at most.
const LONGEST: usize = 4096;

/// Names certificates, or one, as Active Directory maps them to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateName {
    /// The name of the issuer, the topmost part first, and the serial number's bytes, the last one first.
    IssuerSerial { issuer: String, serial: Vec<u8> },
    /// The subject key identifier.
    KeyId(Vec<u8>),
    /// A SHA-1 hash: of the certificate, as some write it, or of its public key.
    Sha1(Vec<u8>),
    /// A name that another certificate could have too: the subject, with or without its issuer.
    Subject(String),
    /// A mailbox, with which it is likewise.
    Mailbox(String),
}

impl CertificateName {
    /// Reads a value; `None` for one that names no certificate, or in a way that is not known here.
    pub fn read(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= LONGEST)?;
        let (scheme, rest) = text.split_once(':')?;
        if !scheme.trim().eq_ignore_ascii_case("X509") {
            return None;
        }
        let fields: Vec<(String, &str)> = rest.split('<').skip(1).filter_map(field).collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(mark, value)| (mark.as_str(), *value)).collect();
        match fields.as_slice() {
            [("I", issuer), ("SR", serial)] => {
                Some(Self::IssuerSerial { issuer: (*issuer).to_owned(), serial: bytes(serial)? })
            }
            [("SKI", id)] => Some(Self::KeyId(bytes(id)?)),
            [("SHA1-PUKEY", hash)] => Some(Self::Sha1(bytes(hash)?)),
            [("I", _), ("S", subject)] | [("S", subject)] => Some(Self::Subject((*subject).to_owned())),
            [("RFC822", mailbox)] => Some(Self::Mailbox((*mailbox).to_owned())),
            _ => None,
        }
    }
}

/// Splits a field behind its mark, `I>CN=…`.
fn field(text: &str) -> Option<(String, &str)> {
    let (mark, value) = text.split_once('>')?;
    Some((mark.to_ascii_uppercase(), value.trim()))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_mapping_is_read_and_anything_else_is_none() {
        let issuer = "DC=com,DC=contoso,CN=CONTOSO-DC-CA".to_owned();
        let subject = || Some(CertificateName::Subject("CN=alice".into()));
        for (value, read) in [
            (
                "X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200AB",
                Some(CertificateName::IssuerSerial { issuer, serial: vec![0x12, 0, 0xAB] }),
            ),
            ("x509:<ski>0a0B", Some(CertificateName::KeyId(vec![10, 11]))),
            ("X509:<SHA1-PUKEY>0c", Some(CertificateName::Sha1(vec![12]))),
            ("X509:<I>CN=CA<S>CN=alice", subject()),
            ("X509:<S>CN=alice", subject()),
            ("X509:<RFC822>a@b", Some(CertificateName::Mailbox("a@b".into()))),
            ("X509:<SKI>", None),
            ("X509:<SKI>zz", None),
            ("X509:<SR>12", None),
            ("Kerberos:alice@CARDS.TEST", None),
            ("X509", None),
            ("", None),
        ] {
            assert_eq!(CertificateName::read(value.as_bytes()), read, "{value}");
        }
        assert_eq!(CertificateName::read(&[b'X'; LONGEST + 1]), None);
        assert_eq!(CertificateName::read(&[0xFF]), None);
    }
}
