//! A list of people: what its rows come to is shown, and done once an administrator has seen it.

use super::proposals::check_manages_users;
use crate::cm::hidden::is_hidden;
use crate::cm::people::{PeopleList, PeopleOutcome, PeopleRow, PersonAttribute, RowFate, RowOutcome};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::permission::standing::Standing as Parts;
use crate::server::provisioning::listed::{DISPLAY_NAME, Listed, ListedPerson, RowFault};
use crate::server::provisioning::many::{Many, ManyError, mark};
use crate::server::provisioning::report::{Reason, Row, Standing};
use crate::server::users::rules::MAX_DAYS;
use crate::store::UserRecord;
use std::collections::BTreeMap;
use std::sync::Arc;
use time::Duration;

/// Bounds a text of a row, in characters.
const MAX_FIELD: usize = 4096;

/// Answers `POST people/import`. A row that gives or takes a part is refused where that needs a second administrator: such
/// people are changed one by one, and another administrator confirms each.
pub async fn import(call: &Call<'_>, body: PeopleList) -> Result<Reply, ApiError> {
    check_manages_users(call)?;
    body.check()?;
    let PeopleList { rows, seen } = body;
    let parts = Parts { templates: &call.app.templates, roles: call.app.identity.roles() };
    let wants_second = parts.wants_second(&call.app.store).await?;
    let caller = call.caller.uuid;
    let guard = |before: Option<&UserRecord>, after: &UserRecord| match wants_second && parts.weighs(before, after) {
        _ if after.uuid == caller => Some(Reason::Oneself),
        true => Some(Reason::Second),
        false => None,
    };
    let listed = (1..).zip(rows).map(|(line, row)| Listed { line, person: person(row) }).collect();
    let mut many = Many {
        store: call.app.store.clone(),
        domains: Arc::clone(&call.app.domains),
        now: call.now,
        apply: !seen.is_empty(),
        token_ends: call.now + Duration::days(MAX_DAYS.into()),
        source: String::new(),
        base: call.entry(Deed::UserChanged),
    };
    let judged = many.judged(listed, &guard).await.map_err(refused)?;
    let mark = mark(&judged);
    if many.apply && seen != mark {
        return Err(ApiError::PeopleChanged);
    }
    many.source.clone_from(&mark);
    let rows = many.written(judged).await.map_err(refused)?;
    let counted = |fate: fn(&Standing) -> bool| {
        u32::try_from(rows.iter().filter(|row| fate(&row.standing)).count()).unwrap_or(u32::MAX)
    };
    Reply::json(&PeopleOutcome {
        applied: many.apply,
        new: counted(|standing| matches!(standing, Standing::New)),
        changed: counted(|standing| matches!(standing, Standing::Changed(_))),
        same: counted(|standing| matches!(standing, Standing::Same)),
        refused: counted(|standing| matches!(standing, Standing::Refused(_))),
        rows: rows.iter().filter_map(outcome).collect(),
        mark,
    })
}

/// Tells what a row comes to; `None`: it changes nothing.
fn outcome(row: &Row) -> Option<RowOutcome> {
    let (fate, changes, why, why_code) = match &row.standing {
        Standing::New => (RowFate::New, Vec::new(), String::new(), ""),
        Standing::Changed(changes) => (RowFate::Changed, changes.clone(), String::new(), ""),
        Standing::Refused(reason) => (RowFate::Refused, Vec::new(), reason.to_string(), reason.code()),
        // The last two are of people of a directory.
        Standing::Same | Standing::Adopted | Standing::Gone => return None,
    };
    let number = row.line.and_then(|line| u32::try_from(line).ok()).unwrap_or_default();
    let (name, groups, why_code) = (row.name.clone(), row.groups.clone(), why_code.to_owned());
    Some(RowOutcome { row: number, name, fate, groups, changes, why, why_code })
}

/// Reads what a row says, or why it cannot be read.
fn person(row: PeopleRow) -> Result<ListedPerson, RowFault> {
    let PeopleRow { name, display_name, upn, email, sid, groups, attributes } = row;
    let text = |what: &str, text: String| {
        if text.chars().any(is_hidden) {
            return Err(RowFault::Hidden(what.to_owned()));
        }
        match text.chars().count() > MAX_FIELD {
            true => Err(RowFault::TooLong(what.to_owned(), MAX_FIELD)),
            false => Ok(text.trim().to_owned()),
        }
    };
    let said = |what: &str, given: Option<String>| {
        let given = given.map(|given| text(what, given)).transpose()?;
        Ok::<_, RowFault>(given.filter(|text| !text.is_empty()))
    };
    let mut known = BTreeMap::new();
    for PersonAttribute { name, value } in attributes {
        if let Some(value) = said(&name, Some(value))? {
            known.insert(text("Attributes", name)?.to_lowercase(), value);
        }
    }
    if let Some(display) = said("DisplayName", display_name)? {
        known.insert(DISPLAY_NAME.to_owned(), display);
    }
    let groups = groups.map(|groups| groups.into_iter().map(|group| text("Groups", group)).collect());
    let name = text("Name", name)?;
    if name.is_empty() {
        return Err(RowFault::Nameless);
    }
    Ok(ListedPerson {
        name,
        upn: said("Upn", upn)?,
        email: said("Email", email)?,
        sid: said("Sid", sid)?,
        groups: groups.transpose()?,
        attributes: known,
        token: false,
    })
}

fn refused(error: ManyError) -> ApiError {
    match error {
        ManyError::Store(error) => error.into(),
        ManyError::Random => ApiError::Internal(Internal::Random),
        ManyError::Codes(_) => ApiError::Internal(Internal::Dangling("activation code")),
    }
}
