//! Reads `config.toml` in the user's configuration directory: what need not be typed each time. Options and environment
//! variables go before it. Also names the directories that the program keeps files in.

use super::args::PlaceArgs;
use super::failure::{Exit, Failure};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Holds the keys of `config.toml`; all may be left out.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub server: Option<String>,
    pub ca_file: Option<PathBuf>,
    /// The file that holds the bearer token; only its owner should be able to read it.
    pub bearer_file: Option<PathBuf>,
    /// Whether to use a Kerberos ticket where no bearer token is given.
    #[serde(default)]
    pub negotiate: bool,
    module: Option<PathBuf>,
}

impl Settings {
    /// Reads `$XDG_CONFIG_HOME/cardwright/config.toml` (or `~/.config/…`). A missing file gives the defaults, a wrong
    /// one fails.
    pub fn load() -> Result<Self, Failure> {
        let Some(path) = home_directory("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("config.toml")) else {
            return Ok(Self::default());
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::new("config", Exit::Usage, format!("{}: {error}", path.display()))),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let message = format!("{} is wrong: {}", path.display(), error.to_string().trim_end());
            Failure::new("config", Exit::Usage, message)
        })
    }

    /// Returns the PKCS#11 module, from the option or the settings; `None` where a card in a reader is meant.
    pub fn module(&self, option: Option<&PathBuf>, place: &PlaceArgs) -> Option<PathBuf> {
        let card = place.any_reader || place.reader.is_some();
        option.or(self.module.as_ref()).filter(|_| !card).cloned()
    }
}

/// Returns the directory of the journal: `$CARDWRIGHT_STATE`, else `$XDG_STATE_HOME/cardwright`, else
/// `~/.local/state/cardwright`.
pub fn state_directory() -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os("CARDWRIGHT_STATE").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    home_directory("XDG_STATE_HOME", ".local/state").ok_or_else(|| {
        Failure::new("journal-directory", Exit::LocalState, "there is no home directory to keep the journal in")
            .remedy("Set CARDWRIGHT_STATE to a directory of your own.")
    })
}

/// Returns the program's directory below what a variable names, else below a folder of the home directory.
pub fn home_directory(variable: &str, below_home: &str) -> Option<PathBuf> {
    let base = match std::env::var_os(variable).filter(|path| !path.is_empty()) {
        Some(base) => PathBuf::from(base),
        None => PathBuf::from(std::env::var_os("HOME").filter(|home| !home.is_empty())?).join(below_home),
    };
    Some(base.join("cardwright"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_key_is_told_with_its_line() {
        let failure = Settings::parse(Path::new("config.toml"), "server = \"https://a\"\nmodul = \"x\"\n").unwrap_err();
        let text = failure.lines().join("\n");
        assert!(text.contains("line 2") && text.contains("modul"), "{text}");
        assert_eq!(failure.exit(), Exit::Usage as u8);
    }

    #[test]
    fn a_right_file_is_read() {
        let settings = Settings::parse(Path::new("c"), "server = \"https://a\"\nmodule = \"/m.so\"\n").ok().unwrap();
        let place = |reader: Option<&str>, any_reader| PlaceArgs { reader: reader.map(String::from), any_reader };
        let other = PathBuf::from("/other.so");
        assert_eq!(settings.module(None, &place(None, false)), Some("/m.so".into()));
        assert_eq!(settings.module(Some(&other), &place(None, false)), Some(other.clone()));
        assert_eq!(settings.module(Some(&other), &place(Some("Desk"), false)), None);
        assert_eq!(settings.module(None, &place(None, true)), None);
        assert_eq!(Settings::default().module(None, &place(None, false)), None);
    }
}
