//! A whole site: a server's directory made by the program, people, and the server as a child process.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::client::{ClientConfig, CmClient, Login, Timeouts, Trust};
use cardwright::secret::BearerToken;
use serde_json::{Value, json};

use super::data_directory::{copy, init};
use super::postgres::Database;
use super::program::{Ended, Program, end};
use super::template;

pub const PASSPHRASE: &str = "correct horse battery staple";
pub const API: &str = "/CertificateManagement/api/v1.0";
/// Where the routes are that MIM CM has not.
pub const EXTENSION: &str = "/CertificateManagement/api/cardwright/v1";
/// A table of the template.
pub const ENROLL: &str = "[workflows.enroll]";
const STARTS_WITHIN: Duration = Duration::from_secs(120);
const STOPS_WITHIN: Duration = Duration::from_secs(120);

pub struct Site {
    pub program: Program,
    people: BTreeMap<String, String>,
    server: Option<Child>,
    /// With scheme, host and port, without a path.
    pub origin: String,
    agent: ureq::Agent,
    pub template_uuid: String,
    /// What the server's environment has besides.
    pub environment: Vec<(String, String)>,
}

impl Site {
    /// A site whose template is edited before the server starts; it is edited already so that nobody need approve.
    pub fn with(edit: impl FnOnce(String) -> String) -> Self {
        Self::with_templates(|template| vec![edit(template)])
    }

    /// Likewise, a site with as many templates as are made of it.
    pub fn with_templates(edit: impl FnOnce(String) -> Vec<String>) -> Self {
        Self::made(edit, "")
    }

    fn made(edit: impl FnOnce(String) -> Vec<String>, settings: &str) -> Self {
        Self::copied(made_once(), edit, settings)
    }

    /// Likewise, a site whose CA has an RSA key, for who knows no curves.
    pub fn of_rsa(edit: impl FnOnce(String) -> String) -> Self {
        Self::copied(&init("rsa2048", PASSPHRASE), |template| vec![edit(template)], "")
    }

    fn copied(server: &Path, edit: impl FnOnce(String) -> Vec<String>, settings: &str) -> Self {
        let program = Program::new();
        copy(server, &program.path("server"));
        let templates = program.path("server/templates");
        let file = std::fs::read_dir(&templates).unwrap().flatten().next().unwrap().path();
        let template = template::small(&std::fs::read_to_string(&file).unwrap());
        let template_uuid = template.split("uuid = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        for (index, edited) in edit(set(template, ENROLL, "approvals_needed", "0")).into_iter().enumerate() {
            let file = if index == 0 { file.clone() } else { templates.join(format!("{index}.toml")) };
            std::fs::write(&file, edited).unwrap();
        }
        let path = program.path("server/server.toml");
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + settings).unwrap();
        let agent = agent(&std::fs::read(program.path("server/ca.cer.pem")).unwrap());
        let mut site = Self {
            program,
            people: BTreeMap::new(),
            server: None,
            origin: String::new(),
            agent,
            template_uuid,
            environment: Vec::new(),
        };
        site.start();
        site
    }

    /// Likewise, with more in its `server.toml`.
    pub fn with_settings(settings: &str, edit: impl FnOnce(String) -> String) -> Self {
        Self::made(|template| vec![edit(template)], settings)
    }

    /// Likewise, with as many templates as are made of it.
    pub fn with_settings_and_templates(settings: &str, edit: impl FnOnce(String) -> Vec<String>) -> Self {
        Self::made(edit, settings)
    }

    /// A site where nobody need approve.
    pub fn new() -> Self {
        Self::with(|template| template)
    }

    /// A site where enrollments wait for one approval by one of the group "approvers".
    pub fn with_approval() -> Self {
        Self::with(approval)
    }

    /// Adds a person who may call the server for some days.
    #[track_caller]
    pub fn person_for(&mut self, days: &str, name: &str, groups: &[&str]) {
        let directory = self.program.path("server").display().to_string();
        let mut arguments = vec!["server", "user", "add", &directory, name, "--days", days, "--show-token"];
        let upn = format!("{name}@example.test");
        arguments.extend(["--upn", &upn]);
        arguments.extend(groups.iter().flat_map(|group| ["--group", *group]));
        let added = self.program.json(arguments).done();
        self.people.insert(name.to_owned(), added["bearer"].as_str().unwrap().to_owned());
    }

    /// Has somebody who has an account call the server.
    #[track_caller]
    pub fn admit(&mut self, name: &str) {
        let directory = self.program.path("server").display().to_string();
        let added = self.program.json(["server", "token", "add", &directory, name, "--show-token"]).done();
        self.people.insert(name.to_owned(), added["bearer"].as_str().unwrap().to_owned());
    }

    #[track_caller]
    pub fn person(&mut self, name: &str, groups: &[&str]) {
        self.person_for("1", name, groups);
    }

    pub fn bearer(&self, name: &str) -> &str {
        &self.people[name]
    }

    pub fn ca_file(&self) -> PathBuf {
        self.program.path("server/ca.cer.pem")
    }

    /// What makes calls by hand and follows no redirection.
    pub fn unfollowed(&self) -> ureq::Agent {
        let config = agent(&std::fs::read(self.ca_file()).unwrap()).config().clone();
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(config.tls_config().clone())
            .timeout_global(Some(Duration::from_secs(60)))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .into()
    }

    /// The text of the server's log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.program.path("server.log")).unwrap()
    }

    /// The program as one of the people, with a PIN at hand, for scripts.
    pub fn command(&self, who: &str, pin: &str, arguments: &[&str]) -> std::process::Command {
        let mut command = self.program.client(["--json"]);
        command
            .args(arguments)
            .env("CARDWRIGHT_SERVER", &self.origin)
            .env("CARDWRIGHT_CA_FILE", self.ca_file())
            .env("CARDWRIGHT_BEARER", self.bearer(who))
            .env("CARDWRIGHT_PIN", pin)
            .env("CARDWRIGHT_NEW_PIN", pin);
        command
    }

    /// Runs the program as one of the people.
    pub fn run(&self, who: &str, pin: &str, arguments: &[&str]) -> Ended {
        end(&mut self.command(who, pin, arguments))
    }

    /// The program's own client, as one of the people.
    pub fn client(&self, who: &str) -> CmClient {
        let trust = Trust::Pem(std::fs::read(self.ca_file()).unwrap());
        let token = BearerToken::new(self.bearer(who).to_owned());
        let base_url = self.origin.parse().unwrap();
        CmClient::new(ClientConfig { base_url, trust, login: Login::Bearer(token), timeouts: Timeouts::default() })
            .unwrap()
    }

    /// A site whose records are in a PostgreSQL database.
    pub fn on(database: &Database) -> Self {
        Self::made(|template| vec![template], &format!("\n[database]\nurl = {:?}\n", database.url()))
    }

    /// Starts the server and waits until it listens; once it has an address, it keeps it.
    pub fn start(&mut self) {
        let address = self.origin.strip_prefix("https://").unwrap_or("127.0.0.1:0");
        let (server, origin) = self.serve("server", address);
        self.server = Some(server);
        self.origin = origin;
    }

    /// Copies the server's directory to another of this environment's own, for one more server.
    pub fn copy_directory(&self, name: &str) {
        copy(&self.program.path("server"), &self.program.path(name));
    }

    /// Starts a server on a directory, waits until it listens, and gives it with scheme, host and port.
    pub fn serve(&self, directory: &str, address: &str) -> (Child, String) {
        let directory = self.program.path(directory).display().to_string();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.program.path("server.log")).unwrap();
        let mut command = self.program.command(["--json", "serve", &directory, "--listen", address]);
        let mut started = command
            .env("CARDWRIGHT_PASSPHRASE", PASSPHRASE)
            .env("RUST_LOG", "trace")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdout = started.stdout.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(STARTS_WITHIN).unwrap_or_default();
        let Ok(told) = serde_json::from_str::<Value>(&line) else {
            let _ = started.kill().and_then(|()| started.wait());
            panic!("{line:?}: {}", self.log());
        };
        let url = told["url"].as_str().unwrap();
        (started, url.strip_suffix("/CertificateManagement").unwrap().to_owned())
    }

    /// The server's process id.
    pub fn server_id(&self) -> u32 {
        self.server.as_ref().unwrap().id()
    }

    /// Ends the server as a power cut would.
    pub fn kill_server(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// Asks the server to stop; it must do so in good order.
    pub fn stop_server(&mut self) {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.server_id()).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let asked = Instant::now();
        // Should it not stop, it is killed when the site is dropped.
        let status = loop {
            if let Some(status) = self.server.as_mut().unwrap().try_wait().unwrap() {
                break status;
            }
            assert!(asked.elapsed() < STOPS_WITHIN, "the server did not stop");
            std::thread::sleep(Duration::from_millis(10));
        };
        self.server = None;
        assert!(status.success(), "{status}");
    }

    /// Makes a call by hand; the path begins after the host.
    pub fn call(
        &self,
        bearer: Option<&str>,
        verb: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Answer, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(verb).uri(format!("{}{path}", self.origin));
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let mut response = match body {
            Some(body) => self.agent.run(request.header("content-type", "application/json").body(body).unwrap())?,
            None => self.agent.run(request.body(()).unwrap())?,
        };
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_vec()?;
        Ok(Answer { status, body })
    }

    #[track_caller]
    pub fn get(&self, who: &str, path: &str) -> Answer {
        self.call(Some(self.bearer(who)), "GET", path, None).unwrap()
    }

    #[track_caller]
    pub fn send(&self, who: &str, verb: &str, path: &str, body: &Value) -> Answer {
        self.call(Some(self.bearer(who)), verb, path, Some(body.to_string().as_bytes())).unwrap()
    }

    /// Makes an enrollment request by hand, assigns a card that does not exist, and gives the request's id.
    #[track_caller]
    pub fn executing_request(&self, who: &str) -> String {
        let order = json!({
            "profiletemplateuuid": self.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": "",
        });
        let request = last_segment(&self.send(who, "POST", &format!("{API}/requests"), &order).json());
        let card = json!({"requestid": request, "cardid": uuid::Uuid::new_v4(), "atr": ""});
        assert_eq!(self.send(who, "POST", &format!("{API}/smartcards"), &card).status / 100, 2);
        request
    }

    /// Hands a certification request (DER) in.
    pub fn certificatedata(&self, who: &str, request: &str, csr: &[u8]) -> Answer {
        self.send(who, "POST", &format!("{API}/requests/{request}/certificatedata"), &certificate_body(csr))
    }

    /// Writes the CRL into a file (PEM) for OpenSSL.
    pub fn write_crl(&self, who: &str) -> PathBuf {
        let der = self.program.write("ca.crl.der", self.client(who).crl().unwrap());
        let pem = self.program.path("ca.crl");
        let made = end(self.program.other("openssl").args(["crl", "-inform", "DER", "-in", &der, "-out"]).arg(&pem));
        assert!(made.success(), "{made:?}");
        pem
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill().and_then(|()| server.wait());
        }
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text()))
    }

    /// The JSON of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status / 100, 2, "{}", self.text());
        self.json()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Status and stable code of a refusal, which must bear a message and a correlation id that the log has too.
    #[track_caller]
    pub fn refusal(&self, site: &Site) -> (u16, String) {
        let problem = self.json();
        let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
        assert!(!text("Message").is_empty(), "{problem}");
        assert!(site.log().contains(&text("CorrelationId")) && text("CorrelationId").len() == 36, "{problem}");
        (self.status, text("Code"))
    }
}

pub fn certificate_body(csr: &[u8]) -> Value {
    json!({"pfxpassword": "", "certificaterequests": [STANDARD.encode(csr)], "comments": ""})
}

/// The PKCS#7 of an answer to certification requests, DER.
#[track_caller]
pub fn pkcs7(issued: &Value) -> Vec<u8> {
    let text: String = issued[0]["Pkcs7"].as_str().unwrap().split_whitespace().collect();
    STANDARD.decode(text).unwrap()
}

pub fn last_segment(location: &Value) -> String {
    location.as_str().unwrap_or_else(|| panic!("{location}")).rsplit('/').next().unwrap().to_owned()
}

/// Sets `key` in a table of the template; the table begins with the line `table`.
pub fn set(template: String, table: &str, key: &str, value: &str) -> String {
    let mut inside = false;
    let mut found = false;
    let mut lines = Vec::new();
    for line in template.lines() {
        inside = if line.starts_with('[') { line == table } else { inside };
        if inside && line.split(" = ").next() == Some(key) {
            found = true;
            lines.push(format!("{key} = {value}"));
        } else {
            lines.push(line.to_owned());
        }
    }
    assert!(found, "{table} has no {key}");
    lines.join("\n")
}

/// Lets enrollments wait for one approval by one of the group "approvers".
pub fn approval(template: String) -> String {
    let template = set(template, ENROLL, "approvals_needed", "1");
    set(template, ENROLL, "approvers", r#"["group:approvers"]"#)
}

/// Has every server on a database read again whom it keeps of callers, as whoever changes them by hand must: `run` runs a
/// statement there.
pub fn heed_callers(run: impl FnOnce(&str)) {
    run("INSERT INTO counters (name, value) VALUES ('callers', 1) \
         ON CONFLICT (name) DO UPDATE SET value = counters.value + 1");
    std::thread::sleep(cardwright::store::HEEDED_WITHIN);
}

/// Lets cards keep the admin key that they have.
pub fn kept_admin_key(template: String) -> String {
    set(template, "[smartcard]", "diversify_admin_key", "false")
}

/// Has clients make keys of another kind.
pub fn keys(template: String, algorithm: &str) -> String {
    set(template, "[key]", "generate", &format!("{algorithm:?}"))
}

/// Key files take a while to seal, so every site of this process is a copy of one.
fn made_once() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| init("p256", PASSPHRASE))
}

fn agent(ca: &[u8]) -> ureq::Agent {
    let roots = ureq::tls::Certificate::from_pem(ca).unwrap();
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::new_with_certs(&[roots]))
        .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let configured = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .tls_config(tls)
        .timeout_global(Some(Duration::from_secs(30)));
    configured.build().into()
}
