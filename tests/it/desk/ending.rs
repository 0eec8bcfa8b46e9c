//! The end of a run: the program does not leave while one of its threads lets go of the readers.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cardwright::farm::pcscd::CLIENTS_VARIABLE;

use super::{Bench, Run, plain};

/// What establishes a context and releases it (PC/SC lite's winscard_msg.h).
const ESTABLISH_CONTEXT: u32 = 0x01;
const RELEASE_CONTEXT: u32 = 0x02;
/// The messages that data follow, and where each tells how long they are.
const FOLLOWED: [(u32, usize); 2] = [(0x09, 12), (0x0A, 8)];
/// So long the service takes to answer that. Whoever does not wait for it is gone long before.
const SLOW: Duration = Duration::from_secs(1);

/// How many contexts were established and released, and how many of their owners were gone before they were told so.
#[derive(Default)]
struct Contexts {
    established: AtomicUsize,
    released: AtomicUsize,
    gone: AtomicUsize,
}

/// Stands before pcscd, and is slow to answer a release.
fn slow_before(service: PathBuf, own: PathBuf) -> Arc<Contexts> {
    let listener = UnixListener::bind(own).unwrap();
    let contexts = Arc::<Contexts>::default();
    let counts = Arc::clone(&contexts);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, service) = (client.unwrap(), UnixStream::connect(&service).unwrap());
            let (mut from, mut to) = (service.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            let counts = Arc::clone(&counts);
            std::thread::spawn(move || relay(client, service, &counts));
        }
    });
    contexts
}

/// Hands on what a client asks, message by message.
fn relay(mut client: UnixStream, mut service: UnixStream, counts: &Contexts) -> Option<()> {
    loop {
        // Its length and the command stand before each message.
        let header = taken(&mut client, 8)?;
        let command = number(&header, 4);
        let mut body = taken(&mut client, number(&header, 0))?;
        if let Some((_, at)) = FOLLOWED.iter().find(|(followed, _)| *followed == command) {
            body.extend(taken(&mut client, number(&body, *at))?);
        }
        if command == ESTABLISH_CONTEXT {
            counts.established.fetch_add(1, Ordering::SeqCst);
        }
        if command == RELEASE_CONTEXT {
            counts.released.fetch_add(1, Ordering::SeqCst);
            client.set_read_timeout(Some(SLOW)).unwrap();
            let left = client.read(&mut [0]);
            counts.gone.fetch_add(usize::from(!waits(&left)), Ordering::SeqCst);
            client.set_read_timeout(None).unwrap();
        }
        service.write_all(&[&header[..], &body].concat()).ok()?;
    }
}

fn taken(client: &mut UnixStream, length: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length.try_into().unwrap()];
    client.read_exact(&mut bytes).ok().map(|()| bytes)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Says whether a client has asked nothing more, and is still there.
fn waits(read: &std::io::Result<usize>) -> bool {
    read.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn the_program_does_not_leave_while_a_thread_lets_go_of_the_readers() {
    let bench = Bench::new(&["ursula"], plain);
    let own = bench.site.program.path("slow.comm");
    let contexts = slow_before(bench.pcscd.socket(), own.clone());
    let list = bench.list(&["ursula"]);
    let mut command = bench.command(&["run", &list, "--pin", "now"]);
    let run = Run::of({
        command.env(CLIENTS_VARIABLE, own);
        command
    });
    bench.insert(0);
    run.until("done");
    assert_eq!(run.ended().0, Some(0));
    let counts = [&contexts.established, &contexts.released, &contexts.gone];
    let [established, released, gone] = counts.map(|count| count.load(Ordering::SeqCst));
    // One watches the readers, and one has the card.
    assert!(established >= 2);
    assert_eq!((released, gone), (established, 0));
}
