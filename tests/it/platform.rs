//! What only an operating system has: files that a crash leaves whole, locks, and who else may enter.

use cardwright::platform::directory::{self, Others};
use cardwright::platform::file::{self, Readers, Step};
use cardwright::platform::lock::{Lock, LockError};
use cardwright::platform::process;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_file_is_replaced_whole_or_the_step_that_failed_is_told_and_the_old_one_stands() {
    let base = tempfile::tempdir().unwrap();
    let (path, beside) = (base.path().join("file"), base.path().join("file.new"));
    std::fs::write(&beside, "what a crash left, and longer").unwrap();
    file::replace(&path, &beside, b"old").unwrap();
    assert_eq!(read(&path), "old");
    assert!(!beside.exists());
    file::replace(&path, &beside, b"new").unwrap();
    assert_eq!((read(&path).as_str(), mode(&path)), ("new", 0o600));

    std::fs::create_dir(&beside).unwrap();
    assert_eq!(file::replace(&path, &beside, b"newer").unwrap_err().step, Step::Write);
    std::fs::remove_dir(&beside).unwrap();
    assert_eq!(read(&path), "new");
    let obstacle = base.path().join("directory");
    std::fs::create_dir(&obstacle).unwrap();
    assert_eq!(file::replace(&obstacle, &beside, b"newer").unwrap_err().step, Step::Rename);
}

#[test]
fn what_somebody_has_put_beside_a_file_learns_nothing_of_what_is_written() {
    let base = tempfile::tempdir().unwrap();
    let [path, beside, theirs] = ["file", "file.new", "theirs"].map(|name| base.path().join(name));
    std::fs::write(&theirs, "").unwrap();
    std::fs::set_permissions(&theirs, std::fs::Permissions::from_mode(0o666)).unwrap();
    for put in [std::fs::hard_link::<&Path, &Path>, std::os::unix::fs::symlink::<&Path, &Path>] {
        put(&theirs, &beside).unwrap();
        file::replace(&path, &beside, b"secret").unwrap();
        assert_eq!((read(&theirs).as_str(), read(&path).as_str(), mode(&path)), ("", "secret", 0o600));
        assert!(path.symlink_metadata().unwrap().is_file() && !beside.exists());
        std::fs::remove_file(&path).unwrap();
    }
}

/// Root alone gives a file to a group that it is not in.
#[test]
fn a_file_that_is_replaced_alike_stays_with_the_group_that_may_read_it() {
    const GROUP: u32 = 60_001;
    let base = tempfile::tempdir().unwrap();
    let (path, beside) = (base.path().join("file"), base.path().join("file.new"));
    let group = || std::fs::metadata(&path).unwrap().gid();
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let own = group();
    file::replace_alike(&path, &beside, b"new").unwrap();
    assert_eq!((read(&path).as_str(), mode(&path), group()), ("new", 0o640, own));
    if rustix::process::getuid().is_root() {
        chown(&path, None, Some(GROUP)).unwrap();
        file::replace_alike(&path, &beside, b"newer").unwrap();
        assert_eq!((read(&path).as_str(), mode(&path), group()), ("newer", 0o640, GROUP));
    }
}

#[test]
fn a_new_file_is_never_put_over_one_that_is_there() {
    let base = tempfile::tempdir().unwrap();
    let (path, beside) = (base.path().join("file"), base.path().join("file.beside"));
    file::place_new(&path, &beside, b"first", Readers::Owner).unwrap();
    assert_eq!(mode(&path), 0o600);
    let second = file::place_new(&path, &beside, b"second", Readers::Owner).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::AlreadyExists);
    assert_eq!(file::create(&path, b"third").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(read(&path), "first");
    assert!(!beside.exists());

    file::keep_for_owner(&path).unwrap();
    assert_eq!(read(&path), "first");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    file::keep_for_owner(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_lock_has_one_holder_until_it_is_dropped() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("lock");
    let held = Lock::take(&path, 1).unwrap();
    assert_eq!(mode(&path), 0o600);
    let since = Instant::now();
    assert!(matches!(Lock::take(&path, 3), Err(LockError::Held)));
    assert!(since.elapsed() >= Duration::from_millis(40), "two pauses between three tries");
    let error = std::io::Error::from(Lock::take(&path, 1).unwrap_err());
    assert_eq!(error.to_string(), "Resource temporarily unavailable (os error 11)");
    drop(held);
    drop(Lock::take(&path, 1).unwrap());
    assert!(matches!(Lock::take(&base.path().join("nowhere/lock"), 2), Err(LockError::Open(_))));
}

#[test]
fn it_is_told_what_others_may_do_with_a_directory() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("above/directory");
    directory::make_with_parents(&path).unwrap();
    directory::make_with_parents(&path).unwrap();
    assert_eq!(directory::make(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o700));
    for (bits, writable, open) in
        [(0o700, None, None), (0o750, None, Some(0o750)), (0o1770, Some(0o1770), Some(0o770)), (0o4700, None, None)]
    {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).unwrap();
        let told = |mode: Option<u32>| mode.map(|mode| format!("mode {mode:o}"));
        let others = |others: Option<Others>| others.map(|others| others.to_string());
        assert_eq!(others(directory::writable_by_others(&path).unwrap()), told(writable), "{bits:o}");
        assert_eq!(others(directory::open_to_others(&path).unwrap()), told(open), "{bits:o}");
    }
}

#[test]
fn a_child_ends_when_asked() {
    let mut child = process::set_apart(Command::new("sleep").arg("60")).spawn().unwrap();
    process::ask_to_end(&child).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}
