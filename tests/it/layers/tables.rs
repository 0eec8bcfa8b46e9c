//! The tables of the house.

use super::doors::Door;
use super::rooms::Row;
use super::sub_rooms::Floors;

/// Room, and the rooms it may import. `main` is the binary; it reaches the library by the crate's name.
pub const MAY_IMPORT: &[Row] = &[
    ("secret", &[]),
    ("pkix", &[]),
    ("platform", &[]),
    ("web", &[]),
    ("cm", &["secret"]),
    ("iso7816", &["secret"]),
    ("token", &["secret", "pkix"]),
    ("piv", &["iso7816", "token", "pkix", "secret"]),
    ("gids", &["iso7816", "token", "pkix", "secret"]),
    ("virtual_card", &["iso7816", "secret"]),
    ("reader", &["iso7816", "token", "piv", "gids", "secret", "platform"]),
    ("farm", &["iso7816", "virtual_card", "secret", "platform"]),
    ("published", &[]),
    ("doctor", &["token", "reader", "iso7816", "pkix", "published", "cm", "client", "platform"]),
    ("pkcs11", &["token", "pkix", "secret"]),
    ("gssapi", &["platform"]),
    ("client", &["cm", "secret", "pkix", "gssapi"]),
    ("ca", &["pkix", "token", "pkcs11", "secret", "platform"]),
    ("store", &["cm", "pkix", "secret", "platform"]),
    ("directory", &["cm", "gssapi", "pkix", "secret"]),
    ("template", &["cm", "ca", "pkix", "secret"]),
    ("enrollment", &["token", "client", "cm", "pkix", "secret", "platform"]),
    ("workstation", &["reader", "enrollment", "client", "cm", "token", "secret"]),
    ("server", &["cm", "ca", "store", "directory", "template", "pkix", "secret", "gssapi", "platform", "web"]),
    ("pages", &["web"]),
    ("console", &["cm", "pages", "pkix", "server", "web"]),
    (
        "desk",
        &["workstation", "doctor", "published", "enrollment", "reader", "client", "cm", "token", "secret", "platform"],
    ),
    ("desk_page", &["desk", "pages", "platform", "secret", "web"]),
    (
        "kiosk",
        &[
            "client",
            "cm",
            "doctor",
            "enrollment",
            "pages",
            "pkix",
            "platform",
            "published",
            "reader",
            "secret",
            "token",
            "web",
            "workstation",
        ],
    ),
    (
        "cli",
        &[
            "secret",
            "pkix",
            "platform",
            "cm",
            "token",
            "pkcs11",
            "gssapi",
            "piv",
            "gids",
            "reader",
            "farm",
            "doctor",
            "virtual_card",
            "client",
            "published",
            "ca",
            "store",
            "directory",
            "template",
            "enrollment",
            "workstation",
            "server",
            "console",
            "desk",
            "kiosk",
            "desk_page",
        ],
    ),
    ("main", &["cli"]),
];

/// The sub-rooms of `server`: a service is handed what it uses, and `call` alone gathers the services.
pub const SERVER: Floors = Floors {
    room: "server",
    floors: &[
        &["process"],
        &["http"],
        &["controllers"],
        &["issuance"],
        &["requests"],
        &["call"],
        &["administration"],
        &["notices", "provisioning"],
        &["identity", "mail", "publication", "workflow"],
        &["authority"],
        &["error"],
        &["keys", "audit", "permission"],
        &["data_directory", "users", "monitoring", "outgoing"],
    ],
};

/// The sub-rooms of `cli`: commands by subject above what they share.
pub const CLI: Floors = Floors {
    room: "cli",
    floors: &[
        &["demo"],
        &["status"],
        &["found", "unfinished"],
        &[
            "activate",
            "complete",
            "config",
            "desk",
            "doctor",
            "enrollment",
            "kiosk",
            "kiosk_browser",
            "request",
            "server",
            "template",
            "token",
            "vcard",
        ],
        &["review", "seat"],
        &["connection"],
        &["secrets", "settings"],
        &["prompt"],
        &["data_item", "output", "start_link"],
        &["failure", "shown"],
        &["args"],
    ],
};

/// Crates (and words) with one door, and the rooms that are the door.
pub const CRATES: &[Door] = &[
    ("cryptoki", &["pkcs11"]),
    ("cryptoki_sys", &["pkcs11"]),
    ("pcsc", &["reader"]),
    ("rsa", &["virtual_card"]),
    ("rusqlite", &["store"]),
    ("csv", &["cli", "console", "desk"]),
    ("krilla", &["desk"]),
    ("tar", &["server"]),
    ("unicode_normalization", &["store"]),
    ("tokio_postgres", &["store"]),
    ("deadpool_postgres", &["store"]),
    ("tokio_postgres_rustls", &["store"]),
    ("prometheus_client", &["server"]),
    ("ureq", &["client", "ca", "server", "published", "kiosk"]),
    ("libloading", &["gssapi"]),
    ("jsonwebtoken", &["server"]),
    ("clap", &["cli", "main"]),
    ("inquire", &["cli"]),
    ("indicatif", &["cli"]),
    ("rcgen", &["pkix"]),
    ("tokio", &["server", "web", "store", "directory", "desk_page", "kiosk", "cli", "platform"]),
    ("tokio_rustls", &["server", "web", "directory"]),
    ("tokio_util", &["server", "web"]),
    ("await", &["server", "web", "store", "directory", "pages", "console", "desk_page", "kiosk", "cli"]),
    ("maud", &["pages", "console", "desk_page", "kiosk"]),
    ("fluent_bundle", &["pages"]),
    ("println", &["cli"]),
    ("eprintln", &["cli"]),
    ("print", &["cli"]),
    ("eprint", &["cli"]),
    ("now_utc", &["server", "desk_page", "kiosk", "cli"]),
    ("SystemTime", &["server", "cli"]),
];

/// What prints or asks, and the files of `cli` that are its doors: they escape what others wrote, and check each write.
pub const PRINTING: &[Door] = &[
    ("println", &["output"]),
    ("eprintln", &["output"]),
    ("print", &["output"]),
    ("eprint", &["output"]),
    ("io::stdout", &["output"]),
    ("io::stderr", &["output"]),
    ("indicatif", &["output"]),
    ("comfy_table", &["output"]),
    ("inquire", &["prompt"]),
];

/// What only one operating system has: one door.
pub const SYSTEMS: &[Door] = &[
    ("rustix", &["platform"]),
    ("libc", &["platform"]),
    ("os::unix", &["platform"]),
    ("os::windows", &["platform"]),
    ("windows_sys", &["gssapi", "platform"]),
    ("os::linux", &["platform"]),
    ("os::fd", &["platform"]),
    ("tokio::signal", &["platform"]),
];

/// Words of private and durable writing, which stand once.
pub const WRITING: &[Door] = &[
    ("OpenOptions", &["platform"]),
    ("DirBuilder", &["platform"]),
    ("hard_link", &["platform"]),
    ("try_lock", &["platform"]),
];

/// The HTTP server's crates, and what listens or bounds a head or a body.
pub const WEB: &[Door] = &[
    ("axum", &["web", "server", "pages", "console", "desk_page", "kiosk"]),
    ("axum_server", &["web", "server"]),
    ("hyper", &["web"]),
    ("tower", &["web", "server"]),
    ("tower_layer", &["web", "server"]),
    ("http_body_util", &["web"]),
    ("hyper_util", &["web"]),
    ("TcpListener::bind", &["web", "farm"]),
    ("TcpSocket", &["web"]),
    ("UnixListener", &["web"]),
    ("axum::serve", &["web"]),
    ("Server::bind", &["web"]),
    ("bind_rustls", &["web"]),
    ("from_tcp_rustls", &["web"]),
    ("axum_server::bind", &["web"]),
    ("axum_server::from_tcp", &["web"]),
    ("body::to_bytes", &["web"]),
    ("header_read_timeout", &["web"]),
    ("max_headers", &["web"]),
    ("max_buf_size", &["web"]),
    ("Limited", &["web"]),
    ("DefaultBodyLimit", &["web"]),
];

/// Words that floors 0 to 2 never say, but for `platform` and `web`: no socket, file, clock or thread lives there.
pub const ABOVE_FLOOR_2: &[&str] =
    &["TcpStream", "TcpListener", "UdpSocket", "File", "fs", "Instant", "SystemTime", "UtcDateTime", "thread"];
pub const FLOORS_0_TO_2: &[&str] =
    &["secret", "pkix", "cm", "token", "pkcs11", "gssapi", "iso7816", "piv", "gids", "virtual_card"];
