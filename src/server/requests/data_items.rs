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

/// For which sides a caller speaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Giver {
    originator: bool,
    subscriber: bool,
    manager: bool,
}

impl Giver {
    /// Who makes a request for `target`: for himself he is its subscriber, for another its manager.
    pub fn asking(call: &Call<'_>, target: Uuid) -> Self {
        let for_oneself = call.caller.uuid == target;
        Self { originator: true, subscriber: for_oneself, manager: !for_oneself }
    }

    /// Who approves.
    pub fn approving() -> Self {
        Self { manager: true, ..Self::default() }
    }

    /// Who comes back to a request later.
    pub fn later(call: &Call<'_>, request: &RequestRecord, workflow: &Workflow) -> Self {
        let subscriber = call.caller.uuid == request.target;
        let roles = permission::workflow_roles(&call.caller, workflow);
        Self {
            originator: call.caller.uuid == request.originator,
            subscriber,
            manager: !subscriber && (roles.initiator || roles.approver || roles.agent),
        }
    }

    /// Speaks for no side at all: who only sees the request.
    pub fn is_nobody(self) -> bool {
        !(self.originator || self.subscriber || self.manager)
    }

    fn gives(self, side: Side) -> bool {
        match side {
            Side::Originator => self.originator,
            Side::Subscriber => self.subscriber,
            Side::Manager => self.manager,
        }
    }
}

/// Judges what was given; values come back as they are to be kept, under the template's names.
pub fn judged(workflow: &Workflow, given: Vec<DataItem>, giver: Giver) -> Result<Vec<DataItem>, ApiError> {
    let mut kept: Vec<DataItem> = Vec::new();
    for DataItem { name, value } in given {
        let rule = workflow.data_items.iter().find(|rule| same_name(&rule.name, &name));
        let Some(rule) = rule else { return Err(ApiError::DataItemUnknown(name)) };
        // Nothing is nothing: a form's empty field is as good as one that is not there.
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

/// Adds items, in place of those of the same name.
pub fn merge(data: &mut Vec<DataItem>, given: Vec<DataItem>) {
    for item in given {
        match data.iter_mut().find(|known| known.name == item.name) {
            Some(known) => *known = item,
            None => data.push(item),
        }
    }
}

fn is_given(rule: &DataItemRule, data: &[DataItem]) -> bool {
    data.iter().any(|item| item.name == rule.name && (item.value.is_some() || !rule.stored))
}

/// The first required item of this side, or of any, that is missing.
pub fn missing<'a>(workflow: &'a Workflow, data: &[DataItem], side: Option<Side>) -> Option<&'a str> {
    let wanted = workflow.data_items.iter().filter(|rule| rule.required && side.is_none_or(|side| rule.side == side));
    wanted.into_iter().find(|rule| !is_given(rule, data)).map(|rule| rule.name.as_str())
}

/// `DataCollectionFlags`: which side has given what it must. Without items the subscriber has, as in every sample.
pub fn flags(workflow: Option<&Workflow>, data: &[DataItem]) -> u32 {
    let Some(workflow) = workflow else { return SUBSCRIBER_PROVIDED };
    let done = |side| missing(workflow, data, Some(side)).is_none();
    let by_manager = workflow.data_items.iter().any(|rule| rule.side == Side::Manager) && done(Side::Manager);
    let subscriber = if done(Side::Subscriber) && done(Side::Originator) { SUBSCRIBER_PROVIDED } else { 0 };
    subscriber | if by_manager { MANAGER_PROVIDED } else { 0 }
}
