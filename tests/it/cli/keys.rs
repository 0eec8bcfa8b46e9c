//! Private keys of the server's in files, and the versions of the master key at the command line.

use super::{ENROLL, PIN};
use crate::support::odd_module;
use crate::support::program::end;
use crate::support::site::{PASSPHRASE, Site};
use cardwright::pkix::pfx;
use std::os::unix::fs::PermissionsExt;

const ENCRYPTION: &str = r#"
[[additional_certificates]]
key = { generate = "P-256", generated_by = "server", pfx_rounds = 2000, archive = true }
certificate = { template_name = "Encryption", key_usages = ["keyAgreement"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

#[test]
fn keys_of_the_server_go_onto_the_token_and_into_files_of_their_owner() {
    let mut site = Site::with(|template| template.replacen("\n[revocation]", ENCRYPTION, 1));
    site.person("alice", &[]);
    site.program.factory_token("card");
    let password = format!("file:{}", site.program.write("password", "Zoë's words"));
    let occupied = site.program.write("keys.p12", "the only copy of something");
    let run = |words: &[&str], path: &str| {
        let words = [words, &["--pfx-to", path, "--pfx-password-from", &password]].concat();
        site.run("alice", PIN, &words)
    };
    let told = run(&ENROLL, &occupied).refused(10, "key-not-kept");
    assert!(told.message.contains("keys.p12 exists already"), "{told:?}");
    let weak = format!("file:{}", site.program.write("weak", "87654321"));
    let guessed = site.program.path("guessed.p12").display().to_string();
    let words = [&ENROLL[..], &["--pfx-to", &guessed, "--pfx-password-from", &weak]].concat();
    site.run("alice", PIN, &words).refused(2, "passphrase-weak");
    let nowhere = site.program.path("no such folder/keys.p12").display().to_string();
    run(&ENROLL, &nowhere).refused(10, "key-not-kept");
    assert_eq!(site.run("alice", PIN, &["request", "list"]).done(), serde_json::json!([]), "nothing was begun");
    let path = site.program.path("mine.p12").display().to_string();
    run(&ENROLL, &path).done();
    assert_eq!(std::fs::read(&occupied).unwrap(), b"the only copy of something");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (key, chain) = pfx::read(&std::fs::read(&path).unwrap(), "Zoë's words").unwrap();
    assert!(chain[0].is_for(cardwright::pkix::Signer::public_key(&key)));
    assert_eq!(site.program.objects("card", PIN), [2, 2, 2], "the server's key is on the token as well");
    run(&["renew", "--label", "card"], &site.program.path("next.p12").display().to_string()).done();
    let history = std::fs::read(site.program.path("next.p12.2")).unwrap();
    let (old, _) = pfx::read(&history, "Zoë's words").unwrap();
    assert_eq!(old.expose_pkcs8(), key.expose_pkcs8());
    assert!(!site.log().contains("Zoë's words"));
}

#[test]
fn a_module_that_imports_no_keys_is_refused_before_anything_is_changed() {
    let mut site = Site::with(|template| template.replacen("\n[revocation]", ENCRYPTION, 1));
    site.person("alice", &[]);
    site.program.factory_token("card");
    let module = odd_module::before_softhsm(&mut site.program).display().to_string();
    site.program.set("CARDWRIGHT_MODULE", module);
    let info = || site.program.json(["token", "info", "--label", "card"]).done();
    let before = info();
    let mut enroll = site.command("alice", PIN, &ENROLL);
    let told = end(enroll.env("ODD_NO_IMPORT", "1")).refused(8, "key-not-taken");
    assert!(told.causes.contains("Encryption"), "{told:?}");
    assert_eq!(info(), before, "the PIN is not set, and the admin key is the one it came with");
    assert_eq!(site.run("alice", PIN, &["request", "list"]).done(), serde_json::json!([]));
    // The same module, with the call: the trial that tells leaves nothing behind.
    end(&mut site.command("alice", PIN, &ENROLL)).done();
    assert_eq!(site.program.objects("card", PIN), [2, 2, 2]);
}

#[test]
fn versions_of_the_master_key_are_made_counted_and_removed() {
    let mut site = Site::new();
    site.person("alice", &[]);
    site.program.factory_token("card");
    site.run("alice", PIN, &ENROLL).done();
    let directory = site.program.path("server").display().to_string();
    let masterkey = |arguments: &[&str]| {
        let mut command = site.program.command([&["--json", "server", "masterkey"], arguments].concat());
        end(command.env("CARDWRIGHT_PASSPHRASE", PASSPHRASE))
    };
    let status = || masterkey(&["status", &directory]).done()["versions"].clone();
    assert_eq!(status(), serde_json::json!([{"version": 1, "in_file": true, "cards": 1}]));
    assert_eq!(masterkey(&["add", &directory]).done()["version"], 2);
    assert_eq!(status()[1], serde_json::json!({"version": 2, "in_file": true, "cards": 0}));
    site.stop_server();
    let masterkey = |arguments: &[&str]| {
        let mut command = site.program.command([&["--json", "server", "masterkey"], arguments].concat());
        end(command.env("CARDWRIGHT_PASSPHRASE", PASSPHRASE))
    };
    masterkey(&["remove", &directory, "1"]).refused(1, "master-key-needed");
    masterkey(&["remove", &directory, "2"]).refused(1, "master-key-needed");
    masterkey(&["remove", &directory, "7"]).refused(2, "master-key-version");
    masterkey(&["status", "/nowhere"]).refused(2, "no-data-directory");
    site.start();
    site.run("alice", PIN, &["renew", "--label", "card"]).done();
    site.stop_server();
    let mut remove = site.program.command(["--json", "server", "masterkey", "remove", &directory, "1"]);
    end(&mut remove).done();
    site.start();
    site.run("alice", PIN, &["retire", "--label", "card", "--yes"]).done();
}
