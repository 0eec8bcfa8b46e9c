//! Somebody has signed in here from a kiosk, in its browser, and has it let him in: the browser takes a code back to the kiosk.
//!
//! The kiosk listens on its own computer's loopback address, and a browser is led to that address alone. The session of the pages
//! ends with it, for the next person stands at the same browser.

use crate::cm::route::Route;
use crate::cm::visit::{HandOver, HandedOver, VisitingUser};
use crate::cm::wire::read_guid;
use crate::console::frame;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::pages::answer::{Keep, page};
use crate::pages::form::Form;
use axum::http::{HeaderValue, StatusCode, header};
use maud::html;
use std::num::NonZeroU16;
use uuid::Uuid;

/// Bounds what a kiosk knows its own errand by, in characters.
const LONGEST_STATE: usize = 128;
/// Names the way back at every kiosk.
const RETURN: &str = "returned";

/// Holds where somebody comes from.
struct Errand<'a> {
    kiosk: Uuid,
    port: NonZeroU16,
    state: &'a str,
}

impl<'a> Errand<'a> {
    /// Reads what the kiosk has written into the address, or the form has kept of it.
    fn read(fields: &'a Form) -> Result<Self, Trouble> {
        let state = fields.one("state");
        let plain = state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let fits = (1..=LONGEST_STATE).contains(&state.len()) && plain;
        let read = read_guid(fields.one("kiosk")).zip(fields.one("port").parse().ok()).filter(|_| fits);
        read.map(|(kiosk, port)| Self { kiosk, port, state }).ok_or(Trouble::NoPage)
    }
}

/// Shows which kiosk it is, and asks.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let errand = Errand::read(visit.query)?;
    let kiosk: VisitingUser = visit.one(Route::GetKiosk { kiosk: errand.kiosk }).await?;
    let name = [("kiosk", kiosk.name.as_str().into()), ("person", visit.visitor.name().into())];
    let content = html! {
        p { (visit.with("kiosk-text", &name)) }
        p { (visit.t("kiosk-bounds")) }
        p { (visit.t("kiosk-beware")) }
        form method="post" action=(Place::Kiosk) {
            input type="hidden" name="kiosk" value=(kiosk.uuid);
            input type="hidden" name="port" value=(errand.port);
            input type="hidden" name="state" value=(errand.state);
            button type="submit" { (visit.t("kiosk-yes")) }
        }
    };
    Ok(Shown::page(visit.with("kiosk", &name), content))
}

/// Has a code made, ends the session, and leads the browser back to the kiosk with the code.
pub async fn act(visit: &Visit<'_>, form: &Form) -> Result<Shown, Trouble> {
    let Errand { kiosk, port, state } = Errand::read(form)?;
    let HandedOver { code, .. } = visit.send(Route::HandOverVisit, &HandOver { kiosk }).await?;
    visit.act(Route::EndSession, &serde_json::json!({})).await?;
    // A form of ours is led nowhere else (`form-action`), so the page that answers it leads on.
    let there = Form::address(&format!("http://127.0.0.1:{port}/{RETURN}"), &[("state", state), ("code", &code)]);
    let content = html! { p { a.button href=(there) { (visit.t("kiosk-back")) } } };
    let markup = frame::outside(visit.texts, &there, &visit.t("one-moment"), &content, Some(0));
    let mut response = page(StatusCode::OK, markup, Keep::Nowhere);
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, visit.door.ended());
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(Shown::Stream(response))
}
