//! `desk results`: writes what a run has come to and, with `--sign`, has the server confirm and sign it.

use crate::cli::args::DeskResultsArgs;
use crate::cli::connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::settings::{Settings, state_directory};
use crate::cm::desk::{DeskOutcome, DeskResults, DeskRow, SignedResults};
use crate::cm::wire::read_moment;
use crate::desk::results::{self, UNSIGNED};
use crate::desk::{Book, Entry, Error, Run, Stand, runs_in};
use serde_json::json;
use std::path::PathBuf;
use time::OffsetDateTime;

/// Writes the results of a run of this computer into files.
pub fn write(args: &DeskResultsArgs, output: &Output) -> Result<(), Failure> {
    let book = Book::find(&runs_in(&state_directory()?), args.run)?.ok_or(Error::RunUnknown { run: args.run })?;
    let signed = if args.sign { Some(sign(args, book.run())?) } else { None };
    let told = match &signed {
        Some(signed) => format!("{} has confirmed and signed them; SHA-256 {}.", book.run().server, signed.sha256),
        None => UNSIGNED.to_owned(),
    };
    let mut paths = results::write(book.run(), &args.to, &told)?;
    if let Some(SignedResults { document, signature, .. }) = &signed {
        paths.push(results::write_beside(book.run(), &args.to, "signed.json", document.as_bytes())?);
        paths.push(results::write_beside(book.run(), &args.to, "p7s", signature)?);
    }
    let paths: Vec<String> = paths.iter().map(PathBuf::as_path).map(|path| path.display().to_string()).collect();
    let act =
        signed.as_ref().map(|it| json!({ "id": it.uuid, "sha256": it.sha256, "chain": it.chain, "number": it.number }));
    output.result(&json!({ "run": args.run, "files": paths, "signed": act }), || paths.iter().collect::<Text>())
}

/// Has the server compare the rows with its records, and sign them.
fn sign(args: &DeskResultsArgs, run: &Run) -> Result<SignedResults, Failure> {
    let client = connection::client(&Settings::load()?, &args.server)?;
    if client.base_url().as_str() != run.server {
        let message = format!("this run is of {}, and not of {}", run.server, client.base_url());
        return Err(Failure::new("desk-other-server", Exit::Usage, message).remedy("Name that server."));
    }
    let rows: Vec<DeskRow> = run.rows.iter().filter_map(row).collect();
    if rows.is_empty() {
        return Err(Failure::new("desk-nothing-to-sign", Exit::Refused, "no row of this run has a request yet")
            .remedy("Go on with the run first (`cardwright desk resume`)."));
    }
    Ok(client.sign_desk_results(&DeskResults { rows })?)
}

/// Returns what is told of a row; `None` where no request was made for it.
fn row(entry: &Entry) -> Option<DeskRow> {
    let outcome = match entry.stand {
        Stand::Done => DeskOutcome::Completed,
        Stand::Begun | Stand::Refused => DeskOutcome::Failed,
        Stand::Unasked | Stand::Pending | Stand::Ready | Stand::SetAside | Stand::Dropped => DeskOutcome::Skipped,
    };
    let moment = [&entry.ended, &entry.begun].into_iter().find_map(|text| read_moment(text));
    Some(DeskRow {
        person: entry.name.clone(),
        request: entry.request?,
        card_id: entry.card_id,
        serial: entry.serial.clone(),
        outcome,
        at: moment.unwrap_or_else(OffsetDateTime::now_utc),
        workstation: String::new(),
    })
}
