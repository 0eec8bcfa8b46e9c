//! What somebody who decides on a request says with it.

use crate::cli::args::DecisionArgs;
use crate::cli::data_item::data_items;
use crate::cli::failure::Failure;
use crate::cm::beyond_mim::Decision;

/// Reads the options of a decision.
pub fn decision(args: &DecisionArgs) -> Result<Decision, Failure> {
    let data_collection = data_items(&args.data)?;
    Ok(Decision { comment: args.comment.clone(), data_collection, priority: args.priority, seen: None })
}
