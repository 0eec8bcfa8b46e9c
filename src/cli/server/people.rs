//! `cardwright server user import`: people who come from a list.

use super::directory::tell;
use super::list_file::content;
use super::people_file::{MAX_BYTES, People};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, date};
use crate::platform::file;
use crate::server::{self, IssuedCode, ManyError, PeopleError, PeopleImport};
use aws_lc_rs::digest::{SHA256, digest};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// Says how a list is to be written.
const AS_CSV: &str = "Save the list as CSV in UTF-8, with a first line such as: name,display name,upn,email,groups,token. \
                      Nothing was done.";
/// Sets after how many rows it is said how far the list is through.
const TOLD_EVERY: usize = 10_000;

/// Shows what each person of a list comes to, and takes them over where that is asked for.
pub fn import(
    directory: &Path,
    list: &Path,
    (apply, days): (bool, u32),
    codes: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let bytes = content(list, MAX_BYTES, "people-list", AS_CSV)?;
    let people =
        People::of(&bytes).map_err(|error| Failure::from_error("people-list", Exit::Usage, &error).remedy(AS_CSV))?;
    if !people.ignored.is_empty() {
        output.tell(&format!("columns that mean nothing here: {}", people.ignored.join(", ")));
    }
    let codes = match (apply && people.tokens, codes) {
        (false, _) => None,
        (true, Some(path)) => Some(CodeFile::new(path)?),
        (true, None) => {
            let told = "some rows ask for a bearer token, and there is no file for their activation codes";
            return Err(Failure::new("people-codes", Exit::Usage, told)
                .remedy("Name a new file that you alone can read: --codes FILE. Nothing was done."));
        }
    };
    let source = hex::encode(digest(&SHA256, &bytes));
    let mut told = 0;
    let mut done = |rows: usize| {
        if rows / TOLD_EVERY > told {
            told = rows / TOLD_EVERY;
            output.tell(&format!("{rows} rows are through"));
        }
    };
    let mut file = codes;
    let mut keep = |issued: &[IssuedCode]| file.as_mut().map_or(Ok(()), |file| file.add(issued));
    let import = PeopleImport { apply, days, source };
    let report = server::user_import_list(directory, import, || people.rows(), &mut keep, &mut done).map_err(failed)?;
    tell(&report, apply, "all but those who are refused are as the list has them", output)?;
    // Those who are refused keep nobody else from it, and yet it is not done.
    if apply && report.refused > 0 { Err(Failure::told("people-rows", Exit::Usage)) } else { Ok(()) }
}

/// Keeps activation codes, in a new file that its owner alone may read.
struct CodeFile(File);

impl CodeFile {
    fn new(path: &Path) -> Result<Self, Failure> {
        let failed = |source: io::Error| {
            let told = format!("{} cannot be made for the activation codes: {source}", path.display());
            Failure::new("people-codes", Exit::Usage, told)
                .remedy("Name a file that is not there yet. Nothing was done.")
        };
        let mut file = file::open_new(path).map_err(failed)?;
        file.write_all(b"name,code,until\r\n").map_err(failed)?;
        Ok(Self(file))
    }

    /// Adds codes, durably: the records that they belong to follow.
    fn add(&mut self, issued: &[IssuedCode]) -> io::Result<()> {
        for IssuedCode { name, code, ends } in issued {
            let mut row = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
            row.write_record([name.as_str(), code.expose(), &date(*ends)]).map_err(io::Error::other)?;
            let row = Zeroizing::new(row.into_inner().map_err(|error| error.into_error())?);
            self.0.write_all(&row)?;
        }
        self.0.sync_data()
    }
}

fn failed(error: PeopleError) -> Failure {
    const AGAIN: &str = "Repeat it: who was taken over stays, and the others follow.";
    let (code, exit, remedy) = match &error {
        PeopleError::NoDirectory(_) => {
            ("no-data-directory", Exit::Usage, "Name the directory that \"server init\" has made.")
        }
        PeopleError::Settings(_) => ("server-settings", Exit::Usage, "Mend server.toml, and repeat. Nothing was done."),
        PeopleError::Refused(_) => ("account", Exit::Usage, "Name another number of days. Nothing was done."),
        PeopleError::Many(ManyError::Codes(_)) => (
            "people-codes",
            Exit::Other,
            "Make room for the file, and repeat with a new one: who was taken over stays.",
        ),
        PeopleError::Many(ManyError::Store(_) | ManyError::Random) | PeopleError::Database(_) => {
            ("server-account", Exit::Other, AGAIN)
        }
    };
    Failure::from_error(code, exit, &error).remedy(remedy)
}
