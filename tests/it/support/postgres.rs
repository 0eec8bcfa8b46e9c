//! One private PostgreSQL cluster in memory for the whole test binary; each test has a database of its own in it.
//!
//! PostgreSQL refuses to run as root, so root runs it as the Debian package's user. A shell holds it: it waits on a pipe
//! from this process and ends the cluster when the pipe does, however this process ends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::directory;

/// What those say that wait for locks.
const WHAT: &str = "string_agg(query, '; ')";

/// How long transactions are waited for, from before the process starts that begins them.
const PATIENCE: Duration = Duration::from_secs(120);

/// The log's records that do not follow from the one before them; there must be none.
pub const BROKEN_LOG: &str = "SELECT count(*) FROM (SELECT record::json ->> 'before' AS before, \
     encode(coalesce(lag(hash) OVER chain, decode(repeat('00', 32), 'hex')), 'hex') AS last, \
     encode(sha256(convert_to(record, 'UTF8')), 'hex') <> encode(hash, 'hex') AS forged, \
     number - row_number() OVER chain AS gap FROM audit WINDOW chain AS (PARTITION BY chain ORDER BY number)) AS log \
     WHERE before <> last OR forged OR gap <> 0";

/// `$1`: the cluster's directory. `$2`: the port on loopback, where TLS and a password are demanded. `$3`: who runs it.
/// The planner is told that all pages are in memory.
const SCRIPT: &str = r#"
set -eu
trap '' INT
as=
if [ "$(id -u)" -eq 0 ]; then
    chown "$3" "$1"
    as="setpriv --reuid=$3 --regid=$3 --init-groups"
fi
cd "$1"
programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
export LC_ALL=C.UTF-8
{
    $as "$programs/initdb" -D "$1/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8
    $as openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout "$1/data/server.key" -out "$1/data/server.crt"
    $as chmod 600 "$1/data/server.key"
    printf 'local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n' | $as tee "$1/data/pg_hba.conf"
    for setting in "unix_socket_directories='$1'" "listen_addresses='127.0.0.1'" "port=$2" ssl=on max_connections=400 random_page_cost=1.1 \
        "log_line_prefix='of %d '" shared_buffers=256MB dynamic_shared_memory_type=mmap; do
        echo "$setting" | $as tee -a "$1/data/postgresql.conf"
    done
    $as "$programs/pg_ctl" -D "$1/data" -w -l "$1/data/log" start
} >"$1.said" 2>&1 || { cat "$1.said" >&2; rm -rf "$1" "$1.said"; exit 1; }
echo "$programs"
cat >/dev/null
$as "$programs/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1 || true
rm -rf "$1" "$1.said"
"#;

struct Cluster {
    directory: PathBuf,
    port: u16,
    /// Where its programs are; Debian's `psql` is a script that looks for the program first.
    programs: PathBuf,
    /// Its standard input is the pipe.
    _shell: Child,
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start("postgres"))
}

impl Cluster {
    /// Makes a cluster in a directory of this name.
    fn start(name: &str) -> Self {
        let directory = directory::fresh(name);
        // Nobody takes a port this high between here and the start; if somebody does, the start says so.
        let port = crate::support::port::unused_port();
        let mut shell = Command::new("setsid")
            .args(["sh", "-c", SCRIPT, "postgres"])
            .arg(&directory)
            .args([&port.to_string(), "postgres"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let programs = PathBuf::from(line.trim_end());
        assert!(programs.join("psql").is_file(), "PostgreSQL did not start; is the package postgresql installed?");
        Self { directory, port, programs, _shell: shell }
    }

    fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?user=postgres&port={}&host={}", self.port, self.directory.display())
    }

    #[track_caller]
    fn psql(&self, database: &str, statements: &str) -> String {
        let ran = Command::new(self.programs.join("psql"))
            .args([
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                database,
                "-p",
                &self.port.to_string(),
                "-h",
            ])
            .arg(&self.directory)
            .args(["-c", statements])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
    }
}

/// A cluster of a test's own, which dies and comes back.
pub struct OwnCluster(Cluster);

impl OwnCluster {
    /// Makes and starts one, in a directory of this name.
    pub fn new(name: &str) -> Self {
        Self(Cluster::start(name))
    }

    /// The URL of its one database.
    pub fn url(&self) -> String {
        self.0.url("postgres")
    }

    /// Has psql run statements, as [`Database::sql`] does.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        self.0.psql("postgres", statements)
    }

    /// Ends all its processes at once, as `pg_ctl -m immediate` does.
    pub fn end_at_once(&self) {
        assert!(self.control(&["-m", "immediate", "stop"]));
    }

    /// Kills the postmaster, which its other processes notice.
    pub fn kill(&self) {
        let file = std::fs::read_to_string(self.0.directory.join("data/postmaster.pid")).unwrap();
        let id = file.lines().next().unwrap().parse().unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::KILL)
            .unwrap();
    }

    /// Starts it again, once its earlier processes are gone.
    pub fn start_again(&self) {
        let log = self.0.directory.join("data/log").display().to_string();
        let since = Instant::now();
        while !self.control(&["-w", "-l", &log, "start"]) {
            assert!(since.elapsed() < PATIENCE, "{}", std::fs::read_to_string(&log).unwrap());
        }
    }

    fn control(&self, arguments: &[&str]) -> bool {
        let program = self.0.programs.join("pg_ctl");
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.arg("-D").arg(self.0.directory.join("data")).args(arguments).status().unwrap().success()
    }
}

/// A database of a test's own; dropped with it.
pub struct Database {
    name: String,
}

impl Database {
    /// Makes an empty one.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", COUNT.fetch_add(1, Ordering::Relaxed));
        psql("postgres", &format!("CREATE DATABASE {name}"));
        Self { name }
    }

    /// The URL, by the cluster's socket.
    pub fn url(&self) -> String {
        cluster().url(&self.name)
    }

    /// The URL over TCP, for a user who is asked for a password.
    pub fn remote_url(&self, user: &str) -> String {
        format!("postgresql://{user}@localhost:{}/{}", cluster().port, self.name)
    }

    /// The certificate that the cluster shows, PEM.
    pub fn certificate(&self) -> String {
        std::fs::read_to_string(cluster().directory.join("data/server.crt")).unwrap()
    }

    /// Has psql run statements, and gives what it prints: a row a line, columns parted by `|`.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        psql(&self.name, statements)
    }

    /// Has the plan of every statement of later connections noted.
    pub fn note_plans(&self) {
        let settings = ["session_preload_libraries = auto_explain", "auto_explain.log_min_duration = 0"];
        self.sql(&settings.map(|setting| format!("ALTER DATABASE {} SET {setting};", self.name)).concat());
    }

    /// The noted statements whose plan has a line with `word`.
    pub fn plans_with(&self, word: &str) -> Vec<String> {
        let log = std::fs::read_to_string(cluster().directory.join("data/log")).unwrap();
        let own = format!("{} ", self.name);
        let notes = log.split("\nof ").filter(|note| note.starts_with(&own));
        notes.filter(|note| note.contains(word)).map(str::to_owned).collect()
    }

    /// Ends every connection to it, as a restart of the cluster would, and waits until they have ended.
    pub fn cut(&self) {
        self.sql(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }

    /// Keeps everybody from writing a table until that is dropped; what writes it is waited for before.
    pub fn held(&self, table: &str) -> Held {
        self.begun(&format!("LOCK TABLE {table} IN SHARE MODE"))
    }

    /// Begins a transaction as a server elsewhere would, with this statement; what that has locked stays so until it is
    /// dropped or committed.
    pub fn begun(&self, statement: &str) -> Held {
        let mut psql = self.program(cluster().programs.join("psql"));
        let mut psql =
            psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lock = format!("BEGIN; {statement};\n\\echo held\n");
        psql.stdin.as_mut().unwrap().write_all(lock.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(psql.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Held { psql }
    }

    /// Waits until so many transactions wait for locks.
    #[track_caller]
    pub fn await_waiting(&self, number: usize) {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let since = Instant::now();
        while self.sql(waiting) != number.to_string() {
            assert!(
                since.elapsed() < PATIENCE,
                "{} wait: {}",
                self.sql(waiting),
                self.sql(&waiting.replace("count(*)", WHAT))
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A program of PostgreSQL's, on this database.
    pub fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env("PGHOST", &cluster().directory).env("PGPORT", cluster().port.to_string());
        command.env("PGUSER", "postgres").env("PGDATABASE", &self.name);
        command
    }
}

/// A transaction that holds locks.
pub struct Held {
    psql: Child,
}

impl Held {
    /// Goes on with a statement, and commits.
    pub fn committed(mut self, statement: &str) {
        let text = format!("{statement}; COMMIT;\n");
        self.psql.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        drop(self.psql.stdin.take());
        assert!(self.psql.wait().unwrap().success(), "{statement}");
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The end of its input ends it, and its transaction with it.
        drop(self.psql.stdin.take());
        let _ = self.psql.wait();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            psql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

#[track_caller]
fn psql(database: &str, statements: &str) -> String {
    cluster().psql(database, statements)
}
