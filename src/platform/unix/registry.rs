//! What an administrator has set in the registry: Windows alone has one.

/// Returns what says whether the registry has a key: nothing does.
pub fn keys() -> Option<&'static dyn Fn(&str) -> bool> {
    None
}
