//! Tokens that are absent, doubled, full or locked, and modules that are none.

use serde_json::json;

use super::{Desk, ENROLL, PIN, WRONG_PIN};
use crate::enrollment::fake::{FakeCm, Mischief};
use crate::support::program::{Ended, Program, end};
use crate::support::{journal, softhsm};
use std::path::Path;

/// Runs the program while no file it writes may be larger than so many KiB.
fn limited(program: &Program, kib: u64, arguments: &[&str]) -> Ended {
    let mut command = program.other("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\"", &kib.to_string()]);
    end(command.arg(crate::support::program::PATH).arg("--json").args(arguments))
}

fn counter(program: &Program, label: &str) -> String {
    let info = program.json(["token", "info", "--label", label]).done();
    info["pin"].as_str().unwrap().to_owned()
}

#[test]
fn a_wrong_pin_costs_a_try_and_nothing_else() {
    let desk = Desk::new();
    desk.enrolls_in_the_end();
    let wrong = desk.program.write("wrong.pin", WRONG_PIN);
    let wrong = format!("file:{wrong}");
    assert_eq!(counter(&desk.program, "card"), "ok");
    let change = ["token", "change-pin", "--label", "card", "--pin-from", &wrong];
    let told = desk.program.json(change).refused(4, "wrong-pin");
    assert!(told.remedy.contains("cardwright unblock"), "{told:?}");
    assert_eq!(counter(&desk.program, "card"), "low");

    let told = desk.program.json(["renew", "--label", "card", "--pin-from", &wrong]).refused(4, "wrong-pin");
    assert!(told.request.is_some() && told.remedy.contains("is kept"), "{told:?}");
    assert_eq!(desk.program.objects("card", PIN), [1, 1, 1]);
    desk.program.json(["renew", "--label", "card"]).done();
    assert_eq!(counter(&desk.program, "card"), "ok");
    assert_eq!((desk.program.objects("card", PIN), desk.fake.requests()), ([1, 1, 1], vec![(1, 8), (3, 8)]));
}

#[test]
fn a_wrong_so_pin_and_a_short_pin_are_refused_before_anything_is_made() {
    let mut desk = Desk::new();
    let so_pin = desk.program.write("so.pin", "87654321");
    let source = format!("file:{so_pin}");
    desk.program.json(["token", "init", "--label", "own", "--so-pin-from", &source]).done();
    let wrong = format!("file:{}", desk.program.write("wrong", "12345678"));
    let enroll = |so_pin: &str| desk.program.json(["enroll", "--label", "own", "--so-pin-from", so_pin]);
    let told = enroll(&wrong).refused(4, "wrong-so-pin");
    assert!(told.request.is_some(), "{told:?}");
    enroll(&source).done();
    assert_eq!(desk.program.objects("own", PIN), [1, 1, 1]);
    desk.program.set("CARDWRIGHT_NEW_PIN", "1");
    let short = desk.program.json(ENROLL).refused(4, "pin-length");
    assert!(short.causes.contains("4 to 12"), "{short:?}");
    desk.program.set("CARDWRIGHT_NEW_PIN", PIN);
    desk.program.json(ENROLL).done();
    assert_eq!(desk.program.objects("card", PIN), [1, 1, 1]);
}

#[test]
fn the_last_try_is_kept_until_it_is_given_away() {
    let mut program = Program::new();
    program.use_kryoptic();
    program.token_with_pin("card", PIN);
    let change = |pin: &str, more: &[&str]| {
        let source = format!("file:{}", program.write("typed.pin", pin));
        let new = format!("file:{}", program.write("new.pin", PIN));
        let given = ["token", "change-pin", "--label", "card", "--pin-from", &source, "--new-pin-from", &new];
        program.json([&given[..], more].concat())
    };
    let mut wrong = 0;
    let kept = loop {
        let told = change(WRONG_PIN, &[]).told();
        assert_eq!(told.exit, 4, "{told:?}");
        if told.code != "wrong-pin" {
            break told;
        }
        wrong += 1;
        assert!(wrong < 20);
    };
    assert_eq!((wrong, kept.code.as_str()), (9, "last-try-kept"));
    assert_eq!(counter(&program, "card"), "last-try");
    // Even the right PIN is not tried unasked; a wrong one locks, and then the right one is of no use.
    assert_eq!(change(PIN, &[]).told().code, "last-try-kept");
    let told = change(WRONG_PIN, &["--spend-last-try"]).told();
    assert!(told.exit == 4 && ["wrong-pin", "pin-locked"].contains(&told.code.as_str()), "{told:?}");
    assert_eq!(counter(&program, "card"), "locked");
    let locked = change(PIN, &["--spend-last-try"]).refused(4, "pin-locked");
    assert!(locked.remedy.contains("cardwright unblock"), "{locked:?}");
}

#[test]
fn a_token_that_is_absent_blank_or_double_is_not_guessed_at() {
    let desk = Desk::new();
    let absent = desk.program.json(["enroll", "--label", "absent"]).refused(3, "no-token");
    assert!(absent.message.contains("\"card\""), "{absent:?}");
    for _ in 0..2 {
        let mut init = desk.program.other("softhsm2-util");
        let made = end(init.args(["--init-token", "--free", "--label", "twin", "--so-pin", "87654321", "--pin", PIN]));
        assert!(made.success(), "{made:?}");
    }
    let listed = desk.program.json(["token", "list"]).done();
    let twins = listed.as_array().unwrap().iter().filter(|token| token["label"] == "twin");
    let serials: Vec<&str> = twins.map(|token| token["serial"].as_str().unwrap()).collect();
    let before = desk.program.token_files();
    let told = desk.program.json(["enroll", "--label", "twin"]).refused(3, "ambiguous-token");
    assert!(serials.iter().all(|serial| told.message.contains(serial)), "{told:?}");
    assert!(told.remedy.contains("--serial"), "{told:?}");
    desk.program.json(["enroll"]).refused(3, "ambiguous-token");
    assert!(desk.program.token_files() == before && desk.fake.calls() == 0);
    let so_pin = format!("file:{}", desk.program.write("so.pin", "87654321"));
    let serial = ["enroll", "--label", "twin", "--serial", serials[1], "--so-pin-from", &so_pin];
    desk.program.json(serial).done();
    let info = |serial: &str| desk.program.json(["token", "info", "--serial", serial]).done()["certificates"].clone();
    assert_eq!(info(serials[0]).as_array().unwrap().len(), 0);
    assert_eq!(info(serials[1]).as_array().unwrap().len(), 1);
    // A label that is taken is not given away again, and a token is not erased by mistake.
    let again = desk.program.json(["token", "init", "--label", "card", "--default-admin-key"]).told();
    assert_eq!((again.exit, again.code.as_str()), (2, "label-taken"), "{again:?}");
}

#[test]
fn a_module_that_does_not_load_is_named() {
    let desk = Desk::new();
    for (module, code) in [
        ("/nowhere/module.so", "module-missing"),
        ("/etc/hostname", "module-unusable"),
        ("/lib/x86_64-linux-gnu/libc.so.6", "module-unusable"),
    ] {
        let told = desk.program.json([&ENROLL[..], &["--module", module]].concat()).refused(2, code);
        assert!(told.message.contains(module), "{told:?}");
    }
    assert_eq!(desk.fake.calls(), 0);
    desk.enrolls_in_the_end();
}

#[test]
fn a_full_token_says_so_and_keeps_what_it_had() {
    let fake = FakeCm::start();
    let mut program = Program::new();
    program.use_kryoptic();
    program.set("CARDWRIGHT_SERVER", fake.url.as_str());
    program.set("CARDWRIGHT_BEARER", "a-bearer-token");
    program.set("CARDWRIGHT_PIN", PIN);
    program.factory_token("card");
    program.json(ENROLL).done();
    fake.state().algorithm = ("RSA", 4096);
    // The journal has its room: what else is on the token makes it larger than that.
    let filler = program.write("filler", "f".repeat(5000));
    for label in 0..12 {
        let label = format!("filler {label}");
        let write = ["--login", "--pin", PIN, "--write-object", &filler, "--type", "data", "--label", &label];
        assert!(program.pkcs11_tool("card", &write).success());
    }
    let store = program.token_files().into_iter().map(|(_, bytes)| bytes.len()).max().unwrap();
    let full = limited(&program, store as u64 / 1024, &["renew", "--label", "card"]).refused(8, "token-full");
    assert!(full.remedy.contains("is kept") && full.remedy.contains("Remove"), "{full:?}");
    assert_eq!(program.objects("card", PIN), [1, 1, 1]);
    fake.state().algorithm = ("ECDSA_P256", 256);
    program.json(["renew", "--label", "card"]).done();
    assert_eq!((program.objects("card", PIN), fake.requests()), ([1, 1, 1], vec![(1, 8), (3, 8)]));
}

#[test]
fn a_full_disk_stops_the_work_before_it_begins_and_half_a_key_is_made_anew() {
    let desk = Desk::new();
    desk.fake.state().algorithm = ("RSA", 2048);
    let before = desk.program.token_files();
    let full = limited(&desk.program, 2, &ENROLL).refused(10, "journal");
    assert!(full.request.is_none() && full.remedy.contains("disk"), "{full:?}");
    assert!(desk.program.token_files() == before && desk.fake.requests().is_empty());

    // Power that fails while the key is made leaves its public half.
    desk.fake.behave(Some(Mischief::Refuse("certificatedata", 500)));
    desk.program.json(ENROLL).refused(6, "server-refused");
    desk.fake.behave(None);
    let [file] = journal::files(Path::new(&desk.program.path("state/journal"))).try_into().unwrap();
    journal::lose_what_was_not_flushed(&file);
    let delete = ["--login", "--pin", PIN, "--delete-object", "--type", "privkey", "--label"];
    let label = desk.program.pkcs11_tool("card", &["--login", "--pin", PIN, "--list-objects", "--type", "privkey"]);
    let label = label.stdout.lines().find_map(|line| line.trim().strip_prefix("label:")).unwrap().trim().to_owned();
    assert!(desk.program.pkcs11_tool("card", &[&delete[..], &[label.as_str()]].concat()).success());
    assert_eq!(desk.program.objects("card", PIN), [0, 1, 0]);
    desk.enrolls_in_the_end();
}

/// A module that is SoftHSM but for one thing, as openCryptoki is: the token's time is the time of day.
const CLOCK: &str = r#"
#include <dlfcn.h>
#include <string.h>
typedef unsigned long (*call)();
struct list { unsigned char version[2]; call calls[68]; } __attribute__((aligned(8)));
static struct list own;
static call told;
static unsigned long token_info(unsigned long slot, unsigned char *info) {
    unsigned long result = told(slot, info);
    if (result == 0) {
        *(unsigned long *)(info + 96) |= 0x40;
        memcpy(info + 188, "12:34:56        ", 16);
    }
    return result;
}
unsigned long C_GetFunctionList(struct list **given) {
    struct list *theirs;
    void *softhsm = dlopen("SOFTHSM", RTLD_NOW);
    unsigned long result = ((call)dlsym(softhsm, "C_GetFunctionList"))(&theirs);
    if (result != 0) return result;
    own = *theirs;
    told = own.calls[6];
    own.calls[6] = (call)token_info;
    *given = &own;
    return 0;
}
"#;

#[test]
fn a_token_whose_time_cannot_be_read_is_used_like_any_other() {
    let mut desk = Desk::new();
    let program = &mut desk.program;
    let source = program.write("clock.c", CLOCK.replace("SOFTHSM", softhsm::MODULE));
    let module = program.path("clock.so");
    let built = end(program.other("cc").args(["-shared", "-fPIC", "-w", "-o"]).arg(&module).args([&source, "-ldl"]));
    assert!(built.success(), "{built:?}");
    program.use_module(&module);
    let listed = program.json(["token", "list"]).done();
    assert_eq!((&listed[0]["state"], &listed[0]["label"]), (&json!("initialised"), &json!("card")), "{listed}");
    let enrolled = program.json(ENROLL).done();
    let info = program.json(["token", "info", "--label", "card"]).done();
    assert_eq!(info["certificates"].as_array().unwrap().len(), 1, "{info}");
    program.json(["retire", "--label", "card", "--yes"]).done();
    assert_eq!(program.objects("card", PIN), [0, 0, 0], "{enrolled}");
}

#[test]
fn of_a_lost_token_nothing_is_said_that_was_not_read() {
    let desk = Desk::new();
    let done = desk.program.json(ENROLL).done();
    let lost = desk.program.text(["retire", "--yes", "--lost", done["smartcard"].as_str().unwrap()]);
    assert!(lost.success() && lost.stdout.contains("the token itself was not read"), "{lost:?}");
}
