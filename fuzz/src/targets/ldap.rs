//! What a directory says, and filters that people write.

use super::{shown, text};
use cardwright::directory::{
    Answer, CertificateName, Entry, Filter, GroupLists, Kind, Memberships, Person, Schema, folded_dn, read_message,
};
use std::hint::black_box;
use time::OffsetDateTime;

/// The most values of an entry that is also taken as a group: a list of members costs as much again.
const MOST_MEMBERS: usize = 1000;

/// Reads the input as a message of a directory, and an entry as a person and as a group.
pub(super) fn message(data: &[u8]) {
    let Ok((id, answer)) = read_message(data) else { return };
    match answer {
        Answer::Entry(entry) => read_as_all(&entry),
        Answer::Bound(outcome, token) => drop(black_box((id, outcome.to_string(), token))),
        Answer::Done(outcome, cookie) => drop(black_box((id, outcome.to_string(), cookie))),
        Answer::Extended(outcome) => drop(black_box(outcome.to_string())),
        Answer::Reference => {}
    }
}

fn read_as_all(entry: &Entry) {
    for kind in [Kind::ActiveDirectory, Kind::Ldap] {
        if let Err(refused) = black_box(Person::read(entry, &Schema::new(kind), OffsetDateTime::UNIX_EPOCH)) {
            black_box(refused.problem.to_string());
        }
    }
    for value in entry.attributes.iter().flat_map(|(_, values)| values).take(MOST_MEMBERS) {
        black_box(CertificateName::read(value));
    }
    if entry.attributes.iter().map(|(_, values)| values.len()).sum::<usize>() > MOST_MEMBERS {
        return;
    }
    let mut lists = GroupLists::default();
    lists.add(entry);
    assert!(lists.knows(&entry.dn), "a group is not found by its own name");
    let groups = vec![("all".to_owned(), lists.closure(&entry.dn))];
    black_box(Memberships { groups, missing: Vec::new() }.of(&entry.dn, &entry.dn));
}

/// Reads the input as a filter, and as a distinguished name.
pub(super) fn filter(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(filter) = shown(Filter::parse(text)) {
        let both = Filter::all(&[&filter, &filter]);
        assert!(both.bytes().len() >= 2 * filter.bytes().len());
    }
    let folded = folded_dn(text);
    assert!(folded.len() <= 4 * text.len() + 4, "{text:?} grows");
}
