//! What an enrollment costs.

use anyhow::{Result, ensure};
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
