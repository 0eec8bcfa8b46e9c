//! Recovery agents of a template, and keys that only they can open: openssl is each agent.

use super::support::{API, Answer, EXTENSION, Lab, Person, last_segment, new_csr};
use super::workflow::course::{ARCHIVED, create, lab, shown, with};
use super::workflow::keyed::{Brought, PASSWORD, Stranger, WORDS, asked, began, carried_out, with_password};
use crate::support::certificates::certificate_for;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::ca::keyfile;
use cardwright::pkix::{Certificate, Error, KeyAlgorithm, MemoryKey, Signer, enveloped};
use cardwright::secret::Passphrase;
use cardwright::server::Server;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;
use uuid::Uuid;

/// Agents with a certificate and a key in a file each.
struct Agents {
    directory: TempDir,
}

impl Agents {
    fn new(algorithms: &[KeyAlgorithm]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (number, algorithm) in algorithms.iter().enumerate() {
            let key = MemoryKey::generate(*algorithm).unwrap();
            let certificate = Certificate::from_der(&certificate_for(key.public_key(), "agent")).unwrap();
            std::fs::write(directory.path().join(format!("{number}.pem")), certificate.to_pem()).unwrap();
            std::fs::write(directory.path().join(format!("{number}.key")), key.expose_pkcs8()).unwrap();
        }
        Self { directory }
    }

    fn certificate(&self, number: usize) -> PathBuf {
        self.directory.path().join(format!("{number}.pem"))
    }

    /// The table of a template.
    fn table(&self, numbers: &[usize], more: &str) -> String {
        let named: Vec<_> = numbers.iter().map(|number| self.certificate(*number)).collect();
        format!("\n[recovery]\nagents = {named:?}\n{more}\n")
    }

    /// What an agent makes of a sealed key.
    fn opens(&self, number: usize, sealed: &[u8]) -> Option<Vec<u8>> {
        std::fs::write(self.directory.path().join("sealed"), sealed).unwrap();
        let mut decrypt = Command::new("openssl");
        decrypt.args(["cms", "-decrypt", "-inform", "DER", "-in", "sealed", "-keyform", "DER"]);
        decrypt.arg("-recip").arg(format!("{number}.pem")).arg("-inkey").arg(format!("{number}.key"));
        let output = decrypt.current_dir(self.directory.path()).output().unwrap();
        output.status.success().then_some(output.stdout)
    }
}

const ONLY: &str = "opened_by = \"agents\"";

fn bytes(text: &Value) -> Vec<u8> {
    let text: String = text.as_str().unwrap().chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(text).unwrap()
}

/// All rows of one column of the archive.
fn rows(lab: &Lab, sql: &str) -> Vec<Vec<u8>> {
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn collect(lab: &Lab, person: &Person, request: &str) -> Answer {
    lab.call(
        Some(&person.token),
        "POST",
        &format!("{EXTENSION}/requests/{request}/sealedkeys"),
        Some(&serde_json::json!({})),
    )
}

/// A request for somebody else's keys, with its card, before its approval.
fn on_behalf(lab: &Lab, agent: &Person, from: &Brought, target: &Person) -> String {
    let body = with(from.held.body("RecoverOnBehalf"), "target", json!(target.uuid));
    last_segment(&create(lab, agent, body).ok())
}

fn approved_with_card(lab: &Lab, approver: &Person, target: &Person, request: &str) {
    super::workflow::course::approved(lab, approver, request);
    if shown(lab, target, request)["IsSmartcard"] == true {
        lab.assign(target, request, Uuid::new_v4());
    }
}

#[test]
fn a_template_has_agents_of_its_own() {
    let agents = Agents::new(&[KeyAlgorithm::P256, KeyAlgorithm::Rsa2048, KeyAlgorithm::P384]);
    let more = [ARCHIVED, &agents.table(&[1, 2], "")].concat();
    let mut lab = lab("software", &more, |text| text);
    lab.stop();
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let general = format!("{text}\n[recovery]\nagents = [{:?}]\n", agents.certificate(0));
    std::fs::write(&settings, general).unwrap();
    lab.start();
    let alice = lab.user("alice", &[]);
    let first = began(&lab, &alice);
    let [sealed] = rows(&lab, "SELECT sealed FROM archived_keys").try_into().unwrap();
    let opened = [0, 1, 2].map(|number| agents.opens(number, &sealed));
    let key = first.key('s').0.expose_pkcs8().to_vec();
    assert_eq!(opened, [None, Some(key.clone()), Some(key)], "not those of the server");
    assert_eq!(asked(&lab, &alice, first.held.body("Renew")).letters(), "csh", "the server opens it too");
}

#[test]
fn only_agents_open_what_the_server_has_handed_over() {
    let agents = Agents::new(&[KeyAlgorithm::P384, KeyAlgorithm::Rsa2048]);
    let stranger = Stranger::new();
    for kind in ["smartcard", "software"] {
        let more = [ARCHIVED, &agents.table(&[0, 1], ONLY)].concat();
        let mut lab = lab(kind, &more, |text| text);
        let [alice, bob, eve] = ["alice", "bob", "eve"].map(|name| lab.user(name, &[]));
        let agent = lab.user("agent", &["agents"]);
        let approver = lab.user("approver", &["approvers"]);
        let first = began(&lab, &alice);
        assert_eq!(first.letters(), "cs", "{kind}: she has it");
        assert!(rows(&lab, "SELECT sealed FROM archived_keys").is_empty(), "the server has it no more");
        let (key, certificate) = first.key('s');
        for workflow in ["Duplicate", "Renew", "OnlineUpdate", "Recover"] {
            let held = began(&lab, &alice).held;
            assert_eq!(asked(&lab, &alice, held.body(workflow)).letters(), "cs", "{kind} {workflow}");
        }

        let request = on_behalf(&lab, &agent, &first, &bob);
        assert_eq!(collect(&lab, &bob, &request).refusal(), (409, "request-pending".into()), "{kind}");
        approved_with_card(&lab, &approver, &bob, &request);
        assert_eq!(collect(&lab, &eve, &request).refusal(), (404, "not-found".into()));
        assert_eq!(collect(&lab, &alice, &request).refusal(), (404, "not-found".into()));
        assert_eq!(collect(&lab, &approver, &request).refusal(), (403, "forbidden".into()));
        let pfx = with_password(&lab, &bob, &request, &[], json!(PASSWORD));
        assert_eq!(pfx.refusal(), (409, "sealed-to-agents".into()), "{kind}");
        let given = collect(&lab, &bob, &request).ok();
        assert_eq!(given, collect(&lab, &agent, &request).ok(), "the same, to the agent too");
        let [one] = given.as_array().unwrap().as_slice() else { panic!("{given}") };
        assert_eq!((bytes(&one["Certificate"]), &one["IsKeyHistory"]), (certificate.der().to_vec(), &json!(false)));
        assert_eq!(one["SerialNumber"], first.serial('s'));
        let sealed = bytes(&one["Sealed"]);
        for number in [0, 1] {
            assert_eq!(agents.opens(number, &sealed).as_deref(), Some(key.expose_pkcs8()), "{kind}");
        }
        assert_eq!(stranger.decrypts(&stranger.writes_to(&certificate), &agents.opens(0, &sealed).unwrap()), WORDS);
        let own = std::fs::read_to_string(lab.data().join("recovery.key.pem")).unwrap();
        let own = keyfile::open_private_key(&own, &Passphrase::new(super::support::PASSPHRASE.into())).unwrap();
        assert!(matches!(enveloped::open(&sealed, &own, None), Err(Error::NotForThisKey)));
        lab.complete(&bob, &request).ok();
        assert_eq!(collect(&lab, &bob, &request).refusal(), (409, "request-not-executable".into()));
        lab.stop();
        let given = rows(&lab, "SELECT CAST(record AS BLOB) FROM audit WHERE record LIKE '%sealed-keys-given%'");
        assert_eq!(given.len(), 2, "{kind}");
        assert!(given.iter().all(|record| String::from_utf8_lossy(record).contains(&first.serial('s'))));
    }
}

#[test]
fn what_was_archived_before_agents_were_alone_comes_back_as_before() {
    let agents = Agents::new(&[KeyAlgorithm::P256]);
    let mut lab = lab("software", ARCHIVED, |text| text);
    let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
    let agent = lab.user("agent", &["agents"]);
    let approver = lab.user("approver", &["approvers"]);
    let first = began(&lab, &alice);
    let unsealed = on_behalf(&lab, &agent, &first, &bob);
    approved_with_card(&lab, &approver, &bob, &unsealed);
    assert_eq!(collect(&lab, &bob, &unsealed).refusal(), (409, "nothing-archived".into()));
    lab.put(&bob, &format!("{API}/requests/{unsealed}"), json!({"status": "Canceled"})).ok();
    lab.stop();
    let [path] = std::fs::read_dir(lab.data().join("templates")).unwrap().collect::<Vec<_>>().try_into().unwrap();
    let path = path.unwrap().path();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + &agents.table(&[0], ONLY)).unwrap();
    lab.start();
    let second = asked(&lab, &alice, first.held.body("Renew"));
    assert_eq!((second.letters(), second.serial('h')), ("csh".into(), first.serial('s')));
    let request = on_behalf(&lab, &agent, &second, &bob);
    approved_with_card(&lab, &approver, &bob, &request);
    let sealed = collect(&lab, &bob, &request).ok();
    assert_eq!(sealed[0]["SerialNumber"], second.serial('s'));
    assert_eq!(agents.opens(0, &bytes(&sealed[0]["Sealed"])).as_deref(), Some(second.key('s').0.expose_pkcs8()));
    let opened = carried_out(&lab, &bob, &request);
    assert_eq!((opened.letters(), opened.serial('h')), ("h".into(), first.serial('s')), "what the server can open");
}

#[test]
fn agents_alone_must_be_somebody() {
    let agents = Agents::new(&[KeyAlgorithm::P256]);
    let mut lab = lab("software", &[ARCHIVED, &agents.table(&[0], ONLY)].concat(), |text| text);
    lab.stop();
    let [path] = std::fs::read_dir(lab.data().join("templates")).unwrap().collect::<Vec<_>>().try_into().unwrap();
    let path = path.unwrap().path();
    let text = std::fs::read_to_string(&path).unwrap();
    let named = format!("agents = [{:?}]\n", agents.certificate(0));
    for (wrong, reason) in [
        (text.replace(&named, ""), "neither it nor server.toml names one"),
        (text.replace(&named, "agents = [\"nobody.pem\"]\n"), "nobody.pem"),
        (text.replace(ONLY, "opened_by = \"nobody\""), "`server-and-agents` or `agents`"),
        (text.replace("archive = true", "archive = false"), "no key of this template is archived"),
    ] {
        assert_ne!(wrong, text);
        std::fs::write(&path, wrong).unwrap();
        let error = match Server::start(lab.config()) {
            Ok(_) => panic!("it started, though {reason}"),
            Err(error) => anyhow::Error::from(error),
        };
        assert!(format!("{error:#}").contains(reason), "{reason}: {error:#}");
    }
}

#[test]
fn a_key_is_given_again_until_it_was_handed_over() {
    let agents = Agents::new(&[KeyAlgorithm::P256]);
    let lab = lab("software", &[ARCHIVED, &agents.table(&[0], ONLY)].concat(), |text| text);
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    let csrs = [new_csr()];
    let hand_in = || with_password(&lab, &alice, &request, &csrs, json!(PASSWORD));
    let keys = [(); 2].map(|()| Brought::opened(&hand_in().ok()[1]).0.expose_pkcs8().to_vec());
    assert_eq!(keys[0], keys[1]);
    lab.complete(&alice, &request).ok();
    assert_eq!(hand_in().refusal(), (409, "request-not-executable".into()));
}
