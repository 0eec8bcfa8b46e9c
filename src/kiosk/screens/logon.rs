//! Whether the card will log on: what was found, each in its colour, its shape and a sentence.

use super::view::{Screen, View, scene};
use crate::doctor::Verdict;
use crate::doctor::logon::{Code, Finding};
use crate::kiosk::card::CardFacts;
use crate::pages::findings::sentence;
use crate::pages::states::{Tone, state};
use maud::html;

/// Says what was found, what is worst first.
pub fn show(view: &View<'_>, findings: &[Finding]) -> Screen {
    let texts = view.texts;
    let worst = findings.iter().map(Finding::verdict).max().unwrap_or(Verdict::Untold);
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.verdict()));
    let (tone, told) = match worst {
        Verdict::Good | Verdict::Untold => (Tone::Good, "logon-good"),
        Verdict::Attention => (Tone::Waiting, "logon-attention"),
        Verdict::Bad => (Tone::Bad, "logon-bad"),
    };
    let is_unasked = findings.iter().any(|finding| finding.code == Code::ServerNotAsked);
    let asks = is_unasked && view.state.card.as_ref().is_some_and(CardFacts::has_usable_pin);
    let content = html! {
        p.lead role="status" { (state(tone, &texts.t(told))) }
        ul.findings {
            @for finding in sorted {
                li {
                    (state(of(finding.verdict()), &texts.t(word(finding.verdict())))) " "
                    (sentence(texts, finding.code.name(), &finding.facts, &finding.told()))
                }
            }
        }
        @if asks { p.note { (texts.t("ask-server-hint")) } }
        form method="post" action="/act" {
            (scene(view))
            div.acts {
                button name="act" value="again" { (texts.t("look-again")) }
                @if asks { button.quiet name="act" value="ask-server" { (texts.t("ask-server")) } }
            }
        }
    };
    Screen { title: texts.t("logon"), content }
}

fn of(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Good => Tone::Good,
        Verdict::Untold => Tone::Plain,
        Verdict::Attention => Tone::Waiting,
        Verdict::Bad => Tone::Bad,
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "verdict-good",
        Verdict::Untold => "verdict-untold",
        Verdict::Attention => "verdict-attention",
        Verdict::Bad => "verdict-bad",
    }
}
