//! Reads the data items that a template asks for, from `--data NAME=VALUE`.

use super::failure::{Exit, Failure};
use crate::cm::data_item::DataItem;

/// Parses each `NAME=VALUE`, keeping the order; fails with `data-item` on the first that has no name or no `=`.
pub fn data_items(texts: &[String]) -> Result<Vec<DataItem>, Failure> {
    texts.iter().map(|text| data_item(text)).collect()
}

fn data_item(text: &str) -> Result<DataItem, Failure> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok(DataItem { name: name.into(), value: Some(value.into()) }),
        _ => Err(Failure::new("data-item", Exit::Usage, format!("--data wants NAME=VALUE, not {text:?}")).remedy(
            "Write the item's name, an equals sign and its value; `cardwright template show` names the items.",
        )),
    }
}
