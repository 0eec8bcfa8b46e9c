//! Whether a workstation can serve, and how the kiosk starts and ends.

use std::os::unix::fs::PermissionsExt;

use super::lab::{Corridor, PIN, yubikey};
use crate::support::browser::Browser;
use crate::support::program::end;

#[test]
fn a_workstation_is_looked_at_before_anybody_comes_and_the_link_is_its_owners_alone() {
    let mut corridor = Corridor::new(&["--start-link", "LINK"]);
    let verdict = |corridor: &Corridor, who: &str, more: &[&str]| {
        let ended = end(&mut corridor.site.command(who, PIN, &[&["kiosk", "--check"][..], more].concat()));
        let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let bad = told["findings"].as_array().unwrap().iter().filter(|it| it["verdict"] == "bad");
        (ended.code, bad.map(|it| it["check"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let file = corridor.site.program.path("a-link").display().to_string();
    assert_eq!(verdict(&corridor, "kiosk-1", &["--start-link", &file]), (Some(0), vec![]));
    assert!(!std::path::Path::new(&file).exists(), "a check writes nothing");
    // Whoever may read the link is taken from a file that is there, and that nobody else writes.
    let kept = || verdict(&corridor, "kiosk-1", &["--start-link", &file, "--keep-readers"]);
    assert_eq!(kept(), (Some(11), vec!["start-link".into()]));
    std::fs::write(&file, "").unwrap();
    assert_eq!(kept(), (Some(0), vec![]));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o646)).unwrap();
    assert_eq!(kept(), (Some(11), vec!["start-link".into()]));
    // What stands where a link is written first, or where it is to stand.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let first = corridor.site.program.path("a-link.new");
    std::fs::create_dir(&first).unwrap();
    assert_eq!(kept(), (Some(11), vec!["start-link".into()]));
    assert_eq!(verdict(&corridor, "kiosk-1", &["--start-link", &file]), (Some(11), vec!["start-link".into()]));
    std::fs::remove_dir(&first).unwrap();
    assert_eq!(verdict(&corridor, "kiosk-1", &["--start-link", &file]), (Some(0), vec![]));
    let directory = corridor.site.program.path("").display().to_string();
    assert_eq!(verdict(&corridor, "kiosk-1", &["--start-link", &directory]), (Some(11), vec!["start-link".into()]));
    // An account that may do more, one that may not let people in, and a place where no link can be written.
    assert_eq!(verdict(&corridor, "otto", &[]), (Some(11), vec!["account".into()]));
    assert_eq!(verdict(&corridor, "ursula", &[]), (Some(11), vec!["account".into()]));
    assert_eq!(
        verdict(&corridor, "kiosk-1", &["--start-link", "/nowhere/link"]),
        (Some(11), vec!["start-link".into()])
    );

    let path = corridor.site.program.path("LINK");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let link = std::fs::read_to_string(&path).unwrap();
    assert!(link.starts_with(&corridor.address) && corridor.link.is_empty());
    let browser = Browser::new();
    browser.open(link.trim());
    browser.sees("Put in your card");
    corridor.insert(0, &super::lab::card(yubikey()));
    browser.sees("This card is not in use yet");
    // The readers go away, and come back: it is said, and it goes on by itself.
    corridor.unplug();
    browser.sees("The card reader cannot be used");
    super::lab::judged(&browser, "no-reader");
    corridor.plug_in();
    browser.sees("Put in your card");
    corridor.stop();
    assert!(!path.exists(), "a link that opens nothing was left");
    corridor.site.stop_server();
    let (code, bad) = verdict(&corridor, "kiosk-1", &[]);
    assert!(code == Some(11) && bad.contains(&"server".to_owned()), "{bad:?}");
}
