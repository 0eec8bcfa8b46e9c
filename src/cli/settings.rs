//! Reads what need not be typed each time: `config.toml` in the user's configuration directory, and under it the one that
//! an administrator hands out (`/etc/cardwright/config.toml`, `%ProgramData%\cardwright\config.toml`). Options and environment variables go before both. Also names
//! the directories that the program keeps files in.

use super::args::PlaceArgs;
use super::failure::{Exit, Failure};
use crate::platform::directory;
use crate::platform::places::{self, Kind};
use serde::Deserialize;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Names the program's directory in those that the system has for such files.
const DIRECTORY: &str = "cardwright";
/// Names the file of settings in it.
const FILE: &str = "config.toml";
/// Names the variable that moves the file that holds for everybody at this computer.
const EVERYBODYS_MOVED: &str = "CARDWRIGHT_SYSTEM_CONFIG";

/// Is what to do where a file is there and cannot be read.
const READABLE: &str = "Have whoever it belongs to let you read it, or move it away.";

/// Holds what holds: each key from the first file that has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub server: Option<String>,
    pub ca_file: Option<PathBuf>,
    /// The file that holds the bearer token; only its owner should be able to read it.
    pub bearer_file: Option<PathBuf>,
    /// Whether to use a Kerberos ticket where no bearer token is given.
    pub negotiate: bool,
    module: Option<PathBuf>,
}

/// Holds the keys of one `config.toml`; all may be left out.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub server: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub bearer_file: Option<PathBuf>,
    pub negotiate: Option<bool>,
    pub module: Option<PathBuf>,
}

/// Is a place for a `config.toml`.
pub struct File {
    pub path: PathBuf,
    /// What it says; `None` where there is no such file.
    pub keys: Option<Keys>,
}

impl Settings {
    /// Reads the files. Fails with `config` if one is wrong, cannot be read, or may be written by others than its owner.
    pub fn load() -> Result<Self, Failure> {
        Ok(Self::merged(files()?.into_iter().filter_map(|file| file.keys)))
    }

    /// Takes each key from the first that has it. How to log in is one thing: who names a bearer file means no ticket.
    fn merged(files: impl IntoIterator<Item = Keys>) -> Self {
        let (mut settings, mut logs_in) = (Self::default(), false);
        for keys in files {
            settings.server = settings.server.or(keys.server);
            settings.ca_file = settings.ca_file.or(keys.ca_file);
            settings.module = settings.module.or(keys.module);
            if !logs_in && (keys.bearer_file.is_some() || keys.negotiate.is_some()) {
                logs_in = true;
                (settings.bearer_file, settings.negotiate) = (keys.bearer_file, keys.negotiate.unwrap_or_default());
            }
        }
        settings
    }

    /// Returns the PKCS#11 module, from the option or the settings; `None` where a card in a reader is meant.
    pub fn module(&self, option: Option<&PathBuf>, place: &PlaceArgs) -> Option<PathBuf> {
        let card = place.any_reader || place.reader.is_some();
        option.or(self.module.as_ref()).filter(|_| !card).cloned()
    }
}

/// Reads the files that may hold settings: the user's, then everybody's.
pub fn files() -> Result<Vec<File>, Failure> {
    let own = own_directory(Kind::Configuration).map(|directory| directory.join(FILE));
    let moved = std::env::var_os(EVERYBODYS_MOVED).filter(|path| !path.is_empty());
    let everybodys = moved.map_or_else(|| places::everybodys().join(DIRECTORY).join(FILE), PathBuf::from);
    own.into_iter().chain([everybodys]).map(|path| Ok(File { keys: read(&path)?, path })).collect()
}

/// Reads one file; `None` where there is none.
fn read(path: &Path) -> Result<Option<Keys>, Failure> {
    let wrong = |message| Failure::new("config", Exit::Usage, format!("{}: {message}", path.display()));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(wrong(error.to_string()).remedy(READABLE)),
    };
    // Who can write there says which server is believed and which module is loaded.
    if let Some(others) =
        directory::writable_by_others(path).map_err(|error| wrong(error.to_string()).remedy(READABLE))?
    {
        let message = format!("others than its owner may write it ({others}), so nothing in it is believed");
        return Err(wrong(message).remedy(format!("Look it through, then: {}", directory::closing(path))));
    }
    parse(path, &text).map(Some)
}

/// Reads the text of a file. A path that begins with `~/` is below the home directory, and one that is not absolute
/// beside the file; a module's bare name is left to the system, which looks for it.
fn parse(path: &Path, text: &str) -> Result<Keys, Failure> {
    let mut keys: Keys = toml::from_str(text).map_err(|error| {
        let message = format!("{} is wrong: {}", path.display(), error.to_string().trim_end());
        Failure::new("config", Exit::Usage, message).remedy("Correct that line; nothing in the file holds until then.")
    })?;
    let beside = |named: &mut PathBuf| {
        let below_home = named.strip_prefix("~").ok().zip(places::home()).map(|(rest, home)| home.join(rest));
        *named = below_home.unwrap_or_else(|| path.parent().unwrap_or(Path::new("")).join(&*named));
    };
    keys.ca_file.iter_mut().chain(&mut keys.bearer_file).for_each(beside);
    keys.module.iter_mut().filter(|module| module.components().count() > 1).for_each(beside);
    Ok(keys)
}

/// Returns the directory of the journal: `$CARDWRIGHT_STATE`, else `$XDG_STATE_HOME/cardwright`, else
/// `~/.local/state/cardwright`; on Windows `%LOCALAPPDATA%\cardwright`.
pub fn state_directory() -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os("CARDWRIGHT_STATE").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    own_directory(Kind::State).ok_or_else(|| {
        Failure::new("journal-directory", Exit::LocalState, "there is no home directory to keep the journal in")
            .remedy("Set CARDWRIGHT_STATE to a directory of your own.")
    })
}

/// Returns the program's directory for files of this kind that are the user's.
pub fn own_directory(kind: Kind) -> Option<PathBuf> {
    Some(places::own(kind)?.join(DIRECTORY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        parse(Path::new("/etc/cardwright/config.toml"), text).ok().unwrap()
    }

    #[test]
    fn a_wrong_key_is_told_with_its_line() {
        let failure = parse(Path::new("config.toml"), "server = \"https://a\"\nmodul = \"x\"\n").unwrap_err();
        let text = failure.lines().join("\n");
        assert!(text.contains("line 2") && text.contains("modul"), "{text}");
        assert_eq!(failure.exit(), Exit::Usage as u8);
    }

    #[test]
    fn a_right_file_is_read() {
        let settings = Settings::merged([keys("server = \"https://a\"\nmodule = \"/m.so\"\n")]);
        let place = |reader: Option<&str>, any_reader| PlaceArgs { reader: reader.map(String::from), any_reader };
        let other = PathBuf::from("/other.so");
        assert_eq!(settings.module(None, &place(None, false)), Some("/m.so".into()));
        assert_eq!(settings.module(Some(&other), &place(None, false)), Some(other.clone()));
        assert_eq!(settings.module(Some(&other), &place(Some("Desk"), false)), None);
        assert_eq!(settings.module(None, &place(None, true)), None);
        assert_eq!(Settings::default().module(None, &place(None, false)), None);
    }

    #[test]
    fn paths_are_beside_the_file_and_a_bare_module_is_looked_for() {
        let keys = keys("ca_file = \"ca.pem\"\nbearer_file = \"/b\"\nmodule = \"libsofthsm2.so\"\n");
        assert_eq!(keys.ca_file, Some("/etc/cardwright/ca.pem".into()));
        assert_eq!(keys.bearer_file, Some("/b".into()));
        assert_eq!(keys.module, Some("libsofthsm2.so".into()));
    }

    #[test]
    fn each_key_comes_from_the_first_file_that_has_it_and_the_login_from_one() {
        let own = || keys("server = \"https://own\"\nbearer_file = \"/own\"\n");
        let all = || keys("server = \"https://all\"\nca_file = \"/all.pem\"\nnegotiate = true\n");
        let settings = Settings::merged([own(), all()]);
        assert_eq!(settings.server.as_deref(), Some("https://own"));
        assert_eq!(settings.ca_file, Some("/all.pem".into()));
        assert_eq!((settings.bearer_file, settings.negotiate), (Some("/own".into()), false));
        assert!(Settings::merged([Keys::default(), all()]).negotiate);
    }
}
