//! What an error says, with all that caused it.

use std::error::Error;

/// The error and all its sources, from the outermost inwards.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}
