//! Joins the data items of a template's workflows with the names of its certificates that they fill: who gives an item
//! writes a name, so an item that fills one is given, stored, bounded and covered by the approvals.

use super::data_item::{DataItemRule, same_name};
use super::located::{Misplaced, Source};
use super::place::Place;
use super::profile_template::{ProfileTemplate, Workflow};
use super::uses::{Use, Uses};
use super::weaker::Told;
use super::words::table;
use crate::cm::request::RequestType;

/// Checks that every workflow that issues new certificates collects what fills their names, and tells its items where
/// they stand, for values to be judged when they are given.
pub(super) fn settle(source: &Source<'_>, uses: &Uses, workflows: &mut [Workflow]) -> Result<(), Misplaced> {
    let certifying = |workflow: &&Workflow| workflow.enabled && certifies(workflow.request_type);
    let collected = |name: &str| {
        let mut rules = workflows.iter().filter(certifying).flat_map(|workflow| &workflow.data_items);
        rules.any(|rule| same_name(&rule.name, name))
    };
    for used in uses.iter() {
        if let Some((name, _)) = used.items.iter().find(|(name, _)| !collected(name)) {
            let problem = format!("no workflow that issues certificates collects the data item \"{name}\"");
            return Err(source.misplaced(used.span.clone(), problem));
        }
    }
    for workflow in workflows.iter_mut().filter(|workflow| certifying(&&**workflow)) {
        for used in uses.iter() {
            fill_from(workflow, used).map_err(|problem| {
                let problem = format!("{}: {problem}", table(workflow.request_type));
                source.misplaced(used.span.clone(), problem)
            })?;
        }
    }
    Ok(())
}

/// Says whether a request of this type brings certificates with new names.
fn certifies(request_type: RequestType) -> bool {
    request_type.issues_certificates() && request_type != RequestType::RecoverOnBehalf
}

/// Checks the items of a workflow that one pattern needs.
fn fill_from(workflow: &mut Workflow, used: &Use) -> Result<(), String> {
    let (place, named) = (used.place, used.place.name());
    // Active Directory maps a host name to a computer's account as it maps a UPN to a person's.
    let logs_on = matches!(place, Place::Upn { .. } | Place::Kerberos { .. } | Place::Host);
    let mut longest = used.written;
    for (name, is_optional) in &used.items {
        let found = workflow.data_items.iter_mut().find(|rule| same_name(&rule.name, name));
        let Some(rule) = found else {
            if *is_optional {
                continue;
            }
            return Err(format!("no data item \"{name}\" is collected, so that nothing fills {{Data!{name}}}"));
        };
        check(rule, *is_optional)?;
        if logs_on && workflow.approvals_needed == 0 {
            return Err(format!(
                "a {named} that a data item writes needs an approval: who gives it logs on as its owner"
            ));
        }
        longest = longest.saturating_add(rule.longest());
        if !rule.places.contains(&place) {
            rule.places.push(place);
        }
    }
    if longest > place.longest() {
        let most = place.longest();
        return Err(format!(
            "a {named} has at most {most} characters, and this may have {longest}: bound the item (max_length)"
        ));
    }
    Ok(())
}

/// Refuses an item whose value would not be there, or would be there uncovered by an approval.
fn check(rule: &DataItemRule, is_optional: bool) -> Result<(), String> {
    let name = &rule.name;
    if !rule.stored {
        return Err(format!("the data item \"{name}\" is not stored, so that nothing fills {{Data!{name}}}"));
    }
    if rule.after_approval {
        return Err(format!("the data item \"{name}\" may be given after an approval, which would not cover the name"));
    }
    if !rule.required && !is_optional {
        return Err(format!(
            "the data item \"{name}\" is not required: write {{Data!{name}?}} to leave the name out then"
        ));
    }
    Ok(())
}

/// Lists which names are certified as they were typed.
pub(super) fn warnings(template: &ProfileTemplate) -> Vec<Told> {
    let unseen = |workflow: &&Workflow| workflow.enabled && workflow.approvals_needed == 0;
    let mut told = Vec::new();
    for workflow in template.workflows().iter().filter(unseen) {
        for rule in &workflow.data_items {
            let Some(place) = rule.places.first() else { continue };
            let text =
                format!("nobody approves what {{Data!{}}} writes into the certificate's {}", rule.name, place.name());
            told.push((format!("{}.approvals_needed", table(workflow.request_type)), text));
        }
    }
    told
}
