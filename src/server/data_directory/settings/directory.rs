//! Holds the `[directory]` table: where people and their groups come from.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Bounds the rules for groups.
pub const MOST_RULES: usize = 64;

/// Holds the `[directory]` table; relative paths begin at the data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectorySettings {
    pub kind: DirectoryKind,
    /// `ldaps://host`, or `ldap://host` with StartTLS.
    pub url: String,
    /// True: no TLS, to a loopback address alone; for trials.
    #[serde(default)]
    pub plain: bool,
    /// PEM: the authorities that the directory's TLS certificate must come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<PathBuf>,
    /// As whom the directory is asked: an account that may read people and groups, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind_dn: Option<String>,
    /// A file whose first line is that account's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Instead of both: that account's keytab, by whose tickets the directory is asked (SASL GSSAPI); its key is no password
    /// that stands anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keytab: Option<PathBuf>,
    /// Below which entry people and groups are.
    pub base: String,
    /// Which people (RFC 4515); absent: those with a userPrincipalName, or every inetOrgPerson.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The directory's attributes that name an account, and its UPN and e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Attributes for templates, `{User!attribute.NAME}`, each with the directory's name of it; besides display-name and
    /// department. An empty text takes one away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Which group of the directory makes whom a member of which group here, groups within it included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRule>,
    /// True: people who are new in the directory are added while the server runs; false: by `server user import` alone.
    #[serde(default)]
    pub add: bool,
    /// True: whoever may ask for others takes people over from the directory, one by one, when they are needed.
    #[serde(default)]
    pub on_use: bool,
    /// The time from one look for changes to the next, in seconds.
    #[serde(default = "sixty")]
    pub refresh_seconds: u32,
    /// The time from one reading of everybody to the next, in minutes; who is gone is noticed then.
    #[serde(default = "sixty")]
    pub whole_minutes: u32,
    /// How long an answer may take, in seconds.
    #[serde(default = "thirty")]
    pub timeout_seconds: u32,
    /// Entries of a page.
    #[serde(default = "five_hundred")]
    pub page: u32,
    /// Entries that are read at most.
    #[serde(default = "half_a_million")]
    pub most: usize,
}

/// Names the kind of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectoryKind {
    ActiveDirectory,
    Ldap,
}

/// Holds one `[[directory.groups]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    pub dn: String,
    pub group: String,
}

fn sixty() -> u32 {
    60
}

fn thirty() -> u32 {
    30
}

fn five_hundred() -> u32 {
    500
}

fn half_a_million() -> usize {
    500_000
}
