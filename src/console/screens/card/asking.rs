//! What can be asked for a card: each with a page that says what will happen, before the request is made.

use super::fates;
use super::held::Held;
use super::history;
use crate::cm::beyond_mim::OfferedType;
use crate::cm::foresight::Foresight;
use crate::cm::request::{
    CloseRequest, CreateRequest, CreateTerms, Request, RequestClosing, RequestStatus, RequestType,
};
use crate::cm::route::Route;
use crate::cm::template_facts::LossFacts;
use crate::cm::wire::Created;
use crate::console::place::Place;
use crate::console::trouble::{self, Trouble};
use crate::console::visit::{MOST_COMMENT, Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field, radios};
use crate::pages::form::Form;
use crate::pages::layout::foreign;
use crate::server::Refused;
use maud::{Markup, html};
use uuid::Uuid;

/// Names what can be asked for a card here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Unblock,
    Telephone,
    Suspend,
    Reinstate,
    Replace,
    Renew,
    Update,
    Revoke,
    Retire,
}

impl Ask {
    /// Lists all of it, what is harmless first.
    pub const ALL: [Self; 9] = [
        Self::Unblock,
        Self::Telephone,
        Self::Renew,
        Self::Update,
        Self::Replace,
        Self::Suspend,
        Self::Reinstate,
        Self::Revoke,
        Self::Retire,
    ];

    /// Returns its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unblock => "unblock",
            Self::Telephone => "telephone",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::Replace => "replace",
            Self::Renew => "renew",
            Self::Update => "update",
            Self::Revoke => "revoke",
            Self::Retire => "retire",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ask| ask.name() == name)
    }

    /// Names the text of its button.
    pub fn text(self) -> &'static str {
        match self {
            Self::Unblock => "ask-unblock",
            Self::Telephone => "ask-telephone",
            Self::Suspend => "ask-suspend",
            Self::Reinstate => "ask-reinstate",
            Self::Replace => "ask-replace",
            Self::Renew => "ask-renew",
            Self::Update => "ask-update",
            Self::Revoke => "ask-revoke",
            Self::Retire => "ask-retire",
        }
    }

    fn request_type(self) -> RequestType {
        match self {
            Self::Unblock => RequestType::Unblock,
            Self::Telephone => RequestType::OfflineUnblock,
            Self::Suspend | Self::Reinstate => RequestType::Reinstate,
            Self::Replace => RequestType::Recover,
            Self::Renew => RequestType::Renew,
            Self::Update => RequestType::OnlineUpdate,
            Self::Revoke => RequestType::Revoke,
            Self::Retire => RequestType::Retire,
        }
    }

    /// Says whether it ends the card, which cannot be taken back.
    pub fn ends(self) -> bool {
        matches!(self, Self::Revoke | Self::Retire)
    }

    /// Says whether completing the request is all there is to do.
    fn is_done_by_completing(self) -> bool {
        matches!(self, Self::Suspend | Self::Reinstate | Self::Revoke)
    }

    /// Says whether a loss may be named as its reason.
    fn takes_reason(self) -> bool {
        matches!(self, Self::Replace | Self::Revoke | Self::Retire)
    }

    /// Says whether the visitor may ask for it.
    pub fn is_offered(self, offered: &[OfferedType]) -> bool {
        let effect = match self {
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            _ => "",
        };
        offered.iter().any(|it| it.request_type == self.request_type() && it.effect == effect)
    }

    fn terms(self, reason: &str) -> CreateTerms {
        let effect = match self {
            Self::Suspend | Self::Reinstate => self.name().to_owned(),
            _ => String::new(),
        };
        CreateTerms { loss_reason: reason.to_owned(), effect, ..CreateTerms::default() }
    }

    /// Lists the losses that may be named.
    fn losses(self, held: &Held) -> Vec<&LossFacts> {
        let fits = |loss: &&LossFacts| match self {
            Self::Replace => loss.replaces,
            Self::Revoke => loss.revokes,
            _ => self.takes_reason(),
        };
        held.template.iter().flat_map(|template| &template.losses).filter(fits).collect()
    }
}

/// Shows what will happen, and the form that asks for it.
pub async fn show(visit: &Visit<'_>, smartcard: Uuid) -> Result<Shown, Trouble> {
    let Some(ask) = Ask::of(visit.query.one("what")) else { return Err(Trouble::NoPage) };
    let held = Held::read(visit, smartcard).await?;
    let typed = (visit.query.one("reason"), "");
    written(visit, &held, ask, typed, &Faults::default()).await
}

/// Makes the request, carries it out where that is all there is to do, and goes on to its page.
pub async fn act(visit: &Visit<'_>, smartcard: Uuid, form: &Form) -> Result<Shown, Trouble> {
    let Some(ask) = Ask::of(visit.query.one("what")) else { return Err(Trouble::NoForm) };
    let (reason, comment) = (form.one("reason"), form.one("comment"));
    let order = CreateRequest::of_card(ask.request_type(), Some(smartcard), comment, ask.terms(reason));
    let request = match visit.send::<Created>(Route::CreateRequest, &order).await {
        Ok(created) => created.uuid(),
        Err(refused) if refused.code == "comment-missing" => {
            let held = Held::read(visit, smartcard).await?;
            let mut faults = Faults::default();
            faults.add("comment", visit.t("ask-comment-missing"));
            return written(visit, &held, ask, (reason, comment), &faults).await;
        }
        Err(refused) => return Err(refused.into()),
    };
    let made: Request = visit.one(Route::GetRequest { request }).await?;
    if !ask.is_done_by_completing() || made.status != RequestStatus::Approved {
        return Ok(Shown::done(Place::Request(request), "asked"));
    }
    let closing = CloseRequest { status: RequestClosing::Completed };
    match visit.act(Route::CloseRequest { request }, &closing).await {
        Ok(()) => Ok(Shown::done(Place::Card(smartcard), &format!("card-{}", ask.name()))),
        // Somebody else carries it out.
        Err(refused) if refused.status == 403 => Ok(Shown::done(Place::Request(request), "asked")),
        Err(refused) => {
            let content = html! {
                p { (visit.t("ask-not-carried-out")) }
                (trouble::told(visit.texts, &refused))
                p { a.button href=(Place::Request(request)) { (visit.t("ask-to-request")) } }
            };
            Ok(Shown::faulty(visit.t("ask-made"), content))
        }
    }
}

/// Writes the page; where the server would refuse the request, the page says so in place of the form.
async fn written(
    visit: &Visit<'_>,
    held: &Held,
    ask: Ask,
    typed: (&str, &str),
    faults: &Faults,
) -> Result<Shown, Trouble> {
    let card = held.card.uuid;
    let name = held.name(visit);
    let title = visit.with("ask-title", &[("what", (&visit.t(ask.text())).into()), ("card", (&name).into())]);
    let back = html! { p { a href=(Place::Card(card)) { (visit.t("card-back")) } } };
    if !ask.is_offered(&held.offered) {
        let open = history::open_requests(visit, &held.history).await?;
        let content = html! {
            div.trouble role="alert" {
                p { (visit.t("ask-not-now")) }
                p { (words::card_status(visit.texts, held.card.status)) }
                @for request in &open { p { (visit.t("ask-open")) " " (history::request(visit, request)) } }
            }
            (back)
        };
        return Ok(Shown::faulty(title, content));
    }
    let foresight = fates::foreseen(visit, card, ask.request_type(), ask.terms("")).await;
    let content = html! {
        (faults.summary(visit.texts))
        (who(visit, held))
        h2 { (visit.t("ask-happens")) }
        (happens(visit, held, ask, &foresight))
        @match &foresight {
            Ok(_) => (form_of(visit, held, ask, typed, faults)),
            Err(refused) => (trouble::told(visit.texts, refused)),
        }
        (back)
    };
    Ok(if faults.is_empty() { Shown::page(title, content) } else { Shown::faulty(title, content) })
}

/// Writes whose card it is.
pub fn who(visit: &Visit<'_>, held: &Held) -> Markup {
    html! {
        p {
            @if !held.owner_name().is_empty() {
                (visit.t("card-held-by")) ": " a href=(Place::Person(held.card.assigned_user)) { (foreign(held.owner_name())) } ". "
            }
            (visit.t("card-state")) ": " (words::card_status(visit.texts, held.card.status))
        }
    }
}

/// Writes in sentences what will happen.
fn happens(visit: &Visit<'_>, held: &Held, ask: Ask, foresight: &Result<Foresight, Refused>) -> Markup {
    let request_type = ask.request_type();
    let at_once = foresight.as_ref().is_ok_and(|foresight| foresight.at_once);
    let needs_card = !ask.is_done_by_completing() && ask != Ask::Telephone;
    let policy = held.workflow(request_type).and_then(|workflow| workflow.revocation.as_ref());
    let count = [("count", held.living().into())];
    let mut said = vec![visit.with(&format!("{}-what", ask.text()), &count)];
    if matches!(ask, Ask::Replace | Ask::Renew | Ask::Update | Ask::Revoke | Ask::Retire) {
        said.push(match ask.losses(held).is_empty() {
            true => fates::of_old(visit, held, policy, None),
            false => visit.t("fate-by-reason"),
        });
    }
    said.extend(fates::agreement(visit, held, request_type, at_once, needs_card));
    html! {
        ul.happens { @for sentence in &said { li { (sentence) } } }
        @if ask.ends() { p { strong { (visit.t("ask-for-good")) } } }
        @if let Ok(foresight) = foresight {
            @for open in &foresight.open {
                p { (visit.t("ask-open")) " " a href=(Place::Request(open.request)) { (words::request_type(visit.texts, open.request_type)) } " " (words::request_status(visit.texts, open.status)) }
            }
        }
    }
}

fn form_of(visit: &Visit<'_>, held: &Held, ask: Ask, typed: (&str, &str), faults: &Faults) -> Markup {
    let (reason, comment) = typed;
    let workflow = held.workflow(ask.request_type());
    let policy = workflow.and_then(|workflow| workflow.revocation.as_ref());
    let losses = ask.losses(held);
    let mut choices = vec![(String::new(), visit.t("reason-none"), fates::of_old(visit, held, policy, None))];
    choices.extend(losses.iter().map(|loss| {
        let hint = fates::of_old(visit, held, policy, Some(loss));
        (loss.name.clone(), words::loss(visit.texts, &loss.name), hint)
    }));
    let required = workflow.is_some_and(|workflow| workflow.comment == "must");
    let (label, hint) = (visit.t("comment"), visit.t("ask-comment-hint"));
    let field = Field { required, most: MOST_COMMENT, hint: Some(&hint), ..Field::text("comment", &label, comment) };
    let action = Form::address(&Place::CardAsk(held.card.uuid).path(), &[("what", ask.name())]);
    html! {
        form method="post" action=(action) {
            @if !losses.is_empty() { (radios("reason", &visit.t("ask-reason"), reason, faults, &choices)) }
            (field.lines(visit.texts, faults))
            div.acts {
                button.harm[ask.ends()] type="submit" { (visit.t(ask.text())) }
                a.button.quiet href=(Place::Card(held.card.uuid)) { (visit.t("ask-not")) }
            }
        }
    }
}
