//! `server backup` of a server under load, and `server restore`: everything acknowledged before is there.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::postgres::Database;
use crate::support::program::end;
use crate::support::site::{API, PASSPHRASE, Site, last_segment};

const CLIENTS: usize = 6;
/// Requests acknowledged before the backup begins.
const BEFORE: usize = 60;

#[test]
fn a_backup_under_load_has_everything_acknowledged_before_it() {
    let mut site = Site::with(|template| template.replace("open_requests = 20", "open_requests = 0"));
    site.program.set("CARDWRIGHT_PASSPHRASE", PASSPHRASE);
    site.person("alice", &[]);
    let (over, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let archive = site.program.path("archive.tar").display().to_string();
    let directory = site.program.path("server").display().to_string();
    let before = std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let order = json!({
                    "profiletemplateuuid": site.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": "",
                });
                while !over.load(Ordering::Relaxed) {
                    let made = site.send("alice", "POST", &format!("{API}/requests"), &order).ok();
                    acknowledged.lock().unwrap().push(last_segment(&made));
                }
            });
        }
        let since = Instant::now();
        while acknowledged.lock().unwrap().len() < BEFORE && since.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let before = acknowledged.lock().unwrap().clone();
        let saved = site.program.json(["server", "backup", &directory, &archive]);
        over.store(true, Ordering::Relaxed);
        assert_eq!(saved.done()["database"], "included");
        before
    });
    assert!(before.len() >= BEFORE);
    let mode = std::fs::metadata(&archive).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let listed = end(site.program.other("tar").args(["-tf", &archive]));
    for name in ["cardwright-backup.json", "server.toml", "master.key.pem", "ca.key.pem", "cardwright.db"] {
        assert!(listed.stdout.lines().any(|line| line == name), "{listed:?}");
    }
    assert!(!listed.stdout.contains("lock") && !listed.stdout.contains("-wal"), "{listed:?}");

    // The server's directory is lost; the archive comes in by a pipe.
    site.kill_server();
    std::fs::remove_dir_all(&directory).unwrap();
    let mut restore = site.program.command(["server", "restore", "-", &directory]);
    let restored = restore.stdin(Stdio::from(std::fs::File::open(&archive).unwrap())).status().unwrap();
    assert!(restored.success());
    site.start();
    for request in &before {
        site.get("alice", &format!("{API}/requests/{request}")).ok();
    }
    let again = site.program.json(["server", "restore", &archive, &directory]);
    assert!(!again.success() && format!("{again:?}").contains("directory-exists"), "{again:?}");
}

#[test]
fn with_postgresql_the_archive_has_all_but_the_records() {
    let database = Database::new();
    let mut site = Site::on(&database);
    site.program.set("CARDWRIGHT_PASSPHRASE", PASSPHRASE);
    site.person("alice", &[]);
    let directory = site.program.path("server").display().to_string();
    let archive = site.program.path("archive.tar").display().to_string();
    let saved = site.program.json(["server", "backup", &directory, &archive]).done();
    assert_eq!(saved["database"], "not-included");
    let dump = site.program.path("records.dump");
    assert!(end(database.program("pg_dump").arg("-Fc").arg("-f").arg(&dump)).success());
    site.kill_server();

    // Both halves go elsewhere: another directory, another database.
    let other = Database::new();
    let restored = end(other.program("pg_restore").args(["--dbname", &other.url()]).arg(&dump));
    assert!(restored.success(), "{restored:?}");
    std::fs::remove_dir_all(&directory).unwrap();
    site.program.json(["server", "restore", &archive, &directory]).done();
    let settings = site.program.path("server/server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace(&database.url(), &other.url())).unwrap();
    site.start();
    site.get("alice", &format!("{API}/profiletemplates")).ok();
    assert_eq!(other.sql("SELECT count(*) FROM users WHERE name = 'alice'"), "1");
}
