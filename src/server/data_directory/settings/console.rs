//! Holds the `[console]` table: the pages for people.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// The port that an `https` address need not name.
const HTTPS: u16 = 443;

/// Holds the `[console]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleSettings {
    /// `false`: no page is served.
    pub enabled: bool,
    /// Where people reach the pages, as mails name it: `https`, host and port. Absent: the first public name, at the port that is
    /// listened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A listener of its own that asks for client certificates: people sign in there by their card, and go on at the pages.
    /// Absent: nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<SocketAddr>,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self { enabled: true, url: None, certificates: None }
    }
}

/// Says that an address is none that mails could name.
#[derive(Debug, thiserror::Error)]
#[error("the [console] url \"{0}\" is not https:// with a host and perhaps a port, and nothing after them")]
pub struct ConsoleFault(String);

impl ConsoleSettings {
    /// Refuses an address that leads to no page.
    pub fn check(&self) -> Result<(), ConsoleFault> {
        let Some(text) = &self.url else { return Ok(()) };
        let url = url::Url::parse(text).ok();
        let bare = url.is_some_and(|url| {
            let more =
                [url.username(), url.password().unwrap_or(""), url.query().unwrap_or(""), url.fragment().unwrap_or("")];
            url.scheme() == "https" && url.path() == "/" && more.iter().all(|part| part.is_empty())
        });
        if bare { Ok(()) } else { Err(ConsoleFault(text.clone())) }
    }

    /// Returns the address of the pages without a slash at its end; `None`: no page is served, or nobody says where, as behind a
    /// proxy that has TLS.
    pub fn address(&self, name: Option<&str>, port: u16, plain_http: bool) -> Option<String> {
        if !self.enabled {
            return None;
        }
        if let Some(url) = &self.url {
            return url::Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
        }
        let name = name.filter(|_| !plain_http)?;
        let host = match name.parse() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => name.to_owned(),
        };
        match port {
            0 => None,
            HTTPS => Some(format!("https://{host}")),
            port => Some(format!("https://{host}:{port}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_lead_to_where_people_reach_the_pages() {
        let settings = ConsoleSettings::default();
        let address = |name, port| settings.address(Some(name), port, false);
        assert_eq!(address("cm.example.com", 8443).as_deref(), Some("https://cm.example.com:8443"));
        assert_eq!(address("cm.example.com", 443).as_deref(), Some("https://cm.example.com"));
        assert_eq!(address("2001:db8::1", 443).as_deref(), Some("https://[2001:db8::1]"));
        assert_eq!(settings.address(Some("cm.example.com"), 8080, true), None, "a proxy is in front");
        let named = ConsoleSettings { url: Some("https://cards.example.com/".into()), ..settings.clone() };
        assert_eq!(named.address(None, 8080, true).as_deref(), Some("https://cards.example.com"));
        // Mails name it as a browser reads it, and with no line of its own.
        let odd = ConsoleSettings { url: Some("https:cards.example.com:8443/\n".into()), ..settings.clone() };
        assert_eq!(odd.address(None, 8080, true).as_deref(), Some("https://cards.example.com:8443"));
        assert_eq!(ConsoleSettings { enabled: false, ..named }.address(None, 8080, true), None);
    }

    #[test]
    fn an_address_with_more_than_a_host_is_refused() {
        let check = |url: &str| ConsoleSettings { url: Some(url.into()), ..ConsoleSettings::default() }.check().is_ok();
        assert!(check("https://cards.example.com") && check("https://cards.example.com:443/"));
        for url in [
            "http://cards.example.com",
            "https://cards.example.com/cm",
            "https://a@cards.example.com",
            "https://cards.example.com?x",
            "cards",
            "",
        ] {
            assert!(!check(url), "{url}");
        }
    }
}
