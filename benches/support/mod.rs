//! What the benchmarks need: children and what they cost, a server of our own, numbers, rows and tables.

// Each benchmark needs a part of it.
#![allow(dead_code)]

pub mod cardwright;
pub mod cost;
pub mod numbers;
pub mod process;
pub mod rows;
pub mod table;
