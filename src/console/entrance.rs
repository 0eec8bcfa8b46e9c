//! Lets people in: the page that names the ways, and what each of them leads to.

use super::place::{self, Place};
use super::visit::Visit;
use super::ways::{self, Wanted};
use super::{flash, frame, kept, trouble};
use crate::cm::route::Route;
use crate::pages::answer::{Keep, page, see_other};
use crate::pages::form::Form;
use crate::pages::texts::Texts;
use crate::server::{Door, Over};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::html;

/// Names the field that says that a sign-in has failed; why, the browser has kept.
const FAILED: &str = "failed";

/// Shows the ways in, and why the last one led nowhere.
pub fn show(door: &Door, texts: Texts<'_>, parts: &Parts) -> Response {
    let query = Form::of_query(parts.uri.query());
    let then = place::own(query.one("then"));
    let failed = query.has(FAILED).then(|| flash::read(&parts.headers)).flatten();
    let content = html! {
        @if query.has("out") { p.done role="status" { (texts.t("signed-out")) } }
        @if let Some(refused) = &failed { (trouble::told(texts, refused)) }
        @if let Some(why) = why(texts, query.one("over")) { div.trouble role="alert" { p { (why) } } }
        (ways::written(door, texts, then, shown_at(then), false))
    };
    let title = if failed.is_some() { "not-signed-in" } else { "sign-in" };
    frame::open(texts, StatusCode::OK, "/sign-in", &texts.t(title), &content)
}

/// Says what somebody is to show who goes on there. A kiosk's browser may still be signed in at the issuer as whoever stood there before.
fn shown_at(then: &str) -> Wanted {
    match then.split('?').next().and_then(Place::parse) {
        Some(Place::Kiosk) => Wanted::Presence,
        _ => Wanted::Name,
    }
}

/// Sends somebody to the issuer. It is a link, not a form: a page that lets forms go to itself alone (`form-action`) lets none be
/// redirected elsewhere either.
pub async fn to_issuer(door: &Door, texts: Texts<'_>, parts: &Parts) -> Response {
    let query = Form::of_query(parts.uri.query());
    let then = place::own(query.one("then"));
    if !door.ways().issuer {
        return see_other(&Form::address(&Place::SignIn.path(), &[("then", then)]));
    }
    match door.send_to_issuer(parts, (query.has("fresh"), then), &Place::SignInReturn.path()).await {
        Ok((there, headers)) => gone_on(headers, &there),
        Err(refused) => trouble::outside(texts, &refused),
    }
}

/// Lets somebody in who comes back from the issuer. Whatever came of it, the browser goes on at once: what it came back with stands in
/// no address that it keeps.
pub async fn from_issuer(door: &Door, parts: &Parts) -> Response {
    let (mut headers, then, entered) = door.take_back(parts, &Place::SignInReturn.path()).await;
    let then = place::own(&then);
    let Err(refused) = entered else { return gone_on(headers, then) };
    if let Some(kept) = flash::written(&refused) {
        headers.append(header::SET_COOKIE, kept);
    }
    gone_on(headers, &Form::address(&Place::SignIn.path(), &[(FAILED, "1"), ("then", then)]))
}

/// Says why a session is over, by the word that an address has for it.
fn why(texts: Texts<'_>, word: &str) -> Option<String> {
    let known = ["gone", "time", "idle", "certificate", "clock"].contains(&word);
    texts.find(&format!("over-{word}"), &[]).filter(|_| known)
}

/// Returns the word that addresses have for why a session is over.
fn word(over: Over) -> &'static str {
    match over {
        Over::Gone => "gone",
        Over::Time => "time",
        Over::Idle => "idle",
        Over::Certificate => "certificate",
        Over::Clock => "clock",
    }
}

/// Answers somebody who has to sign in first, and says why a session is over. A form is kept; a page is come back to.
pub fn wanted(door: &Door, texts: Texts<'_>, parts: &Parts, form: Option<&Form>, over: Option<Over>) -> Response {
    let over = over.map(word).unwrap_or_default();
    // An address that is none of ours is not led back to: `//evil.example/` would be another site's.
    let here = place::own(parts.uri.path_and_query().map_or("/", |path| path.as_str()));
    if let Some(form) = form {
        let content = html! {
            @if let Some(why) = why(texts, over) { p { (why) } }
            (kept::again(door, texts, here, Wanted::Name, Some(form)))
        };
        return frame::open(texts, StatusCode::FORBIDDEN, here, &texts.t("session-ended"), &content);
    }
    // A link in a mail comes from elsewhere, and a strict cookie stays behind: the page's own next step brings it along.
    let site = parts.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if matches!(site, Some("cross-site" | "same-site")) {
        let content = html! { p { a href=(here) { (texts.t("go-on")) } } };
        return page(
            StatusCode::OK,
            frame::outside(texts, here, &texts.t("one-moment"), &content, Some(0)),
            Keep::Nowhere,
        );
    }
    see_other(&Form::address(&Place::SignIn.path(), &[("then", here), ("over", over)]))
}

/// Lets somebody in by a ticket or a code.
pub async fn enter(door: &Door, texts: Texts<'_>, parts: &Parts, place: Place, form: &Form) -> Response {
    let then = place::own(form.one("then"));
    let has_ticket = parts.headers.contains_key(header::AUTHORIZATION);
    if place == Place::SignInTicket && !has_ticket {
        let content = html! {
            p { (texts.t("no-ticket-text")) }
            h2 { (texts.t("other-way")) }
            (ways::written(door, texts, then, Wanted::Name, false))
        };
        let mut response = frame::open(texts, StatusCode::UNAUTHORIZED, "/sign-in", &texts.t("no-ticket"), &content);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, door.challenge());
        return response;
    }
    let entered = match place {
        Place::SignInCode => door.enter_by_link(parts, form.one("secret-code")).await,
        _ => door.enter(parts).await,
    };
    match entered {
        Ok(headers) => gone_on(headers, then),
        Err(refused) => trouble::outside(texts, &refused),
    }
}

/// Lets somebody in by the certificate of the connection; at the main listener, sends the browser to the one that asks for it.
pub async fn by_certificate(door: &Door, texts: Texts<'_>, parts: &Parts) -> Response {
    let query = Form::of_query(parts.uri.query());
    let then = place::own(query.one("then"));
    let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, "443"),
    };
    if let Some(asking) = door.certificates.filter(|asking| asking.to_string() != port) {
        let there = format!("https://{name}:{asking}{}", Place::SignInCertificate);
        return see_other(&Form::address(&there, &[("then", then), ("port", port)]));
    }
    match door.enter(parts).await {
        // Only the port is told; the browser stays at this host.
        Ok(headers) => match query.one("port").parse::<u16>() {
            Ok(back) => gone_on(headers, &format!("https://{name}:{back}{then}")),
            Err(_) => gone_on(headers, then),
        },
        Err(refused) => trouble::outside(texts, &refused),
    }
}

/// Goes on with the session that has begun.
fn gone_on(headers: HeaderMap, then: &str) -> Response {
    let mut response = see_other(then);
    response.headers_mut().extend(headers);
    response
}

/// Ends the session, here and at the server, and has the browser forget the pages that it kept.
pub async fn sign_out(visit: &Visit<'_>) -> Response {
    if let Err(refused) = visit.act(Route::EndSession, &serde_json::json!({})).await {
        return trouble::outside(visit.texts, &refused);
    }
    let mut response = see_other("/sign-in?out=1");
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, visit.door.ended());
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    response
}
