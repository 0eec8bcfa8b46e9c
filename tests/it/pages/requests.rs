//! The queue and the page of a request: approved, denied, withdrawn, with mouse and keyboard, with and without script.

use cardwright::cm::request::RequestStatus;

use super::lab::{asks, browser, cookie, form, page, session, site, status};

#[test]
fn an_approver_decides_by_the_keyboard_alone() {
    let site = site();
    let request = asks(&site, "ursula", "for the laboratory");
    let browser = browser(&site, "vera");
    browser.open(&format!("{}/requests", site.origin));
    browser.sees("ursula");
    let order = browser.tab_order(60);
    assert_eq!(order[0].name, "Skip to the content", "{order:?}");
    let at = order.iter().position(|one| one.name == "Choose the request for ursula").unwrap();
    for _ in 0..=at {
        browser.press("Tab");
        assert!(browser.focus_is_visible(), "{:?}", browser.focused());
    }
    browser.press("Space Tab");
    assert_eq!(browser.focused().name, "Check and approve those chosen");
    browser.press("Enter");
    browser.sees("Nothing has been decided yet.");
    browser.assert_sound();
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    browser.fill("Comment (optional)", "seen");
    browser.press("Tab Enter");
    browser.sees("1 request is approved.");
    browser.assert_sound();
    assert_eq!(status(&site, "vera", &request), RequestStatus::Approved.number());
}

#[test]
fn a_denial_says_why_and_works_without_script() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let browser = browser(&site, "vera");
    browser.script(false);
    browser.open(&format!("{}/requests/{request}", site.origin));
    browser.click("Deny");
    browser.sees("Say in the comment why you deny");
    assert_eq!(browser.focused().id, "faults", "the page begins at what is wrong");
    assert_eq!(status(&site, "vera", &request), RequestStatus::Pending.number());
    browser.fill("Comment (optional)", "No laboratory this year");
    browser.click("Deny");
    browser.sees("Denied. Whoever asked is told why.");
    assert_eq!(status(&site, "vera", &request), RequestStatus::Denied.number());
    // Reload repeats nothing.
    browser.reload();
    browser.sees("No laboratory this year");
}

#[test]
fn what_another_has_decided_meanwhile_is_told() {
    let site = site();
    let request = asks(&site, "ursula", "");
    let browser = browser(&site, "vera");
    browser.open(&format!("{}/requests/{request}", site.origin));
    let other = session(&cookie(&site, "vera"));
    assert_eq!(form(&site, &[("cookie", &other)], &format!("/requests/{request}"), "act=deny&comment=no").status, 303);
    browser.click("Approve");
    browser.sees("That cannot be done");
    browser.sees("For the help desk:");
    assert_eq!(status(&site, "vera", &request), RequestStatus::Denied.number());
}

#[test]
fn a_page_shows_and_does_nothing_that_the_api_would_not() {
    let site = site();
    let request = asks(&site, "ursula", "a private word");
    let ulf = session(&cookie(&site, "ulf"));
    let path = format!("/requests/{request}");
    let seen = page(&site, &[("cookie", &ulf)], &path);
    assert_eq!(seen.status, 404);
    assert!(!seen.body.contains("private word") && !seen.body.contains("ursula"));
    assert_eq!(form(&site, &[("cookie", &ulf)], &path, "act=approve").status, 404);
    // Who asks does not approve, whatever a form says.
    let ursula = session(&cookie(&site, "ursula"));
    assert_eq!(form(&site, &[("cookie", &ursula)], &path, "act=approve").status, 403);
    assert_eq!(status(&site, "ursula", &request), RequestStatus::Pending.number());
}

#[test]
fn what_others_have_written_is_text_and_no_more() {
    let site = site();
    let comment = "<script>document.title='owned'</script><img src=x onerror=alert(1)>";
    let request = asks(&site, "ursula", comment);
    let browser = browser(&site, "vera");
    browser.open(&format!("{}/requests/{request}", site.origin));
    browser.sees("<script>document.title='owned'</script>");
    assert!(browser.title().starts_with("New card for ursula"));
    browser.assert_sound();
}

#[test]
fn a_queue_that_stays_open_tells_of_a_new_request_and_moves_nothing() {
    let site = site();
    asks(&site, "ursula", "");
    let browser = browser(&site, "vera");
    browser.open(&format!("{}/requests", site.origin));
    browser.press("Tab Tab");
    let focused = browser.focused();
    assert!(!browser.texts("body").concat().contains("There is something new."));
    asks(&site, "ulf", "");
    browser.sees("There is something new.");
    assert_eq!(browser.focused().name, focused.name);
    assert!(!browser.texts("table").concat().contains("ulf"), "the list changes when it is read anew");
    browser.assert_sound();
    browser.click("Reload");
    browser.sees("ulf");
    // Whoever is not signed in hears nothing.
    assert_eq!(page(&site, &[], "/requests/news").status, 303);
}

#[test]
fn who_is_mailed_of_a_request_is_told_by_name_to_those_alone_who_may_look_people_up() {
    let mut site = site();
    let request = asks(&site, "ursula", "");
    let path = format!("/requests/{request}");
    let shown = |site: &_, who: &str| page(site, &[("cookie", &session(&cookie(site, who)))], &path).body;
    assert!(shown(&site, "ursula").contains("Nobody is mailed that it waits"), "there is no mail server");
    site.stop_server();
    let directory = site.program.path("server").display().to_string();
    site.program.json(["server", "user", "change", &directory, "vera", "--email", "vera@example.test"]).done();
    let settings = site.program.path("server/server.toml");
    let smtp = "\n[smtp]\nhost = \"127.0.0.1\"\nport = 9\ntls = \"none\"\nfrom = \"Cards <cards@example.test>\"\n";
    std::fs::write(&settings, std::fs::read_to_string(&settings).unwrap() + smtp).unwrap();
    site.start();
    let own = shown(&site, "ursula");
    assert!(own.contains("1 person who may approve it is mailed that it waits."), "{own}");
    assert!(!own.contains("vera"), "who that is, is not hers to know");
    assert!(shown(&site, "otto").contains("Mailed that it waits: <bdi>vera</bdi>"), "{}", shown(&site, "otto"));
    // Once it is decided on, nobody waits for anybody.
    assert_eq!(form(&site, &[("cookie", &session(&cookie(&site, "vera")))], &path, "act=approve").status, 303);
    assert!(!shown(&site, "ursula").contains("mailed"));
}
