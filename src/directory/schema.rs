//! What entries of people and groups look like: the attributes of Active Directory (MS-ADSC), or of inetOrgPerson and
//! its neighbours (RFC 2798, RFC 4519, RFC 4530).

use super::filter::Filter;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Says which kind of directory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ActiveDirectory,
    /// OpenLDAP and its like.
    Ldap,
}

/// The matching rule that follows groups within groups (LDAP_MATCHING_RULE_TRANSITIVE_EVAL; MS-ADTS, 3.1.1.3.4.4.3).
pub const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// What an account calls the attribute by which people show a person's name, and the one that names a department.
pub const DISPLAY_NAME: &str = "display-name";
pub const DEPARTMENT: &str = "department";

/// Names the attributes that tell of a person.
#[derive(Clone, Debug)]
pub struct Schema {
    pub kind: Kind,
    /// What names the account: `sAMAccountName`, or `uid`.
    pub name: String,
    pub upn: String,
    pub email: String,
    /// Further attributes of an account: its name here, the directory's.
    pub attributes: BTreeMap<String, String>,
}

impl Schema {
    /// Returns the usual names of a kind.
    pub fn new(kind: Kind) -> Self {
        let attributes = [(DISPLAY_NAME, "displayName"), (DEPARTMENT, Self::department(kind))];
        Self {
            kind,
            name: match kind {
                Kind::ActiveDirectory => "sAMAccountName".into(),
                Kind::Ldap => "uid".into(),
            },
            // OpenLDAP's own schemas have none; whoever has added one names it so.
            upn: "userPrincipalName".into(),
            email: "mail".into(),
            attributes: attributes.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())).into(),
        }
    }

    fn department(kind: Kind) -> &'static str {
        match kind {
            Kind::ActiveDirectory => "department",
            Kind::Ldap => "departmentNumber",
        }
    }

    /// Names what identifies an entry for good.
    pub fn id(&self) -> &'static str {
        match self.kind {
            Kind::ActiveDirectory => "objectGUID",
            Kind::Ldap => "entryUUID",
        }
    }

    /// Returns the filter for the entry that this identifies.
    pub fn identified(&self, id: Uuid) -> Filter {
        match self.kind {
            // The first three fields are little-endian (MS-DTYP, 2.3.4.2).
            Kind::ActiveDirectory => Filter::equal(self.id(), &id.to_bytes_le()),
            Kind::Ldap => Filter::equal(self.id(), id.to_string().as_bytes()),
        }
    }

    /// Lists all attributes that are asked for of people.
    pub fn of_people(&self) -> Vec<&str> {
        let more: &[&str] = match self.kind {
            Kind::ActiveDirectory => &["objectSid", "userAccountControl", "accountExpires"],
            Kind::Ldap => &["pwdAccountLockedTime"],
        };
        let named = [self.id(), &self.name, &self.upn, &self.email];
        named.into_iter().chain(more.iter().copied()).chain(self.attributes.values().map(String::as_str)).collect()
    }

    /// Returns the filter for people where nobody has said another: no computers, and nobody who is built in.
    pub fn people(&self) -> Filter {
        match self.kind {
            Kind::ActiveDirectory => Filter::all(&[
                &Filter::equal("objectCategory", b"person"),
                &Filter::equal("objectClass", b"user"),
                &Filter::present("userPrincipalName"),
            ]),
            Kind::Ldap => Filter::equal("objectClass", b"inetOrgPerson"),
        }
    }

    /// Returns the filter for whatever may have become, or been, a person who is meant.
    pub fn users(&self) -> Filter {
        match self.kind {
            Kind::ActiveDirectory => Filter::equal("objectClass", b"user"),
            Kind::Ldap => Filter::equal("objectClass", b"person"),
        }
    }

    /// Returns the filter for groups.
    pub fn groups(&self) -> Filter {
        match self.kind {
            Kind::ActiveDirectory => Filter::equal("objectClass", b"group"),
            Kind::Ldap => {
                let classes = [&b"groupOfNames"[..], b"groupOfUniqueNames", b"posixGroup"];
                let classes = classes.map(|class| Filter::equal("objectClass", class));
                Filter::any(&classes.iter().collect::<Vec<_>>())
            }
        }
    }
}
