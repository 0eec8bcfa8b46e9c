//! Remembers how long cards of each model took, so that a person is told how long the next will take.

use super::error::Error;
use crate::platform::{directory, file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

/// Bounds what is remembered of a model, the latest.
const MOST_TIMES: usize = 16;
/// Bounds the models.
const MOST_MODELS: usize = 256;
const LARGEST_FILE: u64 = 1024 * 1024;

/// Holds the times that cards took, in seconds, by model.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Learnt {
    #[serde(skip)]
    path: PathBuf,
    #[serde(default)]
    models: BTreeMap<String, Vec<f64>>,
}

impl Learnt {
    /// Reads what earlier runs have learnt; a file that cannot be read tells of nothing.
    pub fn load(path: PathBuf) -> Self {
        let mut text = Vec::new();
        let read = std::fs::File::open(&path).and_then(|file| file.take(LARGEST_FILE).read_to_end(&mut text));
        let known = read.ok().and_then(|_| serde_json::from_slice::<Self>(&text).ok()).unwrap_or_default();
        Self { path, ..known }
    }

    /// Returns how long a card of this model takes, the middle of what was seen; `None`: none was seen.
    pub fn expected(&self, model: &str) -> Option<Duration> {
        let mut times = self.models.get(model)?.clone();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).and_then(|seconds| Duration::try_from_secs_f64(*seconds).ok())
    }

    /// Remembers how long a card of this model took.
    pub fn learn(&mut self, model: &str, took: Duration) -> Result<(), Error> {
        if self.models.len() >= MOST_MODELS && !self.models.contains_key(model) {
            return Ok(());
        }
        let times = self.models.entry(model.to_owned()).or_default();
        times.push(took.as_secs_f64());
        times.drain(..times.len().saturating_sub(MOST_TIMES));
        let failed = |source| Error::State { doing: "written", path: self.path.clone(), source };
        let text = serde_json::to_vec_pretty(&self).map_err(|error| failed(error.into()))?;
        self.path.parent().map_or(Ok(()), directory::make_with_parents).map_err(failed)?;
        file::replace(&self.path, &self.path.with_extension("new"), &text).map_err(|error| failed(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_is_there_for_the_next_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state/times.json");
        let mut learnt = Learnt::load(path.clone());
        assert_eq!(learnt.expected("a"), None);
        for seconds in [30, 2, 3] {
            learnt.learn("a", Duration::from_secs(seconds)).unwrap();
        }
        assert_eq!(Learnt::load(path.clone()).expected("a"), Some(Duration::from_secs(3)));
        std::fs::write(&path, "no JSON").unwrap();
        assert_eq!(Learnt::load(path).expected("a"), None);
    }
}
