//! `cardwright activate`: makes a bearer token of the code that an administrator had made for its owner.

use super::args::ActivateArgs;
use super::connection;
use super::failure::{Exit, Failure};
use super::output::{Output, Text, date};
use super::secrets;
use super::settings::Settings;
use crate::client::Login;
use crate::platform::file;
use serde_json::json;
use std::io::Write;
use zeroize::Zeroizing;

/// Shows the code to the server, and the bearer token to its owner, once. The file is made before the code is spent.
pub fn run(args: &ActivateArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let client = connection::to(&settings, args.server.as_ref(), args.ca_file.as_ref(), Login::Nobody)?;
    let code = secrets::activation_code(args.code_from.as_ref())?;
    let unwritten = |path: &std::path::Path, source: &std::io::Error| {
        Failure::new("bearer-file", Exit::Usage, format!("{} cannot be written: {source}", path.display()))
            .remedy("Name a file that is not there yet, in a directory of yours; the code can still be used.")
    };
    let file = match &args.out {
        Some(path) => Some((path, file::open_new(path).map_err(|source| unwritten(path, &source))?)),
        None => None,
    };
    let given = match client.activate(code) {
        Ok(given) => given,
        Err(error) => {
            // Nothing is in it.
            let _ = args.out.as_ref().map(std::fs::remove_file);
            return Err(error.into());
        }
    };
    let expires = date(given.expires);
    let spent = || "the code is spent and nobody has the token: have an administrator make another code".to_owned();
    let Some((path, mut file)) = file else {
        let document = json!({ "token": given.uuid, "bearer": *given.bearer, "expires": expires });
        let told = format!("until {expires} you may call the server with this bearer token, shown only now:");
        return output.once(&document, || Text::from_iter([told, given.bearer.to_string()]), spent);
    };
    let line = Zeroizing::new(format!("{}\n", *given.bearer));
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(|source| {
        let failure = unwritten(path, &source);
        failure.remedy(spent())
    })?;
    let path = path.display().to_string();
    output.result(&json!({ "token": given.uuid, "file": path, "expires": expires }), || {
        format!("the bearer token is in {path}, and holds until {expires}")
    })
}
