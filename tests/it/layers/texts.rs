//! The texts of the pages: whole in both languages, each named somewhere, and none named that is not there.

use super::none;
use super::spoken::{Spoken, spoken};
use cardwright::cm::problem::ProblemCode;
use cardwright::doctor::logon::Code;
use cardwright::pages::texts::{Catalogue, Language};
use fluent_bundle::FluentResource;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// The faces that have texts of their own, each of which shows the common ones besides.
const FACES: &[&str] = &["console", "kiosk", "desk_page"];
/// The files that only one language has: in English a page shows the words of whoever says it.
const GERMAN_ALONE: &[&str] = &["refusals.ftl", "logon.ftl"];
/// The file of what all faces have: the first of them need not say each.
const COMMON: &str = "common.ftl";

/// A file of texts.
struct Texts {
    language: Language,
    name: String,
    source: String,
}

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)
}

fn files_of(path: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        match entry.is_dir() {
            true => files_of(&entry, ending, into),
            false if entry.extension().is_some_and(|found| found == ending) => into.push(entry),
            false => {}
        }
    }
}

/// Reads every file of texts that a face shows: its own, and the common ones.
fn texts(face: &str) -> Vec<Texts> {
    let mut texts = Vec::new();
    for (room, language) in ["pages", face].iter().flat_map(|room| Language::ALL.map(|language| (room, language))) {
        let mut files = Vec::new();
        files_of(&at(&format!("{room}/texts/{}", language.tag())), "ftl", &mut files);
        assert!(!files.is_empty(), "{room} has no texts in {language:?}");
        texts.extend(files.into_iter().map(|file| Texts {
            language,
            name: file.file_name().unwrap().to_string_lossy().into_owned(),
            source: read_to_string(&file).unwrap(),
        }));
    }
    texts
}

/// Reads the messages of a source and what stands in each.
fn messages(source: &str) -> Vec<(&str, BTreeSet<&str>)> {
    let mut messages: Vec<(&str, BTreeSet<&str>)> = Vec::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        let id = line.split_once('=').map(|(id, _)| id.trim_end());
        if let Some(id) = id.filter(|id| id.starts_with(|first: char| first.is_ascii_alphabetic())) {
            messages.push((id, BTreeSet::new()));
        }
        let variables = line.split('$').skip(1);
        let variables = variables.map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap());
        if let Some((_, known)) = messages.last_mut() {
            known.extend(variables);
        }
    }
    messages
}

/// Lists what cannot be read, and ids that stand twice.
fn written_wrongly(texts: &[Texts]) -> Vec<String> {
    let mut faults = Vec::new();
    for language in Language::ALL {
        let mut seen = BTreeMap::new();
        for file in texts.iter().filter(|file| file.language == language) {
            let (tag, name) = (language.tag(), &file.name);
            if let Err((_, errors)) = FluentResource::try_new(file.source.clone()) {
                faults.push(format!("{tag}/{name}: {errors:?}"));
            }
            for (id, _) in messages(&file.source) {
                if let Some(before) = seen.insert(id, name) {
                    faults.push(format!("{tag}/{name}: {id} stands in {before} already"));
                }
            }
        }
    }
    faults
}

/// Lists what one language has otherwise than the other.
fn unlike(texts: &[Texts]) -> Vec<String> {
    let of = |language: Language| {
        let files = texts.iter().filter(move |file| file.language == language && !GERMAN_ALONE.contains(&&*file.name));
        files.flat_map(|file| messages(&file.source).into_iter().map(|(id, has)| ((&file.name, id), has)))
    };
    let (english, german): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (of(Language::English).collect(), of(Language::German).collect());
    let ids: BTreeSet<_> = english.keys().chain(german.keys()).collect();
    let mut faults = Vec::new();
    for id in ids {
        match (english.get(id), german.get(id)) {
            (Some(english), Some(german)) if english == german => {}
            (english, german) => faults.push(format!("{id:?}: English has {english:?}, German {german:?}")),
        }
    }
    faults
}

/// Lists ids that sources name and no text has, and texts that no source names.
fn unspoken(texts: &[Texts], sources: &[(String, Spoken)]) -> Vec<String> {
    let both = texts.iter().filter(|file| !GERMAN_ALONE.contains(&&*file.name));
    let read = both.map(|file| (&file.name, messages(&file.source)));
    let ids: BTreeMap<&str, &String> =
        read.flat_map(|(name, messages)| messages.into_iter().map(move |(id, _)| (id, name))).collect();
    let mut faults = Vec::new();
    for (file, spoken) in sources {
        let missing = spoken.ids.iter().filter(|id| !ids.contains_key(id.as_str()));
        faults.extend(missing.map(|id| format!("{file}: names the text {id}, which there is not")));
    }
    let named = |id: &str| {
        let ids = [Some(id), id.strip_prefix("done-")];
        sources.iter().any(|(_, spoken)| ids.into_iter().flatten().any(|id| names(&spoken.literals, id)))
    };
    let unnamed = ids.iter().filter(|(id, name)| **name != COMMON && !named(id));
    faults.extend(unnamed.map(|(id, _)| format!("{id}: no source names this text")));
    faults
}

/// Says whether the strings of a file name an id: whole, or by a format. `act-{}` writes `act-link-made`; `{}-what` and
/// `{}-{}` write what begins with another of its strings.
fn names(literals: &BTreeSet<String>, id: &str) -> bool {
    let writes = |format: &String| {
        let Some((before, rest)) = format.split_once('{') else { return false };
        let Some((_, after)) = rest.split_once('}') else { return false };
        match (before, after) {
            ("", "") | ("done-", _) => false,
            ("", after) if after.starts_with("-{") => literals
                .iter()
                .any(|first| first.len() > 2 && id.strip_prefix(first).is_some_and(|rest| rest.starts_with('-'))),
            ("", after) => id.strip_suffix(after).is_some_and(|first| literals.contains(first)),
            (before, after) => {
                before.ends_with('-')
                    && id.strip_prefix(before).is_some_and(|rest| rest.len() > after.len() && rest.ends_with(after))
            }
        }
    };
    literals.contains(id) || literals.iter().any(writes)
}

/// Reads the sources of a face. In a small face one file names what another writes: it counts as one source.
fn sources(face: &str) -> Vec<(String, Spoken)> {
    let mut files = Vec::new();
    ["pages", face].iter().for_each(|room| files_of(&at(room), "rs", &mut files));
    let read = |file: PathBuf| (file.display().to_string(), spoken(&read_to_string(&file).unwrap()));
    let all: Vec<_> = files.into_iter().map(read).collect();
    if face == "console" {
        return all;
    }
    let mut whole = Spoken::default();
    for (_, file) in all {
        whole.ids.extend(file.ids);
        whole.literals.extend(file.literals);
    }
    vec![(face.to_owned(), whole)]
}

/// Lists what a judge finds in each face.
fn in_each_face(judge: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    FACES.iter().flat_map(|face| judge(face).into_iter().map(move |fault| format!("{face}: {fault}"))).collect()
}

#[test]
fn every_text_can_be_read_and_stands_once() {
    none(&in_each_face(|face| written_wrongly(&texts(face))));
}

#[test]
fn every_text_is_there_in_both_languages_with_the_same_in_it() {
    none(&in_each_face(|face| unlike(&texts(face))));
}

#[test]
fn every_text_is_named_and_every_named_text_is_there() {
    none(&in_each_face(|face| unspoken(&texts(face), &sources(face))));
}

#[test]
fn every_file_of_texts_is_shown() {
    let gather = [
        "pages/texts.rs",
        "pages/findings.rs",
        "console/screens/mod.rs",
        "kiosk/screens/mod.rs",
        "desk_page/screen.rs",
    ];
    let gathered = gather.map(|file| read_to_string(at(file)).unwrap());
    let faults = in_each_face(|face| {
        let missing = texts(face).into_iter().filter(|file| {
            let entry = format!("texts/{}/{}", file.language.tag(), file.name);
            let language = format!("Language::{:?}", file.language);
            let mut lines = gathered.iter().flat_map(|source| source.lines());
            !lines.any(|line| line.contains(&entry) && line.contains(&language))
        });
        missing.map(|file| format!("{}: is gathered by nobody", file.name)).collect()
    });
    none(&faults);
}

#[test]
fn everything_found_about_a_logon_is_told_in_german() {
    let german = texts("kiosk").into_iter().find(|file| file.name == "logon.ftl").unwrap();
    let told = messages(&german.source);
    let mut faults = Vec::new();
    for code in Code::ALL {
        let id = format!("finding-{}", code.name());
        let facts = between(code.sentence(), "{", "}");
        match told.iter().find(|(known, _)| *known == id) {
            // The reason is in other words than ours, and stands beside the sentence.
            Some((_, has)) if *has == &facts - &BTreeSet::from(["reason"]) => {}
            found => faults.push(format!("{id}: {found:?}, and the doctor tells {facts:?}")),
        }
    }
    let known = |id: &str| Code::ALL.iter().any(|code| id == format!("finding-{}", code.name()));
    faults.extend(told.iter().filter(|(id, _)| !known(id)).map(|(id, _)| format!("{id}: nobody finds this")));
    none(&faults);
}

#[test]
fn every_refusal_is_told_in_german_and_in_english_by_the_server_alone() {
    let own: Vec<(Language, &'static str)> =
        texts("console").into_iter().map(|file| (file.language, &*file.source.leak())).collect();
    let catalogue = Catalogue::new(&own);
    let told = |language, code: &str| catalogue.texts(language).find(&format!("refused-{code}"), &[]);
    for code in ProblemCode::ALL {
        assert!(told(Language::German, code.name()).is_some_and(|text| text.ends_with('.')), "{code}");
        assert_eq!(told(Language::English, code.name()), None, "{code}");
    }
    assert_eq!(told(Language::German, "no-such-code"), None);
    let known = |id: &str| id == "refused-code" || ProblemCode::ALL.iter().any(|code| id == format!("refused-{code}"));
    let refusals = own.iter().flat_map(|(_, source)| messages(source)).filter(|(id, _)| id.starts_with("refused-"));
    none(&refusals.filter(|(id, _)| !known(id)).map(|(id, _)| format!("{id}: no such code")).collect::<Vec<_>>());
}

/// Reads the words that stand in a source between two texts.
fn between<'s>(source: &'s str, before: &str, after: &str) -> BTreeSet<&'s str> {
    source.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[test]
fn what_a_refusal_names_and_what_health_advises_is_told_in_german() {
    let german: BTreeSet<String> = texts("console")
        .iter()
        .filter(|file| file.language == Language::German)
        .flat_map(|file| messages(&file.source).into_iter().map(|(id, _)| id.to_owned()).collect::<Vec<_>>())
        .collect();
    let mut faults = Vec::new();
    let table = read_to_string(at("server/error/refusal.rs")).unwrap();
    let nested = read_to_string(at("server/error/fact.rs")).unwrap();
    let kinds = ["Text", "Number", "Moment", "Seconds", "Request", "Card"];
    let named = regex::Regex::new(r"(\w+): (\w+)\(").unwrap();
    let facts = table.split("=> {").skip(1).filter_map(|row| row.split("] ").next()?.split_once("} [")).flat_map(
        |(_, facts)| {
            let end = facts.find("];").unwrap_or(facts.len());
            named
                .captures_iter(&facts[..end])
                .map(|found| (found[1].to_owned(), found[2].to_owned()))
                .collect::<Vec<_>>()
        },
    );
    let facts: BTreeSet<String> =
        facts.filter(|(_, kind)| kinds.contains(&kind.as_str())).map(|(name, _)| name).collect();
    assert!(facts.len() > 8, "{facts:?}");
    let nested = between(&nested, "(\"", "\", Fact::").into_iter().filter(|name| !name.contains(' '));
    for name in facts.iter().map(String::as_str).chain(nested) {
        faults.extend((!german.contains(&format!("fact-{name}"))).then(|| format!("fact-{name} is missing")));
    }
    let standing = read_to_string(at("server/monitoring/standing.rs")).unwrap();
    let standing = standing.split("#[cfg(test)]").next().unwrap();
    let codes = regex::Regex::new(r#"HealthState::\w+, "([a-z-]+)"\)"#).unwrap();
    for found in codes.captures_iter(standing) {
        let told = |id: &String| id.starts_with("advice-") && id.ends_with(&format!("-{}", &found[1]));
        faults.extend((!german.iter().any(told)).then(|| format!("no advice for {}", &found[1])));
    }
    let report = read_to_string(at("server/provisioning/report.rs")).unwrap();
    let words = between(&report, "=> \"", "\",");
    assert!(words.len() > 15, "{words:?}");
    for word in words {
        faults.extend((!german.contains(&format!("kept-out-{word}"))).then(|| format!("kept-out-{word} is missing")));
    }
    for name in german.iter().filter_map(|id| id.strip_prefix("health-name-")).filter(|name| *name != "task") {
        faults.extend((!german.contains(&format!("advice-{name}-ok"))).then(|| format!("advice-{name}-ok is missing")));
    }
    none(&faults);
}

/// The files that show sentences of the API as they stand, which are English, and how often each does: where the catalogue has
/// no text for a code, and where a check speaks of the words of a template's file.
const ORIGINALS: &[(&str, usize)] =
    &[("console/screens/health.rs", 1), ("console/screens/template_versions.rs", 1), ("console/trouble.rs", 1)];

#[test]
fn sentences_of_the_api_go_through_the_catalogue() {
    let mut files = Vec::new();
    files_of(&at("console"), "rs", &mut files);
    let mut faults = Vec::new();
    for file in files {
        let name = file.strip_prefix(at("")).unwrap().to_string_lossy().into_owned();
        let source = read_to_string(&file).unwrap();
        let calls = source.matches("original(").count() - source.matches("fn original(").count();
        let known = ORIGINALS.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count);
        faults.extend((calls != known).then(|| format!("{name}: shows {calls} sentences as they stand, not {known}")));
        let english = source.matches("lang=\"en\"").count();
        let home = usize::from(name == "console/trouble.rs");
        faults.extend((english != home).then(|| format!("{name}: marks English words by itself")));
        for word in ["(refused.text)", "(obstacle.text)", "(check.text)", ".brings {"] {
            faults.extend(source.contains(word).then(|| format!("{name}: writes {word}")));
        }
    }
    none(&faults);
}

#[test]
fn a_planted_fault_of_a_text_is_found() {
    let file = |language, name: &str, source: &str| Texts { language, name: name.into(), source: source.into() };
    let pair = |english, german| [file(Language::English, "a.ftl", english), file(Language::German, "a.ftl", german)];
    assert_eq!(written_wrongly(&pair("a = A { $n }\n", "a = { $n } A\n")), [""; 0]);
    assert_eq!(written_wrongly(&pair("a = A { $n \n", "a = A\n")).len(), 1);
    assert_eq!(written_wrongly(&pair("a = A\na = B\n", "a = A\n")), ["en/a.ftl: a stands in a.ftl already"]);
    let plural = "a = { $n ->\n    [one] 1\n   *[other] { $n }\n}\n";
    assert_eq!(unlike(&pair(plural, "a = { $n }\n")), [""; 0]);
    assert_eq!(unlike(&pair(plural, "a = viele\n")).len(), 1);
    assert_eq!(unlike(&pair("a = A\n", "a = A\nb = B\n")).len(), 1);
    let named = |source| unspoken(&pair("a-b = A\ndone-x = B\n", ""), &[("f".into(), spoken(source))]);
    assert_eq!(named("fn f() { visit.t(\"a-b\"); Shown::done(place, \"x\"); }"), [""; 0]);
    assert_eq!(named("fn f() { visit.t(&format!(\"a-{}\", b)); let done = \"x\"; }"), [""; 0]);
    assert_eq!(named("fn f() { visit.t(&format!(\"{}-b\", \"a\")); Shown::done(place, \"x\"); }"), [""; 0]);
    assert_eq!(named("fn f() { Shown::done(place, \"x\"); }"), ["a-b: no source names this text"]);
    assert_eq!(named("fn f() { visit.t(\"a-b\"); }"), ["done-x: no source names this text"]);
    assert_eq!(
        named("fn f() { visit.t(\"a-b\"); visit.with(\"a-c\", &[(\"n\", n)]); Shown::done(place, \"x\"); }"),
        ["f: names the text a-c, which there is not"]
    );
}
