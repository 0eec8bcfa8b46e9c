//! The Debian packages in a Debian system of their own, with systemd and polkit: installed, set up, upgraded, removed and purged.
//!
//! Both packages have the program of these tests. What `make deb` puts into them differs in that alone.

mod service_of_kiosk;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::store::migrations::older_file;
use crate::support::machine::Machine;
use crate::support::program::{self, end};
use crate::support::site::PASSPHRASE;

/// The release that is upgraded, and this one.
const BEFORE: &str = "0.0.9-1";
const NOW: &str = "0.1.0-1";
const SERVER: &str = "/var/lib/cardwright/server";
const DATABASE: &str = "/var/lib/cardwright/server/cardwright.db";
/// An older schema, whose next step makes the index `requests_waiting`.
const OLDER: i64 = 31;
/// Bounds the exposure of a service in tenths, as `systemd-analyze security` counts it: 0 is none, 100 all.
const EXPOSED: &str = "15";

/// What pcscd asks polkit about from Debian 13 on; that of Debian 12 lets everybody in.
const PCSCD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
    "http://www.freedesktop.org/standards/PolicyKit/1.0/policyconfig.dtd">
<policyconfig>
  <action id="org.debian.pcsc-lite.access_card">
    <defaults><allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>yes</allow_active></defaults>
  </action>
</policyconfig>
"#;

/// The packages of both releases.
fn packages() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let out = root.join("target/packaging/tested");
        for version in [BEFORE, NOW] {
            let mut make = Command::new(root.join("scripts/package"));
            make.args([program::PATH, program::PATH]).arg(&out).arg(version).env("CARDWRIGHT_FAST", "1");
            let made = end(&mut make);
            assert_eq!(made.code, Some(0), "{made:?}");
        }
        out
    })
}

/// Puts both packages of a release in.
fn install(machine: &Machine, version: &str) -> String {
    for name in ["cardwright", "cardwright-server"] {
        let package = std::fs::read(packages().join(format!("{name}_{version}_amd64.deb"))).unwrap();
        machine.write(&format!("/root/{name}.deb"), &package);
    }
    machine.done("dpkg --install /root/cardwright.deb /root/cardwright-server.deb && rm /root/*.deb")
}

/// The version of the schema in a database.
fn version(database: &[u8]) -> i64 {
    let directory = crate::support::directory::temporary();
    let path = directory.path().join("cm.db");
    std::fs::write(&path, database).unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// Puts other records in the place of the server's, which does not run.
fn put(machine: &Machine, sql: &str) {
    let directory = crate::support::directory::temporary();
    let path = directory.path().join("cm.db");
    older_file(&path, OLDER).execute_batch(&format!("{sql}; PRAGMA journal_mode = WAL")).unwrap();
    machine.done(&format!("rm -f {SERVER}/witness.json {DATABASE}*"));
    machine.write(DATABASE, &std::fs::read(&path).unwrap());
    machine.done(&format!("chown cardwright: {DATABASE}"));
}

fn backups(machine: &Machine) -> Vec<String> {
    machine.done("ls /var/backups/cardwright").lines().map(str::to_owned).collect()
}

/// What the service has said since it was started last.
fn said(machine: &Machine) -> String {
    machine.done("journalctl --no-pager -o cat -u cardwright-server -n 30")
}

#[test]
fn a_server_is_installed_set_up_upgraded_removed_and_purged() {
    let machine = Machine::boot();
    let installed = install(&machine, BEFORE);
    assert!(installed.contains("The next command: cardwright-server-setup --name HOST"), "{installed}");
    is_offered(&machine);
    is_hardened(&machine);
    let inactive = "systemctl is-enabled cardwright-server; systemctl is-active cardwright-server cardwright-kiosk";
    assert_eq!(machine.run(inactive).stdout, "enabled\ninactive\ninactive\n");
    polkit_knows_the_kiosk(&machine);
    is_set_up(&machine);
    service_of_kiosk::serves_and_says_what_it_lacks(&machine);
    is_upgraded(&machine);
    fails_and_keeps_what_was(&machine);
    is_removed_and_purged(&machine);
}

/// The whole program comes before the client's, with its pages and completions.
fn is_offered(machine: &Machine) {
    let whole = "/usr/lib/cardwright/server/cardwright\n";
    assert_eq!(machine.done("readlink -f /usr/bin/cardwright"), whole);
    assert_eq!(machine.done("cardwright --version"), format!("cardwright {}\n", env!("CARGO_PKG_VERSION")));
    machine.done("test -s /usr/share/man/man1/cardwright.1.gz -a -s /usr/share/man/man1/cardwright-enroll.1.gz");
    machine.done("test -s /usr/share/man/man1/cardwright-server-init.1.gz");
    let completed = "bash -c 'source /usr/share/bash-completion/completions/cardwright; complete -p cardwright'";
    assert!(machine.done(completed).contains("_cardwright"));
}

fn is_hardened(machine: &Machine) {
    for unit in ["cardwright-server.service", "cardwright-kiosk.service"] {
        let verified = machine.run(&format!("systemd-analyze verify --man=no {unit}"));
        assert_eq!((verified.code, verified.stderr.as_str()), (Some(0), ""), "{unit}");
        machine.done(&format!("systemd-analyze security --threshold={EXPOSED} --no-pager {unit}"));
    }
    // A judge that takes everything is none.
    let other = machine.run(&format!("systemd-analyze security --threshold={EXPOSED} --no-pager dbus.service"));
    assert_ne!(other.code, Some(0));
}

/// Of all who do not sit at the machine, the kiosk's user alone is let to readers and cards; who shows its page may do nothing with services.
fn polkit_knows_the_kiosk(machine: &Machine) {
    machine.write("/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy", PCSCD.as_bytes());
    machine.done("chmod 644 /usr/share/polkit-1/actions/org.debian.pcsc-lite.policy");
    machine.done("adduser --quiet --system --no-create-home screen && adduser --quiet screen cardwright-kiosk");
    let may = |user: &str, asked: &str| {
        let asked = format!(
            "setpriv --reuid {user} --regid nogroup --init-groups sleep 60 & sleep 0.2; pkcheck --process $! {asked}; code=$?; kill $!; exit $code"
        );
        machine.run(&asked).code == Some(0)
    };
    let card = "--action-id org.debian.pcsc-lite.access_card";
    let restart = "--action-id org.freedesktop.systemd1.manage-units --detail unit cardwright-kiosk.service --detail verb restart";
    assert!(may("cardwright-kiosk", card) && !may("screen", card) && !may("nobody", card));
    assert!(!may("screen", restart) && !may("cardwright-kiosk", restart));
}

fn is_set_up(machine: &Machine) {
    machine.write("/root/passphrase", PASSPHRASE.as_bytes());
    machine.write("/etc/cardwright/server.env", b"CARDWRIGHT_SERVER__OPERATIONS__LISTEN=127.0.0.1:9464\n");
    let refused = machine.run("cardwright-server-setup --passphrase-file /root/passphrase");
    assert!(refused.stderr.contains("nothing was done"), "{refused:?}");
    let set_up = "cardwright-server-setup --passphrase-file /root/passphrase";
    let refused = machine.run(&format!("{set_up} --name 'no name'"));
    assert!(refused.code == Some(1) && refused.stderr.contains("nothing is left of it"), "{refused:?}");
    assert_ne!(machine.run(&format!("ls -A {SERVER} /etc/credstore.encrypted/cardwright-passphrase")).stdout, SERVER);
    machine.done(&format!("{set_up} --name cm.example.com && rm /root/passphrase"));
    serves(machine);
    let again = machine.run("cardwright-server-setup --name cm.example.com");
    assert!(again.stderr.contains("exists already"), "{again:?}");
    // For its user alone, and with the passphrase nowhere in the clear.
    assert_eq!(machine.done(&format!("stat -c '%U %a' {SERVER}")), "cardwright 700\n");
    assert_eq!(machine.run(&format!("grep -rl -- '{PASSPHRASE}' /etc /var /root")).stdout, "");
    can_do_little(machine, "cardwright-server");
    let added = format!("runuser -u cardwright -- cardwright server user add {SERVER} olga --group operators");
    assert!(machine.done(&added).contains("olga"));
}

/// The process of a service has no privileges, and can get none.
fn can_do_little(machine: &Machine, unit: &str) {
    let process = machine.done(&format!("cat /proc/$(systemctl show -P MainPID {unit})/status"));
    for line in ["NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "Seccomp:\t2"] {
        assert!(process.contains(line), "{process}");
    }
}

/// The service starts, runs, and answers.
fn starts(machine: &Machine) {
    let started = machine.run("systemctl start cardwright-server");
    assert_eq!(started.code, Some(0), "{}", said(machine));
    serves(machine);
}

/// The service runs, and answers.
fn serves(machine: &Machine) {
    assert_eq!(machine.run("systemctl is-active cardwright-server").stdout, "active\n", "{}", said(machine));
    let health = machine.in_its_network("curl", &["--silent", "http://127.0.0.1:9464/healthz"]);
    assert!(health.stdout.contains(r#""status":"ok""#), "{health:?}");
}

/// Records of an earlier release are saved as they were, and then brought to this one.
fn is_upgraded(machine: &Machine) {
    machine.done("systemctl stop cardwright-server");
    put(machine, "");
    assert_eq!(backups(machine), [""; 0]);
    install(machine, NOW);
    starts(machine);
    machine.done("systemctl stop cardwright-server");
    let steps = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite")).unwrap().count();
    assert_eq!(version(&machine.read(DATABASE)), i64::try_from(steps).unwrap());
    let [archive] = backups(machine).try_into().unwrap();
    let at = format!("/var/backups/cardwright/{archive}");
    assert_eq!(machine.done(&format!("stat -c '%U %a' {at}")), "cardwright 600\n");
    let directory = crate::support::directory::temporary();
    let saved = directory.path().join("archive");
    std::fs::write(&saved, machine.read(&at)).unwrap();
    let inside = Command::new("tar").arg("-xOf").arg(&saved).arg("cardwright.db").output().unwrap().stdout;
    assert_eq!(version(&inside), OLDER);
    // It is one that `server restore` takes, and that nobody has changed.
    let restored = end(Command::new(program::PATH)
        .args(["server", "restore", "--passphrase-from", "env:PASSPHRASE"])
        .args([&saved, &directory.path().join("restored")])
        .env("PASSPHRASE", PASSPHRASE));
    assert_eq!(restored.code, Some(0), "{restored:?}");
    // The next start finds nothing to do.
    starts(machine);
    assert_eq!(backups(machine).len(), 1);
}

/// Records that cannot be upgraded, or are of a later release, stay as they were; the journal says so, and what to do.
fn fails_and_keeps_what_was(machine: &Machine) {
    let refusals = [
        (
            "PRAGMA foreign_keys = OFF; DELETE FROM users WHERE name = 'ada'",
            OLDER,
            false,
            "no backup could be made, so nothing was changed",
        ),
        (
            "CREATE TABLE requests_waiting (in_the_way INTEGER)",
            OLDER,
            true,
            "they are as they were, and the backup made before is",
        ),
        ("PRAGMA user_version = 99", 99, false, "the records are of a newer release"),
    ];
    for (sql, stays, saved, told) in refusals {
        machine.done("systemctl stop cardwright-server; systemctl reset-failed cardwright-server || true");
        put(machine, sql);
        let (before, had) = (machine.read(DATABASE), backups(machine).len());
        assert_ne!(machine.run("systemctl start cardwright-server").code, Some(0));
        machine.done("systemctl stop cardwright-server");
        assert!(said(machine).contains(told), "{}", said(machine));
        assert_eq!(version(&machine.read(DATABASE)), stays);
        assert!(machine.read(DATABASE) == before, "not a byte of the records was changed");
        assert!((backups(machine).len() > had) == saved);
    }
    put(machine, "");
    machine.done("systemctl reset-failed cardwright-server");
    starts(machine);
}

fn is_removed_and_purged(machine: &Machine) {
    machine.done("dpkg --remove cardwright-server");
    assert_eq!(machine.run("systemctl is-active cardwright-server").stdout, "inactive\n");
    assert_eq!(machine.done("readlink -f /usr/bin/cardwright"), "/usr/lib/cardwright/client/cardwright\n");
    machine.done(&format!("test -s {SERVER}/master.key.pem -a -s {DATABASE} -a -s /etc/cardwright/server.env"));
    // What an administrator has written is the administrator's.
    machine.done("rm /etc/cardwright/config.toml /etc/cardwright/ca.pem");
    assert_eq!(machine.run("systemctl is-active cardwright-kiosk").stdout, "active\n");
    let purged = machine.done("dpkg --purge cardwright-server cardwright");
    assert_eq!(machine.run("systemctl is-active cardwright-kiosk").stdout, "inactive\n");
    assert!(purged.contains("the backups in /var/backups/cardwright were kept"), "{purged}");
    let left =
        machine.done("find / -xdev -name '*cardwright*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/tmp/*'");
    let left: Vec<&str> = left.lines().filter(|path| !path.starts_with("/var/backups/cardwright")).collect();
    assert_eq!(left, [""; 0]);
    assert!(!backups(machine).is_empty());
}
