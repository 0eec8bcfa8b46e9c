//! `cardwright template check` and `import`: reads and writes template files on this computer; calls no server.

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, counted};
use crate::template::{Import, Misplaced, Report};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Bounds the files that one command reads.
const MAX_FILES: usize = 500;
/// Bounds the bytes of a file that are read.
const MAX_BYTES: u64 = 1024 * 1024;

/// Prints every problem and warning of a file or of the `.toml` files of a directory; fails with [`Exit::Usage`] if
/// there are problems.
pub fn check(path: &Path, output: &Output) -> Result<(), Failure> {
    let (mut problems, mut warnings, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    let files = files(path)?;
    for file in &files {
        let report = Report::of(file, &read(file)?);
        if let Some(template) = report.template
            && let Some(first) = seen.insert(template.uuid, file.clone())
        {
            let problem = format!("the same uuid as {}", first.display());
            problems.push(Misplaced { file: file.clone(), line: 1, column: 1, key: "uuid".into(), problem });
        }
        problems.extend(report.problems);
        warnings.extend(report.warnings);
    }
    warnings.extend(distribution_point(path));
    let of = |found: &[Misplaced]| found.iter().map(document).collect::<Vec<_>>();
    let wrong =
        Failure::new("template-wrong", Exit::Usage, format!("{} found", counted(problems.len() as u64, "error")))
            .remedy("Correct what `problems` lists, then check again.");
    let mut document = json!({ "files": files.len(), "problems": of(&problems), "warnings": of(&warnings) });
    if !problems.is_empty() {
        document["error"] = wrong.document()["error"].take();
    }
    output.result(&document, || {
        let mut text = Text::default();
        problems.iter().for_each(|problem| text.line(format!("error: {problem}")));
        warnings.iter().for_each(|warning| text.line(format!("warning: {warning}")));
        let (errors, warnings) = (counted(problems.len() as u64, "error"), counted(warnings.len() as u64, "warning"));
        text.line(format!("{}: {errors}, {warnings}", counted(files.len() as u64, "file")));
        text
    })?;
    if problems.is_empty() { Ok(()) } else { Err(Failure::told("template-wrong", Exit::Usage)) }
}

/// Warns of a revocation list at an `https` URL where the templates lie in a server's directory.
#[cfg(feature = "server")]
fn distribution_point(path: &Path) -> Option<Misplaced> {
    let templates = if path.is_dir() { path } else { path.parent()? };
    let templates = templates.canonicalize().ok()?;
    let directory = templates.parent().filter(|_| templates.ends_with("templates"))?;
    let settings = crate::server::effective_settings(directory).ok()?;
    let url = settings.into_iter().find(|setting| setting.key == "ca.crl_url")?.value;
    let problem = format!("{url}: Windows fetches no revocation list by https; name one by http under [publication]");
    let file = directory.join("server.toml");
    let warning = Misplaced { file, line: 1, column: 1, key: "ca.crl_url".into(), problem };
    Some(warning).filter(|_| url.trim_start_matches('"').starts_with("https:"))
}

/// Without a server there is no directory of one.
#[cfg(not(feature = "server"))]
fn distribution_point(_: &Path) -> Option<Misplaced> {
    None
}

fn document(found: &Misplaced) -> Value {
    let Misplaced { file, line, column, key, problem } = found;
    json!({ "file": file.display().to_string(), "line": line, "column": column, "key": key, "message": problem })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new("file-unreadable", Exit::Usage, format!("{} cannot be read: {error}", path.display()))
        .remedy("Check the path.")
}

/// Returns `path` itself, or the `.toml` files of the directory, sorted.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let file = entry.map_err(|error| unreadable(path, &error))?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
        if files.len() > MAX_FILES {
            let message = format!("{} has more than {MAX_FILES} templates", path.display());
            return Err(Failure::new("too-many-files", Exit::Usage, message)
                .remedy("Name the directory of templates itself, or one file."));
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error| unreadable(path, &error);
    let mut text = String::new();
    std::fs::File::open(path).map_err(failed)?.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Writes a template from a MIM template's JSON, to `out` or on standard output, and prints what could not be carried
/// over.
pub fn import(files: &[String], out: Option<&Path>, output: &Output) -> Result<(), Failure> {
    let refused = |error: &(dyn std::error::Error + 'static)| {
        Failure::from_error("import", Exit::Usage, error)
            .remedy("Give the answers of a MIM server's REST calls as they came, the template's own among them.")
    };
    let mut import = Import::default();
    for file in files.iter().take(MAX_FILES) {
        let (name, path) = file.split_once('=').unwrap_or((file, file));
        import.add(path, name, &read(Path::new(path))?).map_err(|error| refused(&error))?;
    }
    let imported = import.write().map_err(|error| refused(&error))?;
    if let Some(out) = out {
        let created = std::fs::File::create_new(out).and_then(|mut file| file.write_all(imported.toml.as_bytes()));
        created.map_err(|error| {
            let message = format!("{} cannot be written: {error}", out.display());
            Failure::new("file-unwritable", Exit::Usage, message).remedy("Name a file that does not exist yet.")
        })?;
    }
    for note in &imported.notes {
        output.tell(&format!("note: {note}"));
    }
    let document = json!({ "template": imported.toml, "notes": imported.notes });
    output.result(&document, || match out {
        Some(out) => format!("{} is written; look it over with `cardwright template check`", out.display()).into(),
        None => Text::block(&imported.toml),
    })
}
