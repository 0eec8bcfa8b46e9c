//! The log of acts, for auditors: what was done by whom, the latest first, and how far each chain of it is signed.

use crate::cm::audit::{LogChain, LoggedAct};
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::{foreign, moment};
use crate::pages::states::{Tone, state};
use crate::pages::tables::Table;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Sets how many acts a page has.
const PAGE: u64 = 50;
/// Sets how many acts are asked for at one time for a file.
const CALL: u32 = 500;
/// Bounds the acts of a file; one that is longer says where to go on.
const MOST: usize = 20_000;
/// Bounds what a page shows of one fact of an act, in characters; a file has it whole.
const MOST_SHOWN: usize = 160;

/// Holds what an act's record says.
#[derive(Deserialize)]
struct Act {
    at: String,
    act: String,
    #[serde(default)]
    actor_name: String,
    request: Option<Uuid>,
    smartcard: Option<Uuid>,
    user: Option<Uuid>,
    #[serde(default)]
    evidence: Map<String, Value>,
}

impl Act {
    /// Reads a record; `None` for one that nobody can read.
    fn of(logged: &LoggedAct) -> Option<Self> {
        serde_json::from_str(&logged.record).ok()
    }

    fn moment(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(&self.at, &Rfc3339).ok()
    }
}

/// Holds what was signed of a chain.
#[derive(Deserialize)]
struct Signed {
    number: u64,
    hash: String,
    at: String,
}

/// Shows a page of the log, and the chains.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let chains = visit.list::<LogChain>(Route::ListAuditChains).await?.entries;
    let wanted = visit.query.one("chain").parse::<u32>().ok();
    let chain = chains.iter().find(|chain| Some(chain.chain) == wanted).or(chains.first());
    let content = html! {
        (chains_table(visit, &chains))
        p.note { (visit.t("acts-verify")) }
        @if let Some(chain) = chain { (acts(visit, &chains, chain).await?) }
    };
    Ok(Shown::page(visit.t("acts"), content))
}

/// Writes the chains, each with how far it is signed.
fn chains_table(visit: &Visit<'_>, chains: &[LogChain]) -> Markup {
    let headings = ["acts-chain", "acts-length", "acts-signed", "acts-key"].map(|id| visit.t(id));
    let row = |chain: &LogChain| {
        let address = Form::address(&Place::Acts.path(), &[("chain", &chain.chain.to_string())]);
        vec![
            html! { a href=(address) { (visit.with("acts-chain-number", &[("number", chain.chain.into())])) } },
            html! { (visit.texts.number(chain.length)) },
            signatures(visit, chain),
            html! { span.code { (chain.key.get(..16).unwrap_or(&chain.key)) @if chain.key.len() > 16 { "…" } } },
        ]
    };
    let rows: Vec<_> = chains.iter().map(row).collect();
    Table { caption: &visit.t("acts-chains"), headings: &headings, rows: &rows, more: None, newest: None }
        .write(visit.texts)
}

/// Says how far a chain is signed; whether the signature is good only a check away from the server can tell.
fn signatures(visit: &Visit<'_>, chain: &LogChain) -> Markup {
    if chain.signed.is_empty() {
        return state(Tone::Waiting, &visit.t("acts-unsigned"));
    }
    let Ok(signed) = serde_json::from_str::<Signed>(&chain.signed) else {
        return state(Tone::Bad, &visit.t("acts-signature-unread"));
    };
    let number = visit.texts.number(signed.number);
    let at = OffsetDateTime::parse(&signed.at, &Rfc3339).ok();
    let (tone, words) = if signed.number > chain.length {
        (Tone::Bad, visit.with("acts-shorter", &[("number", (&number).into())]))
    } else if signed.number == chain.length && signed.hash != chain.head {
        (Tone::Bad, visit.with("acts-other", &[("number", (&number).into())]))
    } else if signed.number == chain.length {
        (Tone::Good, visit.t("acts-signed-whole"))
    } else {
        (Tone::Waiting, visit.with("acts-signed-up-to", &[("number", (&number).into())]))
    };
    html! { (state(tone, &words)) @if let Some(at) = at { " " span.note { (moment(visit.texts, at)) } } }
}

/// Writes a page of a chain's acts, the latest first.
async fn acts(visit: &Visit<'_>, chains: &[LogChain], chain: &LogChain) -> Result<Markup, Trouble> {
    let named = chain.chain.to_string();
    let typed = visit.query.one("upto");
    let upto = typed.parse::<u64>().unwrap_or(chain.length).min(chain.length);
    let after = upto.saturating_sub(PAGE);
    let limit = u32::try_from(upto - after).unwrap_or(0).max(1);
    let mut found = match upto {
        0 => Vec::new(),
        _ => {
            let route = Route::ListAudit { chain: Some(chain.chain), after: Some(after), limit: Some(limit) };
            visit.list::<LoggedAct>(route).await?.entries
        }
    };
    found.reverse();
    let address = |upto: &str| Form::address(&Place::Acts.path(), &[("chain", &named), ("upto", upto)]);
    let headings = ["acts-number", "acts-when", "acts-what", "acts-who", "acts-about", "acts-details"];
    let headings = headings.map(|id| visit.t(id));
    let rows: Vec<_> = found.iter().map(|act| row(visit, act)).collect();
    let table = Table {
        caption: &visit.with("acts-caption", &[("number", (&named).into())]),
        headings: &headings,
        rows: &rows,
        more: (after > 0).then(|| address(&after.to_string())),
        newest: (upto < chain.length).then(|| address("")),
    };
    Ok(html! {
        (filters(visit, chains, &named, typed))
        (table.write(visit.texts))
        (export(visit, &named))
    })
}

fn filters(visit: &Visit<'_>, chains: &[LogChain], chain: &str, upto: &str) -> Markup {
    let [which, number] = ["acts-chain", "acts-upto"].map(|id| visit.t(id));
    let named = |chain: &LogChain| {
        let number = chain.chain.to_string();
        (number, visit.with("acts-chain-number", &[("number", chain.chain.into())]))
    };
    let choices: Vec<_> = chains.iter().map(named).collect();
    let (texts, none) = (visit.texts, Faults::default());
    html! {
        form.filters method="get" action=(Place::Acts) {
            @if chains.len() > 1 { (Field::text("chain", &which, chain).choice(texts, &none, &choices)) }
            @else { input type="hidden" name="chain" value=(chain); }
            (Field { kind: "number", required: false, most: 20, ..Field::text("upto", &number, upto) }.line(texts, &none))
            button.quiet type="submit" { (visit.t("acts-show")) }
        }
    }
}

/// Writes how to take acts along as a file.
fn export(visit: &Visit<'_>, chain: &str) -> Markup {
    let most = visit.texts.number(MOST as u64);
    let (label, hint) = (visit.t("acts-export-from"), visit.with("acts-export-most", &[("most", (&most).into())]));
    html! {
        h2 { (visit.t("acts-export")) }
        form method="get" action=(Place::ActsTable) {
            input type="hidden" name="chain" value=(chain);
            (Field { kind: "number", hint: Some(&hint), most: 20, ..Field::text("begin", &label, "1") }.line(visit.texts, &Faults::default()))
            div.acts {
                button.quiet type="submit" { (visit.t("acts-csv")) }
                button.quiet type="submit" formaction=(Place::ActsLines) { (visit.t("acts-json")) }
            }
        }
    }
}

fn row(visit: &Visit<'_>, logged: &LoggedAct) -> Vec<Markup> {
    let number = html! { (visit.texts.number(logged.number)) };
    let Some(act) = Act::of(logged) else {
        let none = || html! {};
        return vec![
            number,
            none(),
            state(Tone::Bad, &visit.t("acts-unreadable")),
            none(),
            none(),
            foreign(&cut(&logged.record)),
        ];
    };
    let what = visit.texts.find(&format!("act-{}", act.act), &[]).unwrap_or_else(|| act.act.clone());
    let at_directory = act.evidence.get("at").and_then(Value::as_str) == Some("data-directory");
    let who = html! {
        @if !act.actor_name.is_empty() { (foreign(&act.actor_name)) }
        @else if at_directory { span.note { (visit.t("acts-at-directory")) } }
        @else { span.note { (visit.t("acts-server")) } }
    };
    let about = html! {
        div.links {
            @if let Some(request) = act.request { a href=(Place::Request(request)) { (visit.t("acts-request")) } }
            @if let Some(user) = act.user { a href=(Place::Person(user)) { (visit.t("acts-person")) } }
            @if let Some(card) = act.smartcard { a href=(Place::Card(card)) { (visit.t("acts-card")) } }
        }
    };
    let details = html! {
        @for (name, value) in act.evidence.iter().filter(|(name, _)| *name != "at") {
            div { span.note { (foreign(name)) ": " } (foreign(&cut(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str()))) }
        }
    };
    let when = html! { @match act.moment() { Some(at) => (moment(visit.texts, at)), None => (foreign(&act.at)) } };
    vec![number, when, foreign(&what), who, about, details]
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Reads the acts for a file, from the number in the address on; `Some`: where the next file begins.
async fn whole(visit: &Visit<'_>) -> Result<(u32, Vec<LoggedAct>, Option<u64>), Trouble> {
    let chain = visit.query.one("chain").parse::<u32>().unwrap_or(1);
    let mut after = visit.query.one("begin").parse::<u64>().unwrap_or(1).saturating_sub(1);
    let mut acts: Vec<LoggedAct> = Vec::new();
    loop {
        let route = Route::ListAudit { chain: Some(chain), after: Some(after), limit: Some(CALL) };
        let page = visit.list::<LoggedAct>(route).await?.entries;
        let Some(last) = page.last().map(|act| act.number).filter(|last| *last > after) else {
            return Ok((chain, acts, None));
        };
        if acts.len() + page.len() > MOST {
            return Ok((chain, acts, Some(after + 1)));
        }
        after = last;
        acts.extend(page);
    }
}

/// Gives acts as a table.
pub async fn table_file(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let (chain, acts, next) = whole(visit).await?;
    let headings = ["chain", "number", "at", "act", "by", "request", "card", "person", "evidence", "hash"];
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let cells = |logged: LoggedAct| {
        let (chain, number) = (logged.chain.to_string(), logged.number.to_string());
        let Some(Act { at, act, actor_name, request, smartcard, user, evidence, .. }) = Act::of(&logged) else {
            let (none, record) = (String::new, logged.record);
            return vec![chain, number, none(), none(), none(), none(), none(), none(), record, logged.hash];
        };
        let evidence = Value::Object(evidence).to_string();
        vec![chain, number, at, act, actor_name, id(request), id(smartcard), id(user), evidence, logged.hash]
    };
    let last = next.map(|next| {
        let mut last = vec![String::new(); headings.len()];
        last[0] = visit.with("acts-cut", &[("number", next.into())]);
        last
    });
    let rows = acts.into_iter().map(cells).chain(last);
    Ok(Shown::table(format!("acts-{chain}.csv"), &headings, rows))
}

/// Gives acts as JSON, with the records byte for byte as they are hashed.
pub async fn lines_file(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let (chain, acts, next) = whole(visit).await?;
    let document = json!({ "chain": chain, "acts": acts, "next": next });
    let bytes = document.to_string().into_bytes();
    Ok(Shown::File { media_type: "application/json", name: format!("acts-{chain}.json"), bytes })
}
