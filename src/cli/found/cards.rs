//! `cardwright card`: lists cards, shows one, tells what happened to it.

use super::{history, lending, missing, which};
use crate::cli::args::{CardCommand, CardListArgs};
use crate::cli::connection::{client, template};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Output, Text, date};
use crate::cli::settings::Settings;
use crate::client::{CardChoice, CmClient};
use crate::cm::acts::Reminded;
use crate::cm::found::FoundCard;
use crate::cm::report::no_formula;
use crate::cm::route::Holder;
use crate::cm::smartcard::SmartcardStatus;
use serde_json::{Value, json};

/// Sets how many cards are asked for at one time.
const PAGE: u32 = 500;
const HEAD: [&str; 7] = ["card", "owner", "state", "template", "expires", "serial", "comment"];

/// Carries a command about cards out.
pub fn run(command: CardCommand, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    match command {
        CardCommand::List(args) => list(&client(&settings, &args.server)?, &args, output),
        CardCommand::Show(args) => show(&client(&settings, &args.server)?, &args.what, output),
        CardCommand::History(args) => {
            let client = client(&settings, &args.server)?;
            history::print(&client.card_history(which::card(&client, &args.what)?)?, output)
        }
        CardCommand::Remind(args) => remind(&client(&settings, &args.server)?, &args.what, output),
        CardCommand::Lost(args) => missing::lost(&settings, &args, output),
        CardCommand::Found(args) => missing::found(&settings, &args, output),
        CardCommand::Replace(args) => lending::replace(&settings, &args, output),
        CardCommand::Lend(args) => lending::lend(&settings, &args, output),
        CardCommand::Return(args) => lending::take_back(&settings, &args, output),
    }
}

/// Returns a card as scripts get it.
pub fn document(card: &FoundCard) -> Value {
    json!({
        "card": card.uuid,
        "card_id": card.card_id,
        "state": card.status.to_string(),
        "owner": card.owner,
        "owner_name": card.owner_name,
        "template": card.template,
        "template_name": card.template_name,
        "atr": card.atr,
        "printed_serial": card.printed,
        "printed_serial_by": card.printed_by,
        "model": card.model,
        "firmware": card.firmware,
        "attested": card.attested,
        "assigned_as": card.assigned_as,
        "comment": card.comment,
        "serial": card.serial,
        "expires": card.expires.map(date),
        "holder_told": card.told.map(date),
    })
}

fn cells(card: &FoundCard) -> [String; HEAD.len()] {
    let serial = if card.serial.is_empty() { &card.printed } else { &card.serial };
    [
        card.uuid.to_string(),
        card.owner_name.clone(),
        card.status.to_string(),
        card.template_name.clone(),
        card.expires.map(date).unwrap_or_default(),
        serial.clone(),
        card.comment.clone(),
    ]
}

/// Lays cards out for people.
pub fn table(cards: &[FoundCard]) -> Text {
    Output::table(HEAD.map(str::to_uppercase).each_ref().map(String::as_str), cards.iter().map(cells))
}

/// Lists cards, page by page.
fn list(client: &CmClient, args: &CardListArgs, output: &Output) -> Result<(), Failure> {
    let owner = args.owner.as_deref().map(|owner| which::person(client, owner)).transpose()?;
    let choice = CardChoice {
        owner: owner.map(|owner| owner.uuid),
        status: args.state.as_deref().map(state).transpose()?,
        template: args.template.as_deref().map(|named| template(client, named)).transpose()?,
    };
    let mut cards: Vec<FoundCard> = Vec::new();
    loop {
        let wanted = args.limit.saturating_sub(u32::try_from(cards.len()).unwrap_or(u32::MAX)).min(PAGE);
        let page = match args.expiring_within {
            Some(days) => {
                let last = cards.last().and_then(|card| hex::decode(&card.serial).ok());
                client.ending_cards(days, last, wanted)?
            }
            None => client.cards(choice, cards.last().map(|card| card.uuid), wanted)?,
        };
        let is_last = u32::try_from(page.len()).is_ok_and(|given| given < wanted);
        cards.extend(page);
        if is_last || u32::try_from(cards.len()).is_ok_and(|given| given >= args.limit) {
            break;
        }
    }
    if args.csv {
        return output::bytes(comma_separated(&cards)?.as_bytes());
    }
    let documents: Vec<Value> = cards.iter().map(document).collect();
    output.result(&documents, || match cards.is_empty() {
        true => "no card".into(),
        false => table(&cards),
    })
}

/// Has the holder of a card told that its certificates end.
fn remind(client: &CmClient, what: &str, output: &Output) -> Result<(), Failure> {
    let Reminded { smartcard, holder, holder_name, at, first, ways } = client.remind(which::card(client, what)?)?;
    let document = json!({
        "card": smartcard, "holder": holder, "holder_name": holder_name, "at": date(at), "first_end": date(first), "ways": ways,
    });
    output.result(&document, || {
        format!(
            "{holder_name} is told by {} that certificates of the card end from {} on",
            ways.join(", "),
            date(first)
        )
    })
}

/// Reads the name of a state.
fn state(text: &str) -> Result<SmartcardStatus, Failure> {
    SmartcardStatus::from_name(text).ok_or_else(|| {
        Failure::new("usage", Exit::Usage, format!("\"{text}\" is no state of a card"))
            .remedy("It is one of New, Assigned, Active, Disabled, Suspended and Retired.")
    })
}

/// Writes cards as comma-separated values (RFC 4180).
fn comma_separated(cards: &[FoundCard]) -> Result<String, Failure> {
    let failed = || {
        Failure::new("output-failed", Exit::Other, "the list could not be written as CSV")
            .remedy("Take the list with --json, which has the same fields.")
    };
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(HEAD).map_err(|_| failed())?;
    for card in cards {
        writer.write_record(cells(card).map(no_formula)).map_err(|_| failed())?;
    }
    let bytes = writer.into_inner().map_err(|_| failed())?;
    String::from_utf8(bytes).map_err(|_| failed())
}

/// Shows a card and its certificates.
fn show(client: &CmClient, what: &str, output: &Output) -> Result<(), Failure> {
    let uuid = which::card(client, what)?;
    let card = client.smartcard(uuid)?;
    let choice = CardChoice { owner: Some(card.assigned_user), ..CardChoice::default() };
    let found = client.cards(choice, None, PAGE)?.into_iter().find(|found| found.uuid == uuid);
    let certificates = client.certificates_of(Holder::Smartcard(uuid))?;
    let serials: Vec<&str> = certificates.iter().map(|certificate| certificate.serial_number.as_str()).collect();
    let mut shown = match &found {
        Some(found) => document(found),
        None => json!({ "card": card.uuid, "card_id": card.serial_number, "state": card.status.to_string() }),
    };
    if let Value::Object(fields) = &mut shown {
        fields.insert("certificates".into(), json!(serials));
    }
    output.result(&shown, || {
        let mut text = Text::default();
        let fields = shown.as_object().into_iter().flatten();
        for (name, value) in fields.filter(|(_, value)| !value.is_null() && !value.is_array()) {
            let value = match (name.as_str(), value.as_str()) {
                ("printed_serial_by", Some("client")) => "the client it was assigned with, which proves nothing".into(),
                (_, Some(value)) => value.to_owned(),
                (_, None) => value.to_string(),
            };
            if !value.is_empty() {
                text.line(format!("{:19}{value}", name.replace('_', " ")));
            }
        }
        for serial in &serials {
            text.line(format!("{:19}{serial}", "certificate"));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_computes_nothing_of_a_name() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(no_formula(formula.into()), format!("'{formula}"));
        }
        assert_eq!(no_formula("Ann-Marie = Anne".into()), "Ann-Marie = Anne");
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let card = FoundCard {
            uuid: uuid::Uuid::nil(),
            card_id: uuid::Uuid::nil(),
            status: SmartcardStatus::Active,
            owner: uuid::Uuid::nil(),
            owner_name: "=Müller, \"Uli\"".into(),
            template: uuid::Uuid::nil(),
            template_name: "Logon".into(),
            atr: String::new(),
            printed: "007".into(),
            printed_by: "stock".into(),
            model: String::new(),
            firmware: String::new(),
            attested: false,
            assigned_as: String::new(),
            comment: String::new(),
            serial: String::new(),
            expires: None,
            told: None,
        };
        let written = comma_separated(&[card]).map_err(|_| "refused").unwrap();
        let nil = uuid::Uuid::nil();
        let row = format!("{nil},\"'=Müller, \"\"Uli\"\"\",Active,Logon,,007,\r\n");
        assert_eq!(written, format!("card,owner,state,template,expires,serial,comment\r\n{row}"));
    }
}
