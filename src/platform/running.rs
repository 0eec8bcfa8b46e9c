//! Names a process that runs.

/// Names a process by its id and its program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub name: String,
}
