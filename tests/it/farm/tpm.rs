//! `cardwright vcard` with cards backed by a TPM.

use std::process::Stdio;

use serde_json::json;

use crate::support::program::{PATH, Program, end};
use crate::support::tpm::{PASSPHRASE, Tpm};

const TELL: &str = "echo \"$TPM2_PKCS11_TCTI\"; tpm2_getcap properties-fixed";

fn program() -> Program {
    let mut program = Program::new();
    Tpm::make(&mut program);
    program
}

#[test]
fn a_tpm_is_made_listed_run_and_removed() {
    let program = program();
    assert_eq!(program.json(["vcard", "list"]).done(), json!([{ "name": "tpm", "kind": "TPM", "in_use": false }]));
    let seen = program.text(["vcard", "run", "tpm", "--", "sh", "-c", TELL]);
    assert!(seen.success() && seen.stdout.contains("TPM2_PT_MANUFACTURER"), "{seen:?}");
    assert!(seen.stderr.contains("protect nothing"), "{seen:?}");
    // Nothing but the card's own files is left.
    let socket = seen.stdout.lines().next().unwrap().strip_prefix("swtpm:path=").unwrap();
    assert!(!std::path::Path::new(socket).parent().unwrap().exists(), "{socket}");
    let kept = program.path("home/.local/share/cardwright/vcards/tpm.tpm");
    assert!(kept.join("state/tpm2-00.permall").exists());
    program.json(["vcard", "create", "tpm", "--kind", "tpm"]).refused(2, "card-exists");
    program.json(["vcard", "remove", "tpm", "--yes"]).done();
    assert!(!kept.exists());
    assert_eq!(program.json(["vcard", "list"]).done(), json!([]));
}

#[test]
fn a_token_on_a_tpm_is_found_without_another_word_and_stays() {
    let program = program();
    let inside = |arguments: &[&str]| {
        let run = ["vcard", "run", "tpm", "--", PATH, "--json"];
        end(program.command(run).args(arguments).stderr(Stdio::null()))
    };
    inside(&["token", "init", "--label", "desk", "--default-admin-key"]).done();
    let listed = inside(&["token", "list"]).done();
    let labels: Vec<_> = listed.as_array().unwrap().iter().map(|token| token["label"].as_str().unwrap()).collect();
    assert!(labels.contains(&"desk"), "{listed}");
    assert_eq!(inside(&["token", "info"]).done()["label"], "desk");
}

#[test]
fn a_tpm_is_refused_what_it_cannot_do() {
    let mut program = program();
    program.json(["vcard", "create", "card", "--kind", "gids"]).done();
    program.json(["vcard", "create", "other", "--kind", "tpm", "--yubikey"]).refused(2, "usage");
    for wrong in [&["card"][..], &["--fault", "tries=1"], &["--private-pcscd"]] {
        let told = program.json([&["vcard", "run", "tpm"], wrong].concat()).refused(2, "usage");
        assert!(told.message.contains("TPM"), "{told:?}");
    }
    program.set("CARDWRIGHT_VCARD_PASSPHRASE", "wrong horse");
    program.json(["vcard", "run", "tpm", "--", "true"]).refused(4, "passphrase-wrong");
    program.set("CARDWRIGHT_VCARD_PASSPHRASE", PASSPHRASE);
    let kept = program.path("home/.local/share/cardwright/vcards/tpm.tpm/state/tpm2-00.permall");
    let state = std::fs::read(&kept).unwrap();
    std::fs::write(&kept, &state[..state.len() / 2]).unwrap();
    let told = program.json(["vcard", "run", "tpm", "--", "true"]).refused(1, "tpm-failed");
    assert!(told.causes.contains("swtpm"), "{told:?}");
}

#[test]
fn a_tpm_ends_with_the_program_that_runs_it() {
    let program = program();
    let mut command = program.command(["vcard", "run", "tpm", "--", "sh", "-c"]);
    let killed = end(command.arg("echo \"$TPM2_PKCS11_TCTI\"; kill -9 $PPID"));
    assert!(!killed.success(), "{killed:?}");
    let directory = killed.stdout.trim().strip_prefix("swtpm:path=").unwrap().strip_suffix("/tpm").unwrap().to_owned();
    // Whoever runs it next finds it whole.
    let seen = program.text(["vcard", "run", "tpm", "--", "tpm2_getrandom", "--hex", "4"]);
    assert!(seen.success() && seen.stdout.len() >= 8, "{seen:?}");
    std::fs::remove_dir_all(directory).unwrap();
}
