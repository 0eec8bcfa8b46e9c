//! What an enrollment costs.

use super::process::peak_mebibytes;
use anyhow::{Result, ensure};
use std::process::Child;
use std::time::{Duration, Instant};

/// What one enrollment took.
pub struct Cost {
    pub wall: Duration,
    /// Of the commands.
    pub cpu: Duration,
    /// Of the server, where there is one.
    pub server_cpu: Duration,
}

impl Cost {
    /// Of both.
    pub fn cpu_with_server(&self) -> Duration {
        self.cpu + self.server_cpu
    }
}

/// Takes the time of work that is done by children, all waited for.
pub fn timed(work: impl FnOnce() -> Result<()>) -> Result<Cost> {
    let (begun, before) = (Instant::now(), children_cpu()?);
    work()?;
    Ok(Cost { wall: begun.elapsed(), cpu: children_cpu()? - before, server_cpu: Duration::ZERO })
}

/// User and system time of all children that have ended and were waited for.
#[allow(unsafe_code)]
fn children_cpu() -> Result<Duration> {
    // SAFETY: rusage is plain numbers, for which zeros are valid, and getrusage writes to it only.
    let (code, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage), usage)
    };
    ensure!(code == 0, "getrusage: {}", std::io::Error::last_os_error());
    let span = |time: libc::timeval| -> Result<Duration> {
        Ok(Duration::from_secs(time.tv_sec.try_into()?) + Duration::from_micros(time.tv_usec.try_into()?))
    };
    Ok(span(usage.ru_utime)? + span(usage.ru_stime)?)
}

/// Waits for a child that must succeed; gives the most memory that it had resident, in MiB.
#[allow(unsafe_code, clippy::zombie_processes)]
pub fn ended(child: Child) -> Result<f64> {
    let (process, mut status): (libc::pid_t, _) = (child.id().try_into()?, 0);
    // SAFETY: rusage is plain numbers, for which zeros are valid, and wait4 writes to it and to the status only.
    let (ended, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(process, &raw mut status, 0, &raw mut usage), usage)
    };
    ensure!(ended == process && status == 0, "a command ended with the status {status}");
    let peak = usage.ru_maxrss as f64 / 1024.0;
    // The kernel counts what its parent had when it was started, too.
    let own = peak_mebibytes(std::process::id())?;
    ensure!(peak > own, "{peak:.1} MiB cannot be told apart from this process' {own:.1}");
    Ok(peak)
}

/// Ratios of wall time, pair by pair.
pub fn wall_ratio(pairs: &[(Cost, Cost)]) -> impl Iterator<Item = f64> {
    pairs.iter().map(|(ours, theirs)| ours.wall.as_secs_f64() / theirs.wall.as_secs_f64())
}

/// Ratios of processor time, with that of our server, pair by pair.
pub fn cpu_ratio(pairs: &[(Cost, Cost)]) -> impl Iterator<Item = f64> {
    pairs.iter().map(|(ours, theirs)| ours.cpu_with_server().as_secs_f64() / theirs.cpu.as_secs_f64())
}
