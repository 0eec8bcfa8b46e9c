//! `kill -9` of the program at many moments of an enrollment; the same command takes it up.
//!
//! The tokens are kryoptic's: SoftHSM empties a file before it writes it anew, so a kill at that very moment loses the
//! token itself.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::PIN;
use crate::support::site::{API, Site};

/// How the journal spells the milestones at which the client is killed.
const MILESTONES: [&str; 7] =
    ["asking", "requested", "changing-admin-key", "prepared", "keys-chosen", "signed", "issued"];
const DELAYS: u32 = 12;
const SLOWEST: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug)]
enum Moment {
    /// As soon as the journal says so.
    Milestone(&'static str),
    After(Duration),
}

/// How an enrollment ended: killed, or over first; and how long it ran.
struct Fate {
    killed: bool,
    ran: Duration,
}

fn kill(site: &Site, enroll: &[&str], moment: Moment) -> Fate {
    let mut command = site.command("alice", PIN, enroll);
    let mut client = command.stdout(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let ended = loop {
        let reached = match moment {
            Moment::After(delay) => started.elapsed() >= delay,
            Moment::Milestone(name) => {
                site.program.journal().iter().any(|text| text.contains(&format!("\"at\": \"{name}\"")))
            }
        };
        if reached {
            break false;
        }
        if client.try_wait().unwrap().is_some() {
            break true;
        }
        assert!(started.elapsed() < SLOWEST, "{moment:?}");
        std::thread::sleep(Duration::from_micros(100));
    };
    let ran = started.elapsed();
    let _ = client.kill();
    client.wait().unwrap();
    Fate { killed: !ended, ran }
}

/// Kills one enrollment of a fresh token, has it taken up, and looks at token and server.
fn survives(site: &Site, number: usize, moment: Moment) -> Fate {
    let label = format!("card {number}");
    site.program.factory_token(&label);
    let enroll = ["enroll", "--label", &label];
    let fate = kill(site, &enroll, moment);
    let info = || site.run("alice", PIN, &["token", "info", "--label", &label]).done();
    // The last breath of a client may come after its last deed.
    let over = site.program.journal().is_empty() && info()["certificates"] != json!([]);
    assert!(fate.killed || over, "{moment:?}");
    if !over {
        let done = site.run("alice", PIN, &enroll).done();
        assert_eq!(done["certificates"].as_array().unwrap().len(), 1);
    }
    assert!(site.program.journal().is_empty(), "{moment:?}");
    assert_eq!(site.program.objects(&label, PIN), [1, 1, 1], "{moment:?}");

    let info = info();
    let found = site.get("alice", &format!("{API}/smartcards?cardid={}", info["card_id"].as_str().unwrap())).ok();
    assert_eq!(found["Status"], 2, "{moment:?}");
    let listed = site.get("alice", &format!("{API}/smartcards/{}/certificates", found["Uuid"].as_str().unwrap())).ok();
    let [listed] = listed.as_array().unwrap().as_slice() else { panic!("{moment:?}: {listed}") };
    let serial = info["certificates"][0]["serial_number"].as_str().unwrap();
    assert_eq!(listed["SerialNumber"], serial, "{moment:?}");
    Fate { killed: !over, ..fate }
}

#[test]
fn a_client_killed_anywhere_goes_on_without_a_second_key_or_request() {
    let mut site = Site::new();
    site.program.use_kryoptic();
    site.person("alice", &[]);
    let mut number = 0;
    let mut next = |moment| {
        number += 1;
        survives(&site, number, moment)
    };
    let undisturbed = next(Moment::Milestone("never"));
    assert!(!undisturbed.killed);
    let by_milestone = MILESTONES.iter().filter(|name| next(Moment::Milestone(name)).killed).count();
    assert!(by_milestone >= 3, "only {by_milestone} milestones were met");
    let by_delay = (0..DELAYS).filter(|step| next(Moment::After(undisturbed.ran * *step / DELAYS)).killed).count();
    assert!(by_delay >= 4, "only {by_delay} clients were killed in time");

    // However often the client was killed, there is one request a card, all carried out, and one certificate each.
    let requests = site.get("alice", &format!("{API}/requests")).ok();
    let requests = requests.as_array().unwrap();
    assert!(requests.iter().all(|request| request["Status"] == 8), "{requests:?}");
    let certificates = site.get("alice", &format!("{API}/certificates")).ok();
    assert_eq!((requests.len(), certificates.as_array().unwrap().len()), (number, number));
}

#[test]
fn a_server_killed_in_the_middle_lets_the_client_go_on() {
    let mut site = Site::new();
    site.person("alice", &[]);
    site.program.factory_token("card");
    let mut enrolled = false;
    for milestone in ["requested", "prepared", "signed"] {
        let mut client = site.command("alice", PIN, &super::ENROLL).stdout(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        let needle = format!("\"at\": \"{milestone}\"");
        while started.elapsed() < SLOWEST && client.try_wait().unwrap().is_none() {
            if site.program.journal().iter().any(|text| text.contains(&needle)) {
                break;
            }
        }
        site.kill_server();
        let status = client.wait().unwrap();
        site.start();
        if status.success() {
            enrolled = true;
            break;
        }
        assert_eq!(status.code(), Some(5), "{milestone}");
        assert_eq!(site.program.journal().len(), 1, "{milestone}");
    }
    if !enrolled {
        site.run("alice", PIN, &super::ENROLL).done();
    }
    assert!(site.program.journal().is_empty());
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
    let requests = site.get("alice", &format!("{API}/requests")).ok();
    let statuses: Vec<&Value> = requests.as_array().unwrap().iter().map(|request| &request["Status"]).collect();
    assert_eq!(statuses, [8]);
    let certificates = site.get("alice", &format!("{API}/certificates")).ok();
    assert_eq!(certificates.as_array().unwrap().len(), 1);
}
