//! Power cuts on SQLite: a disk that is free to lose, keep or tear whatever was not synced.
//!
//! In a process of its own, every write, truncation and sync of SQLite passes through a layer that notes it, and every
//! acknowledgement is noted between them. Then the power is cut at many moments: each time the files are made anew of
//! what the notes say was synced, with a random choice of the sectors that were not, and opened. What the layer cannot
//! show is a disk that lies about a sync; that case is tried too, to see that the test can fail.

use super::*;
use rusqlite::ffi;
use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::{Mutex, OnceLock};

const VARIABLE: &str = "CARDWRIGHT_TEST_POWER_CUTS";
const WRITERS: usize = 6;
const WRITES: usize = 50;
/// The log is checkpointed at 4000 pages: once or twice in a run.
const COMMENT: usize = 64 * 1024;
const CUTS: usize = 24;
const SECTOR: usize = 512;

enum Note {
    Write {
        file: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        size: usize,
    },
    Sync {
        file: String,
    },
    /// With a sync of the directory: SQLite deletes no other way here.
    Delete {
        file: String,
    },
    Acknowledged(Uuid),
}

static NOTES: Mutex<Vec<Note>> = Mutex::new(Vec::new());
/// What is open, by its address.
static OPEN: Mutex<Option<HashMap<usize, Opened>>> = Mutex::new(None);
/// The address of SQLite's own layer.
static BELOW: OnceLock<usize> = OnceLock::new();

#[derive(Clone)]
struct Opened {
    name: String,
    /// The methods of the layer below.
    below: ffi::sqlite3_io_methods,
}

fn opened(file: *mut ffi::sqlite3_file) -> Opened {
    OPEN.lock().unwrap().as_ref().unwrap()[&(file as usize)].clone()
}

fn note(note: Note) {
    NOTES.lock().unwrap().push(note);
}

#[allow(unsafe_code)]
mod layer {
    use super::*;

    unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, count: c_int, offset: i64) -> c_int {
        // SAFETY: SQLite gives `count` bytes at `from`.
        let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count as usize) }.to_vec();
        let Opened { name, below } = opened(file);
        note(Note::Write { file: name, offset: offset as usize, bytes });
        // SAFETY: the same call, to the layer below.
        unsafe { below.xWrite.unwrap()(file, from, count, offset) }
    }

    unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
        let Opened { name, below } = opened(file);
        note(Note::Truncate { file: name, size: size as usize });
        // SAFETY: the same call, to the layer below.
        unsafe { below.xTruncate.unwrap()(file, size) }
    }

    unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
        let Opened { name, below } = opened(file);
        // SAFETY: the same call, to the layer below.
        let done = unsafe { below.xSync.unwrap()(file, flags) };
        note(Note::Sync { file: name });
        done
    }

    unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
        let below = *BELOW.get().unwrap() as *mut ffi::sqlite3_vfs;
        // SAFETY: the same call, to the layer below; a name is a C string.
        let (done, path) = unsafe { ((*below).xDelete.unwrap()(below, name, sync), CStr::from_ptr(name)) };
        note(Note::Delete { file: path.to_str().unwrap().rsplit('/').next().unwrap().to_owned() });
        done
    }

    unsafe extern "C" fn open(
        _: *mut ffi::sqlite3_vfs,
        name: ffi::sqlite3_filename,
        file: *mut ffi::sqlite3_file,
        flags: c_int,
        out: *mut c_int,
    ) -> c_int {
        let below = *BELOW.get().unwrap() as *mut ffi::sqlite3_vfs;
        // SAFETY: the same call, to the layer below, which lives as long as the process.
        let done = unsafe { (*below).xOpen.unwrap()(below, name, file, flags, out) };
        // SAFETY: the file was opened, so its methods are set.
        if done == ffi::SQLITE_OK && !name.is_null() && unsafe { !(*file).pMethods.is_null() } {
            // SAFETY: a name is a C string.
            let path = unsafe { CStr::from_ptr(name) }.to_str().unwrap();
            let name = path.rsplit('/').next().unwrap().to_owned();
            // SAFETY: the methods of the layer below are static; ours are never freed.
            unsafe {
                let below = *(*file).pMethods;
                OPEN.lock().unwrap().get_or_insert_default().insert(file as usize, Opened { name, below });
                (*file).pMethods = Box::leak(Box::new(ffi::sqlite3_io_methods {
                    xWrite: Some(write),
                    xTruncate: Some(truncate),
                    xSync: Some(sync),
                    ..below
                }));
            }
        }
        done
    }

    /// Puts the layer between SQLite and the system, for every database that is opened from now on.
    pub fn install() {
        // SAFETY: called once, before any database is opened; what is registered is never freed.
        unsafe {
            let below = ffi::sqlite3_vfs_find(std::ptr::null());
            BELOW.set(below as usize).unwrap();
            let own = Box::leak(Box::new(*below));
            own.zName = c"noted".as_ptr();
            own.pNext = std::ptr::null_mut();
            own.xOpen = Some(open);
            own.xDelete = Some(delete);
            assert_eq!(ffi::sqlite3_vfs_register(own, 1), ffi::SQLITE_OK);
        }
    }

    /// Takes it away again.
    pub fn remove() {
        // SAFETY: the layer below lives as long as the process.
        unsafe { ffi::sqlite3_vfs_register(*BELOW.get().unwrap() as *mut ffi::sqlite3_vfs, 1) };
    }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

fn put(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    image.resize(image.len().max(offset + bytes.len()), 0);
    image[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// The files as a disk may show them after a power cut behind the note `cut`; `honest`: what it said was synced, was.
fn after_cut(notes: &[Note], cut: usize, honest: bool, dice: &mut Dice) -> HashMap<String, Vec<u8>> {
    let notes = &notes[..cut];
    let mut synced = HashMap::new();
    for (at, note) in notes.iter().enumerate() {
        if let Note::Sync { file } = note {
            synced.insert(file.as_str(), if honest { at } else { 0 });
        }
    }
    // Whether nothing, anything or everything that was not synced is kept.
    let kept = dice.below(3);
    let mut files: HashMap<String, Vec<u8>> = HashMap::new();
    for (at, note) in notes.iter().enumerate() {
        let is_sure = |file: &str| synced.get(file).is_some_and(|synced| at < *synced);
        match note {
            Note::Write { file, offset, bytes } if is_sure(file) => {
                put(files.entry(file.clone()).or_default(), *offset, bytes);
            }
            Note::Write { file, offset, bytes } => {
                let image = files.entry(file.clone()).or_default();
                for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                    if kept == 2 || kept == 1 && dice.below(2) == 0 {
                        put(image, offset + index * SECTOR, sector);
                    }
                }
            }
            Note::Truncate { file, size } if is_sure(file) || kept == 2 || kept == 1 && dice.below(2) == 0 => {
                files.entry(file.clone()).or_default().resize(*size, 0);
            }
            Note::Delete { file } => drop(files.remove(file)),
            _ => {}
        }
    }
    files
}

/// How many of those acknowledged before the cut are gone; all, when the database cannot be opened.
async fn lost(notes: &[Note], cut: usize, honest: bool, dice: &mut Dice) -> usize {
    let directory = tempfile::tempdir_in("/dev/shm").unwrap();
    for (name, image) in after_cut(notes, cut, honest, dice) {
        std::fs::write(directory.path().join(name), image).unwrap();
    }
    let acknowledged: Vec<Uuid> = notes[..cut]
        .iter()
        .filter_map(|note| match note {
            Note::Acknowledged(uuid) => Some(*uuid),
            _ => None,
        })
        .collect();
    let path = directory.path().join("cm.db");
    let Ok(store) = Store::open(&path).await else { return acknowledged.len().max(1) };
    let mut lost = 0;
    for uuid in acknowledged {
        lost += usize::from(!matches!(store.request(uuid).await, Ok(Some(_))));
    }
    store.close().await;
    let sound = cardwright::store::check_database(&path);
    assert!(sound.is_ok() || !honest, "after a cut at {cut} of {}: {sound:?}", notes.len());
    lost
}

/// The other half of [`what_was_acknowledged_survives_a_power_cut`]: does nothing unless that test started it.
#[test]
fn writes_and_cuts() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    layer::install();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir_in("/dev/shm").unwrap();
        let store = Store::open(&directory.path().join("cm.db")).await.unwrap();
        let user = add_user(&store, "user").await;
        let begun = NOTES.lock().unwrap().len();
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..WRITERS {
            let (store, user) = (store.clone(), user.uuid);
            writers.spawn(async move {
                for _ in 0..WRITES {
                    let request = RequestRecord { comment: "x".repeat(COMMENT), ..request(user, user) };
                    let uuid = request.uuid;
                    add_request(&store, request).await.unwrap();
                    NOTES.lock().unwrap().push(Note::Acknowledged(uuid));
                }
            });
        }
        writers.join_all().await;
        let notes = std::mem::take(&mut *NOTES.lock().unwrap());
        store.close().await;
        layer::remove();

        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        // Half of the cuts hit anywhere, half while the log is brought into the database.
        let is_database =
            |note: &Note| matches!(note, Note::Write { file, .. } | Note::Sync { file } if file == "cm.db");
        let checkpoints: Vec<usize> = (begun..notes.len()).filter(|at| is_database(&notes[*at])).collect();
        assert!(checkpoints.len() > 100, "the log was never checkpointed");
        let mut lies = 0;
        for round in 0..CUTS {
            let cut = match round % 2 {
                0 => begun + dice.below(notes.len() - begun),
                _ => checkpoints[dice.below(checkpoints.len())] + dice.below(2),
            };
            assert_eq!(lost(&notes, cut, true, &mut dice).await, 0, "cut at {cut} of {}, round {round}", notes.len());
            if round < 6 {
                lies += usize::from(lost(&notes, cut, false, &mut dice).await > 0);
            }
        }
        assert!(lies > 0, "a disk that lies about syncs must be found out");
    });
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let ran = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["store::power::writes_and_cuts", "--exact"])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}
