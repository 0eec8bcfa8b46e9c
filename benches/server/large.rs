use anyhow::Result;
use std::path::Path;
pub fn told(_directory: &Path) -> Result<()> { Ok(()) }
