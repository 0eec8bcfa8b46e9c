//! What is done in a call: the code is judged, its request found or made, the answer shown once, and the request completed.

use super::called::{Called, asking};
use super::spoken;
use crate::cm::offline::{Heard, OfflineChallenge, OfflineResponse, read_heard};
use crate::cm::request::{
    CloseRequest, CreateRequest, CreateTerms, Request, RequestClosing, RequestStatus, RequestType,
};
use crate::cm::route::Route;
use crate::cm::wire::{Created, guid_text, read_guid};
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::pages::fields::Faults;
use crate::pages::form::Form;
use crate::pages::layout::{foreign, moment};
use crate::server::Refused;
use maud::{Markup, html};
use uuid::Uuid;

/// Takes a code, or completes a call.
pub async fn act(visit: &Visit<'_>, smartcard: Uuid, form: &Form) -> Result<Shown, Trouble> {
    match form.one("act") {
        "answer" => answer(visit, smartcard, form).await,
        "complete" => {
            let Some(request) = read_guid(form.one("request")) else { return Err(Trouble::NoForm) };
            visit.act(Route::CloseRequest { request }, &CloseRequest { status: RequestClosing::Completed }).await?;
            Ok(Shown::done(Place::HelpDesk, "unblocked"))
        }
        _ => Err(Trouble::NoForm),
    }
}

/// Answers a code; one that was mistyped reaches no server and spends no request.
async fn answer(visit: &Visit<'_>, smartcard: Uuid, form: &Form) -> Result<Shown, Trouble> {
    let called = Called::read(visit, smartcard).await?;
    let code = form.one("code");
    let heard = match read_heard(code) {
        Ok(heard) => heard,
        Err(_) if code.is_empty() => return Ok(faulty(visit, &called, form, "code", visit.t("help-slip-none"))),
        Err(error) => return Ok(faulty(visit, &called, form, "code", spoken::slip(visit, error))),
    };
    if !heard.checked && form.one("repeated") != "yes" {
        return Ok(Shown::page(called.title(visit), repeat(visit, &called, form)));
    }
    let challenge = OfflineChallenge { challenge: code.to_owned() };
    let waits = called.open.iter().filter(|request| request.status == RequestStatus::Pending).map(|it| it.uuid).next();
    for request in called.open.iter().filter(|request| request.status != RequestStatus::Pending) {
        match visit.send::<OfflineResponse>(Route::OfflineUnblock { request: request.uuid }, &challenge).await {
            Ok(response) => return Ok(answered(visit, &called, request.uuid, heard, code, &response)),
            // That call had another code; this one wants a request of its own, and a card has one at a time.
            Err(refused) if refused.code == "challenge-answered" => {
                if read_guid(form.one("end")) != Some(request.uuid) {
                    return Ok(Shown::page(visit.t("help-desk-other"), other(visit, &called, request, form)));
                }
                let ended = CloseRequest { status: RequestClosing::Canceled };
                visit.act(Route::CloseRequest { request: request.uuid }, &ended).await?;
            }
            Err(refused) => return refusal(visit, &called, form, refused),
        }
    }
    if let Some(request) = waits {
        return Ok(Shown::done(Place::Request(request), "request-made"));
    }
    let comment = form.one("comment");
    let order = CreateRequest::of_card(RequestType::OfflineUnblock, Some(smartcard), comment, CreateTerms::default());
    let made = match visit.send::<Created>(Route::CreateRequest, &order).await {
        Ok(made) => made.uuid(),
        Err(refused) => return refusal(visit, &called, form, refused),
    };
    let request: Request = visit.one(Route::GetRequest { request: made }).await?;
    if request.status == RequestStatus::Pending {
        return Ok(Shown::done(Place::Request(made), "request-made"));
    }
    match visit.send::<OfflineResponse>(Route::OfflineUnblock { request: made }, &challenge).await {
        Ok(response) => Ok(answered(visit, &called, made, heard, code, &response)),
        // The page is read anew: the request is there now, and the next code takes it.
        Err(refused) => refusal(visit, &Called::read(visit, smartcard).await?, form, refused),
    }
}

fn faulty(visit: &Visit<'_>, called: &Called, form: &Form, field: &str, text: String) -> Shown {
    let mut faults = Faults::default();
    faults.add(field, text);
    Shown::faulty(called.title(visit), asking(visit, called, form, &faults))
}

/// Tells a refusal that is about what was typed at its field; has the policy's questions asked where it has some.
fn refusal(visit: &Visit<'_>, called: &Called, form: &Form, refused: Refused) -> Result<Shown, Trouble> {
    match refused.code {
        "code-of-other-card" => Ok(faulty(visit, called, form, "code", visit.t("help-slip-card"))),
        "comment-missing" => Ok(faulty(visit, called, form, "comment", visit.t("new-comment-missing"))),
        "data-item-missing" => {
            let what = format!("{}-{}", RequestType::OfflineUnblock, guid_text(called.card.uuid));
            let fields = [("for", guid_text(called.card.owner)), ("what", what)];
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            Ok(Shown::Moved(Form::address(&Place::NewRequest.path(), &fields)))
        }
        _ => Err(refused.into()),
    }
}

/// Asks whether the call that has answered another code is to be ended.
fn other(visit: &Visit<'_>, called: &Called, request: &Request, form: &Form) -> Markup {
    html! {
        p { (visit.t("help-desk-other-text")) }
        p { a href=(Place::Request(request.uuid)) { (moment(visit.texts, request.submitted)) } }
        form method="post" action=(called.place()) {
            @for name in ["code", "comment", "repeated"] { input type="hidden" name=(name) value=(form.one(name)); }
            input type="hidden" name="end" value=(guid_text(request.uuid));
            div.acts {
                button.harm type="submit" name="act" value="answer" { (visit.t("help-desk-end")) }
                a.button.quiet href=(called.place()) { (visit.t("help-desk-again")) }
            }
        }
    }
}

/// Has a code without check digits repeated before it is answered.
fn repeat(visit: &Visit<'_>, called: &Called, form: &Form) -> Markup {
    html! {
        p { (visit.t("help-desk-unchecked")) }
        (spoken::table(visit, &visit.t("help-desk-typed"), &spoken::groups(form.one("code"))))
        form method="post" action=(called.place()) {
            input type="hidden" name="code" value=(form.one("code"));
            input type="hidden" name="comment" value=(form.one("comment"));
            input type="hidden" name="repeated" value="yes";
            div.acts {
                button type="submit" name="act" value="answer" { (visit.t("help-desk-repeated")) }
                a.button.quiet href=(called.place()) { (visit.t("help-desk-again")) }
            }
        }
    }
}

/// Shows the answer. It may be a PUK: no browser keeps the page.
fn answered(
    visit: &Visit<'_>,
    called: &Called,
    request: Uuid,
    heard: Heard,
    code: &str,
    response: &OfflineResponse,
) -> Shown {
    let content = html! {
        p { (visit.with("help-desk-read", &[("name", (&called.card.owner_name).into())])) }
        (spoken::table(visit, &visit.t("help-desk-told"), &spoken::groups(&response.response)))
        @if heard.checked { p { (visit.t("help-desk-guarded")) } } @else { p.fault { (visit.t("help-desk-unguarded")) } }
        p { (visit.t("help-desk-tries")) }
        p.note { (visit.t("help-desk-heard")) " " span.code { (foreign(&spoken::groups(code).join(" "))) } }
        h2 { (visit.t("help-desk-then")) }
        form method="post" action=(called.place()) {
            input type="hidden" name="request" value=(guid_text(request));
            div.acts {
                button type="submit" name="act" value="complete" { (visit.t("help-desk-complete")) }
                a.button.quiet href=(called.place()) { (visit.t("help-desk-again")) }
            }
        }
    };
    Shown::secret(visit.t("help-desk-answered"), content)
}
