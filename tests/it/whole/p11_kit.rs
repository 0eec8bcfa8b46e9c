//! The whole job through p11-kit's proxy: on an NSS database, whose module wants parameters that only p11-kit can be
//! told, and on SoftHSM among other modules.

use std::path::Path;

use cardwright::cm::card_secrets::AdminKeyState;
use serde_json::{Value, json};

use super::{NEW_PIN, PIN, certificate, revoked};
use crate::support::p11_kit::{self, NSS, NSS_LABEL};
use crate::support::program::{Ended, Program, end};
use crate::support::site::{Site, keys, set};
use crate::support::softhsm;

/// A site whose keys may open mail, so that they are kept at a renewal.
fn site(algorithm: &str) -> Site {
    let mut site = Site::with(|template| {
        let template = set(keys(template, algorithm), "[smartcard]", "allow_smartcard_reuse", "true");
        let template = set(template, "[certificate]", "key_usages", r#"["digitalSignature", "keyEncipherment"]"#);
        set(template, "[certificate]", "extended_key_usages", r#"["clientAuth", "emailProtection"]"#)
    });
    site.person("alice", &[]);
    site
}

fn nss(site: &Site, pin: &str, arguments: &[&str]) -> Ended {
    site.run("alice", pin, &[arguments, &["--label", NSS_LABEL]].concat())
}

/// The text of a member.
#[track_caller]
fn text(document: &Value, key: &str) -> String {
    document[key].as_str().unwrap_or_else(|| panic!("no {key}: {document}")).to_owned()
}

/// What NSS's own tool says of a database: "list" of certificates, or of "keys".
#[track_caller]
fn certutil(program: &Program, database: &str, what: &str) -> String {
    let at = format!("sql:{}", program.path(database).display());
    let password = program.path("nss.password").display().to_string();
    let told = end(program.other("certutil").args([what, "-d", &at, "-f", &password]));
    told.all()
}

#[test]
fn an_nss_database_lives_and_lives_again() {
    let mut site = site("RSA-2048");
    let module = p11_kit::nss_database(&site.program, "nss", PIN);
    p11_kit::put_before(&mut site.program, &[("nss.module", module)]);
    let listed = site.program.json(["token", "list"]).done();
    let database = listed.as_array().unwrap().iter().find(|token| token["label"] == NSS_LABEL).unwrap();
    let shown = ["state", "pin", "so_pin", "serial"].map(|key| text(database, key));
    assert_eq!(shown, ["initialised", "ok", "not-set", "0000000000000000"]);

    let first = nss(&site, PIN, &["enroll"]).done();
    assert_eq!(certificate(&first)["subject"], "CN=alice");
    // There is no officer's secret to change, and none is tried.
    let card = text(&first, "smartcard").parse().unwrap();
    assert_eq!(site.client("alice").admin_key_state(card).unwrap(), AdminKeyState::Default);
    assert_eq!(site.program.objects(NSS_LABEL, PIN), [1, 2, 1], "and the card's id, a public key");
    let list = certutil(&site.program, "nss", "-L");
    assert!(list.contains("u,u,u"), "NSS finds no key for the certificate: {list}");

    // Nobody but the holder of the password sets another, which shows before there is a request.
    let refused = nss(&site, NEW_PIN, &["unblock"]).refused(8, "not-offered");
    assert!(refused.causes.contains("neither an SO PIN nor a PUK") && refused.request.is_none(), "{refused:?}");
    let renewed = nss(&site, PIN, &["renew"]).done();
    assert_eq!(renewed["old_keys"], json!([{ "key_id": certificate(&first)["key_id"], "removed": false }]));
    let retired = nss(&site, PIN, &["retire", "--yes"]).done();
    assert_eq!((retired["removed_keys"].as_array().unwrap().len(), &retired["keys_left"]), (2, &json!([])));
    assert!(revoked(&site, "alice", certificate(&renewed)["serial_number"].as_str().unwrap()));
    let keys = certutil(&site.program, "nss", "-K");
    assert!(keys.contains("no keys found"), "{keys}");

    // A new password is set by the old one, as nobody else could; the token needs no name where it is the only one.
    let mut again = site.command("alice", PIN, &["enroll"]);
    let again = end(again.env("CARDWRIGHT_NEW_PIN", NEW_PIN)).done();
    assert_ne!(certificate(&again)["serial_number"], certificate(&first)["serial_number"]);
    assert_eq!(site.program.objects(NSS_LABEL, NEW_PIN), [1, 2, 1]);
}

#[test]
fn an_nss_database_without_a_password_gets_one() {
    let mut site = site("P-256");
    let module = p11_kit::nss_database(&site.program, "open", "");
    p11_kit::put_before(&mut site.program, &[("nss.module", module)]);
    let info = nss(&site, PIN, &["token", "info"]).done();
    assert_eq!(text(&info, "pin"), "not-set");
    nss(&site, PIN, &["enroll"]).done();
    assert_eq!(text(&nss(&site, PIN, &["token", "info"]).done(), "pin"), "ok");
    assert_eq!(site.program.objects(NSS_LABEL, PIN), [1, 2, 1]);
    let wrong = site.program.pkcs11_tool(NSS_LABEL, &["--login", "--pin", NEW_PIN, "--list-objects"]);
    assert!(!wrong.success() && wrong.stderr.contains("CKR_PIN_INCORRECT"), "{wrong:?}");
}

#[test]
fn a_module_that_wants_parameters_says_how_it_gets_them_and_its_database_is_made_by_its_own_tool() {
    let mut program = Program::new();
    program.use_module(NSS);
    let refused = program.json(["token", "list"]).refused(8, "module-start");
    assert!(refused.remedy.contains("x-init-reserved") && refused.remedy.contains("docs/operators.md"), "{refused:?}");

    // NSS would take any SO PIN, keep its own label, and erase what there is.
    let module = p11_kit::nss_directory(&program, "nss");
    p11_kit::put_before(&mut program, &[("nss.module", module)]);
    let refused = program.json(["token", "init", "--label", "x", "--default-admin-key"]).refused(8, "not-offered");
    assert!(refused.all().contains("certutil -N"), "{refused:?}");
}

#[test]
fn a_token_behind_the_proxy_is_chosen_by_its_label_among_blank_ones_and_other_modules() {
    let mut site = site("P-256");
    site.program.token_with_pin("spare", PIN);
    let softhsm = p11_kit::module(Path::new(softhsm::MODULE));
    let nss = p11_kit::nss_database(&site.program, "nss", PIN);
    p11_kit::put_before(&mut site.program, &[("nss.module", nss), ("softhsm.module", softhsm)]);
    // The proxy shows the slots that a module had when it was loaded: one that is blank is among them.
    site.program.factory_token("card");
    let listed = site.program.json(["token", "list"]).done();
    let of = |key: &str| listed.as_array().unwrap().iter().map(|token| text(token, key)).collect::<Vec<_>>();
    assert!(of("state").contains(&"blank".to_owned()), "{listed}");
    for label in ["card", "spare", NSS_LABEL] {
        assert!(of("label").contains(&label.to_owned()), "{label}: {listed}");
    }
    let run = |pin: &str, arguments: &[&str]| site.run("alice", pin, &[arguments, &["--label", "card"]].concat());
    run(PIN, &["enroll"]).done();
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
    run(NEW_PIN, &["unblock"]).done();
    let serial = text(&run(PIN, &["token", "info"]).done(), "serial");
    let renewed = site.run("alice", NEW_PIN, &["renew", "--serial", &serial]).done();
    run(NEW_PIN, &["retire", "--yes"]).done();
    assert!(revoked(&site, "alice", certificate(&renewed)["serial_number"].as_str().unwrap()));
    assert_eq!(site.program.objects("card", NEW_PIN), [0, 0, 0]);
    assert_eq!(site.program.objects("spare", PIN), [0, 0, 0]);
}
