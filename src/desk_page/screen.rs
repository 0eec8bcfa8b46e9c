//! The page: readers, what has happened, and the rows of the run; and what is said to whoever is kept out.

use super::board::{Shown, Signing};
use super::notices::{notice, told};
use crate::desk::{Asks, At, Entry, Logon, ReaderView, Run, Stand, Verdict, View};
use crate::pages::answer::{Keep, page as answered};
use crate::pages::assets;
use crate::pages::findings;
use crate::pages::form::mark;
use crate::pages::layout::{self, foreign};
use crate::pages::states::{Tone, state};
use crate::pages::texts::{Language, Texts};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

/// Gathers the texts of the page.
pub const TEXTS: &[(Language, &str)] = &[
    (Language::English, include_str!("texts/en/desk.ftl")),
    (Language::German, include_str!("texts/de/desk.ftl")),
    findings::LOGON,
];
/// Says after how many seconds a page without script looks again by itself, where nobody types.
const LOOK_AGAIN: u32 = 3;

/// Answers with the page.
pub fn page(texts: Texts<'_>, shown: &Shown, run: Option<&Run>) -> Response {
    let View { readers, .. } = &shown.view;
    let somebody_types = readers.iter().any(|reader| reader.asks.is_some());
    let refresh = (!somebody_types && !shown.is_over).then_some(LOOK_AGAIN);
    let title = texts.t(if shown.is_over { "desk-over" } else { "desk" });
    let content = html! {
        main #content tabindex="-1" data-follow="/events" {
            h1 { (title) }
            div #state data-each { (standing(texts, shown)) }
            @if refresh.is_none() && !shown.is_over { noscript { p { a.button href="/" { (texts.t("look-again")) } } } }
            h2 #readers-title { (texts.t("readers")) }
            (readers_table(texts, shown))
            h2 { (texts.t("happened")) }
            div #notices data-each role="log" aria-label=(texts.t("happened")) {
                @for (number, happened) in &shown.notices {
                    @if let Some(said) = notice(texts, happened) { p id={ "notice-" (number) } { (said) } }
                }
            }
            h2 #rows-title { (texts.t("rows")) }
            @match run {
                Some(run) => (rows_table(texts, run)),
                None => p.trouble { (texts.t("no-results-text")) },
            }
            (signature(texts, shown, run))
            p.links {
                @for kind in ["csv", "json", "html"] {
                    a href={ "/results." (kind) } download { (texts.t(&format!("results-{kind}"))) }
                }
            }
        }
    };
    answered(StatusCode::OK, document(texts, &title, refresh, &content), Keep::Nowhere)
}

/// Answers somebody who is not shown the desk.
pub fn outside(texts: Texts<'_>, status: StatusCode, id: &str) -> Response {
    let title = texts.t(id);
    let content = html! { main #content tabindex="-1" { h1 { (title) } p { (texts.t(&format!("{id}-text"))) } } };
    answered(status, document(texts, &title, None, &content), Keep::Nowhere)
}

fn document(texts: Texts<'_>, title: &str, again: Option<u32>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(texts.language.tag()) {
            (layout::head(title, &html! { @if let Some(seconds) = again { noscript { (layout::refresh(seconds, "/")) } } }, &layout::script()))
            body {
                a.skip href="#content" { (texts.t("skip")) }
                header.top {
                    a.brand href="/" { img src=(assets::address("icon.svg")) alt="" width="28" height="28"; span { "cardwright" } }
                    form.person method="post" action="/act" aria-label=(texts.t("language")) {
                        input type="hidden" name="act" value="language";
                        @for language in Language::ALL {
                            button.quiet name="language" value=(language.tag()) lang=(language.tag())
                                aria-pressed=(if language == texts.language { "true" } else { "false" }) { (language.name()) }
                        }
                    }
                }
                (content)
            }
        }
    }
}

/// Says how the run stands, and offers what is commanded for all of it.
fn standing(texts: Texts<'_>, shown: &Shown) -> Markup {
    let View { rows, done, refused, pending, letters, paused, .. } = shown.view;
    let counts =
        [("done", done.into()), ("rows", rows.into()), ("refused", refused.into()), ("pending", pending.into())];
    html! {
        p #counts { (texts.with("counts", &counts)) }
        @if paused && !shown.is_over { p.trouble #all-paused { (texts.t("is-paused")) } }
        @if letters > 0 { p.trouble #letters { (texts.with("letters", &[("count", letters.into())])) } }
        @if shown.is_over {
            p.done #over { (texts.t("over")) }
            (one_act("close", texts.t("close"), "", None))
        } @else {
            div.acts #acts {
                (pause(texts, None, paused))
                @if letters > 0 { (one_act("print", texts.t("print"), "quiet", None)) }
                (one_act("stop", texts.t("stop"), "harm", None))
            }
        }
    }
}

/// Offers the server's signature once the run is over, and says who has signed what.
fn signature(texts: Texts<'_>, shown: &Shown, run: Option<&Run>) -> Markup {
    let offer = || one_act("sign", texts.t("sign"), "quiet", None);
    html! {
        div #signature data-each role="status" {
            @match &shown.signing {
                _ if !shown.is_over => {}
                Signing::Not => (offer()),
                Signing::UnderWay => p #signing { (texts.t("signing")) },
                Signing::Done(signed) if run == Some(&signed.0) => {
                    p.done #signed { (texts.t("signed")) " " span.note { "SHA-256 " (signed.1.results.sha256) } }
                    p.links #signed-files {
                        a href="/signed.json" download { (texts.t("signed-json")) }
                        a href="/signed.p7s" download { (texts.t("signed-p7s")) }
                    }
                }
                Signing::Done(_) => (offer()),
                Signing::Failed(trouble) => {
                    p.trouble #unsigned { (texts.t("unsigned")) " " (told(trouble)) }
                    (offer())
                }
            }
        }
    }
}

/// Writes a form with one button; for a card it says which, so that it is not done to the next.
fn one_act(act: &str, text: String, class: &str, card: Option<&ReaderView>) -> Markup {
    let id = card.map_or_else(|| act.to_owned(), |card| format!("{act}-{}", mark(&card.reader)));
    html! {
        form method="post" action="/act" id={ "form-" (id) } {
            (which(card))
            button id=(id) class=(class) name="act" value=(act) { (text) (of(card)) }
        }
    }
}

/// Pauses a reader or all, or has them go on.
fn pause(texts: Texts<'_>, reader: Option<&ReaderView>, paused: bool) -> Markup {
    let id = reader.map_or_else(|| "pause".to_owned(), |card| format!("pause-{}", mark(&card.reader)));
    html! {
        form method="post" action="/act" {
            (which(reader))
            input type="hidden" name="paused" value=(if paused { "no" } else { "yes" });
            button.quiet id=(id) name="act" value="pause" { (texts.t(if paused { "go-on" } else { "pause" })) (of(reader)) }
        }
    }
}

fn which(card: Option<&ReaderView>) -> Markup {
    html! {
        @if let Some(card) = card {
            input type="hidden" name="reader" value=(card.reader);
            input type="hidden" name="turn" value=(card.turn);
        }
    }
}

/// Says which reader a button is of, to whoever does not see where it stands.
fn of(card: Option<&ReaderView>) -> Markup {
    html! { @if let Some(card) = card { span.hidden { ": " (foreign(&card.reader)) } } }
}

fn readers_table(texts: Texts<'_>, shown: &Shown) -> Markup {
    html! {
        table role="table" aria-labelledby="readers-title" {
            thead role="rowgroup" {
                tr role="row" {
                    @for heading in ["reader", "person", "stage", "left", "wanted"] {
                        th scope="col" role="columnheader" { (texts.t(heading)) }
                    }
                }
            }
            tbody #readers data-each role="rowgroup" {
                @for reader in &shown.view.readers { (reader_row(texts, shown, reader)) }
            }
        }
    }
}

fn reader_row(texts: Texts<'_>, shown: &Shown, reader: &ReaderView) -> Markup {
    let passed = shown.since.elapsed().as_secs();
    let left = reader.seconds_left.filter(|_| reader.asks.is_none()).map(|left| left.saturating_sub(passed));
    let cell = |id: &str| texts.t(id);
    let (tone, at) = at(reader.at);
    html! {
        tr role="row" id={ "reader-" (mark(&reader.reader)) } {
            th scope="row" role="rowheader" data-label=(cell("reader")) { (foreign(&reader.reader)) }
            td role="cell" data-label=(cell("person")) {
                @if let Some(person) = &reader.person { (foreign(person)) }
                @if let Some(serial) = &reader.serial { span.note { " " (foreign(serial)) } }
            }
            td role="cell" data-label=(cell("stage")) {
                (state(tone, &texts.t(at)))
                @if matches!(reader.at, At::Working | At::Refused | At::Failed | At::Waits | At::Idle) {
                    br; span.note lang="en" { (foreign(&reader.text)) }
                }
                @if reader.paused { br; strong { (texts.t("reader-paused")) } }
                @if let Some(found) = &reader.logon { (logon(texts, found)) }
            }
            td role="cell" data-label=(cell("left")) {
                @if let Some(left) = left { (texts.span(i64::try_from(left).unwrap_or(i64::MAX))) }
            }
            td role="cell" data-label=(cell("wanted")) {
                @if !shown.is_over {
                    @if let Some(asks) = &reader.asks { (pin(texts, shown, reader, asks)) }
                    div.acts {
                        @if matches!(reader.at, At::Failed | At::Waits | At::Refused | At::Idle) {
                            (one_act("retry", texts.t("retry"), "", Some(reader)))
                        }
                        @if matches!(reader.at, At::Failed | At::Waits | At::AsksPin) {
                            (one_act("skip", texts.t("skip-row"), "quiet", Some(reader)))
                        }
                        @if reader.serial.is_some() && !matches!(reader.at, At::Reading | At::Working | At::AsksPin) {
                            (one_act("judge", texts.t("judge"), "quiet", Some(reader)))
                        }
                        (pause(texts, Some(reader), reader.paused))
                    }
                }
            }
        }
    }
}

/// Says whether somebody will log on with the card, and what should not stay as it is.
fn logon(texts: Texts<'_>, found: &Logon) -> Markup {
    let Logon::Told { worst, findings: all } = found else { return html! { p { (texts.t("logon-asked")) } } };
    let shown = |verdict: Verdict| match verdict {
        Verdict::Good | Verdict::Untold => (Tone::Good, "logon-good"),
        Verdict::Attention => (Tone::Waiting, "logon-attention"),
        Verdict::Bad => (Tone::Bad, "logon-bad"),
    };
    let (tone, told) = shown(*worst);
    html! {
        p { (texts.t("judge")) " " (state(tone, &texts.t(told))) }
        @if tone != Tone::Good {
            ul {
                @for finding in all.iter().filter(|it| shown(it.verdict()).0 != Tone::Good) {
                    li {
                        (findings::sentence(texts, finding.code.name(), &finding.facts, &finding.told())) "."
                        @if let Some(remedy) = finding.remedy() { " " span lang="en" { (remedy) } }
                    }
                }
            }
        }
    }
}

/// Asks the holder for a PIN. It is sent once, and stands on no page.
fn pin(texts: Texts<'_>, shown: &Shown, reader: &ReaderView, asks: &Asks) -> Markup {
    let id = mark(&reader.reader);
    let person = reader.person.as_deref().unwrap_or_default();
    let differs = shown.differs.as_ref().is_some_and(|(of, turn)| *of == reader.reader && *turn == reader.turn);
    let is_wrong = differs || asks.refused.is_some();
    let hint = asks.form.as_ref().map(|_| format!("pin-form-{id}"));
    let fault = is_wrong.then(|| format!("pin-fault-{id}"));
    let described = hint.iter().chain(&fault).map(String::as_str).collect::<Vec<_>>().join(" ");
    let described = Some(described).filter(|ids| !ids.is_empty());
    let fields: &[&str] = if asks.chooses { &["pin", "again"] } else { &["pin"] };
    html! {
        form method="post" action="/act" {
            (which(Some(reader)))
            @if let Some(form) = &asks.form { p.hint lang="en" id=[&hint] { (form) } }
            @if is_wrong {
                p.fault role="alert" id={ "pin-fault-" (id) } {
                    @if differs { (texts.t("pin-differs")) }
                    @else if let Some(refused) = &asks.refused { span lang="en" { (foreign(refused)) } }
                }
            }
            @for field in fields {
                @let label = match (*field, asks.chooses) { ("again", _) => "pin-again", (_, true) => "pin-new", _ => "pin-old" };
                div.field {
                    label for={ (field) "-" (id) } { (texts.with(label, &[("person", person.into())])) }
                    input id={ (field) "-" (id) } name=(field) type="password" required maxlength="64" autocomplete="off"
                        spellcheck="false" aria-describedby=[&described] aria-invalid=[is_wrong.then_some("true")];
                }
            }
            button id={ "pin-send-" (id) } name="act" value="pin" { (texts.t("pin-send")) (of(Some(reader))) }
        }
    }
}

/// Returns what a reader is about: its tone, and the name of its text.
fn at(at: At) -> (Tone, &'static str) {
    match at {
        At::Empty => (Tone::Plain, "at-empty"),
        At::Reading => (Tone::Plain, "at-reading"),
        At::Idle => (Tone::Plain, "at-idle"),
        At::Refused => (Tone::Bad, "at-refused"),
        At::Working => (Tone::Waiting, "at-working"),
        At::AsksPin => (Tone::Waiting, "at-asks-pin"),
        At::Waits => (Tone::Waiting, "at-waits"),
        At::Failed => (Tone::Bad, "at-failed"),
        At::Done => (Tone::Good, "at-done"),
    }
}

fn rows_table(texts: Texts<'_>, run: &Run) -> Markup {
    html! {
        table role="table" aria-labelledby="rows-title" {
            thead role="rowgroup" {
                tr role="row" {
                    @for heading in ["person", "stand", "serial", "trouble"] {
                        th scope="col" role="columnheader" { (texts.t(heading)) }
                    }
                }
            }
            tbody #rows data-each role="rowgroup" { @for (at, row) in run.rows.iter().enumerate() { (row_of(texts, at, row)) } }
        }
    }
}

fn row_of(texts: Texts<'_>, number: usize, row: &Entry) -> Markup {
    let (tone, stand) = match row.stand {
        Stand::Unasked => (Tone::Plain, "stand-unasked"),
        Stand::Pending => (Tone::Waiting, "stand-pending"),
        Stand::Ready => (Tone::Plain, "stand-ready"),
        Stand::Begun => (Tone::Waiting, "stand-begun"),
        Stand::Done => (Tone::Good, "stand-done"),
        Stand::Refused => (Tone::Bad, "stand-refused"),
        Stand::SetAside => (Tone::Ended, "stand-set-aside"),
        Stand::Dropped => (Tone::Ended, "stand-dropped"),
    };
    html! {
        tr role="row" id={ "row-" (number) } {
            th scope="row" role="rowheader" data-label=(texts.t("person")) { (foreign(&row.name)) }
            td role="cell" data-label=(texts.t("stand")) { (state(tone, &texts.t(stand))) }
            td role="cell" data-label=(texts.t("serial")) { (foreign(&row.serial)) }
            td role="cell" data-label=(texts.t("trouble")) { @if let Some(trouble) = &row.trouble { (told(trouble)) } }
        }
    }
}
