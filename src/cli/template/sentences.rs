//! Says in sentences what a template's policies and configuration say: for whoever decides whether it is the right one.

use crate::cli::output::in_words;
use crate::cm::policy::{OneTimePasswordPolicy, PolicyDataItem};
use crate::cm::request::RequestType;
use crate::cm::template::{PinPolicy, Policy, ProfileTemplateView, SmartcardConfig, UserPinOption};
use crate::cm::template_facts::{CardsOfVersion, LimitFacts, TemplateFacts};

/// Says what kind of thing a template makes, and its description.
pub fn kind(template: &ProfileTemplateView) -> Vec<String> {
    let kind = match (template.is_virtual_smartcard, template.is_smartcard) {
        (true, _) => "a virtual smart card",
        (false, true) => "a smart card or token",
        (false, false) => "keys in software",
    };
    let described = Some(template.description.trim()).filter(|text| !text.is_empty());
    let about = described.map(|text| format!(": {text}")).unwrap_or_default();
    vec![format!("{}{about}", template.name), format!("  It makes {kind}. Its GUID is {}.", template.uuid)]
}

/// Says which certificates are made, on which keys.
pub fn certificates(facts: &TemplateFacts) -> Vec<String> {
    let head = format!("Certificates (version {} of the template)", facts.version);
    let each = facts.certificates.iter().map(|it| {
        let by = if it.made_by_server { "the server" } else { "the client" };
        let kept = match (it.archived, it.agents_only) {
            (false, _) => "",
            (true, false) => "; the key is kept and can be brought back",
            (true, true) => "; the key is kept, and only agents can open it",
        };
        let attested = if it.attested { "; the card attests that it has made it" } else { "" };
        format!(
            "  {}: for {}, on a key ({}) that {by} makes{kept}{attested}.",
            it.template_common_name,
            in_words(it.validity_days.into(), "day"),
            it.key
        )
    });
    std::iter::once(head).chain(each).collect()
}

/// Says what becomes of what is lost, how much one person may have, and what ends by itself.
pub fn lifecycle(facts: &TemplateFacts) -> Vec<String> {
    let mut lines = vec!["When something is missing".to_owned()];
    lines.extend(facts.losses.iter().map(|loss| {
        let fate = match (loss.revokes, loss.reason.as_str()) {
            (false, _) => "nothing is revoked".to_owned(),
            (true, "") => "the certificates are revoked".to_owned(),
            (true, reason) => format!("the certificates are revoked ({reason})"),
        };
        let next = if loss.replaces { "it may be replaced" } else { "it is not replaced" };
        format!("  \"{}\": {fate}, and {next}.", loss.name)
    }));
    lines.push("Limits and ends".to_owned());
    let LimitFacts { cards, profiles, temporary_cards, open_requests } = facts.limits;
    let most =
        [(cards, "card"), (profiles, "profile"), (temporary_cards, "temporary card"), (open_requests, "open request")];
    let most: Vec<String> =
        most.iter().filter_map(|(most, what)| most.map(|most| in_words(most.into(), what))).collect();
    if !most.is_empty() {
        lines.push(format!("  One person has at most {}.", most.join(", ")));
    }
    for workflow in &facts.workflows {
        let kind = workflow.request_type.name();
        lines.extend(workflow.window_days.map(|days| {
            format!("  {kind} may be asked for within {} before the certificate ends.", in_words(days.into(), "day"))
        }));
        lines.extend(
            workflow
                .lifetime_hours
                .map(|hours| format!("  A card that is lent ends after {}.", in_words(hours.into(), "hour"))),
        );
    }
    lines.extend(
        facts
            .request_days
            .map(|days| format!("  A request that nobody finishes ends after {}.", in_words(days.into(), "day"))),
    );
    for CardsOfVersion { version, status, cards } in facts.cards.iter().flatten() {
        lines.push(format!("  Version {version} has {cards} in state {status}."));
    }
    lines
}

/// Says what is done with the card, its PIN and its admin key.
pub fn card(config: &SmartcardConfig) -> Vec<String> {
    let chosen = match config.user_pin_option {
        UserPinOption::None => "is left as the card has it",
        UserPinOption::Randomized => "is drawn at random by the client",
        UserPinOption::ServerDistributed | UserPinOption::CustomServerDistributed => "is proposed by the server",
        UserPinOption::UserProvided => "is chosen by the holder",
    };
    let mut lines = vec![
        "The card".to_owned(),
        format!("  The PIN {chosen}; it has {}.", lengths(&config.user_pin_policy)),
        format!("  The PUK has {}.", lengths(&config.admin_pin_policy)),
    ];
    lines.push(if config.diversify_admin_key {
        "  Each card gets an admin key of its own, which the server can tell again.".into()
    } else {
        "  The admin key is left as the card has it.".into()
    });
    match config.max_number_of_certificates {
        0 => (),
        most => lines.push(format!("  It holds at most {}.", in_words(most.into(), "certificate"))),
    }
    for (said, sentence) in [
        (config.initialize_new_smartcard, "A new card is initialised."),
        (config.allow_smartcard_reuse, "A retired card may be enrolled again."),
        (!config.allow_smartcard_reuse, "A retired card is not enrolled again."),
        (config.reset_on_retire, "Retirement resets the whole card to the factory's state, where the card can."),
        (config.do_not_install_ca_certificates, "CA certificates are not put on the card."),
    ] {
        lines.extend(said.then(|| format!("  {sentence}")));
    }
    lines
}

/// Says who may ask, who approves and who carries it out, and what is asked for on the way.
pub fn workflow(kind: RequestType, policy: &Policy) -> Vec<String> {
    let mut lines = vec![kind.name().to_owned()];
    let mut say = |sentence: String| lines.push(format!("  {sentence}"));
    let own = if policy.self_service_enabled { Some("the person herself") } else { None };
    say(format!("Asked for by {}.", listed(own, &policy.authorized_initiator, "nobody")));
    match policy.approvals_needed {
        0 => say("Needs no approval.".into()),
        many => {
            let by = listed(None, &policy.authorized_approver, "nobody: none can be given");
            say(format!("Needs {} by {by}.", in_words(many.into(), "approval")));
        }
    }
    let holder = if policy.enroll_agent_required { None } else { Some("the person herself") };
    say(format!("Carried out by {}.", listed(holder, &policy.authorized_enrollment_agent, "nobody")));
    for item in &policy.policy_data_collection {
        say(data_item(item));
    }
    if !policy.documents.is_empty() {
        say(format!("Documents to print: {}.", policy.documents.join(", ")));
    }
    if let Some(passwords) = &policy.one_time_password_policy {
        say(one_time_passwords(passwords));
    }
    if policy.collect_comments {
        say("A comment may be given.".into());
    }
    lines
}

fn one_time_passwords(policy: &OneTimePasswordPolicy) -> String {
    format!(
        "One-time {} of {} ({}), valid for {} and {}{}.",
        if policy.deliver.len() == 1 { "password" } else { "passwords" },
        in_words(policy.length.into(), "character"),
        policy.deliver.join(", "),
        in_words(policy.lifetime_hours.into(), "hour"),
        if policy.tries == 1 { "one try".into() } else { format!("{} tries", policy.tries) },
        if policy.agent_needs_it { "; whoever carries it out for another needs it too" } else { "" },
    )
}

fn data_item(item: &PolicyDataItem) -> String {
    let kind = if item.kind.is_empty() { String::new() } else { format!(" ({})", item.kind) };
    let from = if item.from.is_empty() { String::new() } else { format!(" from the {}", item.from) };
    let need = if item.required { "must" } else { "may" };
    let about = Some(item.description.trim()).filter(|text| !text.is_empty());
    let about = about.map(|text| format!(": {text}")).unwrap_or_default();
    format!("\"{}\"{kind} {need} be given{from}{about}.", item.name)
}

/// Lists principals in words, after the holder.
fn listed(holder: Option<&str>, principals: &[String], nobody: &str) -> String {
    let named = principals.iter().map(|principal| match principal.split_once(':') {
        Some(("group", name)) => format!("group {name}"),
        Some(("user", name)) => name.to_owned(),
        _ => principal.clone(),
    });
    let mut all: Vec<String> = holder.map(String::from).into_iter().chain(named).collect();
    match (all.pop(), all.is_empty()) {
        (None, _) => nobody.into(),
        (Some(only), true) => only,
        (Some(last), false) => format!("{} or {last}", all.join(", ")),
    }
}

fn lengths(policy: &PinPolicy) -> String {
    match (policy.min_length, policy.max_length) {
        (least, most) if least == most => in_words(most.into(), "character"),
        (least, 0) => format!("at least {}", in_words(least.into(), "character")),
        (least, most) => format!("{least} to {most} characters"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_is_listed_as_people_say_it() {
        let all = ["group:officers".to_owned(), "user:olga".into(), "CN=Desk,DC=example".into()];
        assert_eq!(listed(None, &[], "nobody"), "nobody");
        assert_eq!(listed(None, &all[..1], "nobody"), "group officers");
        let told = "the person herself, group officers, olga or CN=Desk,DC=example";
        assert_eq!(listed(Some("the person herself"), &all, "nobody"), told);
    }
}
