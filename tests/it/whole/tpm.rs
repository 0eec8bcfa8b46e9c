//! The whole job on a token of a TPM: tpm2-pkcs11 over swtpm, as `vcard` runs it.

use serde_json::json;

use super::{NEW_PIN, PIN, certificate, revoked};
use crate::support::program::{Ended, end};
use crate::support::site::{Site, keys, set};
use crate::support::tpm::{TRIES, Tpm};

const WRONG_PIN: &str = "999999";

/// A site and a fresh token, called `card`, of a running TPM.
fn desk(algorithm: &str, usages: &str) -> (Site, Tpm) {
    let mut site = Site::with(|template| {
        let template = set(keys(template, algorithm), "[certificate]", "key_usages", usages);
        // A key that mail may be sealed for is kept at a renewal.
        let template = set(template, "[certificate]", "extended_key_usages", r#"["clientAuth", "emailProtection"]"#);
        set(template, "[smartcard]", "allow_smartcard_reuse", "true")
    });
    site.person("alice", &[]);
    Tpm::make(&mut site.program);
    let tpm = Tpm::run(&mut site.program);
    site.program.factory_token("card");
    // Another token of the same TPM says the same serial.
    site.program.token_with_pin("spare", PIN);
    (site, tpm)
}

fn run(site: &Site, pin: &str, arguments: &[&str]) -> Ended {
    run_on(site, pin, arguments, "card")
}

fn run_on(site: &Site, pin: &str, arguments: &[&str], label: &str) -> Ended {
    site.run("alice", pin, &[arguments, &["--label", label]].concat())
}

fn life(algorithm: &str, usages: &str, old_key_decrypts: bool) {
    let (mut site, tpm) = desk(algorithm, usages);
    let first = run(&site, PIN, &["enroll"]).done();
    assert_eq!(certificate(&first)["subject"], "CN=alice");
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
    run(&site, NEW_PIN, &["unblock"]).done();
    let renewed = run(&site, NEW_PIN, &["renew"]).done();
    let old = json!([{ "key_id": certificate(&first)["key_id"], "removed": !old_key_decrypts }]);
    assert_eq!(renewed["old_keys"], old);
    let expected = if old_key_decrypts { [2, 2, 2] } else { [1, 1, 1] };
    assert_eq!(site.program.objects("card", NEW_PIN), expected);
    // What the TPM and its module keep is there after a restart.
    drop(tpm);
    let _tpm = Tpm::run(&mut site.program);
    assert_eq!(site.program.objects("card", NEW_PIN), expected);
    let retired = run(&site, NEW_PIN, &["retire", "--yes"]).done();
    assert!(retired["removed_keys"].as_array().unwrap().contains(&certificate(&renewed)["key_id"]), "{retired}");
    assert_eq!(site.program.objects("card", NEW_PIN), [0, 0, 0]);
    assert!(revoked(&site, "alice", certificate(&renewed)["serial_number"].as_str().unwrap()));
    // The other token of the same serial is nobody's, and was left alone.
    run_on(&site, PIN, &["retire", "--yes"], "spare").refused(6, "card-unknown");
    assert_eq!(site.program.objects("spare", PIN), [0, 0, 0]);
    // The SO PIN is the factory's again, and the next life begins.
    let again = run(&site, NEW_PIN, &["enroll"]).done();
    assert_ne!(certificate(&again)["serial_number"], certificate(&first)["serial_number"]);
}

#[test]
fn a_tpm_lives_and_lives_again_with_p256() {
    life("P-256", r#"["digitalSignature"]"#, false);
}

#[test]
fn a_tpm_lives_and_lives_again_with_rsa() {
    life("RSA-2048", r#"["digitalSignature", "keyEncipherment"]"#, true);
}

#[test]
fn a_tpm_takes_an_rsa_key_that_signs_only() {
    let (site, _tpm) = desk("RSA-2048", r#"["digitalSignature"]"#);
    run(&site, PIN, &["enroll"]).done();
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
}

#[test]
fn too_many_wrong_pins_lock_every_secret_of_the_tpm_until_that_is_cleared() {
    let (mut site, mut tpm) = desk("P-256", r#"["digitalSignature"]"#);
    run(&site, PIN, &["enroll"]).done();
    for wrong in 1..=TRIES {
        let told = run(&site, WRONG_PIN, &["renew"]).refused(4, "wrong-pin");
        assert!(told.causes.contains("does not tell how many tries"), "{wrong}: {told:?}");
        // Neither a restart nor an orderly end costs or gives back a try.
        drop(tpm);
        tpm = Tpm::run(&mut site.program);
    }
    // The right PIN, the SO's secret: the TPM listens to none, and nobody may take the PIN for locked or wrong.
    for (pin, command) in [(PIN, "renew"), (NEW_PIN, "unblock")] {
        let told = run(&site, pin, &[command]).refused(4, "tpm-lockout");
        assert!(told.causes.contains("dictionary"), "{told:?}");
        assert!(told.remedy.contains("tpm2_dictionarylockout --clear-lockout"), "{told:?}");
    }
    let cleared = end(site.program.other("tpm2_dictionarylockout").arg("--clear-lockout"));
    assert!(cleared.success(), "{cleared:?}");
    run(&site, NEW_PIN, &["unblock"]).done();
    run(&site, NEW_PIN, &["renew"]).done();
    assert_eq!(site.program.objects("card", NEW_PIN), [1, 1, 1]);
}
