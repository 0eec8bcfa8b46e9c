//! A disk that is really full: nothing begins, and what is under way is done, for its journal has room.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::page::Page;
use super::pins::opens;
use super::{Bench, GENERATE, PIN, Run, changes, plain};
use crate::support::journal;

/// Mounts a small file system of its own over the state directory, then runs the program there.
const SMALL: &str = "mount -t tmpfs -o size=256k tmpfs \"$CARDWRIGHT_STATE\" && exec \"$@\"";

/// Takes all the room that there is.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

#[test]
fn a_disk_that_is_full_pauses_the_desk_and_what_is_under_way_is_done() {
    let bench = Bench::new(&["ursula", "petra"], plain);
    let list = bench.list(&["ursula", "petra"]);
    let state = bench.site.program.path("state");
    std::fs::create_dir_all(&state).unwrap();
    let desk = bench.command(&["run", &list, "--pin", "now", "--page"]);
    let mut small = bench.site.program.other("unshare");
    small.args(["--user", "--map-root-user", "--mount", "sh", "-c", SMALL, "sh"]);
    small.arg(desk.get_program()).args(desk.get_args());
    small.envs(desk.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let page = Page::opened(Run::of(small));
    let seen = format!("/proc/{}/root{}", page.run.child.id(), state.display());
    let seen = Path::new(&seen);
    let filler = seen.join("filler");
    page.let_in();

    let first = bench.insert(0);
    assert_eq!(page.run.until("asks-pin")["person"], "ursula");
    fill(&filler);
    let second = bench.insert(1);
    assert_eq!(page.run.until("not-written")["trouble"]["code"], "desk-state");
    assert_eq!(changes(&second), 0, "a card that the file could not be told of");
    // The journal of what was under way has its room already. Linked, it does not give that back at its end.
    let [file] = journal::files(&seen.join("journal")).try_into().unwrap();
    std::fs::hard_link(file, seen.join("linked")).unwrap();
    page.types(bench.reader(0).name());
    assert_eq!(page.run.until("done")["person"], "ursula");
    assert!(page.shows().contains("Paused: no further card is begun."));

    std::fs::remove_file(filler).unwrap();
    page.run.until("written");
    page.act("act=pause&paused=no");
    assert_eq!(page.run.until("asks-pin")["person"], "petra");
    page.types(bench.reader(1).name());
    assert_eq!(page.run.until("done")["person"], "petra");
    page.run.until("over");
    page.act("act=close");
    assert_eq!(page.run.ended().0, Some(0));
    for card in [first, second] {
        opens(&card, PIN);
        assert_eq!(card.headers().iter().filter(|header| header[1] == GENERATE).count(), 1);
    }
    assert_eq!(bench.requests().len(), 2);
}
