//! Letters with PINs: a page of PDF each, straight to a printer or into a directory for its owner alone.

use super::error::Error;
use super::run::{Run, Trouble};
use crate::platform::{directory, file};
use crate::secret::Pin;
use krilla::Document;
use krilla::geom::Point;
use krilla::page::PageSettings;
use krilla::text::{Font, TextDirection};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Bounds how long a printer's program may take.
const PRINTS_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Bounds what is read of what a program says.
const MOST_SAID: u64 = 64 * 1024;
/// A4 in points, and where the lines are: the name stands where an envelope's window is (DIN 5008, form B).
const PAGE: (f32, f32) = (595.3, 841.9);
const LEFT: f32 = 62.0;
/// How many characters of a name fit a line at its full size.
const NAME_FITS: f32 = 32.0;
/// Begins the name of a letter's file.
const FILE: &str = "pin-letter-";

/// Says where letters go.
#[derive(Clone, Debug)]
pub enum Letters {
    /// A printer, as `lp` knows it.
    Printer(String),
    /// Files in this directory, for their owner alone.
    Directory(PathBuf),
}

/// Holds what a letter says.
pub struct Letter {
    pub person: String,
    /// The card's, as it tells.
    pub serial: String,
    pub card_id: Uuid,
    pub run: Uuid,
    pub pin: Pin,
}

/// Makes sure before anything is asked for that letters can be made: the printer is known or the directory is its owner's, and
/// there is a font for each name.
pub fn check(letters: Option<&Letters>, run: &Run) -> Result<(), Error> {
    let cannot = |what: String| Err(Error::Letters { what });
    match letters {
        None => return Ok(()),
        Some(Letters::Printer(name)) => {
            let mut asked = Command::new("lpstat");
            asked.args(["-p", name]);
            if let Err(trouble) = ran(&mut asked, &[]) {
                return cannot(format!("the printer {name:?} is not there: {trouble}"));
            }
        }
        Some(Letters::Directory(path)) => {
            let failed = |source| Error::State { doing: "made", path: path.clone(), source };
            directory::make_with_parents(path).map_err(failed)?;
            if let Some(others) = directory::open_to_others(path).map_err(failed)? {
                return cannot(format!("others may read the directory {} ({others})", path.display()));
            }
        }
    }
    let names: BTreeSet<&str> = run.rows.iter().filter(|row| !row.is_over()).map(|row| row.name.as_str()).collect();
    // One font for all is found at once; only where there is none each name is looked at.
    let all: String = names.iter().copied().collect();
    if font_for(&all).map_err(|what| Error::Letters { what })?.is_some() {
        return Ok(());
    }
    let mut without = Vec::new();
    for name in names {
        if font_for(name).map_err(|what| Error::Letters { what })?.is_none() {
            without.push(format!("{name:?}"));
        }
    }
    match without.as_slice() {
        [] => Ok(()),
        names => cannot(no_font(&names.join(", "))),
    }
}

/// Prints the letter, or writes it into its directory.
pub fn put(letters: Option<&Letters>, letter: &Letter) -> Result<(), Trouble> {
    let failed = |message: String| Trouble {
        code: "letter-failed".into(),
        message,
        remedy: "Mend the printer or the directory, then print again; the PIN is kept until the program ends.".into(),
    };
    let pdf = pdf(letter).map_err(failed)?;
    match letters {
        None => Err(failed("no printer or directory was named for letters".into())),
        Some(Letters::Printer(name)) => {
            let mut printer = Command::new("lp");
            printer.args(["-d", name, "-t", "PIN letter"]);
            ran(&mut printer, &pdf).map(drop).map_err(|said| failed(format!("printer {name:?}: {said}")))
        }
        Some(Letters::Directory(path)) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let serial: String = letter.serial.chars().filter(|c| plain(*c)).collect();
            // Serials of two makers may be alike.
            let card = letter.card_id.simple();
            let path = path.join(format!("{FILE}{}-{serial}-{card}.pdf", letter.run.simple()));
            let written = file::replace(&path, &path.with_extension("new"), &pdf);
            written.map_err(|error| failed(format!("{}: {}", path.display(), error.source)))
        }
    }
}

/// Wipes the letters in a directory, which were printed; returns how many.
pub fn wipe(path: &Path) -> std::io::Result<usize> {
    let mut wiped = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(FILE) && entry.file_type()?.is_file() {
            file::wipe(&entry.path(), usize::try_from(entry.metadata()?.len()).unwrap_or_default())?;
            wiped += 1;
        }
    }
    Ok(wiped)
}

/// Makes the page.
fn pdf(letter: &Letter) -> Result<Zeroizing<Vec<u8>>, String> {
    let (file, index) = font_for(&letter.person)?.ok_or_else(|| no_font(&format!("{:?}", letter.person)))?;
    let data = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let font = Font::new(data.into(), index).ok_or_else(|| format!("{} is no font", file.display()))?;
    let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or("a page of no size")?;
    let mut document = Document::new();
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let mut line = |top: f32, size: f32, text: &str| {
        let at = Point::from_xy(LEFT, top);
        surface.draw_text(at, font.clone(), size, text, false, TextDirection::Auto);
    };
    let length = letter.person.chars().count().max(1) as f32;
    line(170.0, 16.0 * (NAME_FITS / length).min(1.0), &letter.person);
    line(320.0, 20.0, "Your card's PIN");
    line(370.0, 12.0, &format!("Card {}", letter.serial));
    line(430.0, 30.0, letter.pin.expose());
    line(490.0, 12.0, "The card asks for this PIN. It stands nowhere but in this letter.");
    line(510.0, 12.0, "Choose another one soon, tell it to nobody, and destroy this letter.");
    line(800.0, 8.0, &format!("Run {}", letter.run));
    surface.finish();
    page.finish();
    document.finish().map(Zeroizing::new).map_err(|error| format!("the letter cannot be made: {error:?}"))
}

/// Finds a font of this computer that has all of these letters and those of the page, by what fontconfig knows; `None`: none
/// has.
fn font_for(text: &str) -> Result<Option<(PathBuf, u32)>, String> {
    let needed: BTreeSet<u32> = text.chars().filter(|c| !c.is_whitespace()).map(u32::from).chain(0x21..=0x7e).collect();
    let charset: Vec<String> = needed.iter().map(|code| format!("{code:x}")).collect();
    let mut asked = Command::new("fc-list");
    asked.args(["-f", "%{file}\t%{index}\t%{style}\n", &format!(":charset={}:outline=true", charset.join(" "))]);
    let said = ran(&mut asked, &[]).map_err(|said| format!("fontconfig tells of no font: {said}"))?;
    let usable = |line: &str| {
        let mut fields = line.split('\t');
        let (file, index, style) = (fields.next()?, fields.next()?.parse::<u32>().ok()?, fields.next()?);
        // The upper half of the number names a variation of the font.
        Some((style.starts_with("Regular") || style.starts_with("Book"), PathBuf::from(file), index & 0xffff))
    };
    let mut fonts: Vec<_> = said.lines().filter_map(usable).filter(|(_, file, _)| is_font(file)).collect();
    fonts.sort_by(|one, other| (!one.0, &one.1).cmp(&(!other.0, &other.1)));
    Ok(fonts.into_iter().next().map(|(_, file, index)| (file, index)))
}

/// Says that there is no font for these names: what a letter cannot show would be boxes.
fn no_font(names: &str) -> String {
    format!("no font of this computer has the letters of {names} (Debian: fonts-dejavu-core, fonts-noto-cjk)")
}

/// Says whether a file is of a kind that a PDF can hold a part of.
fn is_font(file: &Path) -> bool {
    file.extension().is_some_and(|kind| ["ttf", "otf", "ttc"].iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

/// Runs a program with this on its standard input, within [`PRINTS_WITHIN`]; returns what it said, or why it failed.
fn ran(command: &mut Command, input: &[u8]) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
    // Beside the wait, which is bounded: a program that reads nothing would hold up who feeds it.
    let input = Zeroizing::new(input.to_vec());
    let feed = |mut stdin: ChildStdin| std::thread::spawn(move || stdin.write_all(&input));
    let fed = child.stdin.take().map(feed);
    let said = child.stdout.take().map(|out| std::thread::spawn(move || read(out)));
    let complained = child.stderr.take().map(|out| std::thread::spawn(move || read(out)));
    let status =
        ended(&mut child).ok_or_else(|| format!("{program} did not end within {} s", PRINTS_WITHIN.as_secs()))?;
    let text = |thread: Option<JoinHandle<String>>| thread.and_then(|it| it.join().ok()).unwrap_or_default();
    let (said, complained) = (text(said), text(complained));
    match fed.map_or(Ok(Ok(())), JoinHandle::join) {
        _ if !status.success() => Err(format!("{program} ended with {status}: {}", complained.trim())),
        Ok(Err(error)) => Err(format!("{program}: {error}")),
        Err(_) => Err(format!("{program} was not given all of the letter")),
        Ok(Ok(())) => Ok(said),
    }
}

/// Waits for the end of a program, and ends it where it takes too long.
fn ended(child: &mut Child) -> Option<std::process::ExitStatus> {
    let since = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if since.elapsed() < PRINTS_WITHIN => std::thread::sleep(LOOK_AGAIN),
            Ok(None) | Err(_) => {
                let _ = child.kill().and_then(|()| child.wait());
                return None;
            }
        }
    }
}

fn read(mut from: impl Read) -> String {
    let mut text = Vec::new();
    // What cannot be read was not said. More than is kept is taken, too: a program that nobody hears out fails.
    let _ = from.by_ref().take(MOST_SAID).read_to_end(&mut text);
    let _ = std::io::copy(&mut from, &mut std::io::sink());
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(windows, ignore = "wants a Unix shell")]
    fn a_program_that_says_much_before_and_after_it_reads_is_heard_out() {
        let (sender, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut talkative = Command::new("sh");
            talkative.args(["-c", "head -c 300000 /dev/zero >&2; cat >/dev/null; exec head -c 300000 /dev/zero"]);
            let _ = sender.send(ran(&mut talkative, &vec![b' '; 300_000]).map(|said| said.len()));
        });
        assert_eq!(ended.recv_timeout(PRINTS_WITHIN), Ok(Ok(MOST_SAID as usize)));
    }
}
