//! Cards in stock: lists as makers and offices write them, and a card that is enrolled only where it is known.

use super::{ENROLL, PIN};
use crate::support::program::{Ended, end};
use crate::support::site::{PASSPHRASE, Site};
use serde_json::{Value, json};
use uuid::Uuid;

fn stock(site: &Site, arguments: &[&str]) -> Ended {
    end(&mut site.program.command([&["--json", "server", "stock"], arguments].concat()))
}

/// What a list comes to: the state and reason of each row.
fn rows(document: &Value) -> Vec<(u64, String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = document["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["line"].as_u64().unwrap(), text(row, "state"), text(row, "reason"))).collect()
}

fn in_stock(site: &Site, directory: &str) -> Vec<Value> {
    stock(site, &["list", directory]).done()["cards"].as_array().unwrap().clone()
}

#[test]
fn a_card_is_enrolled_only_once_it_is_in_stock() {
    let mut site = Site::with(|template| template.replacen("stock_only = false", "stock_only = true", 1));
    site.person("alice", &[]);
    site.program.factory_token("card");
    let directory = site.program.path("server").display().to_string();
    let info = site.program.json(["token", "info", "--label", "card"]).done();
    let refused = site.run("alice", PIN, &ENROLL).refused(6, "card-not-in-stock");
    assert!(refused.remedy.contains("cardwright server stock import"), "{refused:?}");
    assert_eq!(site.run("alice", PIN, &["request", "list"]).done(), json!([]), "no request was made");
    assert_eq!(site.program.json(["token", "info", "--label", "card"]).done(), info, "the token is as it was");

    let told = |key: &str| info[key].as_str().unwrap().to_owned();
    let list = format!(
        "serial,kind,manufacturer,model,note\r\n{},pkcs11,{},{},\"box 3, \"\"top\"\"\"\r\n",
        told("serial"),
        told("manufacturer"),
        told("model")
    );
    let list = site.program.write("stock.csv", list);
    let preview = stock(&site, &["import", &directory, &list]).done();
    assert_eq!((&preview["applied"], &preview["new"], &preview["known"]), (&json!(false), &json!(1), &json!(0)));
    assert!(in_stock(&site, &directory).is_empty(), "a preview does nothing");
    let applied = stock(&site, &["import", &directory, &list, "--apply"]).done();
    assert_eq!((&applied["applied"], &applied["new"]), (&json!(true), &json!(1)));
    let [card] = in_stock(&site, &directory).try_into().unwrap();
    assert_eq!((&card["card_id"], &card["note"]), (&info["card_id"], &json!("box 3, \"top\"")));
    assert_eq!(stock(&site, &["import", &directory, &list, "--apply"]).done()["known"], 1);
    site.run("alice", PIN, &ENROLL).done();
    site.stop_server();
    let verify = site.program.json(["audit", "verify", &directory]);
    assert_eq!(verify.done()["whole"], true);
    let mut export = site.program.command(["--json", "audit", "export", &directory]);
    let log = end(export.env("CARDWRIGHT_PASSPHRASE", PASSPHRASE)).stdout;
    assert_eq!(log.matches("stock-added").count(), 1, "what is known already is no act");
}

#[test]
fn lists_are_taken_as_offices_write_them_and_each_bad_row_says_why() {
    let site = Site::new();
    let directory = site.program.path("server").display().to_string();
    let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
    // A byte order mark, semicolons, line ends of Windows, quoted fields, blanks, columns of somebody else's.
    let good = format!(
        "\u{feff}Card ID;Serial Number;Kind;Note;Price\r\n{{{id}}};;;\"with; a semicolon\";12\r\n; 00123456 ;YubiKey;;13\r\n\
         {other};what is printed;;;14\r\n"
    );
    let list = site.program.write("good.csv", good);
    let done = stock(&site, &["import", &directory, &list, "--apply"]).done();
    assert_eq!((&done["new"], &done["refused"]), (&json!(3), &json!(0)), "{done}");
    let lines: Vec<u64> = rows(&done).into_iter().map(|(line, ..)| line).collect();
    assert_eq!(lines, [2, 3, 4], "lines are counted with their ends of two characters");
    let cards = in_stock(&site, &directory);
    let card = |wanted: &str| cards.iter().find(|card| card["serial"] == wanted).unwrap().clone();
    assert_eq!(card("")["note"], "with; a semicolon");
    // Python: uuid.uuid5(namespace, "Yubico\0YubiKey\0123456\0"), as clients say it of a YubiKey with that number.
    assert_eq!(card("123456")["card_id"], "89f441cb-af65-540f-8138-46df60d79b4c");
    assert_eq!(card("what is printed")["card_id"], other.to_string());

    let bad = [
        ("x,,,", "is no GUID"),
        ("00000000-0000-0000-0000-000000000000,,,", "is no GUID"),
        (",,,", "neither a card id nor a serial"),
        (",12,,", "with its kind alone"),
        (",12,abacus,", "no kind of card"),
        (",12x,yubikey,", "no serial of a yubikey"),
        (",4294967296,yubikey,", "no serial of a yubikey"),
        (",00000000000000000000000000000000,gids,", "no serial of a gids"),
        (",12,pkcs11,", "manufacturer and model"),
        (&format!("{id},123456,yubikey,"), "gives the card id"),
        (&format!("{other},,,\u{202e}evil"), "not seen"),
        (&format!("{other},,,\"two\nlines\""), "not seen"),
        (&format!("{other},,,{}", "x".repeat(257)), "more than 256"),
        (&format!("{other},,"), "another number of columns"),
        (&format!("{other},,,\nurn:uuid:{other},,,"), "has the same card"),
    ];
    for (row, reason) in bad {
        let list = site.program.write("bad.csv", format!("card_id,serial,kind,note\n{row}\n,77,yubikey,\n"));
        let told = stock(&site, &["import", &directory, &list, "--apply"]);
        assert_eq!(told.code, Some(2), "{row}: {told:?}");
        let document = told.document();
        assert_eq!((&document["applied"], &document["refused"]), (&json!(false), &json!(1)), "{row}: {document}");
        assert!(rows(&document).iter().any(|(_, state, why)| state == "refused" && why.contains(reason)), "{document}");
        assert_eq!(in_stock(&site, &directory).len(), 3, "{row}: all rows or none");
    }
    let latin = [b"card_id,note\n".as_slice(), other.to_string().as_bytes(), b",caf\xe9\n"].concat();
    let latin = site.program.write("latin.csv", latin);
    let told = stock(&site, &["import", &directory, &latin]).done();
    assert!(rows(&told)[0].2.contains("not written in UTF-8"), "{told}");
    for (name, content) in [
        ("no columns", "who,what\na,b\n".to_owned()),
        ("twice", "serial,serial\n1,2\n".to_owned()),
        ("long", format!("serial\n{}", "1\n".repeat(20_001))),
        ("large", "x".repeat(4 * 1024 * 1024 + 1)),
        ("empty", String::new()),
    ] {
        let list = site.program.write(name, content);
        stock(&site, &["import", &directory, &list]).refused(2, "stock-list");
    }
    stock(&site, &["import", &directory, "/nowhere"]).refused(2, "stock-list");
}

#[test]
fn cards_are_taken_out_of_stock_by_what_names_one_of_them() {
    let site = Site::new();
    let directory = site.program.path("server").display().to_string();
    let ids: Vec<String> = (0..3).map(|_| Uuid::new_v4().to_string()).collect();
    let list = format!("card id,serial\n{},same\n{},same\n{},own\n", ids[0], ids[1], ids[2]);
    let list = site.program.write("stock.csv", list);
    stock(&site, &["import", &directory, &list, "--apply"]).done();
    let remove = |cards: &[&str]| stock(&site, &[&["remove", directory.as_str()], cards].concat());
    remove(&["same"]).refused(2, "stock-card");
    remove(&["own", "nothing"]).refused(2, "stock-card");
    assert_eq!(in_stock(&site, &directory).len(), 3, "all or none");
    remove(&["own", &ids[0].to_uppercase()]).done();
    assert_eq!(in_stock(&site, &directory).len(), 1);
    remove(&["same"]).done();
    remove(&["same"]).refused(2, "stock-card");
    // Back again.
    let done = stock(&site, &["import", &directory, &list, "--apply"]).done();
    assert_eq!((&done["new"], in_stock(&site, &directory).len()), (&json!(3), 3));
    stock(&site, &["list", "/nowhere"]).refused(2, "no-data-directory");
}
