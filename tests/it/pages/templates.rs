//! What a template said before, its file, and what a check says of it.

use super::lab::{changed, cookie, form, page, session, site, site_of};
use crate::support::site::{ENROLL, Site, approval, set};

const KEY: &str = "0102030405060708090a0b0c0d0e0f101112131415161718";

#[test]
fn what_has_changed_in_a_template_is_told_from_version_to_version() {
    let mut site = site();
    let otto = session(&cookie(&site, "otto"));
    let path = format!("/templates/{}/versions", site.template_uuid);
    let shown = |site: &Site, language: &str| page(site, &[("cookie", &otto), ("accept-language", language)], &path);
    let first = shown(&site, "en");
    assert_eq!(first.status, 200, "{}", first.body);
    for told in ["has been kept since", "What it said before is not known.", "It has said the same ever since."] {
        assert!(first.body.contains(told), "{told}: {}", first.body);
    }
    // A start alone changes nothing, nor does what a file says besides.
    changed(&mut site, |template| format!("# Looked over.\n{template}"));
    assert_eq!(shown(&site, "en").body.matches("<h2>").count(), 0);
    changed(&mut site, |template| {
        let template = set(template, ENROLL, "approvals_needed", "2").replacen("version = 1", "version = 2", 1);
        set(template, "[smartcard]", "stock_only", "true")
    });
    let second = shown(&site, "en");
    for told in [
        "From version 1 to version 2",
        "Needs 1 approval by the group approvers.",
        "Needs 2 approvals by the group approvers.",
        "Only cards in stock are given out.",
        "What it said before is not known.",
    ] {
        assert!(second.body.contains(told), "{told}: {}", second.body);
    }
    assert_eq!(second.body.matches("The holder chooses the PIN.").count(), 0, "what stays is not told");
    // Back to what it was: a change like any other, and told in the other language just as well.
    changed(&mut site, |template| {
        let template = set(template, ENROLL, "approvals_needed", "1").replacen("version = 2", "version = 3", 1);
        set(template, "[smartcard]", "stock_only", "false")
    });
    let third = shown(&site, "de").body;
    for told in
        ["Von Version 2 zu Version 3", "Von Version 1 zu Version 2", "Nur Karten aus dem Lager", "entfallen", "neu"]
    {
        assert!(third.contains(told), "{told}: {third}");
    }
    assert!(third.find("Von Version 2 zu").unwrap() < third.find("Von Version 1 zu").unwrap(), "the newest first");
    // Something that no sentence tells.
    changed(&mut site, |template| {
        template.replacen("name = \"CN={User!name}\"", "name = \"CN={User!name},O=Example\"", 1)
    });
    assert!(shown(&site, "en").body.contains("None of the sentences has changed."));
}

#[test]
fn a_templates_file_is_taken_along_as_a_check_reads_it_and_without_what_cards_come_with() {
    let site = site_of(|template| {
        let template = set(approval(template), "[smartcard]", "default_admin_key_hex", &format!("{KEY:?}"));
        // Whoever may have a card without anybody's help sets it up, and needs its keys.
        set(template, "[key]", "hash", "\"SHA1\"").replace("self_service = true", "self_service = false")
    });
    let base = format!("/templates/{}", site.template_uuid);
    let of =
        |who: &str, path: &str| page(&site, &[("cookie", &session(&cookie(&site, who)))], &format!("{base}{path}"));
    let checked = of("ada", "/check");
    assert_eq!(checked.status, 200, "{}", checked.body);
    assert!(checked.body.contains("key.hash") && checked.body.contains("SHA-1 is broken"), "{}", checked.body);
    let file = of("ada", "/file");
    assert_eq!((file.status, file.header("content-type")), (200, "application/toml"));
    assert!(file.header("content-disposition").starts_with("attachment; filename="), "{:?}", file.headers);
    assert!(!file.body.contains(KEY) && file.body.contains("default_admin_key_hex = \"\""), "{}", file.body);
    let taken = site.program.write("taken.toml", &file.body);
    site.program.json(["template", "check", &taken]).done();
    // Who issues cards of it needs the key, and may oversee the server besides.
    assert!(of("otto", "/file").body.contains(KEY));
    for who in ["vera", "ursula"] {
        for path in ["/check", "/file"] {
            let refused = of(who, path);
            assert!(refused.status == 403 && !refused.body.contains("hash"), "{who} {path}: {}", refused.status);
        }
        assert!(!of(who, "").body.contains(&format!("{base}/check")), "nobody gets a link to a refusal");
    }
    assert_eq!(form(&site, &[("cookie", &session(&cookie(&site, "ada")))], &format!("{base}/check"), "").status, 405);
}
