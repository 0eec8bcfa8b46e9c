//! A PostgreSQL cluster of the benchmark's own, on disk and durable, and what pgbench does with the rows of a flow.

use super::support::process::{Service, run};
use anyhow::{Context, Result, bail};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const STARTS_WITHIN: Duration = Duration::from_secs(20);
/// Of each of its runs.
pub const SECONDS: u32 = 2;
/// The three transactions of a flow.
const FLOW: &str = include_str!("flow.sql");

pub struct Postgres {
    _service: Service,
    cluster: PathBuf,
    socket: PathBuf,
    programs: PathBuf,
    as_user: Option<&'static str>,
}

impl Postgres {
    /// Makes a cluster and starts it on a socket of its own; by root it is started as the user Debian makes for it.
    /// `None`: it is not installed.
    pub fn start(parent: &Path) -> Result<Option<Self>> {
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let programs = installed.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("pgbench").is_file());
        let Some(programs) = programs.max() else { return Ok(None) };
        let as_user = (std::fs::metadata("/proc/self")?.uid() == 0).then_some("postgres");
        let cluster = parent.join("postgres");
        // The account may not enter the benchmark's own directory.
        let socket = tempfile::Builder::new().prefix("cardwright-bench").tempdir()?.keep();
        std::fs::create_dir_all(&cluster)?;
        if let Some(user) = as_user {
            run(Command::new("chown").arg(user).arg(&cluster).arg(&socket))?;
        }
        let command = |program: &str| {
            let mut command = match as_user {
                Some(user) => {
                    let mut command = Command::new("runuser");
                    command.args(["-u", user, "--"]).arg(programs.join(program));
                    command
                }
                None => Command::new(programs.join(program)),
            };
            command.current_dir("/");
            command
        };
        run(command("initdb").arg("-D").arg(&cluster).args(["--username=bench", "--auth=trust", "--encoding=UTF8"]))?;
        let mut server = command("postgres");
        server.arg("-D").arg(&cluster).arg("-k").arg(&socket).args(["-c", "listen_addresses="]);
        server.args(["-c", "max_connections=100", "-c", "shared_buffers=256MB"]);
        let service = Service::start(&mut server, &parent.join("postgres.log"))?;
        let mut postgres = Self { _service: service, cluster, socket, programs: programs.clone(), as_user };
        postgres.wait()?;
        Ok(Some(postgres))
    }

    /// The name of a database of this name; it is made where there is none.
    pub fn database(&self, name: &str) -> Result<String> {
        let listed = String::from_utf8(run(self.client("psql", &["-lqtA"]).arg("postgres"))?)?;
        if !listed.lines().any(|line| line.split('|').next() == Some(name)) {
            run(&mut self.client("createdb", &[name]))?;
        }
        Ok(name.to_owned())
    }

    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        while run(&mut self.client("pg_isready", &[])).is_err() {
            self._service.lives()?;
            if begun.elapsed() > STARTS_WITHIN {
                bail!("PostgreSQL does not answer");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn client(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.env("PGHOST", &self.socket).env("PGUSER", "bench").args(arguments);
        command
    }

    /// What `server.toml` is told.
    pub fn settings(&self, database: &str) -> String {
        let host = self.socket.display();
        format!("\n[database]\nurl = \"postgresql:///{database}?user=bench&host={host}\"\n")
    }

    /// Runs statements in one transaction.
    pub fn execute(&self, database: &str, directory: &Path, statements: &str) -> Result<()> {
        let script = directory.join("statements.sql");
        std::fs::write(&script, statements)?;
        let arguments = ["-q1", "-v", "ON_ERROR_STOP=1", "-f"];
        run(self.client("psql", &arguments).arg(&script).arg(database)).map(drop)
    }

    /// Makes a database of pgbench's own, with the tables and the people of one of ours.
    pub fn yardstick(&self, of: &str, directory: &Path) -> Result<Yardstick<'_>> {
        let database = self.database(&format!("{of}_pgbench"))?;
        let dumped = directory.join("yardstick.sql");
        run(self.client("pg_dump", &["--no-owner", "-f"]).arg(&dumped).arg(of))?;
        run(self.client("psql", &["-q1", "-v", "ON_ERROR_STOP=1", "-f"]).arg(&dumped).arg(&database))?;
        let chains = "INSERT INTO audit_chains (chain, length, head) SELECT 1000 + n, 0, sha256('') FROM generate_series(0, 63) n";
        self.execute(&database, directory, chains)?;
        let script = directory.join("flow.sql");
        std::fs::write(&script, FLOW)?;
        let mut yardstick = Yardstick { postgres: self, database, script, clients: 0 };
        let mut best = 0.0;
        for clients in [8, 16, 32, 64] {
            let rate = yardstick.rate_of(clients)?;
            if rate > best {
                (best, yardstick.clients) = (rate, clients);
            }
        }
        Ok(yardstick)
    }

    /// Returns the processor time that the cluster has taken, all its processes together, ended ones too.
    pub fn cpu(&self) -> Result<Duration> {
        let file = std::fs::read_to_string(self.cluster.join("postmaster.pid"))?;
        let postmaster = file.lines().next().context("no postmaster")?;
        let mut ticks = 0;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            // A process may end meanwhile.
            let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
            let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
            let fields: Vec<&str> = rest.split(' ').collect();
            // proc(5): the parent, then user and system time of its own, and of children that have ended.
            let own = entry.file_name().to_str() == Some(postmaster);
            let times = if own { 11..15 } else { 11..13 };
            if own || fields.get(1) == Some(&postmaster) {
                ticks +=
                    fields.get(times).unwrap_or_default().iter().filter_map(|it| it.parse::<u64>().ok()).sum::<u64>();
            }
        }
        // USER_HZ is 100 on every Linux.
        Ok(Duration::from_millis(ticks * 10))
    }
}

/// What pgbench does with the rows of a flow.
pub struct Yardstick<'p> {
    postgres: &'p Postgres,
    database: String,
    script: PathBuf,
    /// With which it does best.
    pub clients: u32,
}

impl Yardstick<'_> {
    /// Flows a second with as many clients as do best.
    pub fn rate(&self) -> Result<f64> {
        self.rate_of(self.clients)
    }

    fn rate_of(&self, clients: u32) -> Result<f64> {
        let (clients, time) = (clients.to_string(), SECONDS.to_string());
        let arguments = ["-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &time, "-f"];
        let mut pgbench = self.postgres.client("pgbench", &arguments);
        let told = String::from_utf8(run(pgbench.arg(&self.script).arg(&self.database))?)?;
        let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split(' ').next());
        Ok(rate.context("pgbench told no rate")?.parse()?)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // runuser does not pass on the kill that ends it.
        if self.as_user.is_some() {
            let _ = run(Command::new("pkill").args(["-INT", "-f", &self.socket.display().to_string()]));
        }
        let _ = std::fs::remove_dir_all(&self.socket);
    }
}
