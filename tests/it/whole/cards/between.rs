//! A card that is begun with at a desk with one system and finished at a desk with another, by the journal that is taken along.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::program::{self, Ended, client_words, end};
use crate::support::{directory, journal};

use super::kind::{GIDS, Kind, YUBIKEY};
use super::{Desk, PIN, bounded};

#[derive(Clone, Copy, Debug, PartialEq)]
enum System {
    Linux,
    Windows,
}

impl Desk {
    /// Enrolls at a desk with a system, whose journal is in that directory.
    fn enroll_at(&self, system: System, state: &Path) -> Ended {
        let command = self.command_of(self.person, PIN, &["enroll", "--template", self.kind.template]);
        let mut there = match system {
            System::Windows => command,
            System::Linux => {
                let mut linux = Command::new(program::PATH);
                linux.args(command.get_args().skip(client_words().len() - 1));
                linux.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
                linux
            }
        };
        there.env("CARDWRIGHT_STATE", state);
        end(&mut bounded(&there))
    }
}

/// Takes a journal along, as a person would on a stick.
fn taken_along(from: &Path) -> TempDir {
    let only_mine = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let to = directory::temporary();
    let journal = to.path().join("journal");
    std::fs::create_dir(&journal).unwrap();
    only_mine(&journal, 0o700);
    for file in journal::files(&from.join("journal")) {
        let copy = journal.join(file.file_name().unwrap());
        std::fs::copy(&file, &copy).unwrap();
        only_mine(&copy, 0o600);
    }
    to
}

fn taken_over(person: &'static str, kind: Kind, begun: System, ended: System) {
    let desk = Desk::new(person, kind);
    let here = directory::temporary();
    let here = here.path();
    let request = desk.enroll_at(begun, here).refused(7, "request-pending").request;
    desk.approve(request.as_ref().unwrap());
    desk.card.card().set_dial("remove-after@20".parse().unwrap());
    desk.enroll_at(begun, here).refused(8, "token-removed");
    desk.card.card().set_dial("".parse().unwrap());
    desk.card.insert_again();
    let there = taken_along(here);
    let there = there.path();
    assert_eq!(journal::texts(&there.join("journal")).len(), 1);
    let done = desk.enroll_at(ended, there).done();
    assert_eq!((done["request"].as_str(), desk.counted()), (request.as_deref(), (1, 1)), "{begun:?}");
    assert_eq!(desk.tries(), kind.tries);
    assert!(journal::texts(&there.join("journal")).is_empty());
    desk.is_judged_good(&done, PIN);
}

#[test]
#[ignore = "runs the program for Windows: make check-windows"]
fn work_of_windows_is_finished_on_linux_and_the_other_way_round() {
    taken_over("walter", YUBIKEY, System::Windows, System::Linux);
    taken_over("wolf", YUBIKEY, System::Linux, System::Windows);
    taken_over("wim", GIDS, System::Windows, System::Linux);
}
