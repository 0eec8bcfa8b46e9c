//! `cardwright status`: what is in the readers, whose it is, what is due, what waits, and the command that comes next.
//!
//! In: readers, the tokens of a module, the server's records, the journal. Out: one document, or one for each card that
//! is put in (`--watch`). Changes nothing and spends no try, but for a renewal that `--rule renew-when-due` asks for. One
//! card that cannot be read stops no other.

mod card;
mod due;
mod known;
mod look;
mod told;
mod watch;

use crate::cli::args::StatusArgs;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text};
use crate::cli::settings::Settings;
use crate::reader::Readers;
use card::Seen;
use known::Known;
use look::{of_module, of_readers};
use serde_json::json;

/// Shows what is there and, with `--watch`, what comes.
pub fn run(args: &StatusArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let known = Known::gather(&settings, args, output)?;
    if args.watch {
        return watch::watch(&settings, args, known, output);
    }
    let module = settings.module(args.module.as_ref(), &args.place);
    let tokens = module.as_deref().map(|path| of_module(path, &known)).transpose()?.unwrap_or_default();
    let readers = match Readers::open().and_then(|readers| of_readers(&readers, args.place.reader.as_deref(), &known)) {
        Ok(readers) => readers,
        // PC/SC need not be there where a module is used.
        Err(_) if module.is_some() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let all = || readers.iter().chain(&tokens);
    let elsewhere = known.unfinished_elsewhere(all().filter_map(Seen::identity));
    let document = json!({
        "server": known.server_told(),
        "readers": readers.iter().map(Seen::document).collect::<Vec<_>>(),
        "tokens": tokens.iter().map(Seen::document).collect::<Vec<_>>(),
        "unfinished_elsewhere": elsewhere,
    });
    output.result(&document, || {
        let mut text = Text::default();
        if readers.is_empty() && tokens.is_empty() {
            text.line("there is no reader, and no token");
        }
        all().for_each(|seen| seen.tell(&mut text));
        for work in &elsewhere {
            text.line(told::unfinished_elsewhere(work));
        }
        text
    })
}
