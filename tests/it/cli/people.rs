//! People of a list: shown before they are taken over, each bad row told why, none of them in the others' way.

use crate::support::program::{Ended, end};
use crate::support::site::{PASSPHRASE, Site};
use serde_json::{Value, json};

const HEAD: &str = "name,display name,upn,email,sid,groups,token\n";

fn user(site: &Site, arguments: &[&str]) -> Ended {
    end(&mut site.program.command([&["--json", "server", "user"], arguments].concat()))
}

fn import(site: &Site, content: impl AsRef<[u8]>, more: &[&str]) -> Ended {
    let directory = site.program.path("server").display().to_string();
    let list = site.program.write("people.csv", content);
    user(site, &[&["import", &directory, &list], more].concat())
}

/// State and reason of the row on a line.
fn row(document: &Value, line: u64) -> (String, String) {
    let row = document["rows"].as_array().unwrap().iter().find(|row| row["line"] == line);
    let row = row.unwrap_or_else(|| panic!("no line {line}: {document}"));
    (row["state"].as_str().unwrap().into(), row["reason"].as_str().unwrap().into())
}

fn known(site: &Site, name: &str) -> Option<Value> {
    let directory = site.program.path("server").display().to_string();
    let users = user(site, &["list", &directory]).done();
    users["users"].as_array().unwrap().iter().find(|user| user["name"] == name).cloned()
}

fn counts(document: &Value) -> [u64; 4] {
    ["new", "changed", "same", "refused"].map(|key| document[key].as_u64().unwrap())
}

#[test]
fn a_list_is_shown_then_taken_over_and_what_it_leaves_empty_stays() {
    let mut site = Site::new();
    let list = format!(
        "\u{feff}{HEAD}ursula,Ursula Ä.,ursula@example.test,ursula@mail.test,S-1-5-21-1-2-3-1104,staff;approvers,yes\n\
         ben,Ben B.,,,,staff,no\n"
    );
    let preview = import(&site, &list, &[]).done();
    assert_eq!((&preview["applied"], counts(&preview)), (&json!(false), [2, 0, 0, 0]));
    assert_eq!(row(&preview, 2).0, "new");
    assert!(known(&site, "ursula").is_none(), "a preview does nothing");
    import(&site, &list, &["--apply"]).refused(2, "people-codes");
    let codes = site.program.path("codes.csv");
    let with_codes = ["--apply", "--codes", codes.to_str().unwrap()];
    let applied = import(&site, &list, &with_codes).done();
    assert_eq!((&applied["applied"], counts(&applied)), (&json!(true), [2, 0, 0, 0]));
    let ursula = known(&site, "ursula").unwrap();
    assert_eq!((&ursula["groups"], &ursula["email"]), (&json!(["staff", "approvers"]), &json!("ursula@mail.test")));
    let written = std::fs::read_to_string(&codes).unwrap();
    let rows: Vec<&str> = written.lines().collect();
    assert!(rows.len() == 2 && rows[1].starts_with("ursula,"), "one code, for the one who needs it: {rows:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&codes).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    import(&site, &list, &with_codes).refused(2, "people-codes");
    // Whoever has a code needs no other one, and a list that says nothing new is no act.
    let other = site.program.path("others.csv");
    let again = import(&site, &list, &["--apply", "--codes", other.to_str().unwrap()]).done();
    assert_eq!(counts(&again), [0, 0, 2, 0]);
    // The code is good, once.
    let directory = site.program.path("server").display().to_string();
    let code = rows[1].split(',').nth(1).unwrap();
    let mut activate = site.program.command(["--json", "activate"]);
    activate.env("CARDWRIGHT_ACTIVATION_CODE", code).env("CARDWRIGHT_SERVER", &site.origin);
    assert!(end(activate.env("CARDWRIGHT_CA_FILE", site.ca_file())).done()["bearer"].is_string());

    let changed = "name;groups;e-mail;Department\r\nursula;staff;;IT\r\nBEN;;ben@mail.test;IT\r\n";
    let preview = import(&site, changed, &[]).done();
    assert_eq!(row(&preview, 2), ("changed".into(), "groups: staff, approvers -> staff".into()));
    assert_eq!(row(&preview, 3), ("changed".into(), "e-mail address: nothing -> ben@mail.test".into()));
    import(&site, changed, &["--apply"]).done();
    assert_eq!(known(&site, "ursula").unwrap()["email"], "ursula@mail.test", "an empty field takes nothing away");
    assert_eq!(known(&site, "ben").unwrap()["email"], "ben@mail.test");

    site.stop_server();
    assert_eq!(site.program.json(["audit", "verify", &directory]).done()["whole"], true);
    let mut export = site.program.command(["--json", "audit", "export", &directory]);
    let log = end(export.env("CARDWRIGHT_PASSPHRASE", PASSPHRASE)).stdout;
    assert_eq!((log.matches("user-added").count(), log.matches("user-changed").count()), (2, 2));
    assert!(log.matches("file_sha256").count() >= 4, "the log says which list it was: {log}");
}

#[test]
fn each_bad_row_says_why_and_keeps_no_other_from_it() {
    let site = Site::new();
    import(&site, format!("{HEAD}dora,Dora D.,dora@example.test,dora@mail.test,,,\n"), &["--apply"]).done();
    let long = "x".repeat(4097);
    let bad = [
        (",Nobody,,,,,", "no account name"),
        ("x:y,,,,,,", "no name for a user or group"),
        ("x,,,,,bad:group,", "no name for a user or group"),
        ("x,,,not-an-address,,,", "no e-mail address"),
        ("x,,,two@at@mail.test,,,", "no e-mail address"),
        ("x,,,,S-1-x,,", "no security identifier"),
        ("x,Ev\u{202e}il,,,,,", "not seen"),
        ("x,A\u{7}lice,,,,,", "not seen"),
        ("x,\"two\nlines\",,,,,", "not seen"),
        (&format!("x,{long},,,,,"), "a quotation mark is open"),
        ("x,,,,,,maybe", "neither yes nor no"),
        ("x,,", "3 columns where the first line has 7"),
        ("x,,,DORA@mail.test,,,", "another user has this e-mail address"),
        ("x,,Dora@Example.Test,,,,", "another user has this UPN"),
        ("good,,,,,,", "the name \"good\" too"),
        ("GOOD,,,,,,", "too; two people never have the same"),
        ("x,,,good@mail.test,,,", "the e-mail address \"good@mail.test\" too"),
        // Another person of a name that is taken, as far as anybody can tell.
        ("dora,Dora E.,dora.e@example.test,dora.e@mail.test,,,", "two people of one name"),
    ];
    for (row_text, reason) in bad {
        let list = format!("{HEAD}{row_text}\ngood,Good,,good@mail.test,,,\nfine,Fine,,,,,\n");
        let told = import(&site, list, &[]).done();
        let (state, why) = row(&told, 2);
        assert!(state == "refused" && why.contains(reason), "{row_text}: {why}");
        let others = told["rows"].as_array().unwrap().iter().filter(|row| row["name"] == "fine");
        assert!(others.map(|row| &row["state"]).eq([&json!("new")]), "{told}");
        assert_eq!(told["applied"], false);
    }
    let list = format!("{HEAD}x,,,nothing,,,\nfine,Fine,,,,,\n");
    let told = import(&site, list, &["--apply"]);
    assert_eq!((told.code, counts(&told.document())), (Some(2), [1, 0, 0, 1]));
    assert!(known(&site, "fine").is_some() && known(&site, "x").is_none());
    // A change of one thing is the same person; a person who marries tells an administrator.
    let told = import(&site, "name,email\ndora,dora.new@mail.test\n", &["--apply"]).done();
    assert_eq!(counts(&told), [0, 1, 0, 0]);
    // Two people of one name have two accounts.
    let told = import(&site, "name,display name\nanna1,Anna A.\nanna2,Anna A.\n", &["--apply"]).done();
    assert_eq!(counts(&told), [2, 0, 0, 0]);
}

#[test]
fn a_list_that_cannot_be_read_is_refused_by_name() {
    let site = Site::new();
    let utf16 = |units: Vec<u16>, bytes: fn(u16) -> [u8; 2]| units.into_iter().flat_map(bytes).collect::<Vec<u8>>();
    let text = "\u{feff}name,upn\r\nalice,\r\n";
    let bare = "name,upn\r\nalice,\r\n";
    let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    for (content, told) in [
        (utf16(units(text), u16::to_le_bytes), "UTF-16 (little endian"),
        (utf16(units(text), u16::to_be_bytes), "UTF-16 (big endian"),
        (utf16(units(bare), u16::to_le_bytes), "UTF-16 (little endian"),
        (b"who,what\na,b\n".to_vec(), "no column \"name\""),
        (b"name,login\na,b\n".to_vec(), "twice"),
        (b"name\n".to_vec(), "no row"),
        (Vec::new(), "no column \"name\""),
        (format!("name\n{}", "a\n".repeat(250_001)).into_bytes(), "more than 250000 rows"),
    ] {
        let refused = import(&site, content, &["--apply"]).refused(2, "people-list");
        assert!(refused.message.contains(told), "{told}: {refused:?}");
    }
    let latin = [b"name,display name\nalice,Al\n".as_slice(), b"jose,Jos\xe9\n"].concat();
    let told = import(&site, latin, &[]).done();
    let (state, why) = row(&told, 3);
    assert!(state == "refused" && why.contains("Latin-1"), "{why}");
    assert_eq!(counts(&told), [1, 0, 0, 1]);
    let directory = site.program.path("server").display().to_string();
    user(&site, &["import", &directory, "/nowhere"]).refused(2, "people-list");
    let list = site.program.write("utf16.csv", utf16(units("\u{feff}card id\r\n"), u16::to_le_bytes));
    let stock = ["--json", "server", "stock", "import", &directory, &list];
    let refused = site.program.json(&stock[1..]).refused(2, "stock-list");
    assert!(refused.message.contains("UTF-16"), "{refused:?}");
}

#[test]
fn a_hundred_thousand_rows_are_shown_without_being_kept() {
    let site = Site::new();
    let rows: String = (0..100_000).map(|row| format!("p{row:06},Person {row},,p{row}@mail.test,,staff,\n")).collect();
    let list = format!("{HEAD}{rows}p000007,Again,,,,,\n");
    let size = list.len();
    let directory = site.program.path("server").display().to_string();
    let list = site.program.write("many.csv", list);
    let limit = format!("ulimit -v {} && exec \"$0\" \"$@\"", 400 * 1024 + size / 1024);
    let program = site.program.command(["--json", "server", "user", "import", &directory, &list]);
    let mut bounded = site.program.other("bash");
    bounded.arg("-c").arg(limit).arg(program.get_program()).args(program.get_args());
    let told = end(&mut bounded).done();
    assert_eq!(counts(&told), [99_999, 0, 0, 2], "of two of a name neither");
    assert_eq!(told["rows"].as_array().unwrap().len(), 2002, "what is told is bounded: {}", told["left_off"]);
}
