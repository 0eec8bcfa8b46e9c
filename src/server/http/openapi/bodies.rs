//! Says of each call what it takes and gives, by the schemas of the bodies themselves.

use crate::cm::account::{
    Account, AccountChange, BearerEntry, Confirmed, GivenBearer, GivenCode, GivenLink, LinkedIdentity, NewAccount,
    NewBearer, NewIdentity, NewLink, Proposal, ShownCode,
};
use crate::cm::acts::{LeaveOrder, Leaving, LossOutcome, LossReport, Reminded, ReturnOutcome};
use crate::cm::audit::{AttestationReport, LogChain, LoggedAct};
use crate::cm::beyond_mim::{
    DataCollection, Decision, FilledDocument, Myself, OfferedType, OneTimePasswords, SealedKey, User,
};
use crate::cm::card_secrets::{AdminKeyNews, AdminKeyReport, NextAdminKey, PukNews, PukReport};
use crate::cm::certificate::{Certificate, CertificateData, ListedCertificate};
use crate::cm::desk::{DeskResults, SignedResults};
use crate::cm::foresight::Foresight;
use crate::cm::found::{Found, FoundCard, FoundElsewhere, HistoryEntry, TakeOver};
use crate::cm::health::Health;
use crate::cm::logon::LogonView;
use crate::cm::offline::{OfflineChallenge, OfflineResponse};
use crate::cm::outbox::OutboxEntry;
use crate::cm::people::{PeopleList, PeopleOutcome};
use crate::cm::possession::Possession;
use crate::cm::presence::{PresenceAnswer, PresenceChallenge, PresenceOpening, PresenceStep};
use crate::cm::profile::Profile;
use crate::cm::report::Report;
use crate::cm::request::{CloseRequest, CreateRequest, Request};
use crate::cm::review::{Queued, Review, Waiting};
use crate::cm::route::{Declaration, Method};
use crate::cm::smartcard::{AssignSmartcard, Smartcard, UpdateSmartcard};
use crate::cm::template::{GenerationOptions, Policy, ProfileTemplateView, SmartcardConfig};
use crate::cm::template_facts::{TemplateFacts, TemplateFile, TemplateVersion};
use crate::cm::visit::{HandOver, HandedOver, Visit, VisitChallenge, VisitOrder, VisitingUser};
use crate::cm::wire::Described;
use serde_json::{Value, json};

/// Holds the schemas of what a call takes and gives.
pub struct Bodies {
    pub takes: Option<Taken>,
    pub gives: Gives,
}

/// Holds the schema of what a call takes, and whether it must come.
pub struct Taken {
    pub schema: Value,
    pub required: bool,
}

/// Returns what a call takes that does not go without.
fn required(schema: Value) -> Option<Taken> {
    Some(Taken { schema, required: true })
}

/// Says what a call answers with when it succeeds.
pub enum Gives {
    /// 200 with a body of this schema.
    One(Value),
    /// The same, or 204 when there is nothing.
    OneOrNothing(Value),
    /// 200 with a list of this schema, or 204 when it is empty.
    List(Value),
    /// 201 with a location; described by this text.
    Created(&'static str),
    /// 201 with what was made, which other calls name by this parameter.
    Made(Value, &'static str),
    /// 204.
    Nothing,
    /// 200 with a file of this media type.
    File(&'static str),
}

/// Returns the bodies of a call, which the end of its first pattern tells: MIM's calls here, others below.
pub fn bodies(declaration: &Declaration) -> Bodies {
    let pattern = declaration.patterns.first().copied().unwrap_or_default();
    let tail = pattern.strip_prefix("api/v1.0/").or_else(|| pattern.strip_prefix("api/")).unwrap_or(pattern);
    let text = || json!({ "type": "string" });
    let one = |schema: Value| Bodies { takes: None, gives: Gives::One(schema) };
    let list = |schema: Value| Bodies { takes: None, gives: Gives::List(schema) };
    let maybe = |schema: Value| Bodies { takes: None, gives: Gives::OneOrNothing(schema) };
    let takes = |takes: Value, gives: Gives| Bodies { takes: required(takes), gives };
    match (declaration.method, tail) {
        (Method::Get, "profiletemplates") => list(ProfileTemplateView::schema()),
        (Method::Get, "profiletemplates/{template}") => one(ProfileTemplateView::schema()),
        (Method::Get, "profiletemplates/{template}/policies/{workflow}") => maybe(Policy::schema()),
        (Method::Get, "profiletemplates/{template}/configuration/smartcards") => maybe(SmartcardConfig::schema()),
        (Method::Post, "requests") => takes(CreateRequest::schema(), Gives::Created("The request's location")),
        (Method::Get, "requests" | "cardwright/v1/requests") => list(Request::schema()),
        (Method::Get, "requests/{request}") => one(Request::schema()),
        (Method::Put, "requests/{request}") => takes(CloseRequest::schema(), Gives::One(Request::schema())),
        (Method::Get, "requests/{request}/certificaterequestgenerationoptions") => list(GenerationOptions::schema()),
        (Method::Post, "requests/{request}/certificatedata") => {
            takes(CertificateData::schema(), Gives::List(Certificate::schema()))
        }
        (Method::Post, "smartcards") => takes(AssignSmartcard::schema(), Gives::Created("The card's location")),
        (Method::Get, "smartcards") if declaration.parameters.is_empty() => list(Smartcard::schema()),
        (Method::Get, "smartcards" | "smartcards/{smartcard}" | "requests/{request}/smartcards/{smartcard}") => {
            one(Smartcard::schema())
        }
        (Method::Put, "requests/{request}/smartcards/{smartcard}") => {
            // A card can only be retired: this may go without a body, as Microsoft's example does.
            let takes = Some(Taken { schema: UpdateSmartcard::schema(), required: false });
            Bodies { takes, gives: Gives::One(Smartcard::schema()) }
        }
        (Method::Get, tail) if tail.ends_with("/diversifiedkey") => one(text()),
        (Method::Get, tail) if tail.ends_with("/authenticationresponse") => one(text()),
        (Method::Get, tail) if tail.ends_with("/serverproposedpin") => one(text()),
        (Method::Get, tail) if tail.ends_with("/operations") => maybe(Vec::<String>::schema()),
        (Method::Get, "profiles" | "requests/{request}/profiles") => list(Profile::schema()),
        (Method::Get, "profiles/{profile}" | "requests/{request}/profiles/{profile}") => one(Profile::schema()),
        (Method::Get, "certificates" | "profiles/{profile}/certificates" | "smartcards/{smartcard}/certificates") => {
            list(ListedCertificate::schema())
        }
        _ => bodies_beyond_mim(declaration.method, tail),
    }
}

/// Returns the bodies of calls that MIM does not have.
fn bodies_beyond_mim(method: Method, tail: &str) -> Bodies {
    let one = |schema: Value| Bodies { takes: None, gives: Gives::One(schema) };
    let list = |schema: Value| Bodies { takes: None, gives: Gives::List(schema) };
    let takes = |takes: Value, gives: Value| Bodies { takes: required(takes), gives: Gives::One(gives) };
    let file = |media_type| Bodies { takes: None, gives: Gives::File(media_type) };
    let tail = tail.strip_prefix("cardwright/v1/").unwrap_or(tail);
    match (method, tail) {
        (Method::Get, "profiletemplates/{template}") => one(TemplateFacts::schema()),
        (Method::Get, "profiletemplates/{template}/versions") => list(TemplateVersion::schema()),
        (Method::Get, "profiletemplates/{template}/file") => one(TemplateFile::schema()),
        (Method::Get, "whoami") => one(Myself::schema()),
        (Method::Get, "users") => one(User::schema()),
        (Method::Get, "cards" | "cards/ending") => list(FoundCard::schema()),
        (Method::Get, "people") => list(Account::schema()),
        (Method::Get, "people/elsewhere") => one(FoundElsewhere::schema()),
        (Method::Post, "people/elsewhere") => takes(TakeOver::schema(), Account::schema()),
        (Method::Get, "search") => list(Found::schema()),
        (Method::Get, "health") => one(Health::schema()),
        (Method::Get, "reports/{report}" | "cards/ending/months") => one(Report::schema()),
        (Method::Get, "smartcards/{smartcard}/logon") => one(LogonView::schema()),
        (Method::Post, "smartcards/{smartcard}/lost") => takes(LossReport::schema(), LossOutcome::schema()),
        (Method::Post, "smartcards/{smartcard}/remind") => takes(ignored_object(), Reminded::schema()),
        (Method::Post, "smartcards/{smartcard}/returned") => takes(ignored_object(), ReturnOutcome::schema()),
        (Method::Get, "people/{user}/leaving") => one(Leaving::schema()),
        (Method::Post, "people/{user}/leave") => takes(LeaveOrder::schema(), Leaving::schema()),
        (Method::Get, tail) if tail.ends_with("/history") => list(HistoryEntry::schema()),
        (Method::Get, tail) if tail.ends_with("/requesttypes") => list(OfferedType::schema()),
        (Method::Post, "requests/foresight") => takes(CreateRequest::schema(), Foresight::schema()),
        (Method::Get, "requests/{request}/foresight") => one(Foresight::schema()),
        (Method::Get, "requests/{request}/review") => one(Review::schema()),
        (Method::Get, "requests/queue") => list(Queued::schema()),
        (Method::Get, "requests/waiting") => one(Waiting::schema()),
        (Method::Post, "requests/{request}/approve" | "requests/{request}/deny") => {
            takes(Decision::schema(), Request::schema())
        }
        (Method::Put, "requests/{request}/datacollection") => takes(DataCollection::schema(), Request::schema()),
        (Method::Get, "requests/{request}/documents") => list(FilledDocument::schema()),
        (Method::Post, "requests/{request}/possession") => takes(Possession::schema(), Request::schema()),
        (Method::Post, tail) if tail.ends_with("/presence") => {
            takes(PresenceOpening::schema(), PresenceChallenge::schema())
        }
        (Method::Put, tail) if tail.ends_with("/presence") => takes(PresenceStep::schema(), PresenceAnswer::schema()),
        (Method::Post, "requests/{request}/onetimepassword") => takes(OneTimePasswords::schema(), Request::schema()),
        (Method::Post, "requests/{request}/onetimepassword/distribution") => {
            takes(ignored_object(), OneTimePasswords::schema())
        }
        (Method::Post, "requests/{request}/sealedkeys") => {
            Bodies { takes: required(ignored_object()), gives: Gives::List(SealedKey::schema()) }
        }
        (Method::Get, "smartcards/{smartcard}/adminkey") => one(AdminKeyReport::schema()),
        (Method::Put, tail) if tail.ends_with("/adminkey") => takes(AdminKeyNews::schema(), AdminKeyReport::schema()),
        (Method::Get, tail) if tail.ends_with("/adminkey") => one(String::schema()),
        (Method::Get, tail) if tail.ends_with("/adminkey/next") => one(NextAdminKey::schema()),
        (Method::Put, tail) if tail.ends_with("/puk") => takes(PukNews::schema(), PukNews::schema()),
        (Method::Get, tail) if tail.ends_with("/puk") => one(PukReport::schema()),
        (Method::Post, tail) if tail.ends_with("/offlineunblock") => {
            takes(OfflineChallenge::schema(), OfflineResponse::schema())
        }
        (Method::Get, "audit") => list(LoggedAct::schema()),
        (Method::Get, "audit/chains") => list(LogChain::schema()),
        (Method::Get, "certificates/{serial}/attestation") => one(AttestationReport::schema()),
        (Method::Get, "ca/certificate") => file("application/pkix-cert"),
        (Method::Get, "ca/crl") => file("application/pkix-crl"),
        _ => bodies_of_accounts(method, tail),
    }
}

/// Returns the bodies of calls about users, bearer tokens and sessions.
fn bodies_of_accounts(method: Method, tail: &str) -> Bodies {
    let list = |schema: Value| Bodies { takes: None, gives: Gives::List(schema) };
    let takes = |takes: Value, gives: Gives| Bodies { takes: required(takes), gives };
    match (method, tail) {
        (Method::Get, "accounts") => list(Account::schema()),
        (Method::Post, "accounts") => takes(NewAccount::schema(), Gives::Made(Account::schema(), "user")),
        (Method::Post, "people/import") => takes(PeopleList::schema(), Gives::One(PeopleOutcome::schema())),
        (Method::Put, "accounts/{user}") => takes(AccountChange::schema(), Gives::One(Account::schema())),
        (Method::Get, "accounts/{user}/tokens") => list(BearerEntry::schema()),
        (Method::Post, "accounts/{user}/tokens") => {
            takes(NewBearer::schema(), Gives::Made(GivenCode::schema(), "token"))
        }
        (Method::Post, "accounts/{user}/link") => takes(NewLink::schema(), Gives::Made(GivenLink::schema(), "link")),
        (Method::Get, "accounts/{user}/identities") => list(LinkedIdentity::schema()),
        (Method::Post, "accounts/{user}/identities") => {
            takes(NewIdentity::schema(), Gives::Made(LinkedIdentity::schema(), "identity"))
        }
        (Method::Post, "identities/{identity}/unlink") => takes(ignored_object(), Gives::Nothing),
        (Method::Get, "proposals") => list(Proposal::schema()),
        (Method::Post, "proposals/{proposal}/confirm") => takes(ignored_object(), Gives::One(Confirmed::schema())),
        (Method::Post, "proposals/{proposal}/reject") => takes(ignored_object(), Gives::Nothing),
        (_, "token/activate") => takes(ShownCode::schema(), Gives::Made(GivenBearer::schema(), "token")),
        (_, "token/renew") => takes(ignored_object(), Gives::Made(GivenBearer::schema(), "token")),
        (Method::Post, "visits") => takes(VisitOrder::schema(), Gives::One(Visit::schema())),
        (Method::Get, "visits/kiosks/{kiosk}") => Bodies { takes: None, gives: Gives::One(VisitingUser::schema()) },
        (Method::Post, "visits/handover") => takes(HandOver::schema(), Gives::One(HandedOver::schema())),
        (Method::Post, "visits/challenge") => takes(ignored_object(), Gives::One(VisitChallenge::schema())),
        (Method::Post, "desk/results") => takes(DeskResults::schema(), Gives::Made(SignedResults::schema(), "results")),
        (Method::Get, "desk/results/{results}") => Bodies { takes: None, gives: Gives::One(SignedResults::schema()) },
        (Method::Get, "outbox") => list(OutboxEntry::schema()),
        (Method::Post, "outbox/{notice}/retry" | "outbox/{notice}/discard") => takes(ignored_object(), Gives::Nothing),
        (Method::Post, "tokens/{token}/revoke" | "token/revoke" | "session/end" | "visits/end") => {
            takes(ignored_object(), Gives::Nothing)
        }
        // A test sees to it that nothing is left over.
        _ => Bodies { takes: None, gives: Gives::One(json!({})) },
    }
}

/// Returns the schema of an object whose content is ignored.
fn ignored_object() -> Value {
    json!({ "type": "object" })
}
