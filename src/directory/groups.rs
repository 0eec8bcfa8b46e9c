//! Who is in which group, groups within groups included.

use super::entry::Entry;
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::{HashMap, HashSet};

/// Stands for a name; a directory may have hundreds of thousands in one group.
type Key = [u8; 16];

/// Returns what stands for a text.
fn key(text: &str) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&digest(&SHA256, text.as_bytes()).as_ref()[..16]);
    key
}

/// Returns a distinguished name as it is compared: without letter case, blanks around separators, and differences of
/// escaping (RFC 4514, 2.4).
pub fn folded_dn(dn: &str) -> String {
    let mut bytes = Vec::with_capacity(dn.len());
    let mut rest = dn.trim().as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => {
                let pair = rest.get(..2).and_then(|digits| hex::decode(digits).ok());
                let (literal, length) = match (pair.as_deref(), rest.first()) {
                    (Some([byte]), _) => (*byte, 2),
                    (_, Some(byte)) => (*byte, 1),
                    (_, None) => (b'\\', 0),
                };
                if b" \"#+,;<=>\\".contains(&literal) {
                    bytes.push(b'\\');
                }
                bytes.push(literal);
                rest = rest.get(length..).unwrap_or_default();
            }
            b',' | b'=' | b'+' => {
                while bytes.last() == Some(&b' ') && !bytes.ends_with(b"\\ ") {
                    bytes.pop();
                }
                bytes.push(*byte);
                rest = rest.trim_ascii_start();
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).to_lowercase()
}

/// Holds all groups of a directory that keeps only who is in each one directly.
#[derive(Debug, Default)]
pub struct GroupLists {
    members: HashMap<Key, Vec<Key>>,
    /// Members by the name of their account (posixGroup).
    names: HashMap<Key, Vec<Key>>,
}

impl GroupLists {
    /// Adds the entry of a group.
    pub fn add(&mut self, entry: &Entry) {
        let texts = |attribute| entry.values(attribute).iter().filter_map(|value| std::str::from_utf8(value).ok());
        let listed = texts("member").chain(texts("uniqueMember"));
        let group = key(&folded_dn(&entry.dn));
        self.members.insert(group, listed.map(|dn| key(&folded_dn(dn))).collect());
        self.names.insert(group, texts("memberUid").map(key).collect());
    }

    /// Lists everybody in a group, directly or through groups in it; each group is looked at once, so that groups within
    /// each other come to an end.
    pub fn closure(&self, group: &str) -> Members {
        let mut members = Members::default();
        let mut seen = HashSet::from([key(&folded_dn(group))]);
        let mut left: Vec<Key> = seen.iter().copied().collect();
        while let Some(group) = left.pop() {
            members.names.extend(self.names.get(&group).into_iter().flatten());
            for member in self.members.get(&group).into_iter().flatten() {
                if self.members.contains_key(member) && seen.insert(*member) {
                    left.push(*member);
                }
                members.dns.insert(*member);
            }
        }
        members
    }

    /// Says whether there is such a group.
    pub fn knows(&self, group: &str) -> bool {
        self.members.contains_key(&key(&folded_dn(group)))
    }
}

/// Holds who is in one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    dns: HashSet<Key>,
    names: HashSet<Key>,
}

impl Members {
    /// Adds whom a distinguished name names.
    pub fn add(&mut self, dn: &str) {
        self.dns.insert(key(&folded_dn(dn)));
    }

    /// Counts them, groups in the group included.
    pub fn count(&self) -> usize {
        self.dns.len() + self.names.len()
    }
}

/// Holds who is in which group of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memberships {
    pub groups: Vec<(String, Members)>,
    /// Groups of the directory that rules name and that are not there; nobody is in them.
    pub missing: Vec<String>,
}

impl Memberships {
    /// Lists the groups of ours that a person is in, each once, in order.
    pub fn of(&self, dn: &str, name: &str) -> Vec<String> {
        let (dn, name) = (key(&folded_dn(dn)), key(name));
        let mut found: Vec<String> = Vec::new();
        for (group, members) in &self.groups {
            if (members.dns.contains(&dn) || members.names.contains(&name)) && !found.contains(group) {
                found.push(group.clone());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(dn: &str, attribute: &str, members: &[&str]) -> Entry {
        let members = members.iter().map(|member| member.as_bytes().to_vec()).collect();
        Entry { dn: dn.into(), attributes: vec![(attribute.into(), members)] }
    }

    #[test]
    fn names_are_compared_as_directories_do() {
        for (one, other) in [
            ("CN=Alice, OU=People,DC=Test", "cn=alice,ou=people,dc=test"),
            ("CN=Doe\\, Jane,DC=test", "cn=doe\\2C jane,dc=test"),
            ("CN=\\C3\\84,DC=test", "cn=Ä,dc=test"),
        ] {
            assert_eq!(folded_dn(one), folded_dn(other));
        }
        assert_ne!(folded_dn("CN=a\\,b,DC=test"), folded_dn("CN=a,b,DC=test"));
    }

    #[test]
    fn groups_within_groups_count_and_circles_end() {
        let mut lists = GroupLists::default();
        lists.add(&group("cn=All,dc=test", "member", &["CN=Inner,DC=Test", "uid=a,dc=test"]));
        lists.add(&group("cn=inner,dc=test", "uniqueMember", &["uid=b,dc=test", "cn=all,dc=test"]));
        lists.add(&group("cn=unix,dc=test", "memberUid", &["carol"]));
        let memberships = Memberships {
            groups: vec![
                ("everyone".into(), lists.closure("CN=all, DC=test")),
                ("inner".into(), lists.closure("cn=inner,dc=test")),
                ("unix".into(), lists.closure("cn=unix,dc=test")),
            ],
            missing: Vec::new(),
        };
        assert_eq!(memberships.of("UID=b,DC=test", "b"), ["everyone", "inner"]);
        assert_eq!(memberships.of("uid=a,dc=test", "a"), ["everyone", "inner"], "in the group that inner holds");
        assert_eq!(memberships.of("uid=carol,dc=test", "carol"), ["unix"]);
        assert!(memberships.of("uid=z,dc=test", "z").is_empty());
        assert!(!lists.knows("cn=none,dc=test") && lists.knows("cn=ALL,dc=test"));
    }
}
