//! Cards with odd objects, and tokens behind a module that cannot tell everything: the rest is shown and used all the same.

use super::cards::Workplace;
use super::{Desk, ENROLL, PIN};
use crate::support::program::Program;
use crate::support::{odd_module, piv};
use cardwright::virtual_card::PivOptions;
use serde_json::{Value, json};

/// Makes a key pair and a certificate of it under `id`, both labelled `label`.
fn keyed(program: &Program, token: &str, id: &str, label: &str) {
    let pair = ["--keypairgen", "--key-type", "EC:prime256v1", "--id", id, "--label", label];
    assert!(program.pkcs11_tool(token, &[&["--login", "--pin", PIN][..], &pair].concat()).success());
    certified(program, token, Some(id), label);
}

/// Puts somebody's certificate on the token.
fn certified(program: &Program, token: &str, id: Option<&str>, label: &str) {
    let (key, file) = (program.path("a.key").display().to_string(), program.path("a.der").display().to_string());
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", &key];
    let made = ["req", "-x509", "-subj", &format!("/CN={label}"), "-outform", "DER", "-out", &file];
    let made = crate::support::program::end(program.other("openssl").args([&made[..], &curve].concat()));
    assert!(made.success(), "{made:?}");
    let id = id.map(|id| ["--id", id]);
    let write = ["--login", "--pin", PIN, "--write-object", &file, "--type", "cert", "--label", label];
    let written = program.pkcs11_tool(token, &[&write[..], id.as_ref().map_or(&[][..], |id| &id[..])].concat());
    assert!(written.success(), "{written:?}");
}

/// The labels of the certificates that are shown, and of the other objects what is odd about them; the module's order
/// means nothing.
fn shown(info: &Value) -> (Vec<&str>, Vec<&str>) {
    let texts = |list: &'static str, key: &'static str| {
        let mut texts: Vec<_> = info[list].as_array().unwrap().iter().map(|it| it[key].as_str().unwrap()).collect();
        texts.sort_unstable();
        texts
    };
    (texts("certificates", "label"), texts("objects", "odd"))
}

#[test]
fn a_slot_that_cannot_be_told_of_is_listed_as_that() {
    let mut program = Program::new();
    let module = odd_module::before_softhsm(&mut program);
    program.set("CARDWRIGHT_MODULE", module.display().to_string());
    program.token_with_pin("left", PIN);
    program.token_with_pin("right", PIN);
    program.set("ODD_TOKEN", "left");
    let listed = program.json(["token", "list"]).done();
    let states: Vec<_> = listed.as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|state| **state == "unreadable").count(), 1, "{listed}");
    let odd = listed.as_array().unwrap().iter().find(|it| it["state"] == "unreadable").unwrap();
    assert!(odd["error"].as_str().unwrap().contains("CKR_DEVICE_ERROR"), "{odd}");
    assert!(program.text(["token", "list"]).stdout.contains("cannot be read"));
    assert_eq!(program.json(["token", "info", "--label", "right"]).done()["label"], "right");
    // The one that is meant may be the one that cannot be read.
    let told = program.json(["token", "info", "--label", "left"]).told();
    assert!(format!("{told:?}").contains("CKR_DEVICE_ERROR"), "{told:?}");
}

#[test]
fn one_odd_object_hides_no_other() {
    let mut program = Program::new();
    program.token_with_pin("card", PIN);
    keyed(&program, "card", "0a", "good");
    keyed(&program, "card", "0b", "bad");
    let module = odd_module::before_softhsm(&mut program);
    program.set("CARDWRIGHT_MODULE", module.display().to_string());
    let odd = |variable: &str| {
        let mut command = program.command(["--json", "token", "info", "--label", "card"]);
        crate::support::program::end(command.env(variable, "bad")).done()
    };
    assert_eq!(shown(&odd("NOTHING")), (vec!["bad", "good"], vec![]));
    let refused = odd("ODD_OBJECT");
    let (certificates, objects) = shown(&refused);
    assert!(
        certificates == ["good"] && !objects.is_empty() && objects.iter().all(|odd| *odd == "refused"),
        "{refused}"
    );
    assert_eq!(shown(&odd("ODD_NO_VALUE")), (vec!["good"], vec!["no-value"]));
    assert_eq!(shown(&odd("ODD_GARBAGE")), (vec!["good"], vec!["not-a-certificate"]));
    let unread = odd("ODD_KEY");
    assert_eq!(shown(&unread), (vec!["bad", "good"], vec![]));
    let bad = unread["certificates"].as_array().unwrap().iter().find(|it| it["label"] == "bad").unwrap();
    assert_eq!(bad["odd"], "unreadable-key");
    certified(&program, "card", Some("0a"), "second");
    certified(&program, "card", None, "nameless");
    let all = odd("NOTHING");
    let words: Vec<_> = all["certificates"].as_array().unwrap().iter().map(|it| (&it["id"], &it["odd"])).collect();
    let several = words.iter().filter(|(id, odd)| *id == "0a" && *odd == "several-certificates").count();
    let nameless = words.iter().filter(|(id, odd)| *id == "" && *odd == "no-id").count();
    assert_eq!((words.len(), several, nameless), (4, 2, 1), "{all}");
    let text = program.text(["token", "info", "--label", "card"]).stdout;
    assert!(text.contains("several-certificates: another certificate has the same id"), "{text}");
}

#[test]
fn an_odd_object_stops_neither_enrollment_nor_renewal() {
    let mut desk = Desk::new();
    desk.program.json(ENROLL).done();
    keyed(&desk.program, "card", "0b", "bad");
    let module = odd_module::before_softhsm(&mut desk.program);
    desk.program.set("CARDWRIGHT_MODULE", module.display().to_string());
    for variable in ["ODD_OBJECT", "ODD_NO_VALUE", "ODD_GARBAGE", "ODD_KEY", "ODD_MECHANISMS", "ODD_SIZES"] {
        desk.program.set(variable, "bad");
        desk.program.json(["renew", "--label", "card"]).done();
        desk.program.unset(variable);
    }
    assert_eq!(desk.program.objects("card", PIN), [2, 2, 2], "the renewed one and the odd one");
}

#[test]
fn a_card_with_odd_objects_is_listed_shown_and_examined() {
    let place = Workplace::new();
    let objects: [(u32, &[u8]); 6] = [
        (0x5FC105, include_bytes!("../../data/piv/obj-garbage.bin")),
        (0x5FC10A, include_bytes!("../../data/piv/obj-nolrc.bin")),
        (0x5FC10B, include_bytes!("../../data/piv/obj-gz01.bin")),
        // CHUID, Card Capability Container and key history that are none.
        (0x5FC102, &[0xAA; 40]),
        (0x5FC107, &[0xF0, 0x80]),
        (0x5FC10C, &[0xC1]),
    ];
    place.insert(0, Box::new(piv::holding(PivOptions { serial: 815, ..PivOptions::yubikey() }, &objects)));
    let listed = place.program.json(["token", "list"]).done();
    assert_eq!((&listed[0]["serial"], &listed[0]["state"]), (&json!("815"), &json!("initialised")), "{listed}");
    let info = place.program.json(["token", "info"]).done();
    assert_eq!(info["certificates"].as_array().unwrap().len(), 2, "{info}");
    let object = &info["objects"][0];
    assert_eq!((&object["id"], &object["odd"]), (&json!("9a"), &json!("cut-off")), "{info}");
    let text = place.program.text(["token", "info"]).stdout;
    assert!(
        text.contains("cut-off: unreadable: what is stored breaks off") && text.contains("CN=old holder"),
        "{text}"
    );
    let examined = place.program.json(["doctor"]);
    let document: Value = serde_json::from_str(&examined.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let about = |check: &str| findings.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("{document}"));
    assert!(about("objects")["told"].as_str().unwrap().starts_with("9a "), "{document}");
    assert!(about("objects")["verdict"] == "attention" && about("card-identifier")["verdict"] == "attention");
    assert!(about("objects")["remedy"].as_str().unwrap().contains("enroll --replace"), "{document}");
    assert_eq!(examined.code, Some(0), "{document}");
}

#[test]
fn the_doctor_promises_a_replacement_only_where_new_keys_go() {
    let garbage = include_bytes!("../../data/piv/obj-garbage.bin");
    // 9C, 9E and the first retired place.
    for object in [0x5FC10A, 0x5FC101, 0x5FC10D] {
        let place = Workplace::new();
        let objects: [(u32, &[u8]); 1] = [(object, garbage)];
        place.insert(0, Box::new(piv::holding(PivOptions { serial: 816, ..PivOptions::yubikey() }, &objects)));
        let document: Value = serde_json::from_str(&place.program.json(["doctor"]).stdout).unwrap();
        let findings = document["findings"].as_array().unwrap();
        let odd: Vec<_> = findings.iter().filter(|it| it["check"] == "objects").collect();
        // A retired place counts only beside a key that decrypts.
        assert!(!odd.is_empty() || object == 0x5FC10D, "{document}");
        assert!(odd.iter().all(|it| it["remedy"].as_str().unwrap().contains("stays")), "{document}");
    }
}

#[test]
fn a_token_that_tells_that_it_is_full_is_refused_before_anything_changes() {
    let mut desk = Desk::new();
    let module = odd_module::before_softhsm(&mut desk.program);
    desk.program.set("CARDWRIGHT_MODULE", module.display().to_string());
    desk.program.set("ODD_FREE", "800");
    let told = desk.program.json(ENROLL).told();
    assert_eq!(told.code, "token-full", "{told:?}");
    // Nonsense is no memory: more is free than there is.
    desk.program.set("ODD_FREE", "65537");
    desk.program.json(ENROLL).done();
}
