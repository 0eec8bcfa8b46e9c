//! Decides what can be decided before the first card, and tells it.

use crate::cli::args::{DeskArgs, DeskResumeArgs, DeskRunArgs, PinWay};
use crate::cli::connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, counted};
use crate::cli::review;
use crate::cli::secrets::{self, NEW_PIN, PIN};
use crate::cli::settings::{Settings, state_directory};
use crate::client::CmClient;
use crate::desk::{
    self, Book, Error, LARGEST_LIST, Letters, ListOrder, Note, PinMode, Row, Stand, prepare, requests, runs_in,
};
use crate::enrollment::Journal;
use crate::platform::directory;
use crate::secret::Pin;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sets the pause between two looks at what waits for approval.
const PAUSE: Duration = Duration::from_secs(3);

/// Holds what a run needs.
pub struct Prepared {
    pub client: Arc<CmClient>,
    pub journal: Journal,
    pub book: Book,
}

/// Prepares the run of a list.
pub fn of_list(args: &DeskRunArgs, list: &Path, output: &Output) -> Result<Prepared, Failure> {
    let rows = read(list)?;
    let (client, journal) = connected(&args.way)?;
    let path = std::path::absolute(list).unwrap_or_else(|_| list.to_owned());
    let order = ListOrder { path: &path, rows: &rows, template: args.template.as_deref(), anew: args.anew };
    let (book, notes) = prepare::of_list(&client, &runs_in(&state_directory()?), &order)?;
    for note in notes.iter().filter(|_| !book.run().rows.is_empty()) {
        tell(note, output);
    }
    asked(client, journal, book, &args.way, output)
}

/// Prepares a run of what is approved at the server.
pub fn of_queue(args: &DeskRunArgs, output: &Output) -> Result<Prepared, Failure> {
    let (client, journal) = connected(&args.way)?;
    let book = prepare::of_queue(&client, &runs_in(&state_directory()?), args.template.as_deref())?;
    asked(client, journal, book, &args.way, output)
}

/// Prepares a run that was begun before.
pub fn again(args: &DeskResumeArgs, output: &Output) -> Result<Prepared, Failure> {
    let (client, journal) = connected(&args.way)?;
    let book = prepare::again(&client, &runs_in(&state_directory()?), args.run)?;
    asked(client, journal, book, &args.way, output)
}

/// Reads the PIN that a holder types, or that a script has at hand. `chooses`: it is a new one. What a script has at hand and the card
/// has `refused` would be so again, and cost another try.
pub fn typed(chooses: bool, refused: bool) -> Result<Pin, Failure> {
    let ask = if chooses { NEW_PIN } else { PIN };
    if refused && !secrets::is_typed(None, ask) {
        let message = format!("{} was refused, and is not tried again", ask.env);
        let failure = Failure::new("pin-refused", Exit::Secret, message);
        return Err(failure.remedy("Have its holder type the PIN, at a terminal or on the page (--page)."));
    }
    if chooses { secrets::new_pin(None, ask) } else { secrets::pin(None, ask) }
}

/// Returns how cards get their PINs.
pub fn pins(args: &DeskArgs) -> PinMode {
    match args.pin {
        PinWay::HandOver => PinMode::HandOver,
        PinWay::Now => PinMode::Now,
        PinWay::Letter => PinMode::Letter,
    }
}

/// Returns where letters go.
pub fn letters(args: &DeskArgs) -> Option<Letters> {
    let directory = args.letters.clone().map(Letters::Directory);
    args.printer.clone().map(Letters::Printer).or(directory)
}

fn connected(args: &DeskArgs) -> Result<(Arc<CmClient>, Journal), Failure> {
    if args.pin == PinWay::Letter && args.printer.is_none() && args.letters.is_none() {
        let failure = Failure::new("desk-letters", Exit::Usage, "nothing says where the letters go");
        return Err(failure.remedy("Name a printer (--printer) or a directory (--letters)."));
    }
    if let Some(path) = &args.results {
        let failed = |source| Error::State { doing: "made", path: path.clone(), source };
        directory::make_with_parents(path).map_err(failed)?;
    }
    let client = connection::client(&Settings::load()?, &args.server)?;
    let journal = Journal::open(state_directory()?.join("journal")).map_err(Error::from)?;
    Ok((Arc::new(client), journal))
}

/// Reads the list; all that is wrong with it is told at once.
fn read(list: &Path) -> Result<Vec<Row>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new("desk-list", Exit::Usage, format!("{}: {error}", list.display()))
            .remedy("Name a file that this user can read.")
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(list).map_err(unreadable)?;
    // One byte more than a list may have tells that it is too long.
    file.take(LARGEST_LIST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    desk::read_list(&bytes).map_err(|faults| Error::List { faults }.into())
}

/// Asks for all approvals at once, waits for them if that is wanted, and tells whose approval is waited for.
fn asked(
    client: Arc<CmClient>,
    journal: Journal,
    mut book: Book,
    args: &DeskArgs,
    output: &Output,
) -> Result<Prepared, Failure> {
    prepare::check_pins(&client, book.run(), pins(args), letters(args).as_ref())?;
    requests::ask(&client, &mut book)?;
    requests::look(&client, &journal, &mut book, pins(args))?;
    let patience = review::patience(args.wait).unwrap_or_default();
    let (began, mut is_told) = (Instant::now(), false);
    loop {
        let waiting: Vec<_> = book.run().rows.iter().filter(|row| row.stand == Stand::Pending).collect();
        if !is_told {
            is_told = true;
            for row in book.run().rows.iter().filter(|row| matches!(row.stand, Stand::Pending | Stand::Refused)) {
                if let Some(trouble) = &row.trouble {
                    output.tell(&format!("{}: {} ({})", row.name, trouble.message, trouble.code));
                }
            }
        }
        if waiting.is_empty() || began.elapsed() >= patience {
            break;
        }
        std::thread::sleep(PAUSE.min(patience.saturating_sub(began.elapsed())));
        requests::look(&client, &journal, &mut book, pins(args))?;
    }
    let count = |stand| book.run().rows.iter().filter(|row| row.stand == stand).count() as u64;
    let (ready, begun, pending) = (count(Stand::Ready), count(Stand::Begun), count(Stand::Pending));
    output.tell(&format!(
        "{} to be made, {} begun, {} waiting for approval, {} done",
        counted(ready, "card"),
        counted(begun, "card"),
        counted(pending, "row"),
        counted(count(Stand::Done), "card")
    ));
    Ok(Prepared { client, journal, book })
}

fn tell(note: &Note, output: &Output) {
    match note {
        Note::Added { name } => output.tell(&format!("{name} is new in the list")),
        Note::OtherTemplate { name } => {
            output
                .tell(&format!("{name} keeps the template of the request that was made; cancel that to have another"));
        }
        Note::OtherData { name } => {
            output
                .tell(&format!("{name} keeps the data items of the request that was made; cancel that to have others"));
        }
        Note::Dropped { name, begun: true } => {
            output.tell(&format!("{name} is not in the list any more; the card that was begun goes on"));
        }
        Note::Dropped { name, begun: false } => {
            output.tell(&format!(
                "{name} is not in the list any more, and gets no card; a request that was made is kept"
            ));
        }
    }
}
