//! Reads whom a policy names: `user:alice` or `group:officers`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Names a user or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Principal {
    User(String),
    Group(String),
}

/// Says that a text names neither a user nor a group.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a principal such as \"user:alice\" or \"group:officers\"")]
pub struct NotAPrincipal(pub String);

impl std::str::FromStr for Principal {
    type Err = NotAPrincipal;

    fn from_str(text: &str) -> Result<Self, NotAPrincipal> {
        match text.split_once(':') {
            Some(("user", name)) if !name.trim().is_empty() => Ok(Self::User(name.trim().to_owned())),
            Some(("group", name)) if !name.trim().is_empty() => Ok(Self::Group(name.trim().to_owned())),
            _ => Err(NotAPrincipal(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Principal {
    type Error = NotAPrincipal;

    fn try_from(text: String) -> Result<Self, NotAPrincipal> {
        text.parse()
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        principal.to_string()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user:{name}"),
            Self::Group(name) => write!(f, "group:{name}"),
        }
    }
}

impl Principal {
    /// Says whether the user of this name and these groups is meant.
    pub fn includes(&self, name: &str, groups: &[String]) -> bool {
        match self {
            Self::User(user) => user == name,
            Self::Group(group) => groups.contains(group),
        }
    }
}
