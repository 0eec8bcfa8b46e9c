//! Reads the words that a template has for request types, hashes and key usages.

use super::key_policy::Hash;
use crate::cm::request::RequestType;
use crate::pkix::KeyUsage;

/// id-kp-clientAuth (RFC 5280, 4.2.1.12).
pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// id-kp-serverAuth (RFC 5280, 4.2.1.12).
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// anyExtendedKeyUsage (RFC 5280, 4.2.1.12).
pub const ANY_PURPOSE: &str = "2.5.29.37.0";
/// id-kp-emailProtection (RFC 5280, 4.2.1.12).
pub const EMAIL_PROTECTION: &str = "1.3.6.1.5.5.7.3.4";
/// Smart card logon (\[MS-WCCE\]).
pub const SMARTCARD_LOGON: &str = "1.3.6.1.4.1.311.20.2.2";
/// id-pkinit-KPClientAuth (RFC 4556, 3.2.2).
pub const PKINIT_CLIENT: &str = "1.3.6.1.5.2.3.4";

/// Names extended key usages, with their object identifiers: RFC 5280, 4.2.1.12, RFC 4556, 3.2.2 and \[MS-WCCE\].
const EXTENDED_KEY_USAGES: [(&str, &str); 8] = [
    ("clientAuth", CLIENT_AUTH),
    ("serverAuth", SERVER_AUTH),
    ("anyExtendedKeyUsage", ANY_PURPOSE),
    ("codeSigning", "1.3.6.1.5.5.7.3.3"),
    ("emailProtection", EMAIL_PROTECTION),
    ("smartcardLogon", SMARTCARD_LOGON),
    ("pkinitClient", PKINIT_CLIENT),
    ("encryptingFileSystem", "1.3.6.1.4.1.311.10.3.4"),
];

/// Names what a mail program can decrypt by (RFC 8551, 2.7), with object identifiers (RFC 3565, RFC 5084).
const SMIME_CAPABILITIES: [(&str, &str); 6] = [
    ("aes128-CBC", "2.16.840.1.101.3.4.1.2"),
    ("aes192-CBC", "2.16.840.1.101.3.4.1.22"),
    ("aes256-CBC", "2.16.840.1.101.3.4.1.42"),
    ("aes128-GCM", "2.16.840.1.101.3.4.1.6"),
    ("aes192-GCM", "2.16.840.1.101.3.4.1.26"),
    ("aes256-GCM", "2.16.840.1.101.3.4.1.46"),
];

/// Reads the name of an S/MIME capability, or an object identifier of one without parameters; returns the object
/// identifier, dotted.
pub fn smime_capability(text: &str) -> Result<String, &'static str> {
    match SMIME_CAPABILITIES.iter().find(|(name, _)| *name == text) {
        Some((_, oid)) => Ok((*oid).to_owned()),
        None if is_object_identifier(text) => Ok(text.to_owned()),
        None => Err("neither an object identifier nor one of aes256-CBC, aes256-GCM and their like (aes128, aes192)"),
    }
}

/// Reads a type of request during which the admin key may leave the server.
pub fn released(text: &str) -> Result<RequestType, &'static str> {
    match text {
        "enroll" => Ok(RequestType::Enroll),
        "duplicate" => Ok(RequestType::Duplicate),
        "renew" => Ok(RequestType::Renew),
        "recover" => Ok(RequestType::Recover),
        "recover_on_behalf" => Ok(RequestType::RecoverOnBehalf),
        "temporary_cards" => Ok(RequestType::TemporaryCards),
        "unblock" => Ok(RequestType::Unblock),
        "retire" => Ok(RequestType::Retire),
        _ => Err("this is not a request type that prepares or empties a card"),
    }
}

/// Reads the name of a hash.
pub fn hash_name(text: &str) -> Result<Hash, &'static str> {
    match text {
        "SHA1" => Ok(Hash::Sha1),
        "SHA256" => Ok(Hash::Sha256),
        "SHA384" => Ok(Hash::Sha384),
        "SHA512" => Ok(Hash::Sha512),
        _ => Err("known are \"SHA256\", \"SHA384\", \"SHA512\" and, for old clients, \"SHA1\""),
    }
}

/// Reads the name of a key usage; those of a CA are refused.
pub fn key_usage(text: &str) -> Result<KeyUsage, &'static str> {
    KeyUsage::ALL
        .into_iter()
        .filter(|usage| !matches!(usage, KeyUsage::KeyCertSign | KeyUsage::CrlSign))
        .find(|usage| usage.name() == text)
        .ok_or("this key usage is not one an end user's certificate can have (RFC 5280, 4.2.1.3)")
}

/// Reads the name of an extended key usage, or an object identifier; returns the object identifier, dotted.
pub fn extended_key_usage(text: &str) -> Result<String, &'static str> {
    if let Some((_, oid)) = EXTENDED_KEY_USAGES.iter().find(|(name, _)| *name == text) {
        return Ok((*oid).to_owned());
    }
    if is_object_identifier(text) {
        return Ok(text.to_owned());
    }
    Err("neither a known name nor an object identifier")
}

/// Says whether a text is an object identifier: three numbers or more without leading zeros, with dots between them; so
/// each has one spelling.
pub fn is_object_identifier(text: &str) -> bool {
    let plain = |arc: &str| arc == "0" || (!arc.is_empty() && !arc.starts_with('0'));
    let numbers = text.split('.').all(|arc| plain(arc) && arc.bytes().all(|byte| byte.is_ascii_digit()));
    numbers && text.split('.').count() > 2
}

/// Says that no old key is shown.
pub const NOT_SHOWN: &str = "none";

/// Reads `possession`: whether the old key must be shown.
pub fn possession(word: &str) -> Result<bool, &'static str> {
    match word {
        "demanded" => Ok(true),
        NOT_SHOWN => Ok(false),
        _ => Err("known are \"demanded\" and, for clients that know MIM CM alone, \"none\""),
    }
}

/// Reads `presence`: whether a card must show that it is there before a secret that it may have leaves the server.
pub fn presence(word: &str) -> Result<bool, &'static str> {
    match word {
        "demanded" => Ok(true),
        "none" => Ok(false),
        _ => Err("known are \"demanded\" and, for clients or cards that know no mutual authentication, \"none\""),
    }
}

/// Returns the name of a workflow's table in a template file.
pub fn table(request_type: RequestType) -> String {
    let mut words = String::new();
    for character in request_type.to_string().chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(character.to_ascii_lowercase());
    }
    format!("workflows.{words}")
}
