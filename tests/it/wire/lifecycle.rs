//! The transition tables: what they allow, what they refuse and with which words.

use cardwright::cm::eligibility::Asked;
use cardwright::cm::holder_role::{HolderRole, Role};
use cardwright::cm::lifecycle::{
    Edge, HolderEvent, Narrowing, PROFILE_EDGES, REQUEST_EDGES, RequestEvent, SMARTCARD_EDGES, first_status,
    profile_after, request_after, request_edge, smartcard_after,
};
use cardwright::cm::profile::{Operation, Profile, ProfileStatus};
use cardwright::cm::request::{RequestClosing, RequestStatus, RequestType};
use cardwright::cm::smartcard::{Smartcard, SmartcardStatus};
use cardwright::cm::wire::read_body;
use std::fmt::Debug;

const EVENTS: [RequestEvent; 8] = [
    RequestEvent::Approve,
    RequestEvent::ApproveLast,
    RequestEvent::Deny,
    RequestEvent::StartExecution,
    RequestEvent::Complete,
    RequestEvent::Cancel,
    RequestEvent::Abandon,
    RequestEvent::Fail,
];

fn is_sound<S: PartialEq + Debug, E: PartialEq + Debug>(edges: &[Edge<S, E>]) {
    for (index, edge) in edges.iter().enumerate() {
        let again = edges[index + 1..].iter().any(|other| other.from == edge.from && other.event == edge.event);
        assert!(!again, "{:?} on {:?} stands twice", edge.event, edge.from);
        assert!(!edge.words.is_empty() && !edge.words.ends_with('.'), "{edge:?}");
    }
}

#[test]
fn each_table_says_one_thing_for_each_event() {
    is_sound(REQUEST_EDGES);
    is_sound(SMARTCARD_EDGES);
    is_sound(PROFILE_EDGES);
}

#[test]
fn a_request_lives_as_documented() {
    assert_eq!([first_status(0), first_status(1)], [RequestStatus::Approved, RequestStatus::Pending]);
    let live = |mut status: RequestStatus, events: &[RequestEvent]| {
        for event in events {
            status = request_after(status, *event).unwrap();
        }
        status
    };
    use RequestEvent::*;
    let enrolled = [Approve, ApproveLast, StartExecution, StartExecution, Complete, Complete];
    assert_eq!(live(RequestStatus::Pending, &enrolled), RequestStatus::Completed);
    assert_eq!(live(RequestStatus::Pending, &[Deny]), RequestStatus::Denied);
    assert_eq!(live(RequestStatus::Approved, &[StartExecution, Abandon, Abandon]), RequestStatus::Canceled);
    assert_eq!(live(RequestStatus::Approved, &[StartExecution, Fail]), RequestStatus::Failed);
    assert_eq!(request_edge(RequestStatus::Pending, Approve).unwrap().words, "approved; more approvals are needed");
}

/// Every pair of status and event that is not in the table, so that a row added by mistake is seen.
#[test]
fn everything_else_is_refused() {
    let allowed = |status: RequestStatus| {
        EVENTS.iter().filter(|event| request_after(status, **event).is_ok()).copied().collect::<Vec<_>>()
    };
    use RequestEvent::*;
    assert_eq!(allowed(RequestStatus::Pending), [Approve, ApproveLast, Deny, Cancel]);
    assert_eq!(allowed(RequestStatus::Approved), [StartExecution, Cancel, Abandon, Fail]);
    assert_eq!(allowed(RequestStatus::Executing), [StartExecution, Complete, Cancel, Abandon, Fail]);
    assert_eq!(allowed(RequestStatus::Completed), [Complete]);
    assert_eq!(allowed(RequestStatus::Canceled), [Cancel, Abandon]);
    for status in [RequestStatus::None, RequestStatus::Denied, RequestStatus::Failed, RequestStatus::Other(99)] {
        assert_eq!(allowed(status), [], "{status}");
    }
}

#[test]
fn a_refusal_says_what_can_be_done_instead() {
    let refusal = request_after(RequestStatus::Pending, RequestEvent::Complete).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "a request that is Pending cannot be told to complete; what can be done is approve, deny or cancel"
    );
    assert_eq!(refusal.status, RequestStatus::Pending);
    let refusal = request_after(RequestStatus::Denied, RequestEvent::StartExecution).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "a request that is Denied cannot be told to execute; nothing more can be done with it: make a new request"
    );
    assert!(refusal.instead.is_empty());
    let refusal = smartcard_after(SmartcardStatus::Disabled, HolderEvent::Activate).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "a smart card that is Disabled cannot be told to activate; what can be done is retire"
    );
}

#[test]
fn final_is_what_nothing_leads_out_of() {
    use RequestStatus::*;
    for status in [Denied, Completed, Failed, Canceled] {
        assert!(status.is_final() && !status.is_executable(), "{status}");
    }
    for status in [Pending, Approved, Executing] {
        assert!(!status.is_final(), "{status}");
        assert_eq!(status.is_executable(), status != Pending);
    }
}

#[test]
fn a_closing_is_an_event() {
    assert_eq!(RequestEvent::from(RequestClosing::Completed), RequestEvent::Complete);
    assert_eq!(RequestEvent::from(RequestClosing::Canceled), RequestEvent::Cancel);
    assert_eq!(RequestEvent::from(RequestClosing::Abandoned), RequestEvent::Abandon);
}

#[test]
fn cards_and_profiles_live_as_documented() {
    use HolderEvent::*;
    let life = [Assign, Activate, Suspend, Reinstate, Activate, Disable, Retire];
    let card = life.iter().try_fold(SmartcardStatus::New, |status, event| smartcard_after(status, *event));
    assert_eq!(card, Ok(SmartcardStatus::Retired));
    let profile = life[1..].iter().try_fold(ProfileStatus::New, |status, event| profile_after(status, *event));
    assert_eq!(profile, Ok(ProfileStatus::Retired));
    for event in life {
        assert!(smartcard_after(SmartcardStatus::Retired, event).is_err(), "{event:?}");
        assert!(profile_after(ProfileStatus::Retired, event).is_err(), "{event:?}");
    }
    assert!(smartcard_after(SmartcardStatus::Active, Assign).is_err());
    assert!(profile_after(ProfileStatus::New, Assign).is_err());
}

#[test]
fn what_is_offered_is_what_the_samples_offer() {
    let offered = |is_card, status, types: &[RequestType]| {
        let asked = Asked { is_card, status, holder_role: HolderRole::default() };
        asked.operations(|kind| types.contains(&kind) && asked.allows(kind, &Narrowing::NONE))
    };
    let card: Smartcard = read_body(super::sample("get-smartcard-data-2.response.json").as_bytes()).unwrap();
    let names = |operations: Vec<Operation>| operations.iter().map(|operation| operation.name().to_owned()).collect();
    let of_cards = [RequestType::Renew, RequestType::Unblock, RequestType::Retire];
    let listed: Vec<String> = names(offered(true, card.status, &of_cards));
    let sample: Vec<String> =
        read_body(super::sample("get-profile-state-operations-1.response.json").as_bytes()).unwrap();
    assert_eq!(listed, sample);
    let profiles: Vec<Profile> = read_body(super::sample("get-profile-data-1.response.json").as_bytes()).unwrap();
    for profile in profiles {
        let types: Vec<_> = profile.operations.iter().map(|operation| operation.request_type()).collect();
        assert_eq!(offered(false, profile.status.into(), &types), profile.operations);
    }
    let retired = offered(true, SmartcardStatus::Retired, RequestType::ALL);
    assert_eq!(retired, [Operation::RecoverOnBehalf], "keys are needed most of those who have left");
}

#[test]
fn what_is_lent_or_replaced_is_not_carried_on() {
    use RequestType::*;
    let allowed = |holder_role, kind| {
        Asked { is_card: true, status: SmartcardStatus::Active, holder_role }.allows(kind, &Narrowing::NONE)
    };
    let superseded = HolderRole { superseded: true, ..HolderRole::default() };
    let lent = HolderRole { role: Role::Temporary, ..HolderRole::default() };
    for holder_role in [superseded, lent, HolderRole { role: Role::KeyEscrow, ..lent }] {
        for kind in [Renew, OnlineUpdate, Recover, Duplicate, TemporaryCards] {
            assert!(!allowed(holder_role, kind), "{kind}");
            assert!(allowed(HolderRole::default(), kind), "{kind}");
        }
        for kind in [Retire, Revoke, Reinstate, Unblock] {
            assert!(allowed(holder_role, kind), "{kind}");
        }
    }
    let flags = |role| HolderRole { role, ..HolderRole::default() }.flags();
    assert_eq!([Role::Primary, Role::Duplicate, Role::Temporary, Role::KeyEscrow].map(flags), [1, 2, 4, 32]);
    assert_eq!((superseded.flags(), HolderRole { reused: true, ..HolderRole::default() }.flags()), (8, 17));
}

#[test]
fn an_administrator_narrows_and_never_widens() {
    let mut narrowing = Narrowing::default();
    narrowing.forbid(" active->Suspended ").unwrap();
    assert_eq!(
        narrowing.smartcard_edge(SmartcardStatus::Active, HolderEvent::Suspend).unwrap_err().instead,
        ["disable", "retire"]
    );
    assert!(narrowing.profile_edge(ProfileStatus::Active, HolderEvent::Suspend).is_err());
    assert!(narrowing.profile_edge(ProfileStatus::Suspended, HolderEvent::Reinstate).is_ok());
    let asked = Asked { is_card: false, status: SmartcardStatus::Active, holder_role: HolderRole::default() };
    assert!(!asked.allows(RequestType::Reinstate, &narrowing) && asked.allows(RequestType::Revoke, &narrowing));
    for (text, problem) in [
        ("retired -> active", "no card or profile ever goes from Retired to Active"),
        ("active - suspended", "a transition is written \"suspended -> active\""),
        ("active -> gone", "a transition is written \"suspended -> active\""),
    ] {
        assert_eq!(narrowing.forbid(text).unwrap_err().to_string(), problem);
    }
}

#[test]
fn types_know_what_they_are_about() {
    use RequestType::*;
    let of =
        |is: fn(RequestType) -> bool| RequestType::ALL.iter().copied().filter(|kind| is(*kind)).collect::<Vec<_>>();
    assert_eq!(of(RequestType::is_smartcard_only), [Unblock, Retire, TemporaryCards, OfflineUnblock]);
    assert!(!Enroll.acts_on_holder() && Renew.acts_on_holder() && Unblock.acts_on_holder());
    let adding = [Enroll, Duplicate, RecoverOnBehalf, TemporaryCards];
    let set = |types: &[RequestType]| {
        RequestType::ALL.iter().copied().filter(|kind| types.contains(kind)).collect::<Vec<_>>()
    };
    assert_eq!(of(RequestType::adds_holder), set(&adding));
    assert_eq!(of(RequestType::issues_certificates), set(&[&adding[..], &[Renew, Recover, OnlineUpdate]].concat()));
    assert_eq!(of(RequestType::may_bring_card), set(&[&adding[..], &[Renew, Recover]].concat()));
    assert_eq!(of(RequestType::may_prepare_card), set(&[&adding[..], &[Renew, Recover, Unblock]].concat()));
    let administering = [&adding[..], &[Renew, Recover, OnlineUpdate, Unblock, Retire]].concat();
    assert_eq!(of(RequestType::administers_card), set(&administering));
    assert!(Renew.issues_certificates() && !Unblock.issues_certificates() && !Retire.issues_certificates());
}
