//! The targets of `fuzz/`, fed with what fuzzing found, with its small corpora, and with inputs that fill every limit:
//! none panics, and none costs more than the ceilings, by count of what it allocates.

#[path = "../../fuzz/src/counted.rs"]
mod counted;
#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

mod costs;
mod ders;
mod large;
mod replay;

use counted::{Cost, cost};

#[global_allocator]
static ALLOCATOR: counted::Counting = counted::Counting;

/// The most bytes that a reader may hold at one time, whatever it is fed.
const MOST_BYTES: usize = 32 << 20;

/// Feeds a target and holds it to the ceilings.
#[track_caller]
fn feed(name: &str, input: &[u8], what: &str) -> Cost {
    let target = targets::TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no {name}"));
    let cost = cost(|| (target.feed)(input));
    assert!(cost.peak <= MOST_BYTES, "{name} holds too much for {what} of {} bytes: {cost:?}", input.len());
    cost
}
