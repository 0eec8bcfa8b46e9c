//! Tokens that all say the same serial, past a real module: kryoptic's, whose serial stands in its store.

use serde_json::Value;

use super::{PIN, certificate, revoked};
use crate::support::site::Site;

const SERIAL: &str = "0000000000000000";

/// Has every token say the serial that every tpm2-pkcs11 token says. A slot without a token has an empty store.
fn take_serials(site: &Site, tokens: usize) {
    let stores = std::fs::read_dir(site.program.path("tokens")).unwrap().flatten().map(|entry| entry.path());
    let stores = stores.filter(|path| path.extension().is_some_and(|extension| extension == "sql"));
    let taken = stores.map(|path| rusqlite::Connection::open(path).unwrap()).map(|store| {
        store.execute("UPDATE meta SET data = ?1 WHERE value = 'serial'", [SERIAL.as_bytes()]).unwrap_or_default()
    });
    assert_eq!(taken.sum::<usize>(), tokens);
}

fn info(site: &Site, label: &str) -> Value {
    let info = site.run("alice", PIN, &["token", "info", "--label", label]).done();
    assert_eq!(info["serial"], SERIAL);
    info
}

#[test]
fn tokens_of_one_serial_are_told_apart_by_an_id_of_ours() {
    let mut site = Site::new();
    site.program.use_kryoptic();
    site.person("alice", &[]);
    for label in ["one", "two", "three"] {
        site.program.token_with_pin(label, PIN);
    }
    take_serials(&site, 3);
    assert_eq!(info(&site, "one")["card_id"], "");
    let run = |arguments: &[&str]| site.run("alice", PIN, arguments);
    let enrolled = ["one", "two"].map(|label| run(&["enroll", "--label", label]).done());
    let ids = ["one", "two"].map(|label| info(&site, label)["card_id"].as_str().unwrap().to_owned());
    assert!(ids[0] != ids[1] && !ids[0].is_empty(), "{ids:?}");
    run(&["token", "info", "--serial", SERIAL]).refused(3, "ambiguous-token");
    // The third is blank: it has no part in the others' records.
    for command in
        [&["renew", "--label", "three"][..], &["unblock", "--label", "three"], &["retire", "--label", "three", "--yes"]]
    {
        run(command).refused(6, "card-unknown");
    }
    run(&["retire", "--label", "two", "--yes"]).done();
    let serial = |document: &Value| certificate(document)["serial_number"].as_str().unwrap().to_owned();
    let gone = [0, 1].map(|at| revoked(&site, "alice", &serial(&enrolled[at])));
    assert_eq!(gone, [false, true]);
    run(&["renew", "--label", "one"]).done();
    assert!(site.program.journal().is_empty());
}
