//! What a screen is written from, and what several of them have.

use crate::cm::offline::CodeError;
use crate::kiosk::engine::State;
use crate::kiosk::scene::Fault;
use crate::kiosk::settings::Settings;
use crate::pages::fields::Faults;
use crate::pages::texts::Texts;
use crate::token::Tries;
use maud::{Markup, html};
use time::OffsetDateTime;

/// Holds what a screen is written from.
pub struct View<'a> {
    pub texts: Texts<'a>,
    pub state: &'a State,
    pub settings: &'a Settings,
    pub now: OffsetDateTime,
}

/// Is a screen: its title is the page's, and its first heading.
pub struct Screen {
    pub title: String,
    pub content: Markup,
}

/// Writes a form of the present scene: its content, the button that sends it, and the way back.
pub fn form(view: &View<'_>, act: &str, content: &Markup, button: &str, back: bool) -> Markup {
    html! {
        form method="post" action="/act" novalidate autocomplete="off" {
            (scene(view))
            (content)
            div.acts {
                button name="act" value=(act) { (view.texts.t(button)) }
                @if back { button.quiet name="act" value="back" formnovalidate { (view.texts.t("back")) } }
            }
        }
    }
}

/// Says for which scene a form is.
pub fn scene(view: &View<'_>) -> Markup {
    html! { input type="hidden" name="scene" value=(view.state.number); }
}

/// Gathers what is wrong with a field.
pub fn faults(view: &View<'_>, field: &str, fault: Option<Fault>) -> Faults {
    let mut faults = Faults::default();
    if let Some(fault) = fault {
        faults.add(field, told(view, fault));
    }
    faults
}

/// Says what is wrong with what was typed.
fn told(view: &View<'_>, fault: Fault) -> String {
    let texts = view.texts;
    match fault {
        Fault::Empty => texts.t("fault-empty"),
        Fault::WrongPin => texts.t("fault-wrong-pin"),
        Fault::LastTry => texts.t("fault-last-try"),
        Fault::Pause(seconds) => texts.with("fault-pause", &[("seconds", seconds.into())]),
        Fault::Length { shortest, longest } => {
            texts.with("fault-length", &[("shortest", shortest.into()), ("longest", longest.into())])
        }
        Fault::Digits => texts.t("fault-digits"),
        Fault::Unlike => texts.t("fault-unlike"),
        Fault::Trivial => texts.t("fault-trivial"),
        Fault::Same => texts.t("fault-same"),
        Fault::NotTaken => texts.t("fault-not-taken"),
        Fault::Slip(slip) => slip_told(view, slip),
        Fault::NotLetIn => texts.t("fault-not-let-in"),
        Fault::Over => texts.t("fault-over"),
    }
}

/// Says how many tries are left, as exactly as the card tells; nothing where there are enough.
pub fn tries(view: &View<'_>, tries: Tries) -> Option<String> {
    match tries {
        Tries::Full | Tries::NotSet | Tries::Left(3..) => None,
        Tries::Left(left) => Some(view.texts.with("tries-left", &[("count", u32::from(left).into())])),
        Tries::Last => Some(view.texts.with("tries-left", &[("count", 1_u32.into())])),
        Tries::Low => Some(view.texts.t("tries-low")),
        Tries::Locked => Some(view.texts.t("tries-none")),
        Tries::Untold => Some(view.texts.t("tries-untold")),
    }
}

/// Says what is wrong with an answer.
fn slip_told(view: &View<'_>, slip: CodeError) -> String {
    let texts = view.texts;
    match slip {
        CodeError::Length { found, expected, .. } => {
            texts.with("slip-length", &[("found", found.into()), ("expected", expected.into())])
        }
        CodeError::Character { position, .. } => texts.with("slip-character", &[("position", position.into())]),
        CodeError::CheckDigits { .. } => texts.t("slip-check"),
        CodeError::OtherKind { .. } => texts.t("slip-kind"),
    }
}
