//! `cardwright vcard run`: keeps virtual cards in readers until a signal comes or a command ends.

use super::ask::CARD_PASSPHRASE;
use crate::cli::args::{VcardRunArgs, WARNING};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::secrets;
use crate::farm::pcscd::{self, MOST_ENTRIES, PrivatePcscd};
use crate::farm::{Daemon, Kind, Seat, Shelf, Trouble};
use crate::platform::process;
use crate::platform::signal::EndSignals;
use crate::platform::socket::Link;
use crate::virtual_card::{Dial, SharedCard};
use serde_json::json;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Bounds the time until pcscd sees a card, its start included.
const TAKEN_UP: Duration = Duration::from_secs(10);
/// Bounds that time where no pcscd was reached.
const GIVING_UP: Duration = Duration::from_secs(2);
/// Bounds the time that a command may take to end once it was told to.
const ENDING: Duration = Duration::from_secs(5);
/// Sets how often signals, the command and pcscd are looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// Counts the readers that one entry of vpcd makes.
const READERS: usize = 2;

/// Holds a card that is ready to be put into a reader.
struct Lent {
    name: String,
    kind: Kind,
    card: SharedCard,
    trouble: Trouble,
}

/// Puts the cards into readers, waits until pcscd has seen them, and runs the command if there is one. Returns when
/// the command has ended or a signal came.
pub fn run(shelf: &Shelf, args: &VcardRunArgs, output: &Output) -> Result<(), Failure> {
    enough_readers(args)?;
    let cards = take(shelf, args)?;
    let signals = signals()?;
    let mut readers = Readers::open(args, cards.len())?;
    for (seat, card) in readers.seats().zip(&cards) {
        seat.insert(card.card.clone());
    }
    for seat in readers.seats().take(cards.len()) {
        seat.wait_until_taken_up(readers.patience())?;
    }
    announce(&readers, &cards, args.command.is_empty(), output)?;
    let variable = readers.socket().map(|socket| (pcscd::CLIENTS_VARIABLE, socket.into_os_string()));
    let command = start(&args.command, variable)?;
    wait(command, &signals, || {
        for trouble in cards.iter().filter_map(|card| card.trouble.take()) {
            output.tell("warning: a change was not saved, and the card told that it failed:");
            Failure::from(trouble).lines().iter().for_each(|line| output.tell(line));
        }
        if readers.have_ended() {
            return Err(Failure::new("pcscd-ended", Exit::Other, "the private pcscd has ended")
                .remedy("The cards are saved; run them again."));
        }
        Ok(())
    })
}

/// Refuses more cards than there is room for, before any is opened.
fn enough_readers(args: &VcardRunArgs) -> Result<(), Failure> {
    let cards = args.names.len();
    let (readers, whose, remedy) = match args.private_pcscd {
        true => (MOST_ENTRIES * READERS, "a private pcscd", "Name fewer, and run the others beside them."),
        false => (READERS, "the system's vpcd", "Name fewer, or start a pcscd of your own with --private-pcscd."),
    };
    if cards <= readers {
        return Ok(());
    }
    let message = format!("{whose} has room for {readers} cards, and {cards} were named");
    Err(Failure::new("too-many-cards", Exit::Usage, message).remedy(remedy))
}

/// Opens the cards' files and sets the faults; a card that is in use is refused.
fn take(shelf: &Shelf, args: &VcardRunArgs) -> Result<Vec<Lent>, Failure> {
    let mut cards = Vec::new();
    for name in &args.names {
        let faults = args.fault.as_deref().unwrap_or_default().parse::<Dial>().map_err(|error| {
            Failure::from_error("fault-unknown", Exit::Usage, &error).remedy("Faults are spelled as in remove@5,t0.")
        })?;
        let passphrase = secrets::passphrase(args.passphrase_from.as_ref(), CARD_PASSPHRASE, false)?;
        let kept = shelf.take(name, &passphrase)?;
        let (kind, trouble) = (kept.kind(), kept.trouble());
        let card = SharedCard::new(Box::new(kept));
        card.set_dial(faults);
        cards.push(Lent { name: name.clone(), kind, card, trouble });
    }
    Ok(cards)
}

/// Holds the readers that the cards are put into.
enum Readers {
    Private(PrivatePcscd),
    /// Readers of the system's pcscd, and a connection that keeps it from ending for lack of clients.
    System {
        seats: Vec<Seat>,
        client: Option<Link>,
    },
}

impl Readers {
    /// Starts a private pcscd, or takes the readers of the system's.
    fn open(args: &VcardRunArgs, cards: usize) -> Result<Self, Failure> {
        if args.private_pcscd {
            let names: Vec<String> = (1..=cards.div_ceil(READERS))
                .map(|number| if number == 1 { args.reader.clone() } else { format!("{} {number}", args.reader) })
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return Ok(Self::Private(PrivatePcscd::start(&names)?));
        }
        let ports = (0..).map_while(|above| args.port.checked_add(above)).take(cards);
        let seats = ports.map(|port| Seat::at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Daemon::System));
        Ok(Self::System { seats: seats.collect(), client: pcscd::wake_system() })
    }

    fn seats(&self) -> Box<dyn Iterator<Item = &Seat> + '_> {
        match self {
            Self::Private(pcscd) => Box::new(pcscd.readers().iter().map(pcscd::Reader::seat)),
            Self::System { seats, .. } => Box::new(seats.iter()),
        }
    }

    /// Returns the names under which PC/SC lists the readers; none where they are the system's.
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Private(pcscd) => pcscd.readers().iter().map(pcscd::Reader::name).collect(),
            Self::System { .. } => Vec::new(),
        }
    }

    /// Returns the socket of a private pcscd, for its clients' environment.
    fn socket(&self) -> Option<PathBuf> {
        match self {
            Self::Private(pcscd) => Some(pcscd.socket()),
            Self::System { .. } => None,
        }
    }

    /// Returns how long to wait until a card is seen; short where no pcscd was reached, for nothing starts one.
    fn patience(&self) -> Duration {
        match self {
            Self::System { client: None, .. } => GIVING_UP,
            _ => TAKEN_UP,
        }
    }

    /// Says whether the private pcscd has ended.
    fn have_ended(&mut self) -> bool {
        match self {
            Self::Private(pcscd) => pcscd.has_ended(),
            Self::System { .. } => false,
        }
    }
}

/// Prints where the cards are; on standard output only if `alone`, that is where no command prints there.
fn announce(readers: &Readers, cards: &[Lent], alone: bool, output: &Output) -> Result<(), Failure> {
    let names = readers.names();
    for (at, card) in cards.iter().enumerate() {
        let reader = names.get(at).map_or("the system's virtual reader".into(), |name| format!("reader {name:?}"));
        output.tell(&format!("card {:?} ({}) is in {reader}", card.name, card.kind));
    }
    output.tell(WARNING);
    if !alone {
        return Ok(());
    }
    let socket = readers.socket();
    let in_readers: Vec<_> = cards
        .iter()
        .enumerate()
        .map(|(at, card)| json!({ "name": card.name, "kind": card.kind.to_string(), "reader": names.get(at) }))
        .collect();
    let document = json!({ "cards": in_readers, pcscd::CLIENTS_VARIABLE: socket, "warning": WARNING });
    let text = || match &socket {
        Some(socket) => {
            let quoted = socket.display().to_string().replace('\'', r"'\''");
            format!("export {}='{quoted}'", pcscd::CLIENTS_VARIABLE)
        }
        None => "ready".into(),
    };
    output.result(&document, text)?;
    output.tell("Ctrl-C takes the cards out.");
    Ok(())
}

/// Starts the command, if there is one, with the variables that lead it to its cards.
pub(super) fn start(
    command: &[OsString],
    variables: impl IntoIterator<Item = (&'static str, OsString)>,
) -> Result<Option<Child>, Failure> {
    let Some((program, arguments)) = command.split_first() else { return Ok(None) };
    let started = Command::new(program).args(arguments).envs(variables).spawn();
    started.map(Some).map_err(|error| {
        let message = format!("{} cannot be run: {error}", program.display());
        Failure::new("command-missing", Exit::Usage, message).remedy("Check the command behind `--`.")
    })
}

/// Waits for a signal or the command's end. `glance` is called meanwhile, and its failure ends the command.
pub(super) fn wait(
    mut command: Option<Child>,
    signals: &Receiver<()>,
    mut glance: impl FnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        let signal = signals.recv_timeout(GLANCE);
        let glanced = glance();
        if signal != Err(RecvTimeoutError::Timeout) {
            return command.as_mut().map_or(Ok(()), end);
        }
        if let Some(running) = &mut command
            && let Some(status) = running.try_wait().map_err(not_waited)?
        {
            return ended(status);
        }
        if let Err(failure) = glanced {
            let _ = command.as_mut().map(end);
            return Err(failure);
        }
    }
}

/// Ends the command by SIGTERM and, if it has not ended after [`ENDING`], by SIGKILL.
fn end(command: &mut Child) -> Result<(), Failure> {
    // Fails where it has ended by itself, at the same Ctrl-C for one.
    let _ = process::ask_to_end(command);
    let since = Instant::now();
    while since.elapsed() < ENDING {
        if let Some(status) = command.try_wait().map_err(not_waited)? {
            return ended(status);
        }
        std::thread::sleep(GLANCE);
    }
    command.kill().and_then(|()| command.wait()).map_err(not_waited).and_then(ended)
}

/// Passes the command's end on: its exit code or, where a signal ended it, 128 and the signal's number, as shells do.
fn ended(status: ExitStatus) -> Result<(), Failure> {
    match process::exit_code(status) {
        0 => Ok(()),
        code => Err(Failure::passed_on(code)),
    }
}

fn not_waited(error: std::io::Error) -> Failure {
    Failure::new("command-lost", Exit::Other, format!("the command cannot be waited for: {error}"))
        .remedy("The cards are out of their readers; look whether the command still runs.")
}

/// Catches SIGINT, SIGTERM and SIGHUP, which then no longer end the process, and returns where a message for each
/// arrives.
pub(super) fn signals() -> Result<Receiver<()>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new("signals", Exit::Other, format!("signals cannot be caught: {error}"))
            .remedy("No card was put in; see what limits this process, then repeat.")
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (sender, receiver) = channel();
    let mut caught = {
        let _inside = runtime.enter();
        EndSignals::take_over().and_then(EndSignals::with_hangup).map_err(failed)?
    };
    std::thread::spawn(move || {
        loop {
            runtime.block_on(caught.comes());
            if sender.send(()).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
