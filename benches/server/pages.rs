//! What a desk asks for, in a store of a thousand cards and in one of a million: each page's p95 in both, in turn; by the
//! calls of the API, and as the pages that people are served. Those of the large store are then opened in a browser, too.
//!
//! Every call is about another card or person, so that no answer is one that was just given.

use super::browser::Browser;
use super::crowd::Crowd;
use super::ours::Ours;
use super::postgres::Postgres;
use super::support::cardwright::Options;
use super::support::numbers::{Spread, quantile};
use super::support::table;
use super::{sorted, subdirectory};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

const ROUNDS: usize = 5;
/// Of each page, a round.
const CALLS: usize = 100;
const FEW: u64 = 1_000;
/// How many cards the large store has; a million with ten million requests take some twenty gigabytes.
const CARDS: &str = "CARDWRIGHT_BENCH_CARDS";
const REQUESTS_A_CARD: u64 = 10;
/// What no page may take longer than, in milliseconds, and how much longer than in the small store a call may.
const MOST: f64 = 200.0;
const MOST_TIMES: f64 = 1.5;
/// Below this, in milliseconds, the machine's own unrest and the length of an answer make more of a ratio than the store does.
const TOLD_APART: f64 = 5.0;
const API: &str = "/CertificateManagement/api/cardwright/v1";

/// How often each page is opened in a browser.
const OPENED: usize = 40;

/// A page: its name, and the calls it is made of for the card of a number.
type Page = (&'static str, fn(u64) -> Vec<String>);

/// What the API is asked for.
const CALLED: [Page; 7] = [
    ("search: printed serial", |n| vec![format!("{API}/search?text={}", 10_000_000 + n)]),
    ("search: serial of a certificate", |n| vec![format!("{API}/search?text={}", serial(n))]),
    ("search: name", |n| vec![format!("{API}/search?text=crowd%20{n}")]),
    ("person: names, cards, history", |n| {
        let person = id(1, n);
        vec![
            format!("{API}/people?begins=crowd%20{n}"),
            format!("{API}/cards?owner={person}&limit=100"),
            format!("{API}/people/{person}/history"),
        ]
    }),
    ("card: history", |n| vec![format!("{API}/smartcards/{}/history", id(3, n))]),
    ("cards: page 2", |n| vec![format!("{API}/cards?limit=50&before={}", id(3, n))]),
    ("certificates that end: page 2", |n| vec![format!("{API}/cards/ending?days=3000&limit=50&beyond={}", serial(n))]),
];

/// What somebody opens who is signed in at the pages.
const OPEN: [Page; 10] = [
    ("home page", |_| vec!["/".into()]),
    ("page of the search: printed serial", |n| vec![format!("/search?q={}", 10_000_000 + n)]),
    ("page of the search: name", |n| vec![format!("/search?q=crowd+{n}")]),
    ("page of a person", |n| vec![format!("/people/{}", id(1, n))]),
    ("page of a card", |n| vec![format!("/cards/{}", id(3, n))]),
    ("page of the requests that wait", |_| vec!["/requests".into()]),
    // Each thousandth request of the ten that a card has waits.
    ("page of the requests that wait: a later page", |n| vec![format!("/requests?after={}", id(2, n / 100 * 1000))]),
    ("page of what ends", |_| vec!["/ends".into()]),
    ("page of what ends: page 2", |n| vec![format!("/ends?days=365&beyond={}", serial(n))]),
    ("page of the people: page 2", |_| vec!["/people?q=crowd&from=50".into()]),
];

fn id(kind: u128, number: u64) -> Uuid {
    Uuid::from_u128(kind << 96 | u128::from(number))
}

fn serial(number: u64) -> String {
    format!("{:032x}", number + 1)
}

/// What the crowd lacks to be found: names, devices, and ends that lie ahead.
fn found() -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    Ok(format!(
        "INSERT INTO folded_names (owner, kind, folded) SELECT uuid, 'name', name FROM users WHERE name LIKE 'crowd %';
         INSERT INTO devices (smartcard, holder, model, firmware, serial, attested, attested_firmware, attested_serial) \
         SELECT uuid, '', 'Yubico YubiKey', '5.4.3', '' || (10000000 + seq), FALSE, '', '' FROM smartcards;
         UPDATE certificates SET not_after = {now} + 100000000000 + seq * 20000000 WHERE template_common_name = 'crowd';\n"
    ))
}

/// Prints the p95 of each page in both stores, on both databases; fails where one is over.
pub fn told(directory: &Path, postgres: &Postgres) -> Result<()> {
    let many = std::env::var(CARDS).ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let template = Uuid::parse_str("2f6a9c1e-94a5-4c55-9a40-3f6f0f8a7c11")?;
    let crowd = |cards| Crowd { cards, requests: cards * REQUESTS_A_CARD, template };
    let start = |name: &str, settings: &str, fill: Option<&str>| {
        let settings = format!("[roles]\nadmin = [\"user:olga\"]\n{settings}");
        Ours::start(&subdirectory(directory, name)?, &Options { settings: &settings, fill, ..Options::default() })
    };
    let (mut rows, mut seen, mut over) = (Vec::new(), Vec::new(), Vec::new());
    let sqlite = [("few", FEW), ("many", many)].map(|(name, cards)| -> Result<_> {
        let fill = crowd(cards).sqlite() + &found()?;
        // Without the log ahead, which would hold all of it a second time.
        let fill = format!("PRAGMA journal_mode = DELETE; BEGIN; {fill} COMMIT; PRAGMA journal_mode = WAL;");
        Ok((start(name, "", Some(&fill))?, cards))
    });
    let [few, large] = sqlite;
    let (few, large) = (few?, large?);
    compared("SQLite", &few, &large, &mut rows, &mut over)?;
    opened("SQLite", &large, &mut seen, &mut over)?;
    drop((few, large));
    // The disk holds one large store, and need not hold two.
    for name in ["few", "many"] {
        std::fs::remove_dir_all(directory.join(name))?;
    }
    let large = [("few-postgres", FEW), ("many-postgres", many)].map(|(name, cards)| -> Result<_> {
        let database = postgres.database(name)?;
        let server = start(name, &postgres.settings(&database), None)?;
        postgres.execute(&database, directory, &(crowd(cards).postgres() + &found()? + "ANALYZE;\n"))?;
        Ok((server, cards))
    });
    let [few, large] = large;
    let (few, large) = (few?, large?);
    compared("PostgreSQL", &few, &large, &mut rows, &mut over)?;
    opened("PostgreSQL", &large, &mut seen, &mut over)?;
    published(many, &rows, &seen)?;
    ensure!(over.is_empty(), "over {MOST} ms, or {MOST_TIMES} times the small store: {}", over.join(", "));
    Ok(())
}

fn published(many: u64, rows: &[Vec<String>], seen: &[Vec<String>]) -> Result<()> {
    let notes = [format!(
        "{many} cards and people and {} requests, against {FEW} and {}; p95 of {CALLS} calls, medians of {ROUNDS} rounds (least to \
         greatest).",
        many * REQUESTS_A_CARD,
        FEW * REQUESTS_A_CARD
    )];
    let head = ["page", "few, p95, ms", "many, p95, ms", "ratio"];
    table::publish("server-pages", "Server: what a desk asks for", &head, rows, &notes)?;
    let notes = [format!(
        "The large store's pages in Chromium, by its own timing of each navigation, in milliseconds; p95 of {OPENED}. Answered: from \
         what was sent to the answer's last byte. Shown: from there to DOMContentLoaded."
    )];
    table::publish(
        "server-opened",
        "Server: pages in a browser",
        &["page", "answered, p95", "shown, p95"],
        seen,
        &notes,
    )
}

fn compared(
    store: &str,
    (few, of_few): &(Ours, u64),
    (large, of_many): &(Ours, u64),
    rows: &mut Vec<Vec<String>>,
    over: &mut Vec<String>,
) -> Result<()> {
    let cookies = (few.session()?, large.session()?);
    let called = CALLED.map(|page| (page, MOST_TIMES));
    // A page shows more where there is more.
    let open = OPEN.map(|page| (page, f64::INFINITY));
    for ((name, calls), most_times) in called.into_iter().chain(open) {
        let mut sides = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let measured = |side: &Ours, cookie: &str, cards: u64| -> Result<f64> {
                // Spread over the whole store, and others in each round.
                let number =
                    |piece: usize| (piece * (ROUNDS + 1) + round) as u64 * cards / (CALLS * (ROUNDS + 1)) as u64;
                Ok(p95(&side.pages(cookie, CALLS, |piece| calls(number(piece)))?))
            };
            let (small, big) = (measured(few, &cookies.0, *of_few)?, measured(large, &cookies.1, *of_many)?);
            // The first round is for warmth.
            if round > 0 {
                sides.0.push(small);
                sides.1.push(big);
            }
        }
        let ratio = Spread::of(sides.1.iter().zip(&sides.0).map(|(big, small)| big / small));
        let of = |side: &[f64]| Spread::of(side.iter().copied());
        let big = of(&sides.1).median;
        if big > MOST || (big > TOLD_APART && ratio.median > most_times) {
            over.push(format!("{store}: {name}"));
        }
        rows.push(vec![format!("{store}: {name}"), of(&sides.0).told(2), of(&sides.1).told(2), ratio.told(2)]);
    }
    Ok(())
}

/// Opens each page of a store in a browser.
fn opened(
    store: &str,
    (server, cards): &(Ours, u64),
    rows: &mut Vec<Vec<String>>,
    over: &mut Vec<String>,
) -> Result<()> {
    let browser = Browser::new();
    browser.open(&format!("{}/sign-in", server.origin()));
    let cookie = server.session()?;
    let (name, value) = cookie.split_once('=').context("a cookie without a value")?;
    browser.set_cookie(&json!({
        "name": name, "value": value, "path": "/", "secure": true, "httpOnly": true, "sameSite": "Strict",
    }));
    for (name, path) in OPEN {
        let (mut answered, mut shown) = (Vec::new(), Vec::new());
        // The first is for warmth.
        for piece in 0..=OPENED {
            let number = (piece as u64 * cards / (OPENED as u64 + 1) + 7) % cards;
            let url = format!("{}{}", server.origin(), path(number).concat());
            browser.open(&url);
            ensure!(browser.status() == 200, "status {} of {url}", browser.status());
            let timing = browser.timing();
            if piece > 0 {
                answered.push(timing.response_end - timing.request_start);
                shown.push(timing.content_loaded - timing.response_end);
            }
        }
        let of = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            quantile(&times, 0.95)
        };
        let (answered, shown) = (of(answered), of(shown));
        if answered > MOST {
            over.push(format!("{store}, in a browser: {name}"));
        }
        rows.push(vec![format!("{store}: {name}"), format!("{answered:.1}"), format!("{shown:.1}")]);
    }
    Ok(())
}

fn p95(latencies: &[Duration]) -> f64 {
    quantile(&sorted(latencies), 0.95)
}
