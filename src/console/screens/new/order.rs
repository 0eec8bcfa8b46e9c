//! What is asked for and for whom, with its policy; and the page that asks for all that the policy wants.

use super::offers::What;
use crate::cm::policy::PolicyDataItem;
use crate::cm::request::{CreateRequest, RequestType};
use crate::cm::route::Route;
use crate::cm::smartcard::Smartcard;
use crate::cm::template::{Policy, ProfileTemplateView};
use crate::cm::template_facts::TemplateFacts;
use crate::cm::wire::{guid_text, read_guid};
use crate::console::items;
use crate::console::place::Place;
use crate::console::trouble::{self, Trouble};
use crate::console::visit::Visit;
use crate::console::words;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::{Form, mark};
use crate::pages::layout::foreign;
use maud::{Markup, html};
use uuid::Uuid;

/// Bounds a comment, in characters.
const MOST_COMMENT: usize = crate::cm::check::MAX_COMMENT;

/// Names the field that says how the template stood.
const MARK: &str = "stood";

/// Holds what is asked for and for whom, with all that its policy says.
pub struct Order {
    pub target: Uuid,
    pub name: String,
    pub what: What,
    pub template: ProfileTemplateView,
    pub policy: Policy,
    /// Tells what the template says from what it said before.
    mark: String,
}

impl Order {
    /// Reads for whom and what from an address or a form; `None`: something is missing, gone, or not offered.
    pub async fn read(visit: &Visit<'_>, form: &Form) -> Result<Option<Self>, Trouble> {
        let (Some(target), Some(what)) = (read_guid(form.one("for")), What::read(form.one("what"))) else {
            return Ok(None);
        };
        let template = match what {
            What::First { template } => template,
            What::OfCard { smartcard, .. } => {
                visit.one::<Smartcard>(Route::GetSmartcard { smartcard }).await?.profile_template
            }
        };
        let policy = visit.policy(template, what.request_type()).await?;
        let Some(policy) = policy.filter(|policy| policy.enabled) else { return Ok(None) };
        let facts: TemplateFacts = visit.one(Route::DescribeTemplate { template }).await?;
        // How many cards there are says nothing of what is asked for.
        let mark = mark(&serde_json::json!(TemplateFacts { cards: None, ..facts }).to_string());
        let template = visit.one(Route::GetProfileTemplate { template }).await?;
        Ok(Some(Self { target, name: name_of(visit, target).await?, what, template, policy, mark }))
    }

    /// Says whether the template says something else by now than when the form was written.
    pub fn has_changed(&self, form: &Form) -> bool {
        form.has(MARK) && form.one(MARK) != self.mark
    }

    /// Writes for whom and what it is, hidden, and how the template stands.
    pub fn hidden(&self) -> Markup {
        html! {
            input type="hidden" name="for" value=(guid_text(self.target));
            input type="hidden" name="what" value=(self.what.text());
            input type="hidden" name=(MARK) value=(self.mark);
        }
    }

    /// Lists the items that the visitor may give with the request; those of others are given later.
    pub fn items(&self, visit: &Visit<'_>) -> Vec<PolicyDataItem> {
        let own = self.target == visit.me.uuid;
        let asked = self.policy.policy_data_collection.iter().filter_map(|item| match item.from.as_str() {
            "subscriber" | "manager" if (item.from == "subscriber") != own => None,
            // Whoever asks must give the originator's; the others can be given once the request is made.
            "subscriber" | "manager" => Some(PolicyDataItem { required: false, ..item.clone() }),
            _ => Some(item.clone()),
        });
        asked.collect()
    }

    /// Returns the body of the call.
    pub fn body(&self, visit: &Visit<'_>, form: &Form) -> CreateRequest {
        let smartcard = match self.what {
            What::First { .. } => None,
            What::OfCard { smartcard, .. } => Some(smartcard),
        };
        CreateRequest {
            profile_template: Some(self.template.uuid),
            data_collection: items::read(&self.items(visit), form),
            target: Some(self.target),
            request_type: self.what.request_type(),
            comment: form.one("comment").to_owned(),
            priority: form.one("priority").parse().ok().filter(|_| self.policy.collect_request_priority),
            smartcard,
            profile: None,
            terms: None,
        }
    }

    /// Returns what is asked for, in words.
    pub fn title(&self, visit: &Visit<'_>) -> String {
        match (self.what.request_type(), self.template.is_smartcard) {
            (RequestType::Enroll, false) => visit.t("new-profile"),
            (request_type, _) => words::request_type(visit.texts, request_type),
        }
    }

    /// Returns the address of the page that asks what is wanted.
    pub fn back(&self) -> String {
        Form::address(&Place::NewRequest.path(), &[("for", &guid_text(self.target))])
    }
}

/// Returns a person's name, as far as the visitor may know it.
pub async fn name_of(visit: &Visit<'_>, user: Uuid) -> Result<String, Trouble> {
    if user == visit.me.uuid {
        return Ok(visit.me.name.clone());
    }
    visit.person(user).await?.map(|person| person.owner_name).ok_or(Trouble::NoPage)
}

/// Writes how far one has come.
pub fn step(visit: &Visit<'_>, at: u32) -> Markup {
    let (at, of) = if visit.asks_for_others() { (at, 4_u32) } else { (at.saturating_sub(1), 3) };
    html! { p.note { (visit.with("new-step", &[("at", at.into()), ("of", of.into())])) } }
}

/// Writes that page for somebody who has begun by another template than there is now: nothing that was typed is left out unsaid.
pub fn begun_by_another(visit: &Visit<'_>, order: &Order, form: &Form) -> Markup {
    let asked = order.items(visit);
    let left: Vec<_> =
        items::typed(form).into_iter().filter(|(name, _)| !asked.iter().any(|it| it.name == *name)).collect();
    let said = html! {
        p { (visit.with("new-changed", &[("name", (&order.template.name).into())])) }
        @if !left.is_empty() {
            p { (visit.t("new-left")) }
            ul { @for (name, value) in &left { li { (foreign(name)) ": " (foreign(value)) } } }
        }
    };
    html! {
        (trouble::template_changed(visit.texts, &said))
        (details(visit, order, form, &Faults::default()))
    }
}

/// Writes the page that asks for all that the policy wants.
pub fn details(visit: &Visit<'_>, order: &Order, form: &Form, faults: &Faults) -> Markup {
    let asked = order.items(visit);
    let (comment, why) = (visit.t("comment"), visit.t("new-comment-why"));
    let (priority, scale) = (visit.t("new-priority"), visit.t("new-priority-hint"));
    let usual = order.policy.default_request_priority.to_string();
    let chosen = if form.has("priority") { form.one("priority") } else { &usual };
    html! {
        (step(visit, 3))
        (faults.summary(visit.texts))
        p { (order.title(visit)) ", " (foreign(&order.template.name)) ", " (visit.t("new-for")) " " (foreign(&order.name)) }
        form method="post" action=(Place::NewRequest) novalidate {
            (order.hidden())
            (items::fields(visit, &asked, form, faults))
            (Field {
                required: order.policy.collect_comments, most: MOST_COMMENT, hint: Some(&why),
                ..Field::text("comment", &comment, form.one("comment"))
            }.lines(visit.texts, faults))
            @if order.policy.collect_request_priority {
                (Field { most: 3, hint: Some(&scale), ..Field::text("priority", &priority, chosen) }.line(visit.texts, faults))
            }
            div.acts {
                button type="submit" name="act" value="check" { (visit.t("new-check")) }
                a.button.quiet href=(order.back()) { (visit.t("new-back")) }
            }
        }
    }
}
