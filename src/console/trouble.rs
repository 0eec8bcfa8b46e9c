//! Pages for what could not be shown or done: what happened, what was kept, and what to do next.

use super::place::Place;
use super::visit::Visit;
use super::ways::Wanted;
use super::{frame, kept, words};
use crate::cm::review::Obstacle;
use crate::pages::answer::{Keep, page};
use crate::pages::form::{Form, FormError};
use crate::pages::layout::{self, moment};
use crate::pages::texts::{Language, Texts};
use crate::server::{Door, Fact, Refused};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};

/// Says why a screen could not do what it was asked.
#[derive(Debug)]
pub enum Trouble {
    /// No page has this address.
    NoPage,
    /// The page takes no form.
    NoForm,
    /// The API has refused a call.
    Refused(Refused),
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Answers somebody who is signed in; what was typed stays on the page, to be sent again.
pub fn within(visit: &Visit<'_>, trouble: &Trouble, form: Option<&Form>) -> Response {
    let texts = visit.texts;
    match trouble {
        Trouble::NoPage => {
            let content = html! { p { (texts.t("no-page-text")) } p { a href="/" { (texts.t("go-home")) } } };
            page(StatusCode::NOT_FOUND, frame::around(visit, &texts.t("no-page"), &content), Keep::Asking)
        }
        Trouble::NoForm => {
            let content = html! { p { (texts.t("no-form-text")) } };
            page(StatusCode::METHOD_NOT_ALLOWED, frame::around(visit, &texts.t("no-form"), &content), Keep::Asking)
        }
        Trouble::Refused(refused) if refused.code == "proof-too-old" => {
            let content = kept::again(visit.door, texts, visit.here, Wanted::Presence, form);
            page(StatusCode::FORBIDDEN, frame::around(visit, &texts.t("prove-again"), &content), Keep::Nowhere)
        }
        Trouble::Refused(refused) => {
            let content = html! {
                (told(texts, refused))
                // What stands in the way has often happened since the page was shown.
                @if form.is_some() && [409, 422].contains(&refused.status) {
                    p { a href=(visit.here) { (texts.t("look-again")) } }
                }
                @if let Some(form) = form { (kept::resend(texts, visit.here, form)) }
            };
            let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            after(page(status, frame::around(visit, &title(texts, refused), &content), Keep::Nowhere), refused)
        }
    }
}

/// Answers somebody who is not signed in.
pub fn outside(texts: Texts<'_>, refused: &Refused) -> Response {
    let content = html! { (told(texts, refused)) p { a href=(Place::SignIn) { (texts.t("sign-in")) } } };
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    after(frame::open(texts, status, "/sign-in", &title(texts, refused), &content), refused)
}

/// Answers a form of another site's page.
pub fn foreign(door: &Door, texts: Texts<'_>) -> Response {
    let content = html! { p { (texts.t("foreign-text")) } p.note { (texts.with("call-id", &[("id", (&door.id.to_string()).into())])) } };
    frame::open(texts, StatusCode::FORBIDDEN, "/", &texts.t("foreign"), &content)
}

/// Answers a form that could not be received.
pub fn form(door: &Door, texts: Texts<'_>, error: FormError) -> Response {
    let (status, id) = match error {
        FormError::Type => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "form-type"),
        FormError::Fields => (StatusCode::PAYLOAD_TOO_LARGE, "form-large"),
        FormError::Body(crate::web::body::BodyError::TooLarge { .. }) => (StatusCode::PAYLOAD_TOO_LARGE, "form-large"),
        FormError::Body(_) => (StatusCode::REQUEST_TIMEOUT, "form-cut"),
    };
    let content =
        html! { p { (texts.t(id)) } p.note { (texts.with("call-id", &[("id", (&door.id.to_string()).into())])) } };
    frame::open(texts, status, "/", &texts.t("form-not-taken"), &content)
}

/// Answers a verb that pages are not called with.
pub fn method(door: &Door, texts: Texts<'_>) -> Response {
    let content = html! { p.note { (texts.with("call-id", &[("id", (&door.id.to_string()).into())])) } };
    let mut response = frame::open(texts, StatusCode::METHOD_NOT_ALLOWED, "/", &texts.t("no-form"), &content);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    response
}

/// Tells a refusal: in English with the server's own words, else with those of the catalogue and what the server's words name.
pub fn told(texts: Texts<'_>, refused: &Refused) -> Markup {
    html! {
        div.trouble role="alert" {
            p { (sentence(texts, refused.code, &refused.text)) }
            @if texts.language != Language::English && !refused.facts.is_empty() {
                ul { @for (name, fact) in &refused.facts { li { (texts.t(&format!("fact-{name}"))) ": " (said(texts, fact)) } } }
            }
            p.note { (texts.with("refused-code", &[("code", refused.code.into()), ("id", (&refused.id.to_string()).into())])) }
        }
    }
}

/// Tells that a template says something else than it did when the page was shown.
pub fn template_changed(texts: Texts<'_>, said: &Markup) -> Markup {
    html! {
        div.trouble role="alert" {
            (said)
            p.note { (texts.with("page-code", &[("code", "template-changed".into())])) }
        }
    }
}

/// Writes what a fact says.
fn said(texts: Texts<'_>, fact: &Fact) -> Markup {
    match fact {
        Fact::Text(text) => layout::foreign(text),
        Fact::Number(number) => html! { (texts.number(*number)) },
        Fact::Moment(at) => moment(texts, *at),
        Fact::Seconds(seconds) => html! { (texts.span(i64::try_from(*seconds).unwrap_or(i64::MAX))) },
        Fact::Request(status) => words::request_status(texts, *status),
        Fact::Card(status) => words::card_status(texts, *status),
    }
}

/// Tells why something could not be done with a request, as the server would refuse it.
pub fn obstacle(texts: Texts<'_>, obstacle: &Obstacle) -> Markup {
    sentence(texts, &obstacle.code, &obstacle.text)
}

/// Writes the sentence for a code: the server's own where the page is English, or the catalogue lacks it.
fn sentence(texts: Texts<'_>, code: &str, own: &str) -> Markup {
    worded(texts, &format!("refused-{code}"), own)
}

/// Writes a sentence of the server's in the words of a text that German alone has; its own words on an English page.
pub fn worded(texts: Texts<'_>, id: &str, own: &str) -> Markup {
    match texts.find(id, &[]) {
        Some(known) => html! { (known) },
        None => original(own),
    }
}

/// Writes words of the server's own, which are English, on a page of any language.
pub fn original(own: &str) -> Markup {
    html! { span lang="en" { (layout::foreign(own)) } }
}

/// Returns the title of a refusal.
pub fn title(texts: Texts<'_>, refused: &Refused) -> String {
    texts.t(match refused.status {
        401 | 403 => "trouble-forbidden",
        404 => "trouble-not-found",
        409 | 422 | 400 => "trouble-cannot",
        429 | 503 => "trouble-later",
        _ => "trouble-server",
    })
}

fn after(mut response: Response, refused: &Refused) -> Response {
    if let Some(seconds) = refused.seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
