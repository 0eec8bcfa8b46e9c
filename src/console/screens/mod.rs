//! The screens, a file each: what each shows for an address, and what it does with a form.
//!
//! In: a [`Visit`]. Out: what is shown, or why not. A screen asks only for what the visitor may see; what the API hides, it hides.

mod account;
mod acts;
mod ahead;
mod card;
mod ends;
mod health;
mod help;
mod help_desk;
mod home;
mod kiosk;
mod leaver;
mod mine;
mod new;
mod news;
mod people;
mod people_import;
mod person;
mod proposal;
mod queue;
mod reports;
mod request;
mod search;
mod template_versions;
mod templates;

use super::place::Place;
use super::trouble::Trouble;
use super::visit::{Shown, Visit};
use crate::pages::form::Form;
use crate::pages::texts::Language;

/// Gathers the texts of the screens, a file a screen and language.
pub const TEXTS: &[(Language, &str)] = &[
    (Language::English, include_str!("../texts/en/console.ftl")),
    (Language::German, include_str!("../texts/de/console.ftl")),
    (Language::English, include_str!("../texts/en/words.ftl")),
    (Language::German, include_str!("../texts/de/words.ftl")),
    (Language::German, include_str!("../texts/de/refusals.ftl")),
    (Language::English, include_str!("../texts/en/requests.ftl")),
    (Language::German, include_str!("../texts/de/requests.ftl")),
    (Language::English, include_str!("../texts/en/found.ftl")),
    (Language::German, include_str!("../texts/de/found.ftl")),
    (Language::English, include_str!("../texts/en/cards.ftl")),
    (Language::German, include_str!("../texts/de/cards.ftl")),
    (Language::English, include_str!("../texts/en/reports.ftl")),
    (Language::German, include_str!("../texts/de/reports.ftl")),
    (Language::English, include_str!("../texts/en/acts.ftl")),
    (Language::German, include_str!("../texts/de/acts.ftl")),
    (Language::English, include_str!("../texts/en/ends.ftl")),
    (Language::German, include_str!("../texts/de/ends.ftl")),
    (Language::English, include_str!("../texts/en/health.ftl")),
    (Language::German, include_str!("../texts/de/health.ftl")),
    (Language::English, include_str!("../texts/en/people.ftl")),
    (Language::German, include_str!("../texts/de/people.ftl")),
    (Language::English, include_str!("../texts/en/templates.ftl")),
    (Language::German, include_str!("../texts/de/templates.ftl")),
    (Language::English, include_str!("../texts/en/ask.ftl")),
    (Language::German, include_str!("../texts/de/ask.ftl")),
];

/// Shows what is at a place.
pub async fn show(visit: &Visit<'_>, place: Place) -> Result<Shown, Trouble> {
    match place {
        Place::Home => home::show(visit).await,
        Place::Help => Ok(help::show(visit)),
        Place::Search => search::show(visit).await,
        Place::Person(user) => person::show(visit, user).await,
        Place::Card(smartcard) => card::page::show(visit, smartcard).await,
        Place::CardHistory(smartcard) => card::history::file(visit, smartcard).await,
        Place::CardAsk(smartcard) => card::asking::show(visit, smartcard).await,
        Place::CardLost(smartcard) => card::lost::show(visit, smartcard).await,
        Place::CardAttestation(smartcard) => card::attestation::show(visit, smartcard).await,
        Place::PersonLeave(user) => leaver::show(visit, user).await,
        Place::Queue => queue::show(visit).await,
        Place::QueueNews => Ok(news::of_queue(visit)),
        Place::Request(request) => request::show(visit, request).await,
        Place::Reports => reports::show(visit).await,
        Place::ReportFile => reports::file(visit).await,
        Place::Acts => acts::show(visit).await,
        Place::ActsTable => acts::table_file(visit).await,
        Place::ActsLines => acts::lines_file(visit).await,
        Place::Ends => ends::show(visit).await,
        Place::Health => health::show(visit).await,
        Place::People => people::show(visit).await,
        Place::PeopleImport => people_import::show(visit),
        Place::Templates => templates::list(visit).await,
        Place::Template(template) => templates::show(visit, template).await,
        Place::TemplateVersions(template) => template_versions::show(visit, template).await,
        Place::TemplateCheck(template) => template_versions::check(visit, template).await,
        Place::TemplateFile(template) => template_versions::file(visit, template).await,
        Place::Account(user) => account::show(visit, user).await,
        Place::Proposal(proposal) => proposal::show(visit, proposal).await,
        Place::Documents(request) => ahead::documents(visit, request).await,
        Place::NewRequest => new::show(visit).await,
        Place::HelpDesk => help_desk::show(visit).await,
        Place::HelpDeskCard(smartcard) => help_desk::show_call(visit, smartcard).await,
        Place::Mine => mine::show(visit).await,
        Place::Kiosk => kiosk::show(visit).await,
        // These take forms alone, or are answered before anybody is asked for.
        Place::Language
        | Place::SignIn
        | Place::SignInIssuer
        | Place::SignInReturn
        | Place::SignInTicket
        | Place::SignInCode
        | Place::SignInCertificate
        | Place::SignOut
        | Place::QueueCheck => Ok(Shown::Moved(Place::Home.path())),
    }
}

/// Does what a form asks for that was sent to a place.
pub async fn act(visit: &Visit<'_>, place: Place, form: &Form) -> Result<Shown, Trouble> {
    match place {
        Place::QueueCheck => queue::check(visit, form).await,
        Place::Queue => queue::approve(visit, form).await,
        Place::Request(request) => request::act(visit, request, form).await,
        Place::CardAsk(smartcard) => card::asking::act(visit, smartcard, form).await,
        Place::CardLost(smartcard) => card::lost::act(visit, smartcard, form).await,
        Place::PersonLeave(user) => leaver::act(visit, user, form).await,
        Place::PeopleImport => people_import::act(visit, form).await,
        Place::Ends => ends::remind(visit, form).await,
        Place::Account(user) => account::act(visit, user, form).await,
        Place::Proposal(proposal) => proposal::act(visit, proposal, form).await,
        Place::NewRequest => new::act(visit, form).await,
        Place::HelpDeskCard(smartcard) => help_desk::act(visit, smartcard, form).await,
        Place::Kiosk => kiosk::act(visit, form).await,
        _ => Err(Trouble::NoForm),
    }
}
