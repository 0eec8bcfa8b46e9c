//! What the benchmarks need: children and their processor time, a server of our own, numbers and tables, and for some a browser.

pub mod cardwright;
pub mod numbers;
pub mod process;
pub mod table;
