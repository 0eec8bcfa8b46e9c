//! What a screen is given, and what it gives back.

use super::place::Place;
use crate::cm::beyond_mim::Myself;
use crate::cm::found::{Found, FoundCard, FoundKind};
use crate::cm::report::no_formula;
use crate::cm::request::RequestType;
use crate::cm::route::Route;
use crate::cm::template::Policy;
use crate::cm::wire::guid_text;
use crate::pages::answer::Keep;
use crate::pages::form::Form;
use crate::pages::texts::{Texts, Value};
use crate::server::{Door, Entries, Refused, Visitor};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::Markup;
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds a comment that is typed on a page, in characters.
pub const MOST_COMMENT: usize = 1024;

/// Holds what a screen is given: who visits, where, and by which door calls are made.
pub struct Visit<'a> {
    pub door: &'a Door,
    pub visitor: &'a Visitor,
    pub me: &'a Myself,
    pub texts: Texts<'a>,
    pub now: OffsetDateTime,
    pub headers: &'a HeaderMap,
    /// The fields of the address.
    pub query: &'a Form,
    /// The address, with its fields.
    pub here: &'a str,
    /// `None`: no page has this address.
    pub place: Option<Place>,
}

/// Is what a screen gives back.
pub enum Shown {
    Page {
        title: String,
        content: Markup,
        keep: Keep,
        status: StatusCode,
    },
    /// The browser goes on at an address of ours.
    Moved(String),
    /// Is whole already, but for the headers of every answer.
    Stream(Response),
    File {
        media_type: &'static str,
        name: String,
        bytes: Vec<u8>,
    },
}

impl Shown {
    /// Shows a page without a secret.
    pub fn page(title: impl Into<String>, content: Markup) -> Self {
        Self::Page { title: title.into(), content, keep: Keep::Asking, status: StatusCode::OK }
    }

    /// Shows a form again in which something is wrong.
    pub fn faulty(title: impl Into<String>, content: Markup) -> Self {
        Self::Page { title: title.into(), content, keep: Keep::Asking, status: StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// Shows a page with a secret on it.
    pub fn secret(title: impl Into<String>, content: Markup) -> Self {
        Self::Page { title: title.into(), content, keep: Keep::Nowhere, status: StatusCode::OK }
    }

    /// Gives a table as a file (RFC 4180); a cell that a spreadsheet would take for a formula is marked as text.
    pub fn table(name: String, headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Self {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing into memory fails nowhere, and rows are as long as their headings.
        let _ = writer.write_record(headings);
        for row in rows {
            let _ = writer.write_record(row.into_iter().map(no_formula));
        }
        Self::File { media_type: "text/csv; charset=utf-8", name, bytes: writer.into_inner().unwrap_or_default() }
    }

    /// Goes on at a place, and says there what was done: the text `done-…` of this name.
    pub fn done(place: Place, done: &str) -> Self {
        Self::Moved(Form::address(&place.path(), &[("done", done)]))
    }
}

impl<'a> Visit<'a> {
    /// Returns a text.
    pub fn t(&self, id: &str) -> String {
        self.texts.t(id)
    }

    /// Returns a text with what stands in it.
    pub fn with(&self, id: &str, values: &[(&str, Value<'_>)]) -> String {
        self.texts.with(id, values)
    }

    /// Makes a call that answers with one thing.
    pub async fn one<T: DeserializeOwned>(&self, route: Route) -> Result<T, Refused> {
        self.door.one(self.visitor, route).await
    }

    /// Makes a call that answers with one thing, or with nothing where there is none.
    pub async fn one_or_none<T: DeserializeOwned>(&self, route: Route) -> Result<Option<T>, Refused> {
        self.door.one_or_none(self.visitor, route).await
    }

    /// Makes a call that answers with a list.
    pub async fn list<T: DeserializeOwned>(&self, route: Route) -> Result<Entries<T>, Refused> {
        self.door.list(self.visitor, route).await
    }

    /// Makes a call that changes something, and reads its answer.
    pub async fn send<T: DeserializeOwned>(&self, route: Route, body: &(impl Serialize + Sync)) -> Result<T, Refused> {
        self.door.send(self.visitor, route, body).await
    }

    /// Makes a call that changes something.
    pub async fn act(&self, route: Route, body: &(impl Serialize + Sync)) -> Result<(), Refused> {
        self.door.act(self.visitor, route, body).await
    }

    /// Lists the cards of a person that the visitor may see, those assigned last first.
    pub async fn cards_of(&self, owner: Uuid) -> Result<Vec<FoundCard>, Refused> {
        let route = Route::ListCards { owner: Some(owner), status: None, template: None, before: None, limit: None };
        Ok(self.list(route).await?.entries)
    }

    /// Finds a person by the id, by the name that the visitor may know. `None`: nobody, or nobody whom the visitor may know of.
    pub async fn person(&self, user: Uuid) -> Result<Option<Found>, Refused> {
        let found = self.list::<Found>(Route::Search { text: guid_text(user) }).await?.entries;
        Ok(found.into_iter().find(|it| it.kind == FoundKind::Person && it.uuid == user))
    }

    /// Reads the policy of a request type. `None`: the template does not speak of it, is gone, or is not for the visitor to see.
    pub async fn policy(&self, template: Uuid, workflow: RequestType) -> Result<Option<Policy>, Refused> {
        match self.one_or_none(Route::GetPolicy { template, workflow }).await {
            Err(refused) if refused.status == 404 => Ok(None),
            read => read,
        }
    }

    /// Says whether the visitor has a duty that the server's roles give.
    pub fn has(&self, duty: &str) -> bool {
        self.me.duties.iter().flatten().any(|known| known == duty)
    }

    /// Says whether the visitor does this for others in some template: "decide", "ask", "execute".
    pub fn takes_part(&self, part: &str) -> bool {
        self.me.parts.iter().flatten().any(|known| known == part)
    }

    /// Says whether the visitor may ask for others by some template, as an initiator or as who carries requests out.
    pub fn asks_for_others(&self) -> bool {
        self.takes_part("ask") || self.takes_part("execute")
    }

    /// Says whether the visitor is one of the users and groups that a policy names, as it spells them.
    pub fn is_among(&self, principals: &[String]) -> bool {
        principals.iter().any(|principal| match principal.split_once(':') {
            Some(("user", name)) => name == self.me.name,
            Some(("group", name)) => self.me.groups.iter().any(|group| group == name),
            _ => false,
        })
    }

    /// Says whether the visitor may look for anybody else.
    pub fn looks_for_anybody(&self) -> bool {
        self.has("see-everything") || self.me.parts.is_some()
    }
}
