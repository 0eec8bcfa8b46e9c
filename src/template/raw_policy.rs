//! Holds the keys of a template file about data items, documents, one-time passwords, lifecycle, limits, loss,
//! revocation and recovery, exactly as they may be written.

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::PathBuf;
use toml::Spanned;

type Text = Spanned<String>;

/// Holds a data item: its name alone, or a table.
pub enum RawDataItem {
    Name(String),
    Table(Box<RawDataItemTable>),
}

/// Holds the table of a data item.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDataItemTable {
    pub name: Text,
    #[serde(default)]
    pub description: String,
    pub kind: Option<Text>,
    pub from: Option<Text>,
    pub required: Option<bool>,
    pub stored: Option<bool>,
    #[serde(default)]
    pub after_approval: bool,
    pub min_length: Option<Spanned<u32>>,
    pub max_length: Option<Spanned<u32>>,
    pub pattern: Option<Text>,
    pub choices: Option<Spanned<Vec<String>>>,
    pub minimum: Option<Spanned<RawBound>>,
    pub maximum: Option<Spanned<RawBound>>,
}

/// Holds the bound of a number, or of a date as text.
pub enum RawBound {
    Number(f64),
    Text(String),
}

/// Holds the table of a document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDocument {
    pub name: Text,
    pub text: Text,
}

/// Holds `one_time_password` of a workflow.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawOneTimePassword {
    pub deliver: Spanned<Vec<Text>>,
    pub length: Option<Spanned<u32>>,
    pub alphabet: Option<Text>,
    pub lifetime_hours: Option<Spanned<u32>>,
    pub tries: Option<Spanned<u32>>,
    #[serde(default = "yes")]
    pub agent_needs_it: bool,
}

fn yes() -> bool {
    true
}

impl<'de> Deserialize<'de> for RawDataItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = RawDataItem;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("the name of a data item, or a table with its rules")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<RawDataItem, E> {
                Ok(RawDataItem::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawDataItem, A::Error> {
                let table = RawDataItemTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawDataItem::Table(Box::new(table)))
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}

impl<'de> Deserialize<'de> for RawBound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = RawBound;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a number, or a date such as \"2026-01-31\"")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<RawBound, E> {
                i32::try_from(number).map(|number| RawBound::Number(number.into())).map_err(|_| E::custom("too large"))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<RawBound, E> {
                Ok(RawBound::Number(number))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RawBound, E> {
                Ok(RawBound::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

/// Holds `[lifecycle]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawLifecycle {
    pub forbid: Vec<Spanned<String>>,
    pub request_days: Option<Spanned<u32>>,
}

/// Holds `[limits]`; 0: any number.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    pub cards: u32,
    pub profiles: u32,
    pub temporary_cards: u32,
    pub open_requests: u32,
}

/// Holds one of `[[loss_reasons]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLossReason {
    pub name: Spanned<String>,
    pub revoke: bool,
    pub reason: Option<Spanned<String>>,
    #[serde(default = "yes")]
    pub recover: bool,
}

/// Holds `revocation` of a workflow.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawRevocationOptions {
    pub revoke_old: Option<bool>,
    pub reason: Option<Spanned<String>>,
    pub delay_hours: Option<Spanned<u32>>,
    pub allow_specify_reason: bool,
    pub allow_specify_delay: bool,
    pub disable_old: Option<bool>,
    pub publish_base: Option<bool>,
    pub publish_delta: Option<bool>,
}

/// Holds `[recovery]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRecovery {
    #[serde(default)]
    pub agents: Vec<PathBuf>,
    #[serde(default)]
    pub opened_by: RawOpenedBy,
}

/// Holds `opened_by` of `[recovery]`.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "kebab-case")]
pub enum RawOpenedBy {
    #[default]
    ServerAndAgents,
    Agents,
}
