//! Says which texts may stand as names in a certificate (RFC 5280, 4.2.1.6).

/// Begins the URI that holds a security identifier for strong mapping (KB5014754); the identifier's text follows.
pub const SID_URI: &str = "tag:microsoft.com,2022-09-14:sid:";

/// Limits a host name, in characters (RFC 1035, 2.3.4).
const MAX_HOST: usize = 253;
/// Limits a label of a host name, in characters.
const MAX_LABEL: usize = 63;

/// Says whether this is the text of a security identifier ([MS-DTYP], 2.4.2.1).
pub fn is_sid(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix("S-1-").is_some_and(|rest| rest.split('-').all(number))
}

/// Says whether this is a host name (RFC 1123, 2.1), perhaps with `*` as its first label (RFC 9525, 6.3); underscores,
/// which some sites have, may stand.
pub fn is_host_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| (1..=MAX_LABEL).contains(&label.len()) && label.bytes().all(plain);
    text.len() <= MAX_HOST && text.strip_prefix("*.").unwrap_or(text).split('.').all(is_label)
}

/// Says whether this is one mailbox without quotes and comments (RFC 5321, 4.1.2), in ASCII.
pub(super) fn is_mailbox(text: &str) -> bool {
    // What separates addresses or begins a comment (RFC 5322, 3.2.3).
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"()<>[]:;@\\,\"".contains(&byte);
    let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    text.split_once('@').is_some_and(|(name, domain)| part(name) && part(domain))
}

/// Says whether this is an absolute URI (RFC 3986, 4.3).
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let begins = |byte: &u8| byte.is_ascii_alphabetic();
    let of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let mut percents = text.split('%').skip(1);
    let encoded = |part: &str| part.get(..2).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    scheme.bytes().next().as_ref().is_some_and(begins)
        && scheme.bytes().all(of_scheme)
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
        && percents.all(encoded)
        && url::Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_of_each_kind_is_told_from_none_and_from_two() {
        for good in ["pc1.example.test", "*.example.test", "pc_1", "localhost"] {
            assert!(is_host_name(good), "{good}");
        }
        for bad in ["", "a..b", "a b", "a,DNS:b", "a.*.b", "é.test", "a/b", &"x".repeat(64)] {
            assert!(!is_host_name(bad), "{bad}");
        }
        assert!(is_mailbox("alice@example.test") && is_mailbox("a.b+c/d='x'@x"));
        for bad in ["alice", "a@[1.2.3.4]", "@x", "a@", "a@b@c", "a@b,c@d", "<a@b>", "a b@c", "\"a\"@b", "é@x", "a@b\n"]
        {
            assert!(!is_mailbox(bad), "{bad}");
        }
        for good in ["https://example.test/a%20b?c#d", "urn:uuid:1", "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1"] {
            assert!(is_uri(good), "{good}");
        }
        for bad in
            ["", "example.test", "//example.test", ":x", "1a:x", "http://", "https:", "a:b c", "a:%2", "a:%zz", "a:é"]
        {
            assert!(!is_uri(bad), "{bad}");
        }
        assert!(is_sid("S-1-5-21-1-2-3-1104") && !is_sid("S-1-5-") && !is_sid("s-1-5-1") && !is_sid("S-1-5-1,x"));
    }
}
