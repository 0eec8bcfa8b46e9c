//! Reads settings from the environment: `CARDWRIGHT_SERVER__CA__CRL_URL` stands for `crl_url` of `[ca]`.
//!
//! Precedence: an option of the command line, then the environment, then `server.toml`, then the default. A value is
//! read as TOML where it is valid TOML (`true`, `8443`, `["a", "b"]`), else as text.

use std::collections::BTreeMap;
use toml::{Table, Value};

/// Begins the names of all variables.
pub const PREFIX: &str = "CARDWRIGHT_SERVER__";
/// Separates tables and keys in the name of a variable.
const SEPARATOR: &str = "__";
/// Lists the words in keys whose values are never shown.
const SECRET_KEYS: [&str; 5] = ["password", "passphrase", "secret", "pin", "token"];

/// Says that a variable cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {variable} cannot be used: {problem}")]
pub struct VariableError {
    pub variable: String,
    pub problem: String,
}

/// Says where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `server.toml`.
    File,
    /// This variable.
    Variable(String),
    Default,
}

/// Holds one setting as it is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The dotted path of the key.
    pub key: String,
    /// The value as TOML; that of a secret is "***".
    pub value: String,
    pub origin: Origin,
}

/// Returns the variables that are settings, by name.
pub fn variables() -> BTreeMap<String, String> {
    let ours = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = ours.filter(|(name, _)| name.starts_with(PREFIX));
    ours.map(|(name, value)| (name, value.to_string_lossy().into_owned())).collect()
}

/// Lays variables over a table; tables that are missing are made.
pub fn merged<'a>(
    table: &Table,
    variables: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<Table, VariableError> {
    let mut table = table.clone();
    for (name, text) in variables {
        let wrong = |problem: &str| VariableError { variable: name.clone(), problem: problem.to_owned() };
        let path = path(name);
        let Some((last, parents)) = path.split_last().filter(|_| path.iter().all(|key| !key.is_empty())) else {
            return Err(wrong("its name has no key"));
        };
        let mut inner = &mut table;
        for key in parents {
            let next = inner.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
            inner = next.as_table_mut().ok_or_else(|| wrong("there is no such table"))?;
        }
        inner.insert(last.clone(), value(text));
    }
    Ok(table)
}

/// Returns the keys that a variable's name stands for, in lower case.
pub fn path(variable: &str) -> Vec<String> {
    let name = variable.strip_prefix(PREFIX).unwrap_or(variable);
    name.split(SEPARATOR).map(str::to_ascii_lowercase).collect()
}

/// Reads a value as TOML where it is valid TOML, else as text.
pub fn value(text: &str) -> Value {
    let literal = toml::from_str::<Table>(&format!("value = {text}")).ok();
    let literal = literal.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    literal.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Puts every value below `value` into a map, by its dotted path.
pub fn flatten(prefix: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Table(table) => {
            for (key, inner) in table {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, inner, into);
            }
        }
        other => drop(into.insert(prefix.to_owned(), other.clone())),
    }
}

/// Returns a value as it may be shown: a secret, or the password in a URL, is "***".
pub fn shown(key: &str, value: &Value) -> String {
    const HIDDEN: &str = "\"***\"";
    let last = key.rsplit('.').next().unwrap_or(key);
    if last.split('_').any(|word| SECRET_KEYS.contains(&word)) && !last.ends_with("_file") {
        return HIDDEN.into();
    }
    let mut value = value.clone();
    if let Value::String(text) = &mut value
        && let Ok(mut url) = url::Url::parse(text)
        && url.password().is_some()
    {
        if url.set_password(Some("***")).is_err() {
            return HIDDEN.into();
        }
        *text = url.to_string();
    }
    value.to_string()
}
