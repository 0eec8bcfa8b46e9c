//! Templates: what each says, in sentences, and how many cards there are of each of its versions.

use crate::cm::policy::{OneTimePasswordPolicy, PolicyDataItem};
use crate::cm::route::Route;
use crate::cm::template::ProfileTemplateView;
use crate::cm::template_facts::{
    CardFacts, CardsOfVersion, CertificateFacts, LimitFacts, LossFacts, RevocationFacts, TemplateFacts, WorkflowFacts,
};
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::layout::foreign;
use crate::pages::tables::Table;
use crate::pages::texts::visible;
use maud::{Markup, html};
use uuid::Uuid;

/// Lists the templates that the visitor may see.
pub async fn list(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let templates = visit.list::<ProfileTemplateView>(Route::ListProfileTemplates).await?.entries;
    let headings = ["template-name", "template-makes", "template-description"].map(|id| visit.t(id));
    let row = |template: &ProfileTemplateView| {
        let kind = match (template.is_virtual_smartcard, template.is_smartcard) {
            (true, _) => "template-virtual-smartcard",
            (false, true) => "template-smartcard",
            (false, false) => "template-software",
        };
        vec![
            html! { a href=(Place::Template(template.uuid)) { (foreign(&template.name)) } },
            html! { (visit.t(kind)) },
            foreign(&template.description),
        ]
    };
    let rows: Vec<_> = templates.iter().map(row).collect();
    let caption = visit.t("templates");
    let content = Table { caption: &caption, headings: &headings, rows: &rows, more: None, newest: None };
    Ok(Shown::page(caption.clone(), content.write(visit.texts)))
}

/// Shows what a template says.
pub async fn show(visit: &Visit<'_>, template: Uuid) -> Result<Shown, Trouble> {
    let facts: TemplateFacts = visit.one(Route::DescribeTemplate { template }).await?;
    let content = html! {
        @if !facts.description.is_empty() { p { (foreign(&facts.description)) } }
        p { (visit.t(&format!("template-{}", facts.kind))) ", " (visit.with("template-version", &[("version", facts.version.into())])) }
        (cards(visit, facts.cards.as_deref()))
        p.acts {
            a href=(Place::TemplateVersions(template)) { (visit.t("template-to-versions")) }
            @if visit.has("see-everything") { " " a href=(Place::TemplateCheck(template)) { (visit.t("template-to-check")) } }
        }
        @for (heading, sentences) in sections(visit, &facts) { (said(&heading, &sentences)) }
        h2 { (visit.t("template-workflows")) }
        div.tiles {
            @for (heading, sentences) in workflows(visit, &facts) {
                section.tile {
                    h3 { (heading) }
                    ul { @for sentence in sentences { li { (sentence) } } }
                }
            }
        }
        p { a href=(Place::Templates) { (visit.t("template-back")) } }
    };
    Ok(Shown::page(facts.name, content))
}

/// Says what is made and what becomes of it, below headings; who may do what is in [`workflows`].
fn sections(visit: &Visit<'_>, facts: &TemplateFacts) -> Vec<(String, Vec<String>)> {
    let card = facts.card.as_ref().map(|it| card(visit, it)).unwrap_or_default();
    vec![
        (visit.t("template-certificates"), facts.certificates.iter().map(|it| certificate(visit, it)).collect()),
        (visit.t("template-card"), card),
        (visit.t("template-losses"), facts.losses.iter().map(|loss| one_loss(visit, loss)).collect()),
        (visit.t("template-limits"), limits(visit, facts)),
    ]
}

/// Says who may do what, below the names of the request types.
fn workflows(visit: &Visit<'_>, facts: &TemplateFacts) -> Vec<(String, Vec<String>)> {
    let said = |it: &WorkflowFacts| (words::request_type(visit.texts, it.request_type), workflow(visit, it));
    facts.workflows.iter().map(said).collect()
}

/// Says all that a template says in sentences, below headings.
pub fn sentences(visit: &Visit<'_>, facts: &TemplateFacts) -> Vec<(String, Vec<String>)> {
    let kind = visit.t(&format!("template-{}", facts.kind));
    let about: Vec<_> = [&facts.name, &kind, &facts.description]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| visible(text))
        .collect();
    [vec![(visit.t("template-name"), about)], sections(visit, facts), workflows(visit, facts)].concat()
}

/// Writes sentences below a heading; nothing where there is none.
fn said(heading: &str, sentences: &[String]) -> Markup {
    html! {
        @if !sentences.is_empty() {
            h2 { (heading) }
            ul { @for sentence in sentences { li { (sentence) } } }
        }
    }
}

/// Writes how many cards there are of each version; nothing for whoever does not see everybody's.
fn cards(visit: &Visit<'_>, counts: Option<&[CardsOfVersion]>) -> Markup {
    let headings = ["template-of-version", "template-state", "template-cards"].map(|id| visit.t(id));
    let row = |count: &CardsOfVersion| {
        vec![
            html! { (count.version) },
            words::card_status(visit.texts, count.status),
            html! { (visit.texts.number(count.cards)) },
        ]
    };
    html! {
        @if let Some(counts) = counts {
            @let rows: Vec<_> = counts.iter().map(row).collect();
            (Table { caption: &visit.t("template-counted"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
        }
    }
}

/// Says in a sentence what a certificate is good for and whose key it has.
pub fn certificate(visit: &Visit<'_>, it: &CertificateFacts) -> String {
    let made = if it.made_by_server { "template-made-by-server" } else { "template-made-by-client" };
    let days = visit.texts.span(i64::from(it.validity_days) * 86_400);
    let first = [("name", (&it.template_common_name).into()), ("days", (&days).into()), ("key", (&it.key).into())];
    let kept = match (it.archived, it.agents_only) {
        (false, _) => None,
        (true, false) => Some("template-archived"),
        (true, true) => Some("template-agents-only"),
    };
    let more = [kept, it.attested.then_some("template-attested"), it.bears_roles.then_some("template-bears-roles")];
    let all = [visit.with(made, &first)].into_iter().chain(more.into_iter().flatten().map(|id| visit.t(id)));
    all.collect::<Vec<_>>().join(" ")
}

fn card(visit: &Visit<'_>, it: &CardFacts) -> Vec<String> {
    let mut sentences = vec![visit.t(&format!("template-pin-{}", it.pin_from))];
    if it.pin_from != "nobody" {
        let (least, most) = (it.shortest_pin, it.longest_pin);
        sentences.push(match most {
            0 => visit.with("template-pin-at-least", &[("least", least.into())]),
            _ => visit.with("template-pin-length", &[("least", least.into()), ("most", most.into())]),
        });
    }
    let flags = [
        (it.refuses_pins, "template-refuses-pins"),
        (it.own_admin_key, "template-own-admin-key"),
        (it.presence, "template-presence"),
        (it.stock_only, "template-stock-only"),
        (it.initialised, "template-initialised"),
        (it.reused, "template-reused"),
        (!it.reused, "template-not-reused"),
        (it.reset_on_retire, "template-reset"),
    ];
    sentences.extend(flags.into_iter().filter(|(said, _)| *said).map(|(_, id)| visit.t(id)));
    sentences
        .extend(it.most_certificates.map(|most| visit.with("template-most-certificates", &[("count", most.into())])));
    sentences
}

/// Says what becomes of what is missing for a reason.
fn one_loss(visit: &Visit<'_>, loss: &LossFacts) -> String {
    let fate = match (loss.revokes, loss.replaces) {
        (true, true) => "template-loss-revokes-replaces",
        (true, false) => "template-loss-revokes",
        (false, true) => "template-loss-replaces",
        (false, false) => "template-loss-holds",
    };
    visit.with(fate, &[("name", (&loss.name).into()), ("reason", (&words::reason(visit.texts, &loss.reason)).into())])
}

fn limits(visit: &Visit<'_>, facts: &TemplateFacts) -> Vec<String> {
    let LimitFacts { cards, profiles, temporary_cards, open_requests } = facts.limits;
    let most = [
        (cards, "template-most-cards"),
        (profiles, "template-most-profiles"),
        (temporary_cards, "template-most-temporary"),
        (open_requests, "template-most-requests"),
    ];
    let told = |(most, id): (Option<u32>, &str)| Some(visit.with(id, &[("count", most?.into())]));
    let mut sentences: Vec<_> = most.into_iter().filter_map(told).collect();
    sentences.extend(facts.request_days.map(|days| visit.with("template-request-days", &[("count", days.into())])));
    sentences.extend(facts.holds_of_disabled.then(|| visit.t("template-holds-disabled")));
    sentences
}

fn workflow(visit: &Visit<'_>, it: &WorkflowFacts) -> Vec<String> {
    let by = |id: &str, names: String| visit.with(id, &[("names", (&names).into())]);
    let mut sentences = vec![by("template-asked-by", listed(visit, it.self_service, &it.initiators))];
    sentences.push(match it.approvals_needed {
        0 => visit.t("template-no-approval"),
        count => {
            let names = listed(visit, false, &it.approvers);
            visit.with("template-approved-by", &[("count", count.into()), ("names", (&names).into())])
        }
    });
    sentences.push(by("template-executed-by", listed(visit, !it.agent_required, &it.agents)));
    sentences.extend(it.approver_executes.then(|| visit.t("template-approver-executes")));
    sentences.extend(it.data_items.iter().map(|item| data_item(visit, item)));
    if !it.documents.is_empty() {
        sentences.push(by("template-documents", it.documents.join(", ")));
    }
    sentences.extend(it.one_time_password.as_ref().map(|passwords| one_time(visit, passwords)));
    sentences.extend(visit.texts.find(&format!("template-comment-{}", it.comment), &[]));
    sentences.extend(it.revocation.iter().flat_map(|it| revocation(visit, it)));
    sentences.extend(it.possession.then(|| visit.t("template-possession")));
    sentences.extend(it.same_card.then(|| visit.t("template-same-card")));
    sentences.extend(it.window_days.map(|days| visit.with("template-window", &[("count", days.into())])));
    sentences.extend(it.lifetime_hours.map(|hours| visit.with("template-lifetime", &[("count", hours.into())])));
    sentences
}

fn data_item(visit: &Visit<'_>, item: &PolicyDataItem) -> String {
    let id = if item.required { "template-data-must" } else { "template-data-may" };
    let about = item.description.trim();
    let told = visit.with(id, &[("name", (&item.name).into())]);
    if about.is_empty() { told } else { format!("{told} {}", visible(about)) }
}

fn one_time(visit: &Visit<'_>, it: &OneTimePasswordPolicy) -> String {
    let values = [("hours", it.lifetime_hours.into()), ("tries", it.tries.into())];
    let told = visit.with("template-one-time", &values);
    if it.agent_needs_it { format!("{told} {}", visit.t("template-one-time-agent")) } else { told }
}

fn revocation(visit: &Visit<'_>, it: &RevocationFacts) -> Vec<String> {
    let reason = words::reason(visit.texts, &it.reason);
    let revoked = match (it.revokes, it.delay_hours) {
        (false, _) => visit.t("template-not-revoked"),
        (true, 0) => visit.with("template-revoked", &[("reason", (&reason).into())]),
        (true, hours) => visit.with("template-revoked-later", &[("reason", (&reason).into()), ("count", hours.into())]),
    };
    [revoked].into_iter().chain(it.disables.then(|| visit.t("template-disables"))).collect()
}

/// Lists principals in words, the person whom it is for first.
fn listed(visit: &Visit<'_>, own: bool, principals: &[String]) -> String {
    let named = |principal: &String| match principal.split_once(':') {
        Some(("group", name)) => visit.with("template-group", &[("name", name.into())]),
        Some(("user", name)) => name.to_owned(),
        _ => principal.clone(),
    };
    let mut all: Vec<_> =
        own.then(|| visit.t("template-own")).into_iter().chain(principals.iter().map(named)).collect();
    match (all.pop(), all.is_empty()) {
        (None, _) => visit.t("template-nobody"),
        (Some(only), true) => only,
        (Some(last), false) => {
            visit.with("template-or", &[("first", (&all.join(", ")).into()), ("last", (&last).into())])
        }
    }
}
