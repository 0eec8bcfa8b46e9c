//! Data collection: whose items a caller may give, which values are taken, what is still missing.

use crate::cm::check::FieldError;
use crate::cm::data_item::DataItem;
use crate::cm::vocabulary::{MANAGER_PROVIDED, SUBSCRIBER_PROVIDED};
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::permission;
use crate::store::RequestRecord;
use crate::template::{DataItemRule, Side, Workflow, same_name};
use uuid::Uuid;

/// Says for which sides a caller may give data items.
#[derive(Clone, Copy, Debug, Default)]
pub struct Giver {
    originator: bool,
    subscriber: bool,
    manager: bool,
}

impl Giver {
    /// Returns the sides of the caller who makes a request for `target`: the originator's, and for himself the
    /// subscriber's, for another the manager's.
    pub fn asking(call: &Call<'_>, target: Uuid) -> Self {
        let for_oneself = call.caller.uuid == target;
        Self { originator: true, subscriber: for_oneself, manager: !for_oneself }
    }

    /// Returns the side of an approver: the manager's.
    pub fn approving() -> Self {
        Self { manager: true, ..Self::default() }
    }

    /// Returns the sides of a caller who gives items for a request that is made already.
    pub fn later(call: &Call<'_>, request: &RequestRecord, workflow: &Workflow) -> Self {
        let subscriber = call.caller.uuid == request.target;
        let roles = permission::workflow_roles(&call.caller, workflow);
        Self {
            originator: call.caller.uuid == request.originator,
            subscriber,
            manager: !subscriber && (roles.initiator || roles.approver || roles.agent),
        }
    }

    /// Says whether the caller speaks for no side at all, and only sees the request.
    pub fn is_nobody(self) -> bool {
        !(self.originator || self.subscriber || self.manager)
    }

    /// Says whether the caller speaks for this side.
    fn gives(self, side: Side) -> bool {
        match side {
            Side::Originator => self.originator,
            Side::Subscriber => self.subscriber,
            Side::Manager => self.manager,
        }
    }
}

/// Checks the given items by the policy's rules; returns them as they are kept, under the template's names. The value
/// of an item that is not to be stored is left out.
pub fn judged(workflow: &Workflow, given: Vec<DataItem>, giver: Giver) -> Result<Vec<DataItem>, ApiError> {
    let mut kept: Vec<DataItem> = Vec::new();
    for DataItem { name, value } in given {
        let rule = workflow.data_items.iter().find(|rule| same_name(&rule.name, &name));
        let Some(rule) = rule else { return Err(ApiError::DataItemUnknown(name)) };
        // A form's empty field counts as one that is not there.
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        if !giver.gives(rule.side) {
            return Err(ApiError::DataItemNotYours { name: rule.name.clone(), side: rule.side });
        }
        if kept.iter().any(|item| item.name == rule.name) {
            return Err(FieldError::Repeated { field: "datacollection", name }.into());
        }
        let refused = |problem| ApiError::DataItemInvalid { name: rule.name.clone(), problem };
        let value = rule.judge(&value).map_err(refused)?;
        kept.push(DataItem { name: rule.name.clone(), value: Some(value).filter(|_| rule.stored) });
    }
    Ok(kept)
}

/// Adds items to `data`, in place of those of the same name.
pub fn merge(data: &mut Vec<DataItem>, given: Vec<DataItem>) {
    for item in given {
        match data.iter_mut().find(|known| known.name == item.name) {
            Some(known) => *known = item,
            None => data.push(item),
        }
    }
}

/// Says whether an item was given, even if its value is not stored.
fn is_given(rule: &DataItemRule, data: &[DataItem]) -> bool {
    data.iter().any(|item| item.name == rule.name && (item.value.is_some() || !rule.stored))
}

/// Returns the name of the first required item that is missing; `None` for the side means any side.
pub fn missing<'a>(workflow: &'a Workflow, data: &[DataItem], side: Option<Side>) -> Option<&'a str> {
    let wanted = workflow.data_items.iter().filter(|rule| rule.required && side.is_none_or(|side| rule.side == side));
    wanted.into_iter().find(|rule| !is_given(rule, data)).map(|rule| rule.name.as_str())
}

/// Lists the names of all required items that are missing.
pub fn all_missing(workflow: &Workflow, data: &[DataItem]) -> Vec<String> {
    let wanted = workflow.data_items.iter().filter(|rule| rule.required && !is_given(rule, data));
    wanted.map(|rule| rule.name.clone()).collect()
}

/// Returns the name of the first required item that is missing and that an approval must cover.
pub fn missing_for_approval<'a>(workflow: &'a Workflow, data: &[DataItem]) -> Option<&'a str> {
    let wanted = workflow.data_items.iter().filter(|rule| rule.required && !rule.after_approval);
    wanted.into_iter().find(|rule| rule.side != Side::Manager && !is_given(rule, data)).map(|rule| rule.name.as_str())
}

/// Returns the first given item that changes or adds to what was decided on, and is none that may come later.
pub fn not_covered<'a>(workflow: &Workflow, given: &'a [DataItem], data: &[DataItem]) -> Option<&'a DataItem> {
    let later = |item: &DataItem| {
        let rule = workflow.data_items.iter().find(|rule| rule.name == item.name);
        rule.is_some_and(|rule| rule.after_approval) && data.iter().all(|known| known.name != item.name)
    };
    let mut others = given.iter().filter(|item| !data.contains(item));
    others.find(|item| !later(item))
}

/// Returns `DataCollectionFlags`: which side has given all that it must. Without items the subscriber has, as in every
/// sample of Microsoft's.
pub fn flags(workflow: Option<&Workflow>, data: &[DataItem]) -> u32 {
    let Some(workflow) = workflow else { return SUBSCRIBER_PROVIDED };
    let done = |side| missing(workflow, data, Some(side)).is_none();
    let by_manager = workflow.data_items.iter().any(|rule| rule.side == Side::Manager) && done(Side::Manager);
    let subscriber = if done(Side::Subscriber) && done(Side::Originator) { SUBSCRIBER_PROVIDED } else { 0 };
    subscriber | if by_manager { MANAGER_PROVIDED } else { 0 }
}
