//! The figures as a Markdown table, printed and kept beside the other benchmark's.

use anyhow::Result;
use std::fmt::Write as _;
use std::path::Path;

/// Prints a table under a title and keeps it as `target/tmp/bench/<name>.md`.
pub fn publish(name: &str, title: &str, head: &[&str], rows: &[Vec<String>], notes: &[String]) -> Result<()> {
    let mut text = format!("### {title}\n\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        writeln!(text, "| {} |", row.join(" | "))?;
    }
    for note in notes {
        writeln!(text, "\n{note}")?;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&directory)?;
    std::fs::write(directory.join(format!("{name}.md")), &text)?;
    println!("{text}");
    Ok(())
}

/// The machine, in a line.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    format!("{cores} cores, {}", model.map_or("unknown", |(_, name)| name))
}
