//! `cardwright person leave`: tells what a leaver has, and has it ended as it was told.

use super::which;
use crate::cli::args::PersonLeaveArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::prompt::confirm;
use crate::client::CmClient;
use crate::cm::acts::{LeaveOrder, Leaving, LeavingFate, LeavingItem};
use crate::cm::problem::ProblemCode;
use serde_json::{Value, json};

/// Tells what becomes of everything that a person has, and ends it once somebody has said yes.
pub fn leave(client: &CmClient, args: &PersonLeaveArgs, output: &Output) -> Result<(), Failure> {
    let person = which::person(client, &args.what)?;
    let told = client.foresee_leaving(person.uuid)?;
    if args.preview || told.left {
        return output.result(&document(&told), || text_of(&told));
    }
    match &args.seen {
        Some(seen) if *seen != told.mark => return Err(changed(&told)),
        Some(_) => {}
        None => text_of(&told).lines().for_each(|line| output.tell(line)),
    }
    let question = format!("End all of this? It cannot be taken back. {} leaves:", told.name);
    confirm(args.yes || args.seen.is_some(), &question)?;
    let order = LeaveOrder { seen: told.mark.clone(), comment: args.comment.clone() };
    // The server compares once more, and refuses what has become other since.
    let done = client.leave(person.uuid, &order)?;
    output.result(&document(&done), || {
        let mut text = Text::from(format!("{} has left; this was ended:", done.name));
        done.items.iter().filter(|item| item.fate != LeavingFate::Kept).for_each(|item| text.line(line(item)));
        let kept = done.items.iter().filter(|item| item.fate == LeavingFate::Kept).count();
        if kept > 0 {
            text.line(format!("  kept: {kept} more, see `cardwright person leave --preview`"));
        }
        text
    })
}

/// Makes the failure of things that are others than those that were seen; nothing was sent.
fn changed(told: &Leaving) -> Failure {
    let message =
        format!("{} has other things here by now than those that you have seen; nothing was ended", told.name);
    Failure::new(ProblemCode::LeavingChanged.name(), Exit::Refused, message)
        .remedy("Look again with --preview, then go on with its new mark.")
}

/// Returns what a leaver has as scripts get it.
fn document(told: &Leaving) -> Value {
    let item = |item: &LeavingItem| {
        json!({
            "kind": format!("{:?}", item.kind), "fate": format!("{:?}", item.fate), "uuid": item.uuid, "text": item.text,
        })
    };
    json!({
        "person": told.user,
        "name": told.name,
        "left": told.left,
        "seen": told.mark,
        "items": told.items.iter().map(item).collect::<Vec<_>>(),
    })
}

fn line(item: &LeavingItem) -> String {
    let (kind, fate) = (format!("{:?}", item.kind), format!("{:?}", item.fate).to_lowercase());
    format!("  {fate:9}{kind:15}{} {}", item.uuid, item.text)
}

/// Lays what a leaver has out for people.
fn text_of(told: &Leaving) -> Text {
    let mut text = Text::from(match told.left {
        true => format!("{} has left: nothing is left to be ended", told.name),
        false => format!("if {} leaves, this becomes of what is here:", told.name),
    });
    told.items.iter().for_each(|item| text.line(line(item)));
    if !told.left {
        text.line(format!("seen {}", told.mark));
    }
    text
}
