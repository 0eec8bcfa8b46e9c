//! A request: who asks for what for whom, who decided and who still may, what happens next; decided or withdrawn here.

use super::ahead;
use super::templates::certificate;
use crate::cm::beyond_mim::{Decision, OneTimePasswords};
use crate::cm::data_item::DataItem;
use crate::cm::request::{CloseRequest, RequestClosing};
use crate::cm::review::Review;
use crate::cm::route::Route;
use crate::cm::template::Policy;
use crate::cm::template_facts::TemplateFacts;
use crate::console::place::Place;
use crate::console::trouble::{self, Trouble};
use crate::console::visit::{MOST_COMMENT, Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::{Form, mark};
use crate::pages::layout::{day, foreign, moment};
use crate::pages::tables::{Table, facts};
use maud::{Markup, html};
use uuid::Uuid;

/// Begins the names of fields with the data items that stood on the page.
const SEEN: &str = "seen-";

/// Shows the page.
pub async fn show(visit: &Visit<'_>, request: Uuid) -> Result<Shown, Trouble> {
    let review: Review = visit.one(Route::ReviewRequest { request }).await?;
    let content = written(visit, &review, &Form::default(), &Faults::default()).await?;
    Ok(Shown::page(title(visit, &review), content))
}

/// Shows the page again, with what is wrong in what was typed.
async fn faulty(visit: &Visit<'_>, review: &Review, form: &Form, faults: &Faults) -> Result<Shown, Trouble> {
    Ok(Shown::faulty(title(visit, review), written(visit, review, form, faults).await?))
}

/// Approves, denies or withdraws; takes what was missing; has another one-time password made.
pub async fn act(visit: &Visit<'_>, request: Uuid, form: &Form) -> Result<Shown, Trouble> {
    let comment = form.one("comment").to_owned();
    let decision = decision(form, request);
    let done = match form.one("act") {
        "approve" if form.has(&stood(request)) => {
            let review: Review = visit.one(Route::ReviewRequest { request }).await?;
            if has_changed(form, &review) {
                return another(visit, &review, form).await;
            }
            return approve(visit, request, &decision).await;
        }
        "approve" => return approve(visit, request, &decision).await,
        "deny" if comment.is_empty() => {
            let review: Review = visit.one(Route::ReviewRequest { request }).await?;
            let mut faults = Faults::default();
            faults.add("comment", visit.t("deny-why"));
            return faulty(visit, &review, form, &faults).await;
        }
        "deny" => visit.act(Route::Deny { request }, &decision).await.map(|()| "denied"),
        "cancel" => {
            let closing = CloseRequest { status: RequestClosing::Canceled };
            visit.act(Route::CloseRequest { request }, &closing).await.map(|()| "canceled")
        }
        "collect" => {
            let review: Review = visit.one(Route::ReviewRequest { request }).await?;
            return match ahead::collect(visit, &review, form).await? {
                Ok(shown) => Ok(shown),
                Err(faults) => faulty(visit, &review, form, &faults).await,
            };
        }
        "password" => {
            let passwords = ahead::distribute(visit, request).await?;
            if passwords.first.is_some() || passwords.second.is_some() {
                return Ok(Shown::secret(visit.t("password-hand-over"), handed_over(visit, request, &passwords)));
            }
            Ok("password-sent")
        }
        _ => return Err(Trouble::NoForm),
    };
    Ok(Shown::done(Place::Request(request), done?))
}

async fn approve(visit: &Visit<'_>, request: Uuid, decision: &Decision) -> Result<Shown, Trouble> {
    let passwords: OneTimePasswords = visit.send(Route::Approve { request }, decision).await?;
    if passwords.first.is_some() {
        return Ok(Shown::secret(visit.t("approved-hand-over"), handed_over(visit, request, &passwords)));
    }
    Ok(Shown::done(Place::Request(request), "approved"))
}

/// Shows the page again whose template says something else by now.
async fn another(visit: &Visit<'_>, review: &Review, form: &Form) -> Result<Shown, Trouble> {
    let content = html! {
        (told_changed(visit))
        (written(visit, review, form, &Faults::default()).await?)
    };
    Ok(Shown::faulty(title(visit, review), content))
}

/// Says that the template says something else than it did when the page was shown.
pub fn told_changed(visit: &Visit<'_>) -> Markup {
    trouble::template_changed(visit.texts, &html! { p { (visit.t("request-changed")) } })
}

/// Names the field that says how the template of a request stood.
fn stood(request: Uuid) -> String {
    format!("stood-{request}")
}

/// Tells what the template says of a request from what it said before.
fn mark_of(review: &Review) -> String {
    let Review { template_name, template_description, brings, documents, approvals_needed, .. } = review;
    mark(&serde_json::json!([template_name, template_description, brings, documents, approvals_needed]).to_string())
}

/// Says whether the template says something else by now than when the form was written.
pub fn has_changed(form: &Form, review: &Review) -> bool {
    let stood = stood(review.request.uuid);
    form.has(&stood) && form.one(&stood) != mark_of(review)
}

/// Reads a decision, with the data items as they stood on the page: where they are others by now, the server refuses.
pub fn decision(form: &Form, request: Uuid) -> Decision {
    let begins = format!("{SEEN}{request}-");
    let seen = form.fields().filter_map(|(name, value)| {
        Some(DataItem { name: name.strip_prefix(&begins)?.to_owned(), value: serde_json::from_str(value).ok()? })
    });
    Decision { comment: form.one("comment").to_owned(), seen: Some(seen.collect()), ..Decision::default() }
}

/// Writes which data items stand on the page, hidden, for [`decision`], and how the template stands, for [`has_changed`].
pub fn seen(review: &Review) -> Markup {
    html! {
        input type="hidden" name=(stood(review.request.uuid)) value=(mark_of(review));
        @for item in &review.request.data_collection {
            input type="hidden" name={ (SEEN) (review.request.uuid) "-" (item.name) } value=(serde_json::json!(item.value));
        }
    }
}

/// Writes one-time passwords, which are shown this once.
fn handed_over(visit: &Visit<'_>, request: Uuid, passwords: &OneTimePasswords) -> Markup {
    html! {
        p { (visit.t("hand-over-text")) }
        @for password in [&passwords.first, &passwords.second].into_iter().flatten() {
            p.large { (password.expose()) }
        }
        p { a.button href=(Place::Request(request)) { (visit.t("hand-over-done")) } }
    }
}

fn title(visit: &Visit<'_>, review: &Review) -> String {
    let what = words::request_type(visit.texts, review.request.request_type);
    visit.with("request-title", &[("what", (&what).into()), ("name", (&review.target_name).into())])
}

/// Writes the page.
async fn written(visit: &Visit<'_>, review: &Review, form: &Form, faults: &Faults) -> Result<Markup, Trouble> {
    let policy = ahead::policy(visit, review).await?;
    let policy = policy.as_ref();
    Ok(html! {
        (faults.summary(visit.texts))
        (facts_of(visit, review))
        @let brings = brings(visit, review).await?;
        @if !brings.is_empty() {
            h2 { (visit.t("request-brings")) }
            ul { @for sentence in &brings { li { (sentence) } } }
        }
        (decisions(visit, review))
        (ahead::written(visit, review, policy, form, faults))
        (cards(visit, review))
        (acts(visit, review, policy, form.one("comment"), faults))
    })
}

/// Says what the request would bring, with the certificates as far as the visitor may know the template.
async fn brings(visit: &Visit<'_>, review: &Review) -> Result<Vec<String>, Trouble> {
    let request = &review.request;
    let head = visit.texts.find(&format!("brings-{}", request.request_type), &[]);
    let mut sentences: Vec<_> = head.filter(|_| !review.brings.is_empty()).into_iter().collect();
    if request.request_type.issues_certificates() {
        match visit.one::<TemplateFacts>(Route::DescribeTemplate { template: request.profile_template }).await {
            Ok(facts) => sentences.extend(facts.certificates.iter().map(|it| certificate(visit, it))),
            Err(refused) if refused.status == 404 => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(sentences)
}

/// Writes what is known of a request.
pub fn facts_of(visit: &Visit<'_>, review: &Review) -> Markup {
    let request = &review.request;
    let mut known = vec![
        (visit.t("request-state"), words::request_status(visit.texts, request.status)),
        (visit.t("request-for"), html! { a href=(Place::Person(request.target)) { (foreign(&review.target_name)) } }),
        (visit.t("request-by"), foreign(&review.originator_name)),
        (visit.t("request-when"), moment(visit.texts, request.submitted)),
        (visit.t("request-template"), foreign(&review.template_name)),
    ];
    if !request.comment.is_empty() {
        known.push((visit.t("comment"), foreign(&request.comment)));
    }
    for item in &request.data_collection {
        known.push((item.name.clone(), foreign(item.value.as_deref().unwrap_or_default())));
    }
    if let Some(ends) = review.ends {
        known.push((visit.t("request-ends"), day(visit.texts, ends)));
    }
    if let Some(obstacle) = &review.obstacle {
        known.push((visit.t("request-obstacle"), html! { span.fault { (trouble::obstacle(visit.texts, obstacle)) } }));
    }
    facts(&known)
}

fn decisions(visit: &Visit<'_>, review: &Review) -> Markup {
    let headings = ["decision-who", "decision-what", "decision-when", "comment"].map(|id| visit.t(id));
    let rows: Vec<_> = review
        .decisions
        .iter()
        .map(|decision| {
            let what = visit.t(if decision.approved { "decision-approved" } else { "decision-denied" });
            vec![foreign(&decision.by), html! { (what) }, moment(visit.texts, decision.at), foreign(&decision.comment)]
        })
        .collect();
    html! {
        @if review.approvals_needed > 0 {
            h2 { (visit.t("decisions")) }
            p { (visit.with("k-of-n-long", &[("given", review.approvals_given.into()), ("needed", review.approvals_needed.into())])) }
            @if !rows.is_empty() {
                (Table { caption: &visit.t("decisions"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
            }
        }
    }
}

fn cards(visit: &Visit<'_>, review: &Review) -> Markup {
    let Some(cards) = review.cards.as_ref().filter(|cards| !cards.is_empty()) else { return html! {} };
    html! {
        h2 { (visit.t("request-cards")) }
        ul {
            @for card in cards {
                li {
                    @match card.smartcard {
                        Some(smartcard) => a href=(Place::Card(smartcard)) { (foreign(&card.template_name)) },
                        None => (foreign(&card.template_name)),
                    }
                    " " (words::card_status(visit.texts, card.status))
                }
            }
            @if review.more_cards { li { "…" } }
        }
    }
}

/// Writes what the visitor can do with it now.
fn acts(visit: &Visit<'_>, review: &Review, policy: Option<&Policy>, comment: &str, faults: &Faults) -> Markup {
    let request = &review.request;
    let label = visit.t("comment");
    let hint = visit.t("comment-hint");
    html! {
        @if review.may_decide {
            h2 { (visit.t("decide")) }
            form method="post" action=(Place::Request(request.uuid)) {
                (seen(review))
                (Field { required: false, most: MOST_COMMENT, hint: Some(&hint), ..Field::text("comment", &label, comment) }.lines(visit.texts, faults))
                div.acts {
                    @if review.obstacle.is_none() { button type="submit" name="act" value="approve" { (visit.t("approve")) } }
                    button.harm type="submit" name="act" value="deny" { (visit.t("deny")) }
                }
            }
        } @else if ahead::may_withdraw(visit, review, policy) {
            form method="post" action=(Place::Request(request.uuid)) {
                div.acts { button.harm type="submit" name="act" value="cancel" { (visit.t("cancel")) } }
            }
        }
    }
}
