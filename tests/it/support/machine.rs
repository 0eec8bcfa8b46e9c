//! A Debian system of its own: systemd as process 1 of namespaces of its own, over the files of scripts/debian-root, which stay
//! as they are. Wants root, namespaces and overlayfs.
//!
//! It has no network but its own loopback, and ends with this process, however this ends.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::program::{Ended, end};

/// `$1`: the files. `$2`: a directory for what is mounted. Only what systemd looks for in a container is there.
const BOOT: &str = r#"
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm old
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
rm -f etc/systemd/system/getty.target.wants/*
pivot_root . old
umount -l /old
rmdir /old
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target
"#;
/// Bounds how long the system may take to come up.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Machine {
    outer: Child,
    /// Process 1, as this process sees it.
    init: u32,
    _mounts: tempfile::TempDir,
}

impl Machine {
    pub fn boot() -> Self {
        let mounts = tempfile::tempdir().unwrap();
        let outer = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "unshare", "-m", "-p", "-C", "-u", "-i", "-n", "--fork", "--kill-child"])
            .args(["sh", "-c", BOOT, "boot"])
            .args([files(), mounts.path().to_owned()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let since = Instant::now();
        let children = format!("/proc/{0}/task/{0}/children", outer.id());
        let mut machine = Self { outer, init: 0, _mounts: mounts };
        while since.elapsed() < PATIENCE {
            if let Some(Ok(init)) =
                std::fs::read_to_string(&children).unwrap_or_default().split(' ').next().map(str::parse)
            {
                machine.init = init;
                // One that is degraded lacks a console.
                let state = machine.run("systemctl is-system-running").stdout;
                if ["running\n", "degraded\n"].contains(&state.as_str()) {
                    return machine;
                }
            }
            assert!(machine.outer.try_wait().unwrap().is_none(), "no system of its own could be started here");
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the system has not come up");
    }

    /// Runs commands of a shell as root.
    pub fn run(&self, script: &str) -> Ended {
        end(self.inside().args(["sh", "-c", script]))
    }

    /// Likewise; they must end well. Returns what they print.
    pub fn done(&self, script: &str) -> String {
        let ended = self.run(script);
        assert_eq!(ended.code, Some(0), "{script}: {ended:?}");
        ended.stdout
    }

    /// Writes a file, for root alone.
    pub fn write(&self, path: &str, content: &[u8]) {
        let mut cat = self
            .inside()
            .args(["sh", "-c", "umask 077; cat >\"$1\"", "write", path])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        cat.stdin.take().unwrap().write_all(content).unwrap();
        assert!(cat.wait().unwrap().success());
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> Vec<u8> {
        self.inside().args(["cat", path]).output().unwrap().stdout
    }

    /// Runs a program of this system in the network of that one.
    pub fn in_its_network(&self, program: &str, arguments: &[&str]) -> Ended {
        let init = self.init.to_string();
        end(Command::new("nsenter").args(["-t", &init, "-n", program]).args(arguments))
    }

    fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.init.to_string(), "-m", "-p", "-C", "-u", "-i", "-n"]);
        command.args([
            "env",
            "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root",
            "DEBIAN_FRONTEND=noninteractive",
        ]);
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.outer.kill();
        let _ = self.outer.wait();
    }
}

/// Where its files are; the set-up has made them, else they are made now.
fn files() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/debian-root");
    let made = end(&mut Command::new(script));
    assert_eq!(made.code, Some(0), "{made:?}");
    PathBuf::from(made.stdout.trim())
}
