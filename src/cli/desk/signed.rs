//! `desk results`: writes what a run has come to and, with `--sign`, has the server confirm and sign it.

use crate::cli::args::DeskResultsArgs;
use crate::cli::connection;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text};
use crate::cli::settings::{Settings, state_directory};
use crate::cm::desk::SignedResults;
use crate::desk::results::{self, UNSIGNED};
use crate::desk::{Book, Error, Signer, runs_in};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use time::OffsetDateTime;

/// Writes the results of a run of this computer into files.
pub fn write(args: &DeskResultsArgs, output: &Output) -> Result<(), Failure> {
    let run = Book::look(&runs_in(&state_directory()?), args.run)?.ok_or(Error::RunUnknown { run: args.run })?;
    let signed = match args.sign {
        true => {
            let client = Arc::new(connection::client(&Settings::load()?, &args.server)?);
            Some(Signer { client, clock: OffsetDateTime::now_utc }.sign(&run)?)
        }
        false => None,
    };
    let told = signed.as_ref().map_or(UNSIGNED, |signed| &signed.told);
    let mut paths = results::write(&run, &args.to, told)?;
    let signed = signed.map(|signed| signed.results);
    if let Some(SignedResults { document, signature, .. }) = &signed {
        paths.push(results::write_beside(&run, &args.to, "signed.json", document.as_bytes())?);
        paths.push(results::write_beside(&run, &args.to, "p7s", signature)?);
    }
    let paths: Vec<String> = paths.iter().map(PathBuf::as_path).map(|path| path.display().to_string()).collect();
    let act =
        signed.as_ref().map(|it| json!({ "id": it.uuid, "sha256": it.sha256, "chain": it.chain, "number": it.number }));
    output.result(&json!({ "run": args.run, "files": paths, "signed": act }), || paths.iter().collect::<Text>())
}
