//! p11-kit's proxy: the modules that its configuration names, as one module.
//!
//! The configuration has a compiled-in place, and as root the user's own is not read: the programs run in a mount
//! namespace in which a test's directory is there.

use std::path::Path;

use super::program::{Program, end};

pub const PROXY: &str = "/usr/lib/x86_64-linux-gnu/p11-kit-proxy.so";
/// Where Debian's p11-kit looks for the files that name modules.
const CONFIGURATION: &str = "/usr/share/p11-kit/modules";
pub const NSS: &str = "/usr/lib/x86_64-linux-gnu/libsoftokn3.so";
/// What NSS calls its database.
pub const NSS_LABEL: &str = "NSS Certificate DB";

/// Has the programs of this environment go through the proxy; `modules` are file names and what the files say.
pub fn put_before(program: &mut Program, modules: &[(&str, String)]) {
    let directory = program.path("p11-kit");
    std::fs::create_dir(&directory).unwrap();
    for (name, text) in modules {
        std::fs::write(directory.join(name), text).unwrap();
    }
    let script = format!("mount --bind \"$0\" {CONFIGURATION} && exec \"$@\"");
    let directory = directory.display().to_string();
    program.run_inside(&["unshare", "-Urm", "sh", "-c", &script, &directory]);
    program.use_module(PROXY);
}

/// What names a module without more.
pub fn module(path: &Path) -> String {
    format!("module: {}\n", path.display())
}

/// Makes an NSS database with this password, none where it is empty; gives what names it.
pub fn nss_database(program: &Program, name: &str, password: &str) -> String {
    let module = nss_directory(program, name);
    let at = format!("sql:{}", program.path(name).display());
    let file = program.write("nss.password", password);
    let made = end(program.other("certutil").args(["-N", "-d", &at, "-f", &file]));
    assert!(made.success(), "{made:?}");
    module
}

/// Makes a directory in which NSS has no database yet; gives what names it.
pub fn nss_directory(program: &Program, name: &str) -> String {
    let directory = program.path(name);
    std::fs::create_dir(&directory).unwrap();
    let at = format!("sql:{}", directory.display());
    let parameters = format!("configdir='{at}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=");
    format!("module: {NSS}\nx-init-reserved: {parameters}\n")
}
