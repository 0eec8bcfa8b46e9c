//! Asks children to end or sets them apart, and finds the processes that have a library loaded (Linux, proc(5)).

use crate::platform::running::Process;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};

/// Bounds how much of a process's table of mappings is read, in bytes.
const LONGEST_MAPS: u64 = 1 << 22;

/// Says whether other users of this computer see the arguments that a program was started with (proc(5)).
///
/// Windows: they do not, as only its own user and administrators may read another process's memory.
pub const ARGUMENTS_ARE_SEEN: bool = true;

/// Returns the number of the user who runs this process (getuid(2)).
pub fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Asks a child to end (SIGTERM); it may take its time, or not heed it.
///
/// Fails where the child has ended and was waited for, or belongs to another user.
pub fn ask_to_end(child: &Child) -> io::Result<()> {
    Ok(kill_process(Pid::from_child(child), Signal::TERM)?)
}

/// Returns how a process ended as shells tell it: its exit code or, where a signal ended it, 128 and the signal's number.
pub fn exit_code(status: ExitStatus) -> u8 {
    let told = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    told.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Has a command start in a process group of its own, which Ctrl-C at this terminal does not reach.
pub fn set_apart(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// Returns the other processes that have a library loaded whose path holds one of `libraries`, by process id, as far as this
/// user may see them: none is an answer, not proof.
///
/// Windows: the modules of each process, by `CreateToolhelp32Snapshot`.
pub fn with_library(libraries: &[&str]) -> Vec<Process> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let others = pids.filter(|pid| *pid != std::process::id());
    let mut found: Vec<Process> = others.filter_map(|pid| if_loaded(pid, libraries)).collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// Returns the process if it has one of the libraries loaded.
fn if_loaded(pid: u32, libraries: &[&str]) -> Option<Process> {
    let maps = File::open(format!("/proc/{pid}/maps")).ok()?.take(LONGEST_MAPS);
    let mut lines = BufReader::new(maps).split(b'\n').map_while(Result::ok);
    let holds = |line: &[u8], library: &str| line.windows(library.len()).any(|window| window == library.as_bytes());
    lines.find(|line| libraries.iter().any(|library| holds(line, library)))?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned();
    Some(Process { pid, name })
}
