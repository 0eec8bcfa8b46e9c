//! A directory of one's own: OpenLDAP's slapd on a free port of loopback, its files in one directory; its certificate comes
//! from an authority of its own.

use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

use super::directory;

pub const BASE: &str = "dc=cards,dc=test";
pub const ROOT: &str = "cn=root,dc=cards,dc=test";
pub const PASSWORD: &str = "a password for the directory";

/// Attributes of Active Directory that OpenLDAP's own schemas have not.
const CONFIGURATION: &str = r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.32473.1.1 NAME 'principal' SUP top AUXILIARY MAY ( userPrincipalName ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
TLSCACertificateFile @/ca.pem
TLSCertificateFile @/server.pem
TLSCertificateKeyFile @/server.key
pidfile @/pid
database mdb
suffix "dc=cards,dc=test"
rootdn "cn=root,dc=cards,dc=test"
rootpw "a password for the directory"
directory @/data
overlay ppolicy
"#;

const BEGINNING: &str = "dn: dc=cards,dc=test\nobjectClass: domain\ndc: cards\n\ndn: ou=people,dc=cards,dc=test\n\
                         objectClass: organizationalUnit\nou: people\n\n";

pub struct Slapd {
    directory: TempDir,
    port: u16,
    secure: u16,
    child: Child,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Slapd {
    /// A directory with nobody in it.
    pub fn new() -> Self {
        let directory = directory::temporary();
        let own = |file: &str| directory.path().join(file).display().to_string();
        std::fs::create_dir(own("data")).unwrap();
        std::fs::write(own("slapd.conf"), CONFIGURATION.replace('@', &directory.path().display().to_string())).unwrap();
        let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=directory-ca \
                      -keyout ca.key -out ca.pem && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                      -days 2 -subj /CN=localhost -CA ca.pem -CAkey ca.key -addext subjectAltName=DNS:localhost -addext \
                      basicConstraints=critical,CA:FALSE -keyout server.key -out server.pem";
        let made = Command::new("sh").args(["-c", script]).current_dir(directory.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let [port, secure] = [(); 2].map(|()| crate::support::port::unused_port());
        let child = started(&directory, port, secure);
        let slapd = Self { directory, port, secure, child };
        slapd.add(BEGINNING);
        slapd
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// The URL without TLS, or with TLS begun in the connection.
    pub fn url(&self) -> String {
        format!("ldap://localhost:{}", self.port)
    }

    pub fn secure_url(&self) -> String {
        format!("ldaps://localhost:{}", self.secure)
    }

    /// How many searches it was asked for so far, in pages of their own.
    pub fn searches(&self) -> usize {
        let log = std::fs::read(self.path("log")).unwrap();
        String::from_utf8_lossy(&log).matches(" SRCH base=").count()
    }

    /// Stops it, as a directory that is away.
    pub fn stop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).unwrap();
    }

    pub fn start(&mut self) {
        self.child = started(&self.directory, self.port, self.secure);
    }

    /// Adds entries (LDIF).
    #[track_caller]
    pub fn add(&self, ldif: &str) {
        self.run("ldapadd", &["-c"], ldif);
    }

    /// Changes entries (LDIF).
    #[track_caller]
    pub fn modify(&self, ldif: &str) {
        self.run("ldapmodify", &["-e", "!relax"], ldif);
    }

    /// Removes an entry.
    #[track_caller]
    pub fn delete(&self, dn: &str) {
        self.run("ldapdelete", &[dn], "");
    }

    #[track_caller]
    fn run(&self, program: &str, more: &[&str], input: &str) {
        let mut command = Command::new(program);
        command.args(["-x", "-H", &self.url(), "-D", ROOT, "-w", PASSWORD]).args(more);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Adds a person.
    #[track_caller]
    pub fn person(&self, uid: &str, more: &str) {
        self.add(&format!(
            "dn: uid={uid},ou=people,{BASE}\nobjectClass: inetOrgPerson\nobjectClass: principal\nuid: {uid}\ncn: {uid}\n\
             sn: {uid}\nuserPrincipalName: {uid}@cards.test\nmail: {uid}@cards.test\n{more}\n\n"
        ));
    }

    /// Adds a group.
    #[track_caller]
    pub fn group(&self, cn: &str, members: &[&str]) {
        let members: String = members.iter().map(|member| format!("member: {member},{BASE}\n")).collect();
        self.add(&format!("dn: cn={cn},{BASE}\nobjectClass: groupOfNames\ncn: {cn}\n{members}\n"));
    }
}

fn started(directory: &TempDir, port: u16, secure: u16) -> Child {
    let log = std::fs::File::create(directory.path().join("log")).unwrap();
    let mut child = Command::new("/usr/sbin/slapd")
        // Each operation is a line of the log.
        .args(["-d", "256", "-f"])
        .arg(directory.path().join("slapd.conf"))
        .args(["-h", &format!("ldap://localhost:{port} ldaps://localhost:{secure}")])
        .stdin(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let listens = (0..6000).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        TcpStream::connect(("localhost", secure)).is_ok() || child.try_wait().unwrap().is_some()
    });
    let log = std::fs::read_to_string(directory.path().join("log")).unwrap();
    assert!(listens && child.try_wait().unwrap().is_none(), "slapd listens: {log}");
    child
}
