//! The kiosk's service beside the server of the same system, set up as docs/operators.md says. That system has no reader.

use serde_json::Value;

use super::{SERVER, can_do_little, serves};
use crate::support::machine::Machine;
use crate::support::program::Ended;

const LINK: &str = "/run/cardwright-kiosk/start-link";
const SEALED: &str = "/etc/credstore.encrypted/cardwright-bearer";
const HOST: &str = "cm.example.com";

/// Leaves the service enabled and running.
pub fn serves_and_says_what_it_lacks(machine: &Machine) {
    lacks_its_settings(machine);
    let bearer = has_an_account(machine);
    machine.done("systemctl enable --quiet --now cardwright-kiosk");
    assert_eq!(machine.run("systemctl is-active cardwright-kiosk").stdout, "active\n");
    runs_as_nobody_else(machine, &bearer);
    lets_one_browser_in(machine);
    reaches_the_server(machine);
}

/// Without settings it does not start, and is no failure.
fn lacks_its_settings(machine: &Machine) {
    machine.done("systemctl start cardwright-kiosk");
    let state = "systemctl show -P ActiveState -P ConditionResult cardwright-kiosk";
    assert_eq!(machine.done(state), "inactive\nno\n");
}

/// An account that may let people in, and its login, sealed. Returns that.
fn has_an_account(machine: &Machine) -> String {
    machine.done(&format!("printf '\\n[roles]\\nkiosk = [\"group:kiosks\"]\\n' >>{SERVER}/server.toml"));
    machine.done("systemctl restart cardwright-server");
    serves(machine);
    machine.done(&format!("echo 127.0.0.1 {HOST} >>/etc/hosts"));
    machine.done(&format!("install -m 644 {SERVER}/ca.cer.pem /etc/cardwright/ca.pem"));
    let settings = format!("server = \"https://{HOST}:8443\"\nca_file = \"ca.pem\"\n");
    machine.write("/etc/cardwright/config.toml", settings.as_bytes());
    machine.done("chmod 644 /etc/cardwright/config.toml");
    let add = format!("runuser -u cardwright -- cardwright --json server user add {SERVER} kiosk-hall --group kiosks");
    let added: Value = serde_json::from_str(&machine.done(&add)).unwrap();
    let code = added["code"].as_str().unwrap_or_else(|| panic!("{added}"));
    machine.write("/root/code", code.as_bytes());
    machine.done("cardwright activate --code-from file:/root/code --out /root/bearer && rm /root/code");
    let bearer = machine.done("cat /root/bearer");
    machine.done(&format!("systemd-creds encrypt --name=cardwright-bearer /root/bearer {SEALED} && rm /root/bearer"));
    bearer.trim().to_owned()
}

fn runs_as_nobody_else(machine: &Machine, bearer: &str) {
    can_do_little(machine, "cardwright-kiosk");
    let owner = "stat -c %U /proc/$(systemctl show -P MainPID cardwright-kiosk)";
    assert_eq!(machine.done(owner), "cardwright-kiosk\n");
    assert_eq!(machine.done(&format!("stat -c '%U %G %a' {LINK}")), "cardwright-kiosk cardwright-kiosk 640\n");
    assert_eq!(machine.done("stat -c '%U %a' /var/lib/cardwright-kiosk"), "cardwright-kiosk 700\n");
    assert_eq!(machine.run(&format!("grep -rl -- '{bearer}' /etc /var /root /run/cardwright-kiosk")).stdout, "");
}

/// The link opens the page once; what follows it shows that nobody else is let in.
fn lets_one_browser_in(machine: &Machine) {
    let link = machine.done(&format!("timeout 60 sh -c 'until [ -s {LINK} ]; do sleep 0.2; done' && cat {LINK}"));
    let answer = |link: &str| {
        let status = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", link];
        machine.in_its_network("curl", &status).stdout
    };
    let (page, _) = link.split_once("/start").unwrap();
    assert_eq!(answer(&format!("{page}/")), "403");
    assert_eq!(answer(link.trim()), "303");
    assert_eq!(answer(link.trim()), "403");
}

/// What the service would find with its own user and login; `--check` says so with and without the server.
fn reaches_the_server(machine: &Machine) {
    let check = "systemd-run --quiet --pipe --wait --collect --property=User=cardwright-kiosk \
        --property=LoadCredentialEncrypted=cardwright-bearer --property=RuntimeDirectory=cardwright-kiosk-check \
        cardwright --json kiosk --check --start-link /run/cardwright-kiosk-check/start-link";
    // Of readers there are none here.
    let found = verdicts(&machine.run(check));
    assert_eq!(found.first().map(|(_, verdict)| verdict.as_str()), Some("bad"), "{found:?}");
    let good = ["server", "account", "clock", "start-link"].map(|check| (check.to_owned(), "good".to_owned()));
    assert_eq!(found[1..], good);
    machine.done("systemctl stop cardwright-server");
    let found = verdicts(&machine.run(check));
    assert!(found.contains(&("server".to_owned(), "bad".to_owned())), "{found:?}");
    machine.done("systemctl start cardwright-server");
    // It waits for the server.
    assert_eq!(machine.run("systemctl is-active cardwright-kiosk").stdout, "active\n");
}

/// What was looked at, and how it was found.
fn verdicts(checked: &Ended) -> Vec<(String, String)> {
    let told: Value = serde_json::from_str(&checked.stdout).unwrap_or_else(|_| panic!("{checked:?}"));
    assert_eq!(checked.code, Some(11), "{told}");
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = told["findings"].as_array().unwrap();
    findings.iter().map(|finding| (word(finding, "check"), word(finding, "verdict"))).collect()
}
