//! `cardwright server user` and `cardwright server token`: the people who may call a server, and their bearer tokens.

use crate::cli::args::{BearerCommand, IdentityArgs, UserCommand};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, date};
use crate::server::{
    self, AccountError, AccountRefusal, AwaitedBearer, FreshLink, Import, InvitedUser, NewUser, UserChange,
};
use crate::store::{ActivationUse, BearerRecord, UserRecord};
use serde_json::{Value, json};
use std::path::Path;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Says what it means to show a token.
const SHOWN: &str = "whoever reads this token can act as its owner; the log says that it was shown here";

/// Carries a command of `cardwright server user` out.
pub fn user(command: UserCommand, output: &Output) -> Result<(), Failure> {
    match command {
        UserCommand::Add { directory, name, groups, upn, email, sid, attributes, days, show_token } => {
            let attributes = attributes.iter().map(|text| attribute(text)).collect::<Result<_, _>>()?;
            let user = NewUser { name, groups, upn, email, sid, attributes };
            if show_token { add(&directory, user, days, output) } else { invite(&directory, user, days, output) }
        }
        UserCommand::Import { data, file: Some(file), apply, codes, days, .. } => {
            super::people::import(&data, &file, (apply, days), codes.as_deref(), output)
        }
        UserCommand::Import { data, file: None, filter, apply, adopt, many_gone, .. } => {
            super::directory::import(&data, Import { filter, apply, adopt, many_gone }, output)
        }
        UserCommand::List { directory } => list(&directory, output),
        UserCommand::Change { directory, name, groups, no_groups, upn, email, sid } => {
            let groups = Some(groups).filter(|groups| no_groups || !groups.is_empty());
            change(&directory, &name, UserChange { groups, upn, email, sid, disabled: None }, "changed", output)
        }
        UserCommand::SignInLink { directory, name, minutes } => sign_in_link(&directory, &name, minutes, output),
        UserCommand::Link(IdentityArgs { directory, name, issuer, subject }) => {
            let user = server::user_link(&directory, &name, &issuer, &subject).map_err(failed)?;
            output.result(&document(&user), || format!("{name} is whom {issuer} means by {subject}"))
        }
        UserCommand::Unlink(IdentityArgs { directory, name, issuer, subject }) => {
            let user = server::user_unlink(&directory, &name, &issuer, &subject).map_err(failed)?;
            output.result(&document(&user), || format!("{issuer} means {name} by {subject} no more"))
        }
        UserCommand::Disable { directory, name } => {
            let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
            change(&directory, &name, disabled, "disabled; cards and history are kept", output)
        }
        UserCommand::Enable { directory, name } => {
            let enabled = UserChange { disabled: Some(false), ..UserChange::default() };
            change(&directory, &name, enabled, "enabled", output)
        }
    }
}

/// Parses `NAME=VALUE`; the name is put in lower case, as templates ask for it.
fn attribute(text: &str) -> Result<(String, String), Failure> {
    let pair = text.split_once('=').map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()));
    pair.ok_or_else(|| {
        Failure::new("user-attribute", Exit::Usage, format!("{text:?} is not NAME=VALUE"))
            .remedy("Give --attribute a name, an equals sign and a value, as in --attribute department=Sales.")
    })
}

/// Adds a user, and shows the code with which the user makes the bearer token, which then holds for `days`.
fn invite(directory: &Path, user: NewUser, days: u32, output: &Output) -> Result<(), Failure> {
    let name = user.name.clone();
    let InvitedUser { uuid, bearer } = server::user_invite(directory, user, days).map_err(failed)?;
    let document = json!({ "name": name, "uuid": uuid });
    tell_code(directory, &name, &bearer, document, &format!("{name} is a user now"), output)
}

/// Shows an activation code, once; revokes the record where nobody could read it.
fn tell_code(
    directory: &Path,
    name: &str,
    bearer: &AwaitedBearer,
    mut document: Value,
    kept: &str,
    output: &Output,
) -> Result<(), Failure> {
    let ends = bearer.record.activation.as_ref().map(|activation| date(activation.ends)).unwrap_or_default();
    document["token"] = json!(bearer.record.uuid);
    document["code"] = json!(bearer.code.expose());
    document["code_ends"] = json!(ends);
    let text = || {
        Text::from_iter([
            format!(
                "{name} makes a bearer token with this activation code, once, until {ends}, by \"cardwright activate\":"
            ),
            bearer.code.expose().to_owned(),
            format!(
                "hand it to {name} alone: whoever uses it first has the token, and the log says when and from where"
            ),
        ])
    };
    output.once(&document, text, || taken_back(directory, bearer.record.uuid, kept, name))
}

/// Adds a user, and shows the bearer token, which expires after `days`.
fn add(directory: &Path, user: NewUser, days: u32, output: &Output) -> Result<(), Failure> {
    let name = user.name.clone();
    let expires = OffsetDateTime::now_utc() + Duration::days(days.into());
    let added = server::user_add(directory, user, expires).map_err(failed)?;
    output.tell(SHOWN);
    // A bearer token is shown in two places only, here and in `token`: it is made here and kept nowhere.
    let bearer = added.token.expose();
    let document = json!({ "name": name, "uuid": added.uuid, "bearer": bearer, "expires": date(expires) });
    let text = || {
        let until = date(expires);
        [format!("{name} may call the server until {until} with this bearer token, shown only now:"), bearer.into()]
            .into_iter()
            .collect::<Text>()
    };
    output.once(&document, text, || {
        let kept = format!("{name} is a user now");
        taken_back(directory, added.bearer, &kept, &name)
    })
}

/// Revokes a bearer token that could not be shown, and says what was kept and how to get another.
fn taken_back(directory: &Path, bearer: Uuid, kept: &str, name: &str) -> String {
    let fate = match server::bearer_revoke(directory, bearer) {
        Ok(()) => "the token was revoked".into(),
        Err(error) => format!("revoke token {bearer}, which could not be done now ({error})"),
    };
    format!("{kept}; {fate}. Make another: cardwright server token add {} {name}", directory.display())
}

/// Makes a link by which a user signs in once, and shows its code; one that nobody could read lets nobody in.
fn sign_in_link(directory: &Path, name: &str, minutes: u32, output: &Output) -> Result<(), Failure> {
    let FreshLink { record, code } = server::user_sign_in_link(directory, name, minutes).map_err(failed)?;
    let ends = date(record.ends);
    let document = json!({ "name": name, "link": record.uuid, "code": code.expose(), "code_ends": ends });
    let text = || {
        Text::from_iter([
            format!("{name} signs in at the server's pages with this code, once, until {ends}:"),
            code.expose().to_owned(),
            format!(
                "hand it to {name} alone: whoever uses it first comes in as {name}, and the log says when and from where"
            ),
        ])
    };
    output.once(&document, text, || {
        let fate = match server::user_end_link(directory, record.uuid) {
            Ok(()) => "it lets nobody in".into(),
            Err(error) => format!("it ends by itself at {ends} ({error})"),
        };
        let again = format!("cardwright server user sign-in-link {} {name}", directory.display());
        format!("Nobody has the link, and {fate}. Make another: {again}")
    })
}

fn document(user: &UserRecord) -> Value {
    json!({
        "name": user.name,
        "uuid": user.uuid,
        "groups": user.groups,
        "upn": user.upn,
        "email": user.email,
        "sid": user.sid,
        "attributes": user.attributes,
        "disabled": user.disabled,
    })
}

fn list(directory: &Path, output: &Output) -> Result<(), Failure> {
    let users = server::user_list(directory).map_err(failed)?;
    let documents: Vec<Value> = users.iter().map(document).collect();
    output.result(&json!({ "users": documents }), || {
        let line = |user: &UserRecord| {
            let state = if user.disabled { " (disabled)" } else { "" };
            format!("{}{state}: {}", user.name, user.groups.join(", "))
        };
        users.iter().map(line).collect::<Text>()
    })
}

/// Changes a user and shows the result; `done` says what happened.
fn change(directory: &Path, name: &str, change: UserChange, done: &str, output: &Output) -> Result<(), Failure> {
    let user = server::user_change(directory, name, change).map_err(failed)?;
    output.result(&document(&user), || format!("{name} is {done}"))
}

/// Carries a command of `cardwright server token` out.
pub fn token(command: BearerCommand, output: &Output) -> Result<(), Failure> {
    match command {
        BearerCommand::Add { directory, name, label, days, show_token: false } => {
            let bearer = server::bearer_invite(&directory, &name, &label, days).map_err(failed)?;
            tell_code(&directory, &name, &bearer, json!({ "name": name }), "Nobody has the token", output)
        }
        BearerCommand::Add { directory, name, label, days, show_token: true } => {
            output.tell(SHOWN);
            let added = server::bearer_add(&directory, &name, &label, days).map_err(failed)?;
            let (bearer, expires) = (added.token.expose(), date(added.record.expires));
            let document = json!({ "name": name, "token": added.record.uuid, "bearer": bearer, "expires": expires });
            let text = || {
                let told =
                    format!("{name} may also call the server until {expires} with this bearer token, shown only now:");
                [told, bearer.into()].into_iter().collect::<Text>()
            };
            output.once(&document, text, || taken_back(&directory, added.record.uuid, "Nobody has the token", &name))
        }
        BearerCommand::List { directory, name } => {
            let tokens = server::bearer_list(&directory, &name).map_err(failed)?;
            let documents: Vec<Value> = tokens.iter().map(token_document).collect();
            output.result(&json!({ "tokens": documents }), || tokens.iter().map(token_line).collect::<Text>())
        }
        BearerCommand::Revoke { directory, token } => {
            server::bearer_revoke(&directory, token).map_err(failed)?;
            output.result(&json!({ "token": token, "revoked": true }), || format!("token {token} is revoked"))
        }
    }
}

fn token_document(token: &BearerRecord) -> Value {
    json!({
        "token": token.uuid,
        "label": token.label,
        "created": date(token.created),
        "expires": date(token.expires),
        "last_used": token.last_used.map(date),
        "revoked": token.revoked.map(date),
        "awaited": awaited(token).map(date),
        "activated": used(token).map(|used| date(used.at)),
        "activated_from": used(token).map(|used| used.from.clone()),
    })
}

/// Returns until when the token awaits its owner, if it does.
fn awaited(token: &BearerRecord) -> Option<OffsetDateTime> {
    token.activation.as_ref().filter(|activation| activation.used.is_none()).map(|activation| activation.ends)
}

/// Returns when and from where the token was made with its activation code, if it was.
fn used(token: &BearerRecord) -> Option<&ActivationUse> {
    token.activation.as_ref().and_then(|activation| activation.used.as_ref())
}

fn token_line(token: &BearerRecord) -> String {
    let made = used(token).map(|used| format!(", activated {} from {}", date(used.at), used.from)).unwrap_or_default();
    let state = match (token.revoked, token.last_used) {
        (Some(at), _) => format!("revoked {}", date(at)),
        (None, None) if awaited(token).is_some() => {
            format!("awaits its owner until {}", awaited(token).map(date).unwrap_or_default())
        }
        (None, Some(at)) => format!("until {}, last used {}", date(token.expires), date(at)),
        (None, None) => format!("until {}, never used", date(token.expires)),
    };
    format!("{}  {}  {state}{made}", token.uuid, token.label)
}

fn failed(error: AccountError) -> Failure {
    if let AccountError::Refused(AccountRefusal::FromDirectory(_)) = &error {
        return Failure::from_error("from-directory", Exit::Usage, &error).remedy(
            "Change it in the directory; the server takes it over by itself, or \"server user import --directory --apply\" does.",
        );
    }
    let (code, exit) = match &error {
        AccountError::Settings(_) => ("server-settings", Exit::Usage),
        AccountError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        AccountError::NoUser(_) => ("user-unknown", Exit::Usage),
        AccountError::NoBearer(_) => ("token-unknown", Exit::Usage),
        AccountError::Refused(AccountRefusal::UserExists) => ("user-exists", Exit::Usage),
        AccountError::Refused(AccountRefusal::Email(_) | AccountRefusal::Sid(_) | AccountRefusal::Attribute) => {
            ("user-attribute", Exit::Usage)
        }
        AccountError::Refused(AccountRefusal::Name(_) | AccountRefusal::TooManyGroups) => ("user-name", Exit::Usage),
        AccountError::Refused(_) => ("account", Exit::Usage),
        _ => ("server-account", Exit::Other),
    };
    Failure::from_error(code, exit, &error)
}
