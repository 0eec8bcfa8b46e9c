//! The person who calls, as every controller knows one.

use super::identity::Shown;
use super::permission::Roles;
use crate::store::UserRecord;
use crate::template::{Attributes, UserAttribute};
use uuid::Uuid;

/// A person who has shown who that is.
#[derive(Clone, Debug)]
pub struct Caller {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
    pub roles: Roles,
    /// By what the person came in.
    pub shown: Shown,
}

impl Attributes for UserRecord {
    fn attribute(&self, attribute: &UserAttribute) -> Option<&str> {
        match attribute {
            UserAttribute::Name => Some(&self.name),
            UserAttribute::Upn => self.upn.as_deref(),
            UserAttribute::Email => self.email.as_deref(),
            UserAttribute::Sid => self.sid.as_deref(),
            UserAttribute::Other(name) => self.attributes.get(name).map(String::as_str),
        }
    }
}
