//! Holds the tables about how the server is run: `[api]`, `[operations]`, `[log]`, `[audit]`.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Sets the address of the operations listener where its table does not name one.
const OPERATIONS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9464);

/// Holds the `[api]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSettings {
    /// `false`: every call is answered 404, as `Clm.WebApi.Enabled` does it; certificates and lists are still served.
    pub enabled: bool,
    /// The first segment of every path, without slashes.
    pub virtual_directory: String,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self { enabled: true, virtual_directory: "CertificateManagement".into() }
    }
}

/// Holds the `[operations]` table: a listener for those who watch the server, in plain HTTP. Absent: there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperationsSettings {
    pub listen: SocketAddr,
}

impl Default for OperationsSettings {
    fn default() -> Self {
        Self { listen: OPERATIONS }
    }
}

/// Holds the `[log]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    pub format: LogFormat,
    /// What is logged, as RUST_LOG spells it; RUST_LOG itself takes precedence.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}

/// Says how a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// Holds the `[audit]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// Absent: the log of acts is not sent on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syslog: Option<SyslogSettings>,
}

/// Holds the `[audit.syslog]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogSettings {
    /// `udp://host:port`, `tcp://host:port` or `unix:/path`.
    pub target: Target,
}

/// Says whether a value is the default, so that it need not be written.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Says where to send the log of acts: `udp://host:port`, `tcp://host:port` or `unix:/path`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    Udp(String),
    Tcp(String),
    Unix(String),
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_address = |rest: &str| rest.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => {
                Ok(Self::Unix(format!("/{}", path.trim_start_matches('/'))))
            }
            Some((scheme, rest)) if let Some(rest) = rest.strip_prefix("//").filter(|rest| is_address(rest)) => {
                match scheme {
                    "udp" => Ok(Self::Udp(rest.into())),
                    "tcp" => Ok(Self::Tcp(rest.into())),
                    _ => Err("a syslog target is udp://host:port, tcp://host:port or unix:/path".into()),
                }
            }
            _ => Err("a syslog target is udp://host:port, tcp://host:port or unix:/path".into()),
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        match target {
            Target::Udp(address) => format!("udp://{address}"),
            Target::Tcp(address) => format!("tcp://{address}"),
            Target::Unix(path) => format!("unix:{path}"),
        }
    }
}
