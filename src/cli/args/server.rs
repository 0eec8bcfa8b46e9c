//! What can be typed after `serve` and `server`.

use super::database::{DatabaseCommand, DatabaseReach};
use super::outbox::{MailCommand, OutboxCommand};
use super::source::Source;
use super::stock::StockCommand;
use super::which::ServerArgs;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

#[derive(Args)]
pub struct ServeArgs {
    /// The server's directory, made by `server init`.
    #[arg(value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
    /// Where the passphrase of the key files comes from [default: env:CARDWRIGHT_PASSPHRASE, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub passphrase_from: Option<Source>,
    /// Where the PIN of the CA's PKCS#11 token comes from, if the CA key lives in one.
    #[arg(long, value_name = "SOURCE")]
    pub ca_pin_from: Option<Source>,
    /// Listen here instead of where the directory's configuration says; port 0 takes a free one.
    #[arg(long)]
    pub listen: Option<std::net::SocketAddr>,
    /// Speak HTTP without TLS; loopback addresses only.
    #[arg(long)]
    pub plain_http: bool,
}

#[derive(Subcommand)]
pub enum ServerCommand {
    /// Make a server's directory: CA, master key, database, a first template.
    Init(Box<ServerInitArgs>),
    /// Save a server's directory, database included, as one archive (tar); also while the server runs.
    ///
    /// Records in PostgreSQL are not in the archive: save them with pg_dump.
    Backup {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// The archive to make; `-`: standard output.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Where the passphrase of the key files comes from [default: env:CARDWRIGHT_PASSPHRASE, else a prompt].
        #[arg(long, value_name = "SOURCE")]
        passphrase_from: Option<Source>,
    },
    /// Make a server's directory of an archive, which is checked first: it must have been made under the passphrase of
    /// the key files.
    Restore {
        /// The archive; `-`: standard input.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// The directory to be made.
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// Where the passphrase of the key files comes from [default: env:CARDWRIGHT_PASSPHRASE, else a prompt].
        #[arg(long, value_name = "SOURCE")]
        passphrase_from: Option<Source>,
        /// Take the archive of an earlier release, which nobody can tell from a forged one.
        #[arg(long, conflicts_with = "passphrase_from")]
        unauthenticated: bool,
    },
    /// Bring the records of an earlier release to this one, after a backup; the server must not be running.
    ///
    /// Nothing is done where they are of this release already. The service of the Debian package does this before each
    /// start; `serve` by itself does it too, without a backup.
    Upgrade {
        /// The server's directory.
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// Where the backup is put, as an archive that `server restore` takes.
        #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
        backups: PathBuf,
        /// Where the passphrase of the key files comes from [default: env:CARDWRIGHT_PASSPHRASE, else a prompt].
        #[arg(long, value_name = "SOURCE")]
        passphrase_from: Option<Source>,
        /// The records are in PostgreSQL, and were saved with pg_dump.
        #[arg(long)]
        records_saved: bool,
    },
    /// Put the server's CA under another's root, or a CA elsewhere in its place.
    #[command(subcommand)]
    Ca(CaCommand),
    /// Move the records into another database.
    #[command(subcommand)]
    Database(DatabaseCommand),
    /// Show the settings that hold, and where each comes from.
    Config {
        /// The server's directory.
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
    },
    /// Print the description of all calls (OpenAPI 3.1).
    Openapi {
        /// The virtual directory the calls stand under.
        #[arg(long, default_value = "CertificateManagement")]
        virtual_directory: String,
    },
    /// Manage those who may call the server.
    #[command(subcommand)]
    User(UserCommand),
    /// Look at the directory that people come from.
    #[command(subcommand)]
    Directory(DirectoryCommand),
    /// Manage their bearer tokens.
    #[command(subcommand)]
    Token(BearerCommand),
    /// Manage the versions of the master key, which cards' admin keys and PUKs are derived from.
    #[command(subcommand)]
    Masterkey(MasterkeyCommand),
    /// Look after what people and programs are to be told.
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Check and try what is needed to tell them.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Say of a running server what is well, what ends soon and what fails, for administrators, auditors and operators.
    Health(HealthArgs),
    /// Manage the cards that are known before they are given to anybody; a template can demand them.
    #[command(subcommand)]
    Stock(StockCommand),
}

#[derive(Args)]
pub struct HealthArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    /// Only ask whether the server of this directory, on this computer, can answer calls: at the address that its
    /// settings name for operations, without a login.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub at: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum MasterkeyCommand {
    /// Make a new version; cards take it up at their next contact, once the server was started again.
    Add {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// Where the passphrase of the key files comes from [default: env:CARDWRIGHT_PASSPHRASE, else a prompt].
        #[arg(long, value_name = "SOURCE")]
        passphrase_from: Option<Source>,
        /// Where the PIN of the PKCS#11 token comes from, if master keys live in one.
        #[arg(long, value_name = "SOURCE")]
        ca_pin_from: Option<Source>,
    },
    /// Say how many cards have keys of which version.
    Status {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
    },
    /// Remove a version that no card needs any more; the server must not be running.
    Remove {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        version: u32,
    },
}

#[derive(Args)]
pub struct ServerInitArgs {
    #[arg(value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
    /// Where the server will listen [default: 127.0.0.1:8443].
    #[arg(long)]
    pub listen: Option<std::net::SocketAddr>,
    /// A name or address by which clients reach the server (repeatable) [default: localhost, 127.0.0.1].
    #[arg(long = "name")]
    pub names: Vec<String>,
    /// Where public files (the revocation list, the CA's certificate, OCSP) are served in plain HTTP [default: port 8080
    /// beside --listen, and nowhere on loopback].
    #[arg(long, value_name = "ADDRESS")]
    pub publication: Option<std::net::SocketAddr>,
    /// The URL of the CRL, as certificates name it [default: the server's own].
    #[arg(long, value_hint = ValueHint::Url)]
    pub crl_url: Option<String>,
    /// Make no root: write the CA's request here, to be signed by another CA; `server ca install` completes it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ca_csr_out: Option<PathBuf>,
    /// The subject of the CA's own certificate.
    #[arg(long, default_value = "CN=cardwright CA")]
    pub ca_subject: String,
    /// The CA's name in the configuration string that MIM clients show.
    #[arg(long, default_value = "cardwright CA")]
    pub ca_name: String,
    /// The CA's key: rsa2048, rsa3072, rsa4096, p256 or p384.
    #[arg(long, default_value = "p256")]
    pub ca_key: String,
    /// Keep the CA's key in a PKCS#11 token, reached through this module.
    #[arg(long, value_hint = ValueHint::FilePath, requires = "ca_token")]
    pub ca_module: Option<PathBuf>,
    /// The label of the token that keeps the CA's key.
    #[arg(long, requires = "ca_module")]
    pub ca_token: Option<String>,
    /// Where that token's PIN comes from.
    #[arg(long, value_name = "SOURCE")]
    pub ca_pin_from: Option<Source>,
    /// Where the passphrase of the key files comes from [default: env:CARDWRIGHT_PASSPHRASE, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub passphrase_from: Option<Source>,
    /// Keep the records in this PostgreSQL database, which must be empty, instead of a file in the directory.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    #[command(flatten)]
    pub reach: DatabaseReach,
}

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a user and show the activation code with which he makes his bearer token.
    Add {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        name: String,
        /// A group the user belongs to (repeatable).
        #[arg(long = "group")]
        groups: Vec<String>,
        /// The user principal name for certificates.
        #[arg(long)]
        upn: Option<String>,
        /// The e-mail address for certificates.
        #[arg(long)]
        email: Option<String>,
        /// The security identifier in Active Directory, S-1-5-21-..., for certificates.
        #[arg(long)]
        sid: Option<String>,
        /// Something else for certificates, NAME=VALUE; templates say {User!attribute.NAME} (repeatable).
        #[arg(long = "attribute", value_name = "NAME=VALUE")]
        attributes: Vec<String>,
        /// Days that the bearer token holds.
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// Make the bearer token at once and show it here, for scripts and trials: who reads it can act as the user, and
        /// the log says that it was shown.
        #[arg(long)]
        show_token: bool,
    },
    /// Take people over from the directory that server.toml names, or from a list (CSV).
    ///
    /// Without --apply it only shows who is new, changed, gone or refused, and why; with it nothing is done that is not
    /// shown so. Whoever comes from the directory is changed by it alone, while the server runs too; who is gone from it is
    /// disabled. A list names its columns in the first line: "name" (of the account), "display name", "upn", "email",
    /// "sid", "groups" (divided by ";", in place of those before), "attribute NAME", and "token": yes for those who come in
    /// with a bearer token. What a list leaves empty stays as it is, and who is not in it too.
    Import {
        /// The server's directory.
        #[arg(value_hint = ValueHint::DirPath, value_name = "DIRECTORY")]
        data: PathBuf,
        /// The list, in UTF-8; `-`: standard input.
        #[arg(value_hint = ValueHint::FilePath, conflicts_with = "directory")]
        file: Option<PathBuf>,
        /// Take the people from the directory (LDAP).
        #[arg(long, required_unless_present = "file")]
        directory: bool,
        /// Only those whom this filter finds too, such as "(department=IT)" (RFC 4515); nobody is gone then.
        #[arg(long, requires = "directory")]
        filter: Option<String>,
        /// Add, change and disable them; refused ones keep nobody else from it.
        #[arg(long)]
        apply: bool,
        /// Hand accounts over to the directory that have the UPN or security identifier of somebody there.
        #[arg(long, requires = "directory")]
        adopt: bool,
        /// Disable those who are gone even where they are more than a fifth of all.
        #[arg(long, requires = "directory")]
        many_gone: bool,
        /// The new file, for its owner alone, for the activation codes of those whose row says token: yes (CSV).
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "file")]
        codes: Option<PathBuf>,
        /// Days that those bearer tokens hold.
        #[arg(long, default_value_t = 365, requires = "file")]
        days: u32,
    },
    /// List all users.
    List {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
    },
    /// Change what is known of a user; what is not named stays, "" takes away.
    Change {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        name: String,
        /// The groups the user is to belong to instead of the present ones (repeatable).
        #[arg(long = "group")]
        groups: Vec<String>,
        /// Take the user out of all groups.
        #[arg(long, conflicts_with = "groups")]
        no_groups: bool,
        /// The user principal name for certificates.
        #[arg(long)]
        upn: Option<String>,
        /// The e-mail address for certificates.
        #[arg(long)]
        email: Option<String>,
        /// The security identifier in Active Directory, S-1-5-21-….
        #[arg(long)]
        sid: Option<String>,
    },
    /// Make a link by which a user signs in at the server's pages once, and show its code.
    ///
    /// Whoever has the code first comes in as the user; the log says that it was made, and when and from where it was used.
    /// Links of the same user that nobody has used end.
    SignInLink {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        name: String,
        /// For how many minutes it is good.
        #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1440))]
        minutes: u32,
    },
    /// Have an identity of an OpenID Connect issuer stand for a user, instead of whomever it stood for.
    Link(IdentityArgs),
    /// Have an identity of an OpenID Connect issuer stand for nobody, and end the user's sessions.
    Unlink(IdentityArgs),
    /// Let a user in no more, from the next call on, and end what the user has begun; cards and history are kept.
    Disable {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        name: String,
    },
    /// Let a disabled user in again; certificates that were put on hold for it are released.
    Enable {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        name: String,
    },
}

#[derive(Subcommand)]
pub enum DirectoryCommand {
    /// Connect, count who is in the groups that server.toml names, and show what one person would be here.
    Check {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// The person's account name, UPN or e-mail address in the directory.
        name: Option<String>,
    },
}

#[derive(Subcommand)]
pub enum BearerCommand {
    /// Add a bearer token for a user and show the activation code with which he makes it.
    Add {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        name: String,
        /// What the token is for.
        #[arg(long, default_value = "")]
        label: String,
        /// Days that the token holds.
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// Make the token at once and show it here; the log says that it was shown.
        #[arg(long)]
        show_token: bool,
    },
    /// List a user's tokens.
    List {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        name: String,
    },
    /// Revoke a token, from the next call on.
    Revoke {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// As "server token list" shows it.
        token: uuid::Uuid,
    },
}

#[derive(Args)]
pub struct IdentityArgs {
    #[arg(value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
    pub name: String,
    /// The issuer, as the claim "iss" and server.toml have it.
    #[arg(long)]
    pub issuer: String,
    /// What the claim "sub" (or subject_claim of server.toml) says of the person.
    #[arg(long)]
    pub subject: String,
}

#[derive(Subcommand)]
pub enum CaCommand {
    /// Install the certificates that answer the request of `server init --ca-csr-out`.
    Install {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// PEM: the CA's certificate and all above it, up to the root.
        #[arg(value_hint = ValueHint::FilePath)]
        chain: PathBuf,
    },
    /// Keep the password or key (hexadecimal) by which a CA elsewhere knows this server.
    Secret {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// Where the secret comes from.
        #[arg(long, value_name = "SOURCE")]
        secret_from: Option<Source>,
        /// Where the passphrase of the key files comes from [default: env:CARDWRIGHT_PASSPHRASE, else a prompt].
        #[arg(long, value_name = "SOURCE")]
        passphrase_from: Option<Source>,
    },
}
