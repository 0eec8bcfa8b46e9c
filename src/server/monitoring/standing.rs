//! Judges what a server needs: each thing as it was found becomes a check, with a stable code and a sentence that says what
//! is to be done.

use super::health::{CA_SOON, LIST_OLD};
use super::metrics::DirectoryRound;
use crate::cm::health::{HealthCheck, HealthKeyVersion, HealthState};
use time::{Duration, OffsetDateTime};

/// Sets how long before its end the server's certificate for TLS is told of: days after it should have been renewed.
const TLS_SOON: Duration = Duration::days(28);
/// Sets for how long a notice may wait before it is told of.
const NOTICE_LATE: Duration = Duration::hours(1);
/// Sets for how long a notice that was given up is told of.
pub const GIVEN_UP: Duration = Duration::days(7);

/// Begins a check of which nothing more is known.
fn check(name: &str, (state, code): (HealthState, &str), text: String) -> HealthCheck {
    HealthCheck {
        name: name.to_owned(),
        state,
        code: code.to_owned(),
        what: String::new(),
        since: None,
        until: None,
        count: None,
        failed: None,
        text,
    }
}

const OK: (HealthState, &str) = (HealthState::Good, "ok");

fn day(at: OffsetDateTime) -> String {
    at.date().to_string()
}

fn moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}

/// Holds what is asked of a certificate.
pub struct Dates {
    pub subject: String,
    pub from: OffsetDateTime,
    pub until: OffsetDateTime,
}

/// Judges the CA's own certificate, or the one of the chain that issues which ends first; `None`: there is none.
pub fn authority(name: &str, dates: Option<Dates>, now: OffsetDateTime) -> HealthCheck {
    let Some(Dates { subject, from, until }) = dates else {
        let text = "The issuing CA has shown no certificate: look whether it can be reached.".to_owned();
        return check(name, (HealthState::Bad, "none"), text);
    };
    let (found, text) = if now < from {
        let text = format!("{subject} is good from {} on only: is the clock right?", moment(from));
        ((HealthState::Bad, "not-yet-valid"), text)
    } else if now > until {
        let text = format!("{subject} has ended on {}: nothing can be issued. Have it renewed now.", day(until));
        ((HealthState::Bad, "ended"), text)
    } else if until - now < CA_SOON {
        let text =
            format!("{subject} ends on {}, and nothing that it issues lasts longer: have it renewed.", day(until));
        ((HealthState::Soon, "ends-soon"), text)
    } else {
        (OK, format!("{subject} is good until {}.", day(until)))
    };
    HealthCheck { what: subject, since: Some(from), until: Some(until), ..check(name, found, text) }
}

/// Judges a revocation list by when it was made and ends; `None`: none was made yet.
pub fn list(name: &str, made: Option<(OffsetDateTime, OffsetDateTime)>, now: OffsetDateTime) -> HealthCheck {
    let Some((made, until)) = made else {
        let text = "No list was made yet: look into the server's log why.".to_owned();
        return check(name, (HealthState::Bad, "none"), text);
    };
    let (found, text) = if now > until {
        let text = format!(
            "The list has ended on {}: whoever checks certificates by it refuses them. Look into the server's log why no \
             other could be made.",
            moment(until)
        );
        ((HealthState::Bad, "ended"), text)
    } else if now - made > LIST_OLD {
        let text = format!(
            "The list was made on {} and none since, and ends on {}. Look into the server's log why.",
            moment(made),
            moment(until)
        );
        ((HealthState::Soon, "old"), text)
    } else {
        (OK, format!("The list was made on {} and is good until {}.", moment(made), moment(until)))
    };
    HealthCheck { since: Some(made), until: Some(until), ..check(name, found, text) }
}

/// Judges the server's certificate for TLS, which it renews itself; `None`: no TLS is spoken.
pub fn tls(until: Option<OffsetDateTime>, now: OffsetDateTime) -> HealthCheck {
    let name = "tls-certificate";
    let Some(until) = until else {
        let text = "The server speaks plain HTTP, on loopback alone.".to_owned();
        return check(name, (HealthState::Good, "plain-http"), text);
    };
    let (found, text) = if now > until {
        let text =
            format!("It has ended on {}: clients refuse the server. Look into the server's log why.", day(until));
        ((HealthState::Bad, "ended"), text)
    } else if until - now < TLS_SOON {
        let text = format!(
            "It ends on {} and could not be renewed. Look into the server's log why: it tries again every hour.",
            day(until)
        );
        ((HealthState::Soon, "ends-soon"), text)
    } else {
        (OK, format!("It is good until {}, and renewed before.", day(until)))
    };
    HealthCheck { until: Some(until), ..check(name, found, text) }
}

/// Judges the versions of the master key.
pub fn master_keys(versions: &[HealthKeyVersion]) -> HealthCheck {
    let name = "master-keys";
    let lacking: Vec<_> = versions.iter().filter(|version| !version.held && version.cards > 0).collect();
    let behind = versions.iter().filter(|version| !version.current).map(|version| version.cards).sum::<u64>();
    let current = versions.iter().find(|version| version.current);
    let (current, cards) = current.map_or((0, 0), |version| (version.version, version.cards));
    if let [first, ..] = lacking.as_slice() {
        let without: u64 = lacking.iter().map(|version| version.cards).sum();
        let text = format!(
            "{without} cards need a version that this server does not have, such as {}: they can be neither unblocked nor \
             renewed. Put its file back from a backup.",
            first.version
        );
        let check = check(name, (HealthState::Bad, "missing"), text);
        return HealthCheck { what: first.version.to_string(), count: Some(cards), failed: Some(without), ..check };
    }
    let (code, text) = match behind {
        0 => ("ok", format!("{cards} cards have keys of version {current}, and none of an earlier one.")),
        behind => {
            let text = format!(
                "{behind} cards have keys of an earlier version than {current}, {cards} of this one; each takes it up when it \
                 is next enrolled, renewed or unblocked."
            );
            ("rolling-out", text)
        }
    };
    let check = check(name, (HealthState::Good, code), text);
    HealthCheck { what: current.to_string(), count: Some(cards), failed: Some(behind), ..check }
}

/// Judges whether there is a recovery key, which is made where a template needs one.
pub fn recovery_key(is_held: bool) -> HealthCheck {
    let (code, text) = match is_held {
        true => ("ok", "It is here, and opens what is archived."),
        false => ("none", "There is none: no template has the server make private keys."),
    };
    check("recovery-key", (HealthState::Good, code), text.to_owned())
}

/// Holds what is asked of the outbox.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutboxFacts {
    pub waiting: u64,
    /// Of them, those that an attempt has failed for.
    pub failing: u64,
    pub oldest: Option<OffsetDateTime>,
    /// Those that were given up within [`GIVEN_UP`].
    pub given_up: u64,
    /// There is a way to tell anybody.
    pub has_ways: bool,
}

/// Judges what is to be told to people and programs.
pub fn outbox(facts: OutboxFacts, now: OffsetDateTime) -> HealthCheck {
    let OutboxFacts { waiting, failing, oldest, given_up, has_ways } = facts;
    let late = oldest.filter(|oldest| now - *oldest > NOTICE_LATE);
    let seen = "See `cardwright server outbox list`, and try the way with `cardwright server mail test`.";
    let (found, text) = match (has_ways, late, failing, given_up) {
        (false, ..) => {
            let text = "Nobody is told anything: the settings name neither a mail server nor a webhook.".to_owned();
            ((HealthState::Good, "no-way"), text)
        }
        (true, Some(oldest), 1.., _) => {
            let text = format!("{failing} notices could not be sent, the oldest since {}. {seen}", moment(oldest));
            ((HealthState::Bad, "failing"), text)
        }
        (true, _, 0, 0) => (OK, format!("{waiting} notices wait, and none has failed of late.")),
        (true, _, 0, given_up) => {
            let text = format!("{given_up} notices of the last days were given up. {seen}");
            ((HealthState::Soon, "given-up"), text)
        }
        (true, _, failing, _) => (
            (HealthState::Soon, "failing"),
            format!("{failing} notices could not be sent, and are tried again. {seen}"),
        ),
    };
    let check = check("outbox", found, text);
    HealthCheck { since: oldest, count: Some(waiting), failed: Some(failing.saturating_add(given_up)), ..check }
}

/// Judges the directory that people come from: its last whole reading, and since when readings fail.
pub fn directory(
    read: Option<OffsetDateTime>,
    round: Option<DirectoryRound>,
    away_since: Option<OffsetDateTime>,
) -> HealthCheck {
    let name = "directory";
    if let Some(since) = away_since {
        let text = format!(
            "It could not be read since {}: people stay as they were. Try `cardwright server directory check`.",
            moment(since)
        );
        let check = check(name, (HealthState::Bad, "away"), text);
        return HealthCheck { since: Some(since), count: round.map(|round| round.people), ..check };
    }
    let Some(round) = round else {
        let text = "Nobody was read yet since this server was started.".to_owned();
        return HealthCheck { since: read, ..check(name, (HealthState::Good, "not-read"), text) };
    };
    let DirectoryRound { people, refused, missing_groups, kept_gone } = round;
    let read_at = read.map(moment).unwrap_or_default();
    let (found, text) = if kept_gone > 0 {
        let text = format!(
            "{kept_gone} people are gone from it at once, which are too many to be disabled unasked. Where that is right: \
             `cardwright server user import --directory --apply --many-gone`."
        );
        ((HealthState::Bad, "many-gone"), text)
    } else if missing_groups > 0 {
        let text = format!(
            "{missing_groups} groups that the settings name are not there, so nobody is in them. Try `cardwright server \
             directory check`."
        );
        ((HealthState::Soon, "groups-missing"), text)
    } else if refused > 0 {
        let text = format!(
            "{refused} of {people} people are not taken over as they stand there: `cardwright server user import \
             --directory` says why."
        );
        ((HealthState::Soon, "refused"), text)
    } else {
        (OK, format!("{people} people were read, and are here as they stand there; looked at last on {read_at}."))
    };
    let failed = refused.max(kept_gone).max(missing_groups);
    HealthCheck { since: read, count: Some(people), failed: Some(failed), ..check(name, found, text) }
}

/// Judges the database, which has answered or not.
pub fn database(answers: bool) -> HealthCheck {
    match answers {
        true => check("database", OK, "It answers.".to_owned()),
        false => {
            let text = "It does not answer: nothing can be done until it does. Look into the server's log.".to_owned();
            check("database", (HealthState::Bad, "unreachable"), text)
        }
    }
}

/// Judges the log of acts, which goes on from what was signed or does not.
pub fn log(is_contradicted: bool) -> HealthCheck {
    match is_contradicted {
        false => check("log", OK, "The log of acts goes on from what was signed of it.".to_owned()),
        true => {
            let text = "The database is not the one that the server remembers. Run `cardwright audit verify`, and tell an \
                        auditor before anything else is done.";
            check("log", (HealthState::Bad, "contradicted"), text.to_owned())
        }
    }
}

/// Judges the clock: whether it was set of late, and until when nothing is ended by it.
pub fn clock(doubted_until: Option<OffsetDateTime>, now: OffsetDateTime) -> HealthCheck {
    match doubted_until.filter(|until| *until > now) {
        None => HealthCheck { since: Some(now), ..check("clock", OK, format!("It says {}.", moment(now))) },
        Some(until) => {
            let text = format!(
                "It was set, or no server ran: it says {}. Where that is wrong set it right; requests that nobody finishes \
                 are ended only from {} on.",
                moment(now),
                moment(until)
            );
            let check = check("clock", (HealthState::Soon, "was-set"), text);
            HealthCheck { since: Some(now), until: Some(until), ..check }
        }
    }
}

/// Tells of a task beside the calls whose rounds fail.
pub fn failing_task(task: &str, since: OffsetDateTime) -> HealthCheck {
    let text = format!(
        "The task \"{task}\" fails since {}, and is tried again. Look into the server's log why.",
        moment(since)
    );
    let check = check("task", (HealthState::Soon, "failing"), text);
    HealthCheck { what: task.to_owned(), since: Some(since), ..check }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn found(check: &HealthCheck) -> (HealthState, &str) {
        assert!(check.text.ends_with(['.', '?']), "{}", check.text);
        (check.state, check.code.as_str())
    }

    #[test]
    fn what_ends_is_told_before_and_after() {
        use HealthState::{Bad, Good, Soon};
        let dates = |from: i64, until: i64| {
            Some(Dates { subject: "CN=x".into(), from: NOW + Duration::days(from), until: NOW + Duration::days(until) })
        };
        let rows = [
            (dates(-1, 84), (Good, "ok")),
            (dates(-1, 83), (Soon, "ends-soon")),
            (dates(-2, -1), (Bad, "ended")),
            (dates(1, 400), (Bad, "not-yet-valid")),
            (None, (Bad, "none")),
        ];
        for (dates, expected) in rows {
            assert_eq!(found(&authority("ca-certificate", dates, NOW)), expected);
        }
        let span = |made: i64, until: i64| Some((NOW + Duration::hours(made), NOW + Duration::hours(until)));
        let rows = [
            (span(-48, 1), (Good, "ok")),
            (span(-49, 1), (Soon, "old")),
            (span(-49, -1), (Bad, "ended")),
            (None, (Bad, "none")),
        ];
        for (made, expected) in rows {
            assert_eq!(found(&list("revocation-list", made, NOW)), expected);
        }
        let rows = [
            (Some(28), (Good, "ok")),
            (Some(27), (Soon, "ends-soon")),
            (Some(-1), (Bad, "ended")),
            (None, (Good, "plain-http")),
        ];
        for (days, expected) in rows {
            assert_eq!(found(&tls(days.map(|days| NOW + Duration::days(days)), NOW)), expected);
        }
    }

    #[test]
    fn a_version_that_cards_need_and_nobody_has_is_bad() {
        let version = |version, cards, current, held| HealthKeyVersion { version, cards, current, held };
        let (old, new) = (version(1, 3, false, true), version(2, 5, true, true));
        assert_eq!(found(&master_keys(&[version(1, 0, false, true), new])), (HealthState::Good, "ok"));
        let rolling = master_keys(&[old, new]);
        assert_eq!(
            (found(&rolling), rolling.count, rolling.failed),
            ((HealthState::Good, "rolling-out"), Some(5), Some(3))
        );
        let missing = master_keys(&[HealthKeyVersion { held: false, ..old }, new]);
        assert_eq!((found(&missing), missing.failed), ((HealthState::Bad, "missing"), Some(3)));
    }

    #[test]
    fn notices_that_nobody_gets_are_told_the_longer_the_worse() {
        let facts =
            OutboxFacts { waiting: 2, has_ways: true, oldest: Some(NOW - Duration::hours(2)), ..Default::default() };
        let rows = [
            (OutboxFacts { has_ways: false, ..facts }, (HealthState::Good, "no-way")),
            (facts, (HealthState::Good, "ok")),
            (OutboxFacts { given_up: 1, ..facts }, (HealthState::Soon, "given-up")),
            (OutboxFacts { failing: 1, ..facts }, (HealthState::Bad, "failing")),
            (OutboxFacts { failing: 1, oldest: Some(NOW), ..facts }, (HealthState::Soon, "failing")),
        ];
        for (facts, expected) in rows {
            assert_eq!(found(&outbox(facts, NOW)), expected, "{facts:?}");
        }
    }

    #[test]
    fn a_directory_is_told_as_its_last_reading_and_as_away() {
        let round = DirectoryRound { people: 9, refused: 0, missing_groups: 0, kept_gone: 0 };
        let rows = [
            (Some(round), None, (HealthState::Good, "ok")),
            (None, None, (HealthState::Good, "not-read")),
            (Some(DirectoryRound { refused: 1, ..round }), None, (HealthState::Soon, "refused")),
            (Some(DirectoryRound { missing_groups: 1, ..round }), None, (HealthState::Soon, "groups-missing")),
            (Some(DirectoryRound { kept_gone: 4, ..round }), None, (HealthState::Bad, "many-gone")),
            (Some(round), Some(NOW), (HealthState::Bad, "away")),
        ];
        for (round, away, expected) in rows {
            assert_eq!(found(&directory(Some(NOW), round, away)), expected, "{round:?}");
        }
    }

    #[test]
    fn a_clock_that_was_set_is_told_until_it_is_trusted_again() {
        let hour = Duration::HOUR;
        assert_eq!(found(&clock(Some(NOW + hour), NOW)), (HealthState::Soon, "was-set"));
        assert_eq!(found(&clock(Some(NOW - hour), NOW)), (HealthState::Good, "ok"));
        assert_eq!(found(&clock(None, NOW)), (HealthState::Good, "ok"));
    }
}
