//! Says how a service of Windows stands.

/// Says how a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Runs,
    /// Something may start it: a device, a program, a person.
    Rests,
    /// Nothing can start it.
    Disabled,
    Absent,
}
