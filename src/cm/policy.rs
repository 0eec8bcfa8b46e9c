//! The data items and one-time passwords of a workflow's policy.
//!
//! No body of Microsoft's is known for either. The SDK names DataCollectionItem, DataCollectionItemStorage and
//! DataCollectionItemValidation, but not their members. The members here are inferred, and other forms are read too.

use super::wire::body::body;
use super::wire::{PlainOr, Spelling, Text, TextList};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Describes a data item that a workflow collects.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PolicyDataItem {
    pub name: String,
    pub description: String,
    /// "text", "number", "date", "email", "choice" or "yes-no".
    pub kind: String,
    /// The person who gives it: "originator", "subscriber" or "manager".
    pub from: String,
    pub required: bool,
    pub stored: bool,
    /// In characters.
    pub min_length: u32,
    pub max_length: u32,
    /// A regular expression for the whole value; empty allows any.
    pub pattern: String,
    pub choices: Vec<String>,
    /// Lower bound of a number or date; empty for none.
    pub minimum: String,
    pub maximum: String,
}

body!(PolicyDataItem {
    name: "Name" => Text,
    description: "Description" => Text,
    kind: "Kind" => Text,
    from: "From" => Text,
    required: "Required" => PlainOr<bool>,
    stored: "Stored" => PlainOr<bool>,
    min_length: "MinLength" => PlainOr<u32>,
    max_length: "MaxLength" => PlainOr<u32>,
    pattern: "Pattern" => Text,
    choices: "Choices" => TextList,
    minimum: "Minimum" => Text,
    maximum: "Maximum" => Text,
});

/// Spells the data items of a policy as objects. A name alone is read too, and an object of any other form, whose JSON
/// then is the name.
pub struct PolicyDataItems;

impl Spelling for PolicyDataItems {
    type Value = Vec<PolicyDataItem>;

    fn write<S: Serializer>(value: &Vec<PolicyDataItem>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PolicyDataItem>, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(values) => values.into_iter().map(item).collect(),
            value => vec![item(value)],
        })
    }

    fn absent() -> Option<Vec<PolicyDataItem>> {
        Some(Vec::new())
    }
}

fn item(value: Value) -> PolicyDataItem {
    let named = |name: String| PolicyDataItem { name, ..PolicyDataItem::default() };
    match value {
        Value::String(name) => named(name),
        value => match PolicyDataItem::deserialize(&value) {
            Ok(item) if !item.name.is_empty() => item,
            _ => match value.get("Name") {
                Some(Value::String(name)) => named(name.clone()),
                _ => named(value.to_string()),
            },
        },
    }
}

/// Says how a workflow's one-time passwords are made and delivered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OneTimePasswordPolicy {
    /// One entry for each password: "smtp:target", "display" and so on.
    pub deliver: Vec<String>,
    /// In characters.
    pub length: u32,
    pub lifetime_hours: u32,
    pub tries: u32,
    /// True if an enrollment agent needs the password too.
    pub agent_needs_it: bool,
}

body!(OneTimePasswordPolicy {
    deliver: "DistributionType" => TextList,
    length: "Length" => PlainOr<u32>,
    lifetime_hours: "LifetimeHours" => PlainOr<u32>,
    tries: "Tries" => PlainOr<u32>,
    agent_needs_it: "RequiredOfEnrollmentAgent" => PlainOr<bool>,
});
