//! Text as the system takes and gives it: UTF-16 with NUL behind it.

/// Spells text for the system.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Reads text up to the first NUL, or to the end where there is none.
pub fn until_nul(units: &[u16]) -> String {
    String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or_default())
}
