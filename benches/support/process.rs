//! Children: run to their end or kept running, and the processor time they took.

use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Runs a command that must succeed; gives what it printed.
pub fn run(command: &mut Command) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| name.clone())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {}\n{said}", output.status);
    Ok(output.stdout)
}

/// User and system time of a running process, all its threads together, ended ones too.
#[allow(unsafe_code)]
fn cpu_of(process: u32) -> Result<Duration> {
    let mut clock: libc::clockid_t = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both calls write to the one variable they are given.
    let code = unsafe {
        match libc::clock_getcpuclockid(process.try_into()?, &raw mut clock) {
            0 => libc::clock_gettime(clock, &raw mut time),
            code => code,
        }
    };
    ensure!(code == 0, "the processor clock of process {process} cannot be read");
    Ok(Duration::new(time.tv_sec.try_into()?, time.tv_nsec.try_into()?))
}

/// User and system time of this process.
pub fn own_cpu() -> Result<Duration> {
    cpu_of(std::process::id())
}

/// Returns the most memory a process had resident so far, in MiB.
pub fn peak_mebibytes(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

/// A child that serves until this is dropped; what it logs goes to a file.
pub struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts it; standard output is piped.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn();
        Ok(Self { child: child.with_context(|| command.get_program().display().to_string())?, log: log.into() })
    }

    /// Its standard output, once.
    pub fn stdout(&mut self) -> Result<impl std::io::Read + use<>> {
        self.child.stdout.take().context("standard output was taken already")
    }

    /// Fails, with its log, if it has ended.
    pub fn lives(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("a server ended, {status}:\n{}", std::fs::read_to_string(&self.log)?);
        }
        Ok(())
    }

    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(self.process())
    }

    /// Its process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A server that is gone already is what is wanted.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// An empty directory of this benchmark's own under target/, on disk.
pub fn fresh_directory(name: &str) -> Result<PathBuf> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench").join(name);
    if directory.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}
