//! The same server on PostgreSQL: what is tested of it on SQLite is tested once more, in a process of its own.

use super::support::DATABASE_VARIABLE;

/// Files of tests whose servers keep records; of the attacks, those whose end the database decides.
const TESTS: [&str; 24] = [
    "server::attestation::",
    "server::export::",
    "server::walkthrough::",
    "server::certification::",
    "server::approvals::",
    "server::collecting::",
    "server::passwords::",
    "server::permission::",
    "server::pins::",
    "server::puk::",
    "server::offline::",
    "server::workflow::reach::",
    "attacks::compromised::",
    "attacks::disabled::",
    "attacks::duties::",
    "attacks::earlier_holding::",
    "attacks::holdings::",
    "attacks::items::",
    "attacks::names::",
    "attacks::own_certificates::",
    "attacks::possession::",
    "attacks::renewal::",
    "attacks::sessions::",
    "attacks::too_many::",
];

#[test]
fn the_server_is_the_same_on_postgresql() {
    if std::env::var_os(DATABASE_VARIABLE).is_some() {
        return;
    }
    let ran = std::process::Command::new(std::env::current_exe().unwrap())
        .args(TESTS)
        .args(["--test-threads", "4"])
        .env(DATABASE_VARIABLE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let passed = said.rsplit("test result: ok. ").next().unwrap().split(' ').next().unwrap();
    assert!(passed.parse::<u32>().unwrap() >= 49, "only {passed} tests were run\n{said}");
}
