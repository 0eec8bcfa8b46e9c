//! The screens, a file a question: each writes its scene as a page.
//!
//! In: a [`View`]. Out: a [`Screen`]. Nothing that somebody has typed stands on any of them.

mod card;
mod done;
mod logon;
mod new_pin;
mod old_pin;
mod pages;
mod rest;
mod swap;
mod telephone;
mod trouble;
mod view;
mod waiting;
mod who;
mod working;

use super::scene::Scene;
use crate::pages::findings;
use crate::pages::texts::Language;

pub use view::{Screen, View};

/// Gathers the texts of the screens, a file a language.
pub const TEXTS: &[(Language, &str)] = &[
    (Language::English, include_str!("../texts/en/kiosk.ftl")),
    (Language::German, include_str!("../texts/de/kiosk.ftl")),
    (Language::English, include_str!("../texts/en/trouble.ftl")),
    (Language::German, include_str!("../texts/de/trouble.ftl")),
    findings::LOGON,
];

/// Writes what is shown now.
pub fn written(view: &View<'_>) -> Screen {
    match &view.state.scene {
        Scene::NoReader { code } => rest::no_reader(view, code),
        Scene::Insert { cut } => rest::insert(view, *cut),
        Scene::Several => rest::plain(view, "several"),
        Scene::Reading => rest::plain(view, "reading"),
        Scene::Take { away } => rest::plain(view, if *away { "take-away" } else { "take" }),
        Scene::Card => card::show(view),
        Scene::OldCard { again } => swap::old(view, *again),
        Scene::NewCard { name, again } => swap::new(view, name, *again),
        Scene::Who { name_known, fault } => who::show(view, *name_known, *fault),
        Scene::Pages { address, .. } => pages::show(view, address),
        Scene::OldPin { tries, fault } => old_pin::show(view, *tries, *fault),
        Scene::AtPad => rest::plain(view, "at-pad"),
        Scene::NewPin { form, why, fault } => new_pin::show(view, *form, *why, *fault),
        Scene::Telephone { kind, code, fault } => telephone::show(view, *kind, code, *fault),
        Scene::Waiting { approvers } => waiting::show(view, approvers),
        Scene::Working { doing } => working::show(view, *doing),
        Scene::Done(done) => done::show(view, *done),
        Scene::Logon(findings) => logon::show(view, findings),
        Scene::Trouble(trouble) => trouble::show(view, trouble),
    }
}
