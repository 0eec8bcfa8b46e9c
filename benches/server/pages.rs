//! What a desk asks for, in a store of a thousand cards and in one of a million: each page's p95 in both, in turn.
//!
//! Every call is about another card or person, so that no answer is one that was just given.

use super::crowd::Crowd;
use super::ours::Ours;
use super::postgres::Postgres;
use super::support::numbers::{Spread, milliseconds, quantile};
use super::support::table;
use super::{Key, subdirectory};
use anyhow::{Result, ensure};
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
/// What no page may take longer than, in milliseconds, and how much longer than in the small store.
const MOST: f64 = 200.0;
const MOST_TIMES: f64 = 1.5;
const API: &str = "/CertificateManagement/api/cardwright/v1";

/// A page: its name, and the calls it is made of for the card of a number.
type Page = (&'static str, fn(u64) -> Vec<String>);

const PAGES: [Page; 7] = [
    ("search: printed serial", |n| vec![format!("search?text={}", 10_000_000 + n)]),
    ("search: serial of a certificate", |n| vec![format!("search?text={}", serial(n))]),
    ("search: name", |n| vec![format!("search?text=crowd%20{n}")]),
    ("person: names, cards, history", |n| {
        let person = id(1, n);
        vec![
            format!("people?begins=crowd%20{n}"),
            format!("cards?owner={person}&limit=100"),
            format!("people/{person}/history"),
        ]
    }),
    ("card: history", |n| vec![format!("smartcards/{}/history", id(3, n))]),
    ("cards: page 2", |n| vec![format!("cards?limit=50&before={}", id(3, n))]),
    ("certificates that end: page 2", |n| vec![format!("cards/ending?days=3000&limit=50&beyond={}", serial(n))]),
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
        Ours::start(&subdirectory(directory, name)?, Key::P256, &settings, fill)
    };
    let (mut rows, mut over) = (Vec::new(), Vec::new());
    let sqlite = [("few", FEW), ("many", many)].map(|(name, cards)| -> Result<_> {
        let fill = crowd(cards).sqlite() + &found()?;
        // Without the log ahead, which would hold all of it a second time.
        let fill = format!("PRAGMA journal_mode = DELETE; BEGIN; {fill} COMMIT; PRAGMA journal_mode = WAL;");
        Ok((start(name, "", Some(&fill))?, cards))
    });
    let [few, large] = sqlite;
    compared("SQLite", &few?, &large?, &mut rows, &mut over)?;
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
    compared("PostgreSQL", &few?, &large?, &mut rows, &mut over)?;
    let notes = [format!(
        "{many} cards and people and {} requests, against {FEW} and {}; p95 of {CALLS} calls, medians of {ROUNDS} rounds (least to \
         greatest).",
        many * REQUESTS_A_CARD,
        FEW * REQUESTS_A_CARD
    )];
    let head = ["page", "few, p95, ms", "many, p95, ms", "ratio"];
    table::publish("server-pages", "Server: what a desk asks for", &head, &rows, &notes)?;
    ensure!(over.is_empty(), "over {MOST} ms, or {MOST_TIMES} times the small store: {}", over.join(", "));
    Ok(())
}

fn compared(
    store: &str,
    (few, of_few): &(Ours, u64),
    (large, of_many): &(Ours, u64),
    rows: &mut Vec<Vec<String>>,
    over: &mut Vec<String>,
) -> Result<()> {
    for (name, calls) in PAGES {
        let mut sides = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let measured = |side: &Ours, cards: u64| -> Result<f64> {
                // Spread over the whole store, and others in each round.
                let number =
                    |piece: usize| (piece * (ROUNDS + 1) + round) as u64 * cards / (CALLS * (ROUNDS + 1)) as u64;
                let paths =
                    |piece: usize| calls(number(piece)).into_iter().map(|call| format!("{API}/{call}")).collect();
                Ok(p95(&side.pages(CALLS, paths)?))
            };
            let (small, big) = (measured(few, *of_few)?, measured(large, *of_many)?);
            // The first round is for warmth.
            if round > 0 {
                sides.0.push(small);
                sides.1.push(big);
            }
        }
        let ratio = Spread::of(sides.1.iter().zip(&sides.0).map(|(big, small)| big / small));
        let of = |side: &[f64]| Spread::of(side.iter().copied());
        if of(&sides.1).median > MOST || ratio.median > MOST_TIMES {
            over.push(format!("{store}: {name}"));
        }
        rows.push(vec![format!("{store}: {name}"), of(&sides.0).told(2), of(&sides.1).told(2), ratio.told(2)]);
    }
    Ok(())
}

fn p95(latencies: &[Duration]) -> f64 {
    let mut sorted: Vec<f64> = latencies.iter().copied().map(milliseconds).collect();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.95)
}
