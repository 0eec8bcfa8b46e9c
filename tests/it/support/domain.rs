//! An Active Directory domain of one's own: Samba's domain controller (Debian 12) on a loopback address of its own, where it
//! has the ports that a domain has: LDAP, LDAPS, Kerberos with PKINIT. Ports below 1024 want root.
//!
//! A shell holds it: it waits on a pipe from this process and ends the controller when the pipe does, however this process
//! ends. Each test has an organizational unit of its own in the one domain of this process.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use super::directory;
use super::program::end;

pub const REALM: &str = "CARDS.TEST";
pub const BASE: &str = "DC=cards,DC=test";
/// The password of everybody in the domain.
pub const PASSWORD: &str = "Passw0rd!x";

/// What the KDC's own certificate must say (RFC 4556, 3.2.4): id-pkinit-KPKdc, and the name of the ticket-granting service.
const KDC_CERTIFICATE: &str = "[req]\ndistinguished_name = name\nprompt = no\nx509_extensions = kdc\n\
    [name]\nCN = kdc\n\
    [kdc]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = digitalSignature, keyAgreement\n\
    extendedKeyUsage = 1.3.6.1.5.2.3.5\nsubjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:principal\n\
    [principal]\nrealm = EXP:0, GeneralString:CARDS.TEST\nname = EXP:1, SEQUENCE:components\n\
    [components]\ntype = EXP:0, INTEGER:2\nparts = EXP:1, SEQUENCE:parts\n\
    [parts]\nfirst = GeneralString:krbtgt\nsecond = GeneralString:CARDS.TEST\n";

/// `$1`: the domain's directory. `$2`: its address. What no test needs (shares, printers, DNS, RPC) is left out.
const SCRIPT: &str = r#"
set -eu
trap '' INT
cd "$1"
wait_for() {
    for _ in $(seq 600); do
        ! kill -0 "$samba" 2>/dev/null && return 1
        ldapsearch -x -LLL -H "ldap://$1" -b '' -s base dsServiceName >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}
{
    samba-tool domain provision --targetdir="$1" --server-role=dc --dns-backend=NONE --realm=CARDS.TEST --domain=CARDS \
        --adminpass='Passw0rd!x' --host-name=dc1 --host-ip="$2" --option="interfaces=$2/8" \
        --option="bind interfaces only=yes" --option="vfs objects=acl_xattr" --option="xattr_tdb:file=$1/xattr.tdb"
    cat >smb.conf <<END
[global]
netbios name = DC1
realm = CARDS.TEST
workgroup = CARDS
server role = active directory domain controller
interfaces = $2/8
bind interfaces only = yes
server services = ldap, cldap, kdc
ldap server require strong auth = allow_sasl_over_tls
dcerpc endpoint servers =
private dir = $1/private
state directory = $1/state
lock directory = $1
cache directory = $1/cache
binddns dir = $1/bind-dns
pid directory = $1/run
ncalrpc dir = $1/ncalrpc
winbindd socket directory = $1/winbindd
ntp signd socket directory = $1/ntp
log file = $1/log
vfs objects = dfs_samba4 acl_xattr xattr_tdb
xattr_tdb:file = $1/xattr.tdb
tls keyfile = $1/server.key
tls certfile = $1/server.pem
tls cafile = $1/ca.pem
END
    new="-newkey rsa:2048 -nodes -days 2"
    openssl req -x509 $new -subj /CN=domain-ca -keyout ca.key -out ca.pem
    openssl req -x509 $new -subj /CN=dc1.cards.test -CA ca.pem -CAkey ca.key -keyout server.key -out server.pem \
        -addext "subjectAltName=IP:$2,DNS:dc1.cards.test" -addext basicConstraints=critical,CA:FALSE
    openssl req -x509 $new -config kdc.cnf -keyout kdc.key -out kdc.pem
    chmod 600 server.key kdc.key
    cat kdc.pem authority.pem >anchors.pem
    KRB5_CONFIG="$1/kdc.conf" samba -F -M single -s "$1/smb.conf" --debug-stdout -d3 >log.samba 2>&1 </dev/null &
    samba=$!
    wait_for "$2"
} >said 2>&1 || { tail -n 40 said >&2; echo; exit 1; }
echo ready
cat >/dev/null
kill "$samba"
wait "$samba" 2>/dev/null || true
rm -rf "$1"
"#;

pub struct Domain {
    directory: PathBuf,
    address: Ipv4Addr,
    /// Its standard input is the pipe.
    _shell: Child,
}

impl Domain {
    /// The domain that the tests of this process share; its KDC knows of no revocation.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Domain> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(None))
    }

    /// A domain of a test's own, whose KDC believes the certificates of this CA (PEM).
    pub fn new(authority: Option<&Path>) -> Self {
        let directory = directory::fresh("domain");
        let address = free_address();
        let own = |file: &str| directory.join(file).display().to_string();
        let here = directory.display().to_string();
        let rules = format!(
            "[libdefaults]\ndefault_realm = {REALM}\n[kdc]\nenable-pkinit = yes\npkinit_identity = FILE:@/kdc.pem,@/kdc.key\n\
             pkinit_anchors = FILE:@/anchors.pem\npkinit_principal_in_certificate = yes\n"
        );
        let authority = authority.map(|path| std::fs::read_to_string(path).unwrap()).unwrap_or_default();
        std::fs::write(own("authority.pem"), authority).unwrap();
        std::fs::write(own("kdc.conf"), rules.replace('@', &here)).unwrap();
        let client = format!(
            "[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_realm = false\ndns_lookup_kdc = false\nrdns = false\n\
             dns_canonicalize_hostname = false\nudp_preference_limit = 1\n\
             [realms]\n{REALM} = {{\n kdc = {address}\n pkinit_anchors = FILE:{here}/anchors.pem\n \
             pkinit_kdc_hostname = kdc\n}}\n[domain_realm]\nlocalhost = {REALM}\n{address} = {REALM}\n"
        );
        std::fs::write(own("krb5.conf"), client).unwrap();
        std::fs::write(own("kdc.cnf"), KDC_CERTIFICATE).unwrap();
        std::fs::write(own("password"), PASSWORD).unwrap();
        let mut shell = Command::new("setsid")
            .args(["sh", "-c", SCRIPT, "domain", &here, &address.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let why = "the domain controller did not start: it wants root, and the packages samba and samba-ad-provision";
        assert_eq!(line, "ready\n", "{why}");
        let domain = Self { directory, address, _shell: shell };
        domain.person(&format!("CN=Users,{BASE}"), "reader", "");
        domain
    }

    /// Whoever may read people and groups, and nothing else.
    pub fn reader(&self) -> String {
        format!("CN=reader,CN=Users,{BASE}")
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    pub fn secure_url(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    /// Makes an organizational unit of a test's own; its distinguished name.
    pub fn unit(&self, name: &str) -> String {
        let dn = format!("OU={name},{BASE}");
        self.change(&format!("dn: {dn}\nchangetype: add\nobjectClass: organizationalUnit\n\n"));
        dn
    }

    /// Adds a person, who is called alike in the whole domain by no one else; `more` are further lines of LDIF.
    pub fn person(&self, unit: &str, name: &str, more: &str) {
        self.change(&format!(
            "dn: CN={name},{unit}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\nuserPrincipalName: \
             {name}@cards.test\nuserAccountControl: 512\nunicodePwd:: {}\nmsDS-SupportedEncryptionTypes: 24\n{more}\n\n",
            quoted(PASSWORD)
        ));
    }

    /// Adds a group with these members, each named by its distinguished name.
    pub fn group(&self, unit: &str, name: &str, members: &[&str]) {
        let members: String = members.iter().map(|member| format!("member: {member}\n")).collect();
        let dn = format!("CN={name},{unit}");
        self.change(&format!("dn: {dn}\nchangetype: add\nobjectClass: group\nsAMAccountName: {name}\n{members}\n"));
    }

    /// Sets one attribute of an entry.
    pub fn set(&self, dn: &str, attribute: &str, value: &str) {
        self.change(&format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n\n"));
    }

    /// Changes entries as the administrator (LDIF).
    #[track_caller]
    pub fn change(&self, ldif: &str) {
        let mut command = Command::new("ldapmodify");
        command.env("LDAPTLS_CACERT", self.path("ca.pem")).arg("-y").arg(self.path("password"));
        command.args(["-x", "-H", &self.secure_url(), "-D", "administrator@cards.test"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(ldif.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{ldif} {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Writes the keys of a service of this account into a file.
    #[track_caller]
    pub fn keytab_of_service(&self, account: &str, service: &str) -> PathBuf {
        self.change(&format!(
            "dn: {account}\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: {service}\n\n"
        ));
        self.keytab(service)
    }

    /// Writes the keys of a principal into a file.
    #[track_caller]
    pub fn keytab(&self, principal: &str) -> PathBuf {
        let file = self.path(&format!("{}.keytab", principal.replace('/', "-")));
        let settings = self.path("smb.conf");
        let mut tool = Command::new("samba-tool");
        tool.args(["domain", "exportkeytab", &file.display().to_string(), "--principal", principal]);
        let exported = end(tool.arg("-s").arg(settings).stdin(Stdio::null()));
        assert!(exported.success(), "{exported:?}");
        file
    }

    /// What a program must be told to be in this domain; tickets are in a file of the caller's.
    pub fn variables(&self, tickets: &Path) -> [(&'static str, String); 2] {
        [
            ("KRB5_CONFIG", self.path("krb5.conf").display().to_string()),
            ("KRB5CCNAME", format!("FILE:{}", tickets.display())),
        ]
    }

    /// Logs somebody in with what is typed.
    pub fn log_in(&self, tickets: &Path, name: &str, arguments: &[&str], typed: &str) -> Command {
        let input = tickets.with_extension("typed");
        std::fs::write(&input, format!("{typed}\n")).unwrap();
        let mut kinit = Command::new("kinit");
        kinit.envs(self.variables(tickets)).args(arguments).arg(format!("{name}@{REALM}"));
        kinit.stdin(std::fs::File::open(input).unwrap());
        kinit
    }

    /// What the controller has noted so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path("log.samba")).unwrap()).into_owned()
    }
}

/// A password as Active Directory takes it (MS-ADTS, 3.1.1.3.1.5).
fn quoted(password: &str) -> String {
    use base64::Engine;
    let units = format!("\"{password}\"");
    let bytes: Vec<u8> = units.encode_utf16().flat_map(u16::to_le_bytes).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// An address of 127.64.0.0/10 that nobody uses: all of 127.0.0.0/8 is loopback.
fn free_address() -> Ipv4Addr {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let process = std::process::id().to_be_bytes();
    let next = || Ipv4Addr::new(127, 64 | process[2] & 0x3F, process[3], COUNT.fetch_add(1, Ordering::Relaxed));
    let free = std::iter::repeat_with(next).take(100).find(|address| TcpListener::bind((*address, 636)).is_ok());
    free.expect("no address of loopback is free for port 636; is this root?")
}
