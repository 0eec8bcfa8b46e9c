//! Feeds one target with what libFuzzer makes up: `--target=NAME`, then libFuzzer's own options and folders of inputs.
//! `--seeds=FOLDER` writes what to begin with, `--pack=FOLDER` keeps what is there in `tests/data/fuzz`; both end then. An
//! input that costs more than the ceilings counts as a crash.

#![no_main]

mod counted;
mod seeds;
mod targets;

use std::sync::OnceLock;
use targets::{TARGETS, Target};

#[global_allocator]
static ALLOCATOR: counted::Counting = counted::Counting;

/// The most bytes that a reader may hold at one time.
const MOST_BYTES: usize = 32 << 20;
/// The most allocations that a reader may make.
const MOST_ALLOCATIONS: u64 = 1_000_000;

static TARGET: OnceLock<&Target> = OnceLock::new();

fn option(name: &str) -> Option<String> {
    std::env::args().find_map(|argument| argument.strip_prefix(name).map(str::to_owned))
}

fn choose() {
    let wanted = option("--target=").unwrap_or_default();
    let Some(target) = TARGETS.iter().find(|target| target.name == wanted) else {
        eprintln!("--target= takes one of these, and their longest inputs for -max_len=:");
        TARGETS.iter().for_each(|target| eprintln!("{} {}", target.name, target.longest));
        std::process::exit(2);
    };
    let (seeds, pack) = (option("--seeds="), option("--pack="));
    let done = match (&seeds, &pack) {
        (Some(folder), _) => seeds::write(target.name, folder.as_ref()),
        (None, Some(folder)) => seeds::pack(target.name, folder.as_ref()),
        (None, None) => {
            TARGET.get_or_init(|| target);
            return;
        }
    };
    if let Err(error) = done {
        panic!("{error}");
    }
    println!("{}", target.longest);
    std::process::exit(0);
}

libfuzzer_sys::fuzz_target!(init: { choose() }, |data: &[u8]| {
    if let Some(target) = TARGET.get() {
        let cost = counted::cost(|| (target.feed)(data));
        assert!(cost.peak <= MOST_BYTES && cost.allocations <= MOST_ALLOCATIONS, "{}: {cost:?}", target.name);
    }
});
