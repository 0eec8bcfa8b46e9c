//! One account, for administrators: groups, names, whether it is enabled, by what its owner comes in.

use crate::cm::account::{Account, AccountChange, BearerEntry, GivenLink, LinkedIdentity, NewLink, Proposal};
use crate::cm::route::Route;
use crate::cm::wire::read_guid;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field, tick};
use crate::pages::form::Form;
use crate::pages::layout::{foreign, moment};
use crate::pages::states::{Tone, state};
use crate::pages::tables::{Table, facts};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// Begins the names of fields with what stood on the page, so that only what was typed anew is changed.
const WAS: &str = "was-";
/// The names of accounts that can be typed.
const NAMES: [&str; 2] = ["upn", "email"];

/// Finds an account, by the name in the address or among those that are listed.
async fn found(visit: &Visit<'_>, user: Uuid) -> Result<Account, Trouble> {
    let name = visit.query.one("name");
    let mut found = visit.list::<Account>(Route::ListUsers).await?.entries.into_iter().find(|it| it.uuid == user);
    if found.is_none() && !name.is_empty() {
        let named = visit.list::<Account>(Route::FindPeople { begins: name.to_owned() }).await?;
        found = named.entries.into_iter().find(|it| it.uuid == user);
    }
    found.ok_or(Trouble::NoPage)
}

/// Returns the address of an account, with more fields.
fn address(account: &Account, more: &[(&str, &str)]) -> String {
    let fields: Vec<_> = [("name", account.name.as_str())].into_iter().chain(more.iter().copied()).collect();
    Form::address(&Place::Account(account.uuid).path(), &fields)
}

/// Shows the account, or what is about to be taken from it.
pub async fn show(visit: &Visit<'_>, user: Uuid) -> Result<Shown, Trouble> {
    let account = found(visit, user).await?;
    let bearers = visit.list::<BearerEntry>(Route::ListBearer { user }).await?.entries;
    let identities = visit.list::<LinkedIdentity>(Route::ListIdentities { user }).await?.entries;
    if let Some(token) = read_guid(visit.query.one("revoke")) {
        let bearer = bearers.iter().find(|it| it.uuid == token).ok_or(Trouble::NoPage)?;
        return Ok(before(visit, &account, "revoke", token, &bearer.label));
    }
    if let Some(identity) = read_guid(visit.query.one("unlink")) {
        let linked = identities.iter().find(|it| it.uuid == identity).ok_or(Trouble::NoPage)?;
        return Ok(before(visit, &account, "unlink", identity, &format!("{} {}", linked.issuer, linked.subject)));
    }
    let mut known = vec![(visit.t("account-state"), words::enabled(visit.texts, account.disabled))];
    known.extend(account.sid.as_deref().map(|sid| (visit.t("account-sid"), foreign(sid))));
    let content = html! {
        (facts(&known))
        p { a href=(Place::Person(user)) { (visit.t("account-to-person")) } }
        @if user == visit.me.uuid { p.note { (visit.t("account-own")) } } @else { (change_form(visit, &account)) }
        (tokens(visit, &account, &bearers))
        (linked(visit, &account, &identities))
    };
    Ok(Shown::page(account.name, content))
}

/// Shows what will be taken away, before it is.
fn before(visit: &Visit<'_>, account: &Account, act: &str, what: Uuid, named: &str) -> Shown {
    let content = html! {
        p { (visit.t(&format!("account-{act}-what"))) }
        p.tile { (foreign(if named.is_empty() { "–" } else { named })) }
        p { (visit.t(&format!("account-{act}-then"))) }
        form method="post" action=(address(account, &[])) {
            input type="hidden" name="what" value=(what);
            div.acts {
                button.harm type="submit" name="act" value=(act) { (visit.t(&format!("account-{act}"))) }
                a.button.quiet href=(address(account, &[])) { (visit.t("account-back")) }
            }
        }
    };
    Shown::page(visit.with(&format!("account-{act}-title"), &[("name", (&account.name).into())]), content)
}

fn change_form(visit: &Visit<'_>, account: &Account) -> Markup {
    let [upn, email, groups, hint] =
        ["account-upn", "account-email", "account-groups", "account-groups-hint"].map(|id| visit.t(id));
    let listed = account.groups.join("\n");
    let texts = [account.upn.as_deref().unwrap_or_default(), account.email.as_deref().unwrap_or_default()];
    let none = Faults::default();
    let field = |name, label, value| Field { required: false, ..Field::text(name, label, value) };
    html! {
        h2 { (visit.t("account-change")) }
        form method="post" action=(address(account, &[])) {
            @for (name, value) in [("groups", listed.as_str()), ("upn", texts[0]), ("email", texts[1]), ("enabled", if account.disabled { "" } else { "yes" })] {
                input type="hidden" name={ (WAS) (name) } value=(value);
            }
            (Field { hint: Some(&hint), most: 8192, ..field("groups", &groups, &listed) }.lines(visit.texts, &none))
            (field("upn", &upn, texts[0]).line(visit.texts, &none))
            (Field { kind: "email", ..field("email", &email, texts[1]) }.line(visit.texts, &none))
            (tick("enabled", "enabled", "yes", &html! { (visit.t("account-is-enabled")) }, !account.disabled))
            div.acts { button type="submit" name="act" value="change" { (visit.t("account-save")) } }
        }
        h2 { (visit.t("account-link")) }
        p { (visit.t("account-link-text")) }
        form method="post" action=(address(account, &[])) {
            div.acts { button.quiet type="submit" name="act" value="link" { (visit.t("account-link-make")) } }
        }
    }
}

fn tokens(visit: &Visit<'_>, account: &Account, bearers: &[BearerEntry]) -> Markup {
    let headings = ["token-label", "token-state", "token-made", "token-ends", "token-used", "token-act"];
    let headings = headings.map(|id| visit.t(id));
    let row = |bearer: &BearerEntry| {
        let (tone, words, ended) = match (bearer.revoked, bearer.awaited) {
            (Some(_), _) => (Tone::Ended, "token-revoked", true),
            (None, _) if bearer.expires <= visit.now => (Tone::Ended, "token-over", true),
            (None, Some(_)) => (Tone::Waiting, "token-awaited", false),
            (None, None) => (Tone::Good, "token-good", false),
        };
        let revoke = address(account, &[("revoke", &bearer.uuid.to_string())]);
        vec![
            foreign(if bearer.label.is_empty() { "–" } else { &bearer.label }),
            state(tone, &visit.t(words)),
            moment(visit.texts, bearer.created),
            moment(visit.texts, bearer.expires),
            html! { @match bearer.last_used { Some(at) => (moment(visit.texts, at)), None => (visit.t("token-never")) } },
            html! { @if !ended { a href=(revoke) { (visit.t("account-revoke")) } } },
        ]
    };
    let rows: Vec<_> = bearers.iter().map(row).collect();
    html! {
        h2 { (visit.t("tokens")) }
        (Table { caption: &visit.t("tokens-caption"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
    }
}

fn linked(visit: &Visit<'_>, account: &Account, identities: &[LinkedIdentity]) -> Markup {
    let headings = ["identity-subject", "identity-issuer", "token-act"].map(|id| visit.t(id));
    let row = |identity: &LinkedIdentity| {
        let unlink = address(account, &[("unlink", &identity.uuid.to_string())]);
        vec![
            foreign(&identity.subject),
            foreign(&identity.issuer),
            html! { @if account.uuid != visit.me.uuid { a href=(unlink) { (visit.t("account-unlink")) } } },
        ]
    };
    let rows: Vec<_> = identities.iter().map(row).collect();
    html! {
        h2 { (visit.t("identities")) }
        (Table { caption: &visit.t("identities-caption"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
    }
}

/// Changes the account, or takes a token or identity from it.
pub async fn act(visit: &Visit<'_>, user: Uuid, form: &Form) -> Result<Shown, Trouble> {
    let account = found(visit, user).await?;
    let what = || read_guid(form.one("what")).ok_or(Trouble::NoForm);
    let done = match form.one("act") {
        "change" => return change(visit, &account, form).await,
        "link" => return link(visit, &account).await,
        "revoke" => visit.act(Route::RevokeBearer { token: what()? }, &json!({})).await.map(|()| "token-revoked")?,
        "unlink" => visit.act(Route::UnlinkIdentity { identity: what()? }, &json!({})).await.map(|()| "unlinked")?,
        _ => return Err(Trouble::NoForm),
    };
    Ok(Shown::Moved(address(&account, &[("done", done)])))
}

/// Is an answer of a call that may need a second administrator.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answered<T> {
    Proposed(Box<Proposal>),
    Done(T),
}

/// Changes what was typed anew. What disabling brings is said before.
async fn change(visit: &Visit<'_>, account: &Account, form: &Form) -> Result<Shown, Trouble> {
    let anew = |name: &str| {
        let value = form.one(name);
        (value != form.one(&format!("{WAS}{name}"))).then(|| value.to_owned())
    };
    let listed = |text: &str| -> Vec<String> {
        text.lines().map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned).collect()
    };
    let [upn, email] = NAMES.map(anew);
    // A browser sends lines with CR LF, whatever stood in the page.
    let (before, groups) = (listed(form.one("was-groups")), listed(form.one("groups")));
    let disabled = anew("enabled").map(|enabled| enabled.is_empty());
    let change = AccountChange { groups: (before != groups).then_some(groups), upn, email, sid: None, disabled };
    if change == AccountChange::default() {
        return Ok(Shown::Moved(address(account, &[("done", "nothing-changed")])));
    }
    if disabled == Some(true) && form.one("sure").is_empty() {
        return Ok(sure(visit, account, form));
    }
    let done = match visit.send(Route::ChangeUser { user: account.uuid }, &change).await? {
        Answered::<Account>::Done(_) => "account-changed",
        Answered::Proposed(proposal) => return Ok(Shown::done(Place::Proposal(proposal.uuid), "proposed")),
    };
    Ok(Shown::Moved(address(account, &[("done", done)])))
}

/// Shows what disabling brings, before it is done; the form stays as it is.
fn sure(visit: &Visit<'_>, account: &Account, form: &Form) -> Shown {
    let content = html! {
        p { (visit.t("account-disable-then")) }
        form method="post" action=(address(account, &[])) {
            @for (name, value) in form.fields() { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="sure" value="yes";
            div.acts {
                button.harm type="submit" { (visit.t("account-disable")) }
                a.button.quiet href=(address(account, &[])) { (visit.t("account-back")) }
            }
        }
    };
    Shown::page(visit.with("account-disable-title", &[("name", (&account.name).into())]), content)
}

/// Makes a link by which the person signs in once; its code is shown this once, or was mailed.
async fn link(visit: &Visit<'_>, account: &Account) -> Result<Shown, Trouble> {
    let given = match visit.send(Route::MakeLink { user: account.uuid }, &NewLink::default()).await? {
        Answered::<GivenLink>::Done(given) => given,
        Answered::Proposed(proposal) => return Ok(Shown::done(Place::Proposal(proposal.uuid), "proposed")),
    };
    let ends = moment(visit.texts, given.ends);
    let back = Place::Account(account.uuid);
    Ok(handed_over(visit, given.code.as_ref().map(|code| html! { (code.expose()) }), back, &ends))
}

/// Shows a code, which is shown this once.
pub fn handed_over(visit: &Visit<'_>, code: Option<Markup>, back: Place, ends: &Markup) -> Shown {
    let content = html! {
        @match code {
            Some(code) => { p { (visit.t("code-hand-over")) } p.large { (code) } p { (visit.t("code-good-until")) " " (ends) } },
            None => p { (visit.t("code-mailed")) },
        }
        p { a.button href=(back) { (visit.t("code-done")) } }
    };
    Shown::secret(visit.t("code-title"), content)
}
