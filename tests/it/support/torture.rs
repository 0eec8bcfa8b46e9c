//! Work that is cut at each of its points: `make torture` tries them all, `make test` a part of them.

use std::io::Write;

/// The file that is told how many points were tried; while it is set, all are.
const TOLD: &str = "CARDWRIGHT_TORTURE";
/// Else one point of so many, and in each test other ones. Prime to the ways in which a loop turns.
const PART: usize = 5;

/// Of these points those that are tried; each test begins at another one. What is given endlessly ends where it is left.
pub fn points(all: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    points_in(PART, all)
}

/// Likewise, where a point costs more: one of so many.
pub fn points_in(part: usize, all: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    all.filter(move |point| takes(part, *point)).inspect(|_| told())
}

/// Whether all points are tried.
pub fn is_whole() -> bool {
    std::env::var_os(TOLD).is_some()
}

fn takes(part: usize, point: usize) -> bool {
    is_whole() || point % part == test().bytes().map(usize::from).sum::<usize>() % part
}

/// The test that runs in this thread.
fn test() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

/// Notes one point of this test.
fn told() {
    let Some(path) = std::env::var_os(TOLD) else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{}\n", test()).as_bytes()).unwrap();
}

#[test]
fn every_point_is_tried_in_some_test_and_an_end_is_reached() {
    let part: Vec<_> = points(0..4 * PART).collect();
    assert_eq!(part.len() % 4, 0);
    assert!(part.windows(2).all(|two| two[1] - two[0] == PART || part.len() == 4 * PART), "{part:?}");
    assert!(points(0..).any(|point| point > 100));
}
