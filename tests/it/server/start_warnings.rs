//! What a server says at its start that its administrator should know: each warning once, and none at a site that has
//! done all of it.

use super::identity::append;
use super::logs::started;
use super::support::{Lab, PASSPHRASE};
use super::upstream::est_server::EstServer;
use crate::support::postgres::Database;
use cardwright::ca::{EmbeddedCa, KeyPlace, RootOrder};
use cardwright::pkix::KeyAlgorithm;
use cardwright::secret::Passphrase;
use time::{Duration, OffsetDateTime};

/// A site that has done all that its server would warn of, and has not started yet.
fn site(database: Option<Database>) -> Lab {
    let mut lab = Lab::with_template(|template| template, database);
    for name in ["olga", "otto"] {
        lab.user(name, &["officers"]);
    }
    lab.call(None, "GET", "/pki/ca.crl", None);
    lab.stop();
    edit(&lab, |text| text.lines().map(by_http).collect::<Vec<_>>().join("\n"));
    append(&lab, "[roles]\nadmin = [\"group:officers\"]\n");
    lab
}

fn by_http(line: &str) -> String {
    if line.starts_with("crl_url") { line.replace("https:", "http:") } else { line.to_owned() }
}

fn edit(lab: &Lab, change: impl FnOnce(String) -> String) {
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, change(text)).unwrap();
}

fn edit_template(lab: &Lab, change: impl Fn(String) -> String) {
    for file in std::fs::read_dir(lab.data().join("templates")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = change(text.clone());
        assert_ne!(changed, text, "nothing was changed");
        std::fs::write(path, changed).unwrap();
    }
}

fn sql(lab: &Lab, statements: &str) {
    rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap().execute_batch(statements).unwrap();
}

/// Starts the server in a process of its own and returns its warnings and errors, once it has said `wanted` or, where
/// that is empty, once it has answered.
fn warned(lab: &mut Lab, wanted: &str) -> Vec<String> {
    let log = lab.directory.path().join("log");
    let process = started(&lab.data(), &log, &[]);
    lab.elsewhere(&process.base);
    assert_eq!(lab.call(None, "GET", "/healthz", None).status, 200);
    let since = std::time::Instant::now();
    loop {
        let text = std::fs::read_to_string(&log).unwrap();
        let is_told = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
        let told: Vec<String> = text.lines().filter(is_told).map(str::to_owned).collect();
        if wanted.is_empty() || told.iter().any(|line| line.contains(wanted)) {
            return told;
        }
        assert!(since.elapsed().as_secs() < 120, "\"{wanted}\" is not in {told:#?}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Makes a site warn of one thing.
type Made = fn(&Lab);

const WARNINGS: [(&str, Made); 10] = [
    ("one administrator alone can make approvers, agents and administrators", |lab| {
        sql(lab, "UPDATE users SET groups = '[]' WHERE name = 'otto'");
    }),
    ("one administrator alone can make approvers, agents and administrators, and come in as them", |lab| {
        edit(lab, |text| text.replace("admin = [", "second_administrator = false\nadmin = ["));
    }),
    ("Windows fetches no revocation list by https", |lab| {
        edit(lab, |text| text.replace("crl_url = \"http:", "crl_url = \"https:"));
    }),
    ("certificates are issued after 0 approvals, where enroll wants 1", |lab| {
        edit_template(lab, |text| {
            text.replacen("approvals_needed = 0", "approvals_needed = 1", 1)
                + "\n[workflows.duplicate]\nself_service = true\napprovals_needed = 0\n"
        });
    }),
    ("whoever may have certificates issued in the name of an approver or administrator can become one", |lab| {
        edit_template(lab, |text| text.replacen("[certificate]\n", "[certificate]\nbears_roles = true\n", 1));
    }),
    ("whoever the issuer gives a name comes in as the account of that name", |lab| {
        append(
            lab,
            "[identity.oidc]\nissuer = \"https://issuer.test\"\naudience = [\"cards\"]\n\
             jwks_url = \"https://issuer.test/keys\"\nlink = \"name\"\n",
        );
    }),
    ("its ID tokens could pass for access tokens", |lab| {
        append(
            lab,
            "[identity.oidc]\nissuer = \"https://issuer.test\"\naudience = [\"cards\"]\n\
             jwks_url = \"https://issuer.test/keys\"\n\
             [identity.oidc.sign_in]\nclient_id = \"cards\"\npages = \"https://cards.test\"\n",
        );
    }),
    ("people share what no two may have", |lab| {
        sql(lab, "UPDATE users SET upn = 'o@example.test'; DELETE FROM folded_names WHERE kind = 'upn'");
        sql(lab, "INSERT INTO folded_names (owner, kind, folded) SELECT uuid, 'upn', 'o@example.test' FROM users");
    }),
    ("the CA's own certificate ends soon", |lab| {
        let (path, key) = (lab.data().join("ca.cer.pem"), lab.data().join("ca.key.pem"));
        std::fs::remove_file(&path).unwrap();
        let root = RootOrder {
            subject: "CN=Cardwright CA".into(),
            algorithm: KeyAlgorithm::P256,
            validity: Duration::days(50),
        };
        let place = KeyPlace::File { path: key, passphrase: Passphrase::new(PASSPHRASE.into()) };
        EmbeddedCa::create(&root, place, &path, OffsetDateTime::now_utc()).unwrap();
    }),
    ("the revocation list is old: none was made since", |lab| {
        // No new one can be made before it is looked at: another server has claimed it.
        let long_ago = (OffsetDateTime::now_utc() - Duration::days(3)).unix_timestamp_nanos() / 1000;
        sql(lab, &format!("UPDATE crls SET this_update = {long_ago}, claimed_until = {}", i64::MAX));
    }),
];

#[test]
fn each_warning_is_told_by_a_site_that_gives_reason_and_no_other() {
    for (wanted, made) in WARNINGS {
        let mut lab = site(None);
        made(&lab);
        let told = warned(&mut lab, wanted);
        let follows = |line: &str| line.contains("a revocation list could not be made");
        let others: Vec<_> = told.iter().filter(|line| !line.contains(wanted) && !follows(line)).collect();
        assert!(others.is_empty(), "{wanted}: {others:#?}");
    }
}

#[test]
fn a_ca_elsewhere_that_cannot_revoke_is_told() {
    let mut lab = site(None);
    let est = EstServer::start(false);
    append(&lab, &format!("[ca.upstream]\n{}", est.settings()));
    edit_template(&lab, |text| text.replace("[\"clientAuth\", \"smartcardLogon\"]", "[\"clientAuth\"]"));
    warned(&mut lab, "the CA elsewhere has no way to revoke");
}

#[test]
fn a_template_that_the_other_servers_have_is_told() {
    let mut lab = site(Some(Database::new()));
    let templates = lab.data().join("templates");
    let one = std::fs::read_dir(&templates).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&one).unwrap();
    let second = templates.join("second.toml");
    let other = uuid::Uuid::new_v4().to_string();
    let name = text.lines().find(|line| line.starts_with("name = ")).unwrap();
    std::fs::write(&second, text.replace(&lab.template.to_string(), &other).replace(name, "name = \"Second\""))
        .unwrap();
    lab.start();
    lab.stop();
    std::fs::remove_file(&second).unwrap();
    warned(&mut lab, "other servers of this database have this template, and this one lacks it");
}

#[test]
fn a_site_that_has_done_all_of_it_is_told_nothing() {
    let mut lab = site(None);
    assert_eq!(warned(&mut lab, ""), [""; 0]);
}
