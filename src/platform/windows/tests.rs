//! What integration tests show on Unix alone, shown here for Windows: they run where the program runs.

use super::access;
use super::security::Descriptor;
use crate::platform::file::{self, Readers, Step};
use crate::platform::lock::{Lock, LockError};
use crate::platform::places::{self, Kind};
use crate::platform::{Standing, directory, memory, process, registry, services};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// Gives a file or directory the access control list that is spelled so (SDDL).
fn give(path: &Path, sddl: &str) {
    access::set_list(path, Descriptor::spelled(sddl).unwrap().raw()).unwrap();
}

#[test]
fn a_file_is_its_owners_alone_from_the_first_moment_and_stays_so_when_replaced() {
    let base = tempfile::tempdir().unwrap();
    // What is made there would inherit that everybody may everything.
    give(base.path(), "D:(A;OICI;FA;;;WD)");
    let (path, beside) = (base.path().join("file"), base.path().join("file.new"));
    drop(file::open_new(&path).unwrap());
    assert_eq!(access::open_to_others(&path).unwrap(), None);
    assert_eq!(file::create(&path, b"second").unwrap_err().kind(), ErrorKind::AlreadyExists);
    file::replace(&path, &beside, b"old").unwrap();
    file::replace(&path, &beside, b"new").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    assert_eq!((access::open_to_others(&path).unwrap(), beside.exists()), (None, false));

    let obstacle = base.path().join("directory");
    directory::make(&obstacle).unwrap();
    assert_eq!(access::open_to_others(&obstacle).unwrap(), None);
    assert_eq!(file::replace(&obstacle, &beside, b"newer").unwrap_err().step, Step::Rename);
    file::overwrite(&path, 1, b"E", true).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "nEw");
    file::wipe(&path, 3).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_new_file_is_never_put_over_one_that_is_there() {
    let base = tempfile::tempdir().unwrap();
    let (path, beside) = (base.path().join("file"), base.path().join("file.beside"));
    file::place_new(&path, &beside, b"first", Readers::Owner).unwrap();
    let second = file::place_new(&path, &beside, b"second", Readers::Owner).unwrap_err();
    assert_eq!((second.kind(), beside.exists()), (ErrorKind::AlreadyExists, false));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
}

#[test]
fn others_are_told_by_name_and_can_be_kept_out() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("file");
    std::fs::write(&path, "kept").unwrap();
    give(&path, "D:P(A;;FR;;;WD)");
    assert_eq!(directory::writable_by_others(&path).unwrap(), None);
    let told = access::open_to_others(&path).unwrap().unwrap().to_string();
    assert!(told.ends_with("may open it"), "{told}");
    give(&path, "D:P(A;;FA;;;WD)");
    let told = directory::writable_by_others(&path).unwrap().unwrap().to_string();
    assert!(told.ends_with("may write"), "{told}");

    let alike = base.path().join("alike");
    file::replace_alike(&alike, &base.path().join("new"), b"for its owner").unwrap();
    assert_eq!(access::open_to_others(&alike).unwrap(), None);
    file::replace_alike(&path, &base.path().join("new"), b"for everybody").unwrap();
    assert!(directory::writable_by_others(&path).unwrap().is_some());

    file::keep_for_owner(&path).unwrap();
    assert_eq!(directory::open_to_others(&path).unwrap(), None);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "for everybody");
}

#[test]
fn a_lock_has_one_holder_until_it_is_dropped() {
    let base = tempfile::tempdir().unwrap();
    let path = base.path().join("lock");
    let held = Lock::take(&path, 1).unwrap();
    assert!(matches!(Lock::take(&path, 3), Err(LockError::Held)));
    drop(held);
    drop(Lock::take(&path, 1).unwrap());
    assert!(matches!(Lock::take(&base.path().join("nowhere/lock"), 2), Err(LockError::Open(_))));
}

#[test]
fn files_have_their_places_in_the_users_profile() {
    let of = |variable: &str| std::env::var_os(variable).map(Into::into);
    assert_eq!(places::own(Kind::Configuration), of("APPDATA"));
    assert_eq!(places::own(Kind::State), of("LOCALAPPDATA"));
    assert_eq!(Some(places::everybodys()), of("ProgramData"));
}

#[test]
fn a_null_device_is_known_and_a_file_is_none() {
    let base = tempfile::tempdir().unwrap();
    let file = File::create(base.path().join("file")).unwrap();
    assert!(!file::is_null(&file));
    assert!(file::is_null(File::options().write(true).open("NUL").unwrap()));
    assert_eq!(file::inherited(3).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn who_has_a_library_loaded_is_found_without_this_process() {
    memory::forbid_dumps();
    let loaded = process::with_library(&["ntdll.dll"]);
    assert!(loaded.iter().all(|process| process.pid != std::process::id()), "{loaded:?}");
    assert_eq!(process::with_library(&["no-such-library.dll"]), []);
}

#[test]
fn services_numbers_and_keys_of_the_registry_are_read() {
    let has = registry::keys().unwrap();
    assert!(has(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion") && !has(r"SOFTWARE\Microsoft\No such key"));
    assert_eq!(
        registry::number(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentMajorVersionNumber"),
        Some(10)
    );
    assert_eq!(
        registry::number(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentVersion"),
        None,
        "that is text"
    );
    let versions = r"SOFTWARE\Microsoft\Windows NT";
    assert!(registry::subkeys(versions).contains(&"CurrentVersion".to_owned()));
    assert!(registry::subkeys(r"SOFTWARE\Microsoft\No such key").is_empty());
    let named = |name| registry::text(&format!(r"{versions}\CurrentVersion"), name);
    assert!(named("CurrentVersion").is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit())));
    assert_eq!((named("CurrentMajorVersionNumber"), named("No such value")), (None, None));
    assert_eq!(registry::bytes(&format!(r"{versions}\CurrentVersion"), "CurrentVersion"), None, "that is text");
    assert_ne!(services::standing("RpcSs"), Standing::Absent);
    assert_eq!(services::standing("no-such-service"), Standing::Absent);
}
