//! Tells, before anybody comes, whether this workstation can serve as a kiosk.

use super::office::Office;
use crate::client;
use crate::cm::beyond_mim::Myself;
use crate::doctor::{Finding, Verdict, examine_readers, examine_refusal, examine_service, with_sources};
use crate::platform::{directory, file};
use crate::reader::{Readers, SocketState, holders, service};
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// Is the one duty that a kiosk's account has.
const DUTY: &str = "let-in";
/// Sets for how long the server takes what a card has signed; by it the clocks are compared.
const CHALLENGE: Duration = Duration::minutes(2);
/// Bounds how far the clocks may be apart: certificates and visits are judged by both.
const APART: Duration = Duration::seconds(60);

/// Is something that was looked at.
pub struct Checked {
    /// A stable name, for scripts.
    pub check: &'static str,
    pub verdict: Verdict,
    pub told: String,
    pub remedy: Option<String>,
}

impl Checked {
    fn good(check: &'static str, told: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, told: told.into(), remedy: None }
    }

    fn bad(check: &'static str, told: impl Into<String>, remedy: &str) -> Self {
        Self { check, verdict: Verdict::Bad, told: told.into(), remedy: Some(remedy.to_owned()) }
    }
}

impl From<Finding> for Checked {
    fn from(finding: Finding) -> Self {
        let Finding { check, verdict, told, remedy } = finding;
        Self { check: check.code(), verdict, told, remedy }
    }
}

/// Looks at the readers, the server, the kiosk's account there, the clocks, and where the start link is written; `alike`: for whoever may
/// read the file that is there.
pub fn check(office: &Office, start_link: Option<&Path>, alike: bool, now: OffsetDateTime) -> Vec<Checked> {
    let mut all = readers();
    match office.own.myself() {
        Ok(me) => {
            all.push(Checked::good("server", format!("{} answers", office.host())));
            all.push(account(&me));
            all.push(clock(office, now));
        }
        Err(error) => all.push(unreached(&error)),
    }
    all.extend(start_link.map(|path| writable(path, alike)));
    all
}

fn readers() -> Vec<Checked> {
    let facts = service();
    let mut findings = vec![examine_service(&facts)];
    if facts.state == SocketState::Reachable {
        match Readers::open().and_then(|readers| readers.list()) {
            Ok(listed) => findings.extend(examine_readers(&listed, &holders())),
            Err(error) => findings.push(examine_refusal(&error)),
        }
    }
    findings.into_iter().map(Checked::from).collect()
}

/// Judges the account: whoever takes this computer away has all that it may do.
fn account(me: &Myself) -> Checked {
    let duties: Vec<&str> = me.duties.iter().flatten().map(String::as_str).collect();
    let more: Vec<&str> = duties
        .iter()
        .copied()
        .filter(|duty| *duty != DUTY)
        .chain(me.parts.iter().flatten().map(String::as_str))
        .collect();
    match (duties.contains(&DUTY), more.as_slice()) {
        (true, []) => Checked::good("account", format!("{} lets people in, and may do nothing else", me.name)),
        (false, _) => Checked::bad(
            "account",
            format!("{} may not let people in", me.name),
            "Have an administrator name the account, or a group of it, under `kiosk` of [roles].",
        ),
        (true, more) => Checked::bad(
            "account",
            format!("{} may do more than let people in: {}", me.name, more.join(", ")),
            "Give the kiosk an account of its own, in no other role and in no part of a profile template.",
        ),
    }
}

/// Compares the clocks by when a challenge ends.
fn clock(office: &Office, now: OffsetDateTime) -> Checked {
    match office.own.visit_challenge() {
        Ok(challenge) => {
            let apart = challenge.expires - CHALLENGE - now;
            match apart.abs() <= APART {
                true => Checked::good("clock", "this computer's clock and the server's go together"),
                false => Checked::bad(
                    "clock",
                    format!("this computer's clock and the server's are {} seconds apart", apart.whole_seconds().abs()),
                    "Have both set by NTP.",
                ),
            }
        }
        Err(error) => Checked {
            check: "clock",
            verdict: Verdict::Untold,
            told: format!("the server gives nothing to compare clocks by: {error}"),
            remedy: None,
        },
    }
}

fn unreached(error: &client::Error) -> Checked {
    Checked::bad(
        "server",
        with_sources(error),
        "Look at the server's address, its CA, and the kiosk's bearer token: `cardwright config show`.",
    )
}

/// Says whether the start link can be written there.
fn writable(path: &Path, alike: bool) -> Checked {
    let refused = |why: &str, remedy: &str| {
        Checked::bad("start-link", format!("{} cannot be written: {why}", path.display()), remedy)
    };
    if alike && let Some((why, remedy)) = refuses_readers(path) {
        return refused(&why, remedy);
    }
    if let Some(there) = file::obstacle(path, &link_beside(path)) {
        return refused(&format!("{} is in the way", there.display()), "Take it away, or name another file.");
    }
    // What a check that was killed has left is in nobody's way.
    let tried = path.with_extension(format!("check-{}", std::process::id()));
    match file::rehearse(path, &tried, alike) {
        Ok(()) => Checked::good("start-link", format!("{} can be written", path.display())),
        Err(error) => refused(&error.to_string(), "Name a file in a directory that the kiosk's user may write."),
    }
}

/// Names the file that a start link is written into before it takes the place of the one of before.
pub fn link_beside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// Says why a start link cannot be given to whoever may read the file that is there, and what to do.
pub fn refuses_readers(path: &Path) -> Option<(String, &'static str)> {
    if !path.is_file() {
        return Some(("there is no such file".into(), "Make an empty one that the right people may read."));
    }
    let others = directory::writable_by_others(path).ok()??;
    Some((others.to_string(), "Let others only read it."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_may_do_more_is_refused() {
        let me = |duties: &[&str], parts: &[&str]| {
            let all = |words: &[&str]| (!words.is_empty()).then(|| words.iter().map(|it| (*it).to_owned()).collect());
            Myself {
                uuid: uuid::Uuid::nil(),
                name: "kiosk-1".into(),
                groups: vec![],
                duties: all(duties),
                parts: all(parts),
            }
        };
        for (duties, parts, verdict) in [
            (&["let-in"][..], &[][..], Verdict::Good),
            (&[], &[], Verdict::Bad),
            (&["let-in", "see-everything"], &[], Verdict::Bad),
            (&["let-in"], &["execute"], Verdict::Bad),
            (&["read-audit"], &[], Verdict::Bad),
        ] {
            assert_eq!(account(&me(duties, parts)).verdict, verdict, "{duties:?} {parts:?}");
        }
    }
}
