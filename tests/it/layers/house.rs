//! The house as a map of files, and which file defines what a path names.

use super::paths::{Kind, Spelled, spellings};
use super::words::{Word, words};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How the program calls the library.
const LIBRARY: &str = "cardwright";
/// Re-exports of re-exports are followed this far.
const MOST_STEPS: usize = 16;

/// A module's path, its room first: `src/cm/wire/mod.rs` is `["cm", "wire"]`, the library's root is empty.
pub type Module = Vec<String>;

/// A file of the house.
pub struct File {
    pub module: Module,
    /// As it is shown in a complaint.
    pub shown: String,
    pub words: Vec<Word>,
    pub paths: Vec<Spelled>,
    bare: Vec<(String, usize)>,
    defined: BTreeSet<String>,
    /// The types that it holds `impl` blocks for, other than those of traits.
    implemented: BTreeSet<String>,
}

impl File {
    /// Says whether the file holds `impl` blocks for a type of this name that another file defines.
    pub fn holds_blocks_for(&self, name: &str) -> bool {
        self.implemented.contains(name) && !self.defined.contains(name)
    }

    /// Gives the room; `None` for the library's root.
    pub fn room(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    /// Returns a path spelt from the crate's root; `None` for one that begins with another crate or a name in scope.
    pub fn absolute(&self, path: &Spelled) -> Option<Module> {
        // `self::super::x` is `super::x`.
        let redundant = path.segments.len() > 1 && path.segments[0] == "self" && path.segments[1] == "super";
        let segments = &path.segments[usize::from(redundant)..];
        let ups = segments.iter().take_while(|segment| *segment == "super").count();
        let (stem, rest): (&[String], &[String]) = match segments.first()?.as_str() {
            "super" => (self.module.get(..self.module.len().checked_sub(ups)?)?, &segments[ups..]),
            "self" => (&self.module, &segments[1..]),
            LIBRARY if self.module == ["main"] => (&[], &segments[1..]),
            "crate" => (&[], &segments[1..]),
            _ => return None,
        };
        Some([stem, rest].concat())
    }
}

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    Module(Module),
    /// Something that a file defines; one that is not found there counts as that file's (a macro may make it).
    Item {
        file: Module,
        name: String,
        /// The modules whose re-export led there.
        through: Vec<Module>,
    },
    /// Another crate's, or not a path of modules.
    Outside,
}

/// Something that one file takes from another.
pub struct Import {
    pub to: Module,
    pub name: String,
    pub line: usize,
    pub kind: Kind,
    /// The modules whose re-export led there.
    pub through: Vec<Module>,
}

/// All files of a source tree, by module.
pub struct House {
    pub files: BTreeMap<Module, File>,
}

impl House {
    /// Reads a source tree given as paths below `src` and their texts.
    pub fn of<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = sources.into_iter().map(|(path, text)| {
            let mut module: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
            if module == ["lib"] || module.last().is_some_and(|last| last == "mod") {
                module.pop();
            }
            let words = words(text);
            let found = spellings(&words);
            let (defined, implemented) = (defined(&words), implemented(&words));
            let shown = format!("src/{path}");
            (module.clone(), File { module, shown, words, paths: found.paths, bare: found.bare, defined, implemented })
        });
        Self { files: files.collect() }
    }

    /// Reads the source tree below a directory.
    pub fn read(src: &Path) -> Self {
        let mut sources = Vec::new();
        collect(src, src, &mut sources);
        Self::of(sources.iter().map(|(path, text)| (path.as_str(), text.as_str())))
    }

    /// Gives a module's file as it is shown in a complaint.
    pub fn shown(&self, module: &Module) -> &str {
        self.files.get(module).map_or("src/lib.rs", |file| &file.shown)
    }

    /// Lists what a file takes from other files: by `use`, by a path in code, or by a name that it also re-exports.
    pub fn imports(&self, file: &File) -> Vec<Import> {
        let bare = file.bare.iter().flat_map(|(name, line)| {
            let re_exported = file.paths.iter().filter(move |path| path.kind == Kind::ReExport && path.name == *name);
            re_exported.map(move |path| (path, *line, Kind::Code))
        });
        let paths = file.paths.iter().map(|path| (path, path.line, path.kind));
        let taken = paths.chain(bare).filter_map(|(path, line, kind)| {
            match self.meaning(&file.module, &path.segments, MOST_STEPS) {
                Meaning::Item { file: to, name, through } if to != file.module => {
                    Some(Import { to, name, line, kind, through })
                }
                Meaning::Item { .. } | Meaning::Module(_) | Meaning::Outside => None,
            }
        });
        taken.collect()
    }

    fn meaning(&self, at: &[String], path: &[String], steps: usize) -> Meaning {
        let Some((head, rest)) = path.split_first().filter(|_| steps > 0) else { return Meaning::Outside };
        match head.as_str() {
            "crate" if at != ["main"] => self.enter(&[], rest, steps),
            LIBRARY if at == ["main"] => self.enter(&[], rest, steps),
            "self" => self.enter(at, rest, steps),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                let stem = at.len().checked_sub(ups).and_then(|length| at.get(..length));
                stem.map_or(Meaning::Outside, |stem| self.enter(stem, &path[ups..], steps))
            }
            _ => self.find(at, path, steps).unwrap_or(Meaning::Outside),
        }
    }

    /// Follows a path into a module; what is not found there counts as defined there.
    fn enter(&self, module: &[String], path: &[String], steps: usize) -> Meaning {
        let Some(name) = path.first() else { return Meaning::Module(module.to_vec()) };
        let here = || Meaning::Item { file: module.to_vec(), name: name.clone(), through: Vec::new() };
        self.find(module, path, steps).unwrap_or_else(here)
    }

    /// Finds a path's first name in a module: what it defines, a module below it, or what it takes from elsewhere.
    fn find(&self, module: &[String], path: &[String], steps: usize) -> Option<Meaning> {
        let (name, rest) = path.split_first()?;
        let file = self.files.get(module);
        let defined = file.is_some_and(|file| file.defined.contains(name));
        let here = || Meaning::Item { file: module.to_vec(), name: name.clone(), through: Vec::new() };
        if defined && rest.is_empty() {
            return Some(here());
        }
        let child = [module, std::slice::from_ref(name)].concat();
        if self.files.contains_key(&child) {
            return Some(self.enter(&child, rest, steps));
        }
        let fewer = steps.saturating_sub(1);
        let taken = || file.into_iter().flat_map(|file| &file.paths).filter(|taken| taken.kind != Kind::Code);
        for taken in taken().filter(|taken| taken.name == *name && taken.segments != path) {
            match self.meaning(module, &taken.segments, fewer) {
                Meaning::Module(other) => return Some(self.enter(&other, rest, fewer)),
                Meaning::Item { file, name, mut through } => {
                    through.insert(0, module.to_vec());
                    return Some(Meaning::Item { file, name, through });
                }
                Meaning::Outside => {}
            }
        }
        if defined {
            return Some(here());
        }
        taken().filter(|taken| taken.name == "*").find_map(|glob| {
            let (_, stem) = glob.segments.split_last()?;
            match self.meaning(module, stem, fewer) {
                Meaning::Module(other) if other != module => self.find(&other, path, fewer),
                _ => None,
            }
        })
    }
}

fn collect(src: &Path, directory: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(src, &path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
            into.push((below, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Lists what a file defines at its top, macros too.
fn defined(words: &[Word]) -> BTreeSet<String> {
    const BEFORE_A_NAME: [&str; 8] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static"];
    let mut defined = BTreeSet::new();
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        let named = |ahead: usize| words.get(at + ahead).filter(|next| next.is_name()).map(|next| next.text.clone());
        match word.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            "macro_rules" if depth == 0 => defined.extend(named(2)),
            text if depth == 0 && BEFORE_A_NAME.contains(&text) => defined.extend(named(1)),
            _ => {}
        }
    }
    defined
}

/// Lists the types that a file holds `impl` blocks for, leaving out those of traits.
fn implemented(words: &[Word]) -> BTreeSet<String> {
    let is_item = |at: &usize| {
        let before = if *at == 0 { ";" } else { &words[at - 1].text };
        words[*at].text == "impl" && matches!(before, ";" | "}" | "]" | "unsafe")
    };
    let heads = (0..words.len()).filter(is_item).map(|at| &words[at + 1..]);
    let of = |head: &[Word]| {
        let (mut depth, mut last) = (0_usize, None);
        for (at, word) in head.iter().enumerate() {
            match word.text.as_str() {
                "<" => depth += 1,
                ">" if at == 0 || head[at - 1].text != "-" => depth = depth.saturating_sub(1),
                "{" | "where" if depth == 0 => return last,
                "for" if depth == 0 => return None,
                text if depth == 0 && word.is_name() => last = Some(text.to_owned()),
                _ => {}
            }
        }
        None
    };
    heads.filter_map(of).collect()
}
