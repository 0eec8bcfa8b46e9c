//! A Kerberos realm of one's own: MIT's KDC on a free port of loopback, its database and all files in one directory.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

use super::directory;

pub const PASSWORD: &str = "a password for tests";

pub struct Realm {
    pub name: &'static str,
    directory: TempDir,
    port: u16,
    kdc: Child,
}

impl Drop for Realm {
    fn drop(&mut self) {
        let _ = self.kdc.kill();
        let _ = self.kdc.wait();
    }
}

impl Realm {
    /// A realm in which the service `HTTP/localhost` has a key, and nobody else is.
    pub fn new(name: &'static str) -> Self {
        let directory = directory::temporary();
        let port = crate::support::port::unused_port();
        let own = |file: &str| directory.path().join(file).display().to_string();
        let client = |skew: u32| {
            format!(
                "[libdefaults]\ndefault_realm = {name}\ndns_lookup_realm = false\ndns_lookup_kdc = false\nrdns = false\n\
                 dns_canonicalize_hostname = false\n\
                 udp_preference_limit = 1\nclockskew = {skew}\n\
                 [realms]\n{name} = {{\n kdc = 127.0.0.1:{port}\n}}\n[domain_realm]\nlocalhost = {name}\n"
            )
        };
        std::fs::write(own("krb5.conf"), client(300)).unwrap();
        std::fs::write(own("strict.conf"), client(1)).unwrap();
        write_profile(directory.path(), name, port, "");
        let made = administration(directory.path(), "kdb5_util")
            .args(["create", "-s", "-r", name, "-P", "master"])
            .status()
            .unwrap();
        assert!(made.success());
        let kdc = started(directory.path(), name, port);
        let realm = Self { name, directory, port, kdc };
        realm.administer("addprinc -randkey HTTP/localhost");
        realm.administer(&format!("ktadd -k {} HTTP/localhost", realm.keytab().display()));
        realm
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// Starts the KDC anew, with more in its profile's section of the realm.
    pub fn restart(&mut self, more: &str) {
        self.kdc.kill().and_then(|()| self.kdc.wait()).unwrap();
        write_profile(self.directory.path(), self.name, self.port, more);
        self.kdc = started(self.directory.path(), self.name, self.port);
    }

    /// What the KDC has noted so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("kdc.log")).unwrap()
    }

    pub fn keytab(&self) -> PathBuf {
        self.path("http.keytab")
    }

    /// A client's configuration that forgives no difference of clocks.
    pub fn strict(&self) -> PathBuf {
        self.path("strict.conf")
    }

    /// Runs a query of `kadmin`.
    pub fn administer(&self, query: &str) {
        let done = self.command("/usr/sbin/kadmin.local").args(["-r", self.name, "-q", query]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// What a program must be told to be in this realm; tickets are this test's own.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("KRB5_CONFIG", self.path("krb5.conf").display().to_string()),
            ("KRB5_KDC_PROFILE", self.path("kdc.conf").display().to_string()),
            ("KRB5CCNAME", format!("FILE:{}", self.path("tickets").display())),
        ]
    }

    /// A program in this realm.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.variables()).stdin(Stdio::null());
        command
    }

    /// Adds a principal and logs it in for so long: "1h", "5s".
    pub fn log_in(&self, principal: &str, lifetime: &str) {
        self.administer(&format!("addprinc -pw \"{PASSWORD}\" {principal}"));
        let password = self.path("password");
        std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
        let mut kinit = self.command("kinit");
        kinit.stdin(std::fs::File::open(password).unwrap());
        let done = kinit.args(["-l", lifetime, principal]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// `curl --negotiate`, with what it says of headers.
    pub fn curl(&self, arguments: &[&str]) -> Output {
        let mut curl = self.command("curl");
        curl.args(["--silent", "--verbose", "--max-time", "20", "--noproxy", "*", "--negotiate", "--user", ":"]);
        curl.args(arguments).output().unwrap()
    }
}

/// What curl has sent as its ticket.
pub fn shown(log: &str) -> String {
    let line = log.lines().find_map(|line| line.split_once("Authorization: Negotiate "));
    line.unwrap_or_else(|| panic!("no ticket was sent: {log}")).1.trim().to_owned()
}

fn write_profile(directory: &Path, name: &str, port: u16, more: &str) {
    let own = |file: &str| directory.join(file).display().to_string();
    let profile = format!(
        "[kdcdefaults]\nkdc_listen = \"\"\nkdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n{name} = {{\n\
         database_name = {}\nkey_stash_file = {}\nmax_life = 1h\n{more}\n}}\n[logging]\nkdc = FILE:{}\n",
        own("principal"),
        own("stash"),
        own("kdc.log")
    );
    std::fs::write(own("kdc.conf"), profile).unwrap();
}

fn administration(directory: &Path, program: &str) -> Command {
    let mut command = Command::new(format!("/usr/sbin/{program}"));
    command.env("KRB5_CONFIG", directory.join("krb5.conf")).env("KRB5_KDC_PROFILE", directory.join("kdc.conf"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn started(directory: &Path, name: &str, port: u16) -> Child {
    let mut kdc = administration(directory, "krb5kdc");
    let mut kdc = kdc.args(["-n", "-r", name, "-P"]).arg(directory.join("pid")).spawn().unwrap();
    let listens = (0..6000).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        TcpStream::connect(("127.0.0.1", port)).is_ok() || kdc.try_wait().unwrap().is_some()
    });
    assert!(listens && kdc.try_wait().unwrap().is_none(), "the KDC listens");
    kdc
}
