//! Data directories: made once, opened only whole.

use super::support::{API, Lab, PASSPHRASE};
use crate::support::softhsm;
use cardwright::secret::{Passphrase, Pin};
use cardwright::server::{
    self, AccountError, AccountRefusal, Config, InitError, InitOptions, NewUser, Server, StartError,
};
use std::os::unix::fs::PermissionsExt;
use time::{Duration, OffsetDateTime};

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into())
}

#[test]
fn a_directory_is_made_for_its_owner_and_never_overwritten() {
    let home = crate::support::directory::temporary();
    let data = home.path().join("data");
    server::init(&data, &InitOptions::default(), passphrase(), None).unwrap();
    let mode = |name: &str| std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    for secret in ["ca.key.pem", "master.key.pem", "server.toml"] {
        assert_eq!(mode(secret), 0o600, "{secret}");
    }
    let before = std::fs::read(data.join("master.key.pem")).unwrap();
    let again = server::init(&data, &InitOptions::default(), passphrase(), None);
    assert!(matches!(again, Err(InitError::Exists(_))));
    assert_eq!(std::fs::read(data.join("master.key.pem")).unwrap(), before);
    let empty = server::init(&home.path().join("other"), &InitOptions::default(), Passphrase::new(String::new()), None);
    assert!(empty.is_err());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "a failed attempt leaves nothing");
}

#[test]
fn the_first_start_makes_the_keys_it_lacks_for_their_owner() {
    let home = crate::support::directory::temporary();
    let data = home.path().join("data");
    server::init(&data, &InitOptions::default(), passphrase(), None).unwrap();
    let config = || Config {
        data_dir: data.clone(),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        plain_http: false,
        passphrase: passphrase(),
        ca_pin: None,
    };
    let made = ["tls.key.pem", "audit.key.pem"];
    assert!(!data.join("tls.key.pem").exists());
    // The log's key is made before, so that servers made from one copy of the directory have the same.
    let log_key = std::fs::read(data.join("audit.key.pem")).unwrap();
    Server::start(config()).unwrap().stop().unwrap();
    let read = || made.map(|name| std::fs::read(data.join(name)).unwrap());
    let keys = read();
    assert_eq!(keys[1], log_key);
    for name in made {
        assert_eq!(std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    Server::start(config()).unwrap().stop().unwrap();
    assert_eq!(read(), keys, "the next start takes those that are there");
}

#[test]
fn what_cannot_be_opened_says_why() {
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    let start = |config: Config| Server::start(config).err().expect("refused");
    let wrong = Config { passphrase: Passphrase::new("wrong".into()), ..lab.config() };
    assert!(matches!(start(wrong), StartError::Ca(cardwright::ca::Error::Passphrase)));
    let nowhere = Config { data_dir: lab.data().join("nowhere"), ..lab.config() };
    assert!(matches!(start(nowhere), StartError::NoDirectory(_)));
    let afar = Config { listen: Some("0.0.0.0:0".parse().unwrap()), ..lab.config() };
    assert!(matches!(start(afar), StartError::PlainHttpAfar(_)));
    std::fs::write(lab.data().join("templates/zz.toml"), "name = 1").unwrap();
    assert!(start(lab.config()).to_string().contains("zz.toml:1:8: name: "));
    std::fs::remove_file(lab.data().join("templates/zz.toml")).unwrap();
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.clone() + "\nsurprise = 1\n").unwrap();
    assert!(start(lab.config()).to_string().contains("server.toml:"));
    std::fs::write(&settings, text).unwrap();
    lab.start();
    assert!(matches!(start(lab.config()), StartError::File(_)), "one server a directory");
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let mut lab = Lab::new();
    let alice = lab.user("alice", &[]);
    let card = lab.enrolled(&alice);
    let shown = lab.get(&alice, &format!("{API}/smartcards/{}", card.smartcard)).ok();
    let certificate = std::fs::read(lab.data().join("tls.cer.pem")).unwrap();
    lab.stop();
    lab.start();
    assert_eq!(lab.get(&alice, &format!("{API}/smartcards/{}", card.smartcard)).ok(), shown);
    assert_eq!(std::fs::read(lab.data().join("tls.cer.pem")).unwrap(), certificate, "still good");
    lab.stop();
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("\"localhost\"", "\"localhost\",\n\"cm.example.test\"")).unwrap();
    lab.start();
    assert_ne!(std::fs::read(lab.data().join("tls.cer.pem")).unwrap(), certificate, "other names, other certificate");
    lab.get(&alice, &format!("{API}/smartcards/{}", card.smartcard)).ok();
}

#[test]
fn the_ca_can_live_in_a_token() {
    let pin = "123456";
    let home = crate::support::directory::temporary();
    let data = home.path().join("data");
    let options = softhsm::ca_options("ca of a server", pin);
    assert!(matches!(server::init(&data, &options, passphrase(), None), Err(InitError::NoPin)));
    let wrong = server::init(&data, &options, passphrase(), Some(Pin::new("000000".into())));
    assert!(matches!(wrong, Err(InitError::Ca(_))));
    let made = server::init(&data, &options, passphrase(), Some(Pin::new(pin.into()))).unwrap();
    assert!(!data.join("ca.key.pem").exists());
    let config = |ca_pin: Option<&str>| Config {
        data_dir: data.clone(),
        listen: None,
        plain_http: false,
        passphrase: passphrase(),
        ca_pin: ca_pin.map(|pin| Pin::new(pin.into())),
    };
    assert!(matches!(Server::start(config(None)), Err(StartError::NoPin)));
    let running = Server::start(config(Some(pin))).unwrap();
    assert_eq!(running.ca_certificate, made.ca_certificate);
    running.stop().unwrap();
}

#[test]
fn users_are_added_once_and_with_sensible_names() {
    let lab = Lab::plain(|template| template);
    lab.user("alice", &[]);
    let until = OffsetDateTime::now_utc() + Duration::days(1);
    let add = |name: &str, groups: &[&str]| {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        server::user_add(&lab.data(), NewUser { name: name.into(), groups, ..NewUser::default() }, until)
    };
    assert!(matches!(add("alice", &[]), Err(AccountError::Refused(AccountRefusal::UserExists))));
    for bad in ["", " alice", "a\u{7}", "group:officers"] {
        assert!(matches!(add(bad, &[]), Err(AccountError::Refused(AccountRefusal::Name(_)))), "{bad:?}");
    }
    assert!(matches!(add("bob", &[""]), Err(AccountError::Refused(AccountRefusal::Name(_)))));
    let bob = add("bob", &["officers"]).unwrap();
    assert_eq!(bob.token.expose().len(), 43, "32 bytes, base64url");
}

#[test]
fn what_others_may_write_is_not_used() {
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    // All that a directory holds, and what the settings name elsewhere.
    let data = lab.data();
    server::add_master_key(&data, &passphrase(), None).unwrap();
    let outside = lab.directory.path().join("issuer.pem");
    std::fs::write(&outside, std::fs::read(data.join("ca.cer.pem")).unwrap()).unwrap();
    let settings = std::fs::read_to_string(data.join("server.toml")).unwrap();
    let oidc = "[identity.oidc]\nissuer = \"https://issuer.test\"\naudience = [\"x\"]\njwks_url = \"https://issuer.test/keys\"\n";
    let keytab = lab.directory.path().join("keytab");
    std::fs::write(&keytab, "").unwrap();
    let secret = lab.directory.path().join("client.secret");
    std::fs::write(&secret, "a secret").unwrap();
    let sign_in = "[identity.oidc.sign_in]\nclient_id = \"x\"\npages = \"https://pages.test\"\n";
    let negotiate = format!("[identity.negotiate]\nkeytab = {:?}\nrealms = [\"TEST\"]\n", keytab);
    let sign_in = format!("{sign_in}client_secret_file = {secret:?}\n");
    let named = format!("{settings}\n{oidc}trust = {outside:?}\n{sign_in}{negotiate}");
    let mut paths = vec![data.clone(), data.join("templates")];
    for directory in [data.clone(), data.join("templates")] {
        paths.extend(std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()));
    }
    let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    for name in ["master.2.key.pem", "smart-card-logon.toml", "cardwright.db", "witness.json", "ca.cer.pem"] {
        assert!(names.iter().any(|known| known == name), "{name} of {names:?}");
    }
    paths.extend([outside.clone(), keytab.clone(), secret.clone()]);
    for path in paths {
        let is_named = [&outside, &keytab, &secret].contains(&&path);
        std::fs::write(data.join("server.toml"), if is_named { &named } else { &settings }).unwrap();
        let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let old = std::fs::metadata(&path).unwrap().permissions().mode();
        for others in [0o020, 0o002] {
            set(old | others);
            let refused = Server::start(lab.config()).err().unwrap();
            assert!(
                matches!(&refused, StartError::File(error) if error.to_string().contains("chmod go-w") && error.path == path),
                "{}: {refused}",
                path.display()
            );
        }
        set(old);
    }
    std::fs::write(data.join("server.toml"), settings).unwrap();
    lab.start();
}

/// What `server init` writes into `server.toml`, or why it does not.
fn settings(options: InitOptions) -> Result<String, String> {
    let home = crate::support::directory::temporary();
    let data = home.path().join("data");
    match server::init(&data, &options, passphrase(), None) {
        Ok(_) => Ok(std::fs::read_to_string(data.join("server.toml")).unwrap()),
        Err(error) => {
            assert!(!data.exists());
            Err(error.to_string())
        }
    }
}

#[test]
fn certificates_of_a_server_that_others_reach_name_their_list_by_http() {
    let names = || vec!["cm.example.com".to_owned(), "2001:db8::1".to_owned()];
    let open = InitOptions { listen: "0.0.0.0:443".parse().unwrap(), public_names: names(), ..InitOptions::default() };
    let text = settings(open.clone()).unwrap();
    assert!(text.contains("crl_url = \"http://cm.example.com:8080/pki/ca.crl\""), "{text}");
    let publication = text.split("\n[publication]\n").nth(1).unwrap();
    assert!(publication.contains("listen = \"0.0.0.0:8080\""), "{publication}");
    assert!(publication.contains("url = \"http://cm.example.com:8080\""), "{publication}");
    let chosen = InitOptions { publication: Some("127.0.0.1:8081".parse().unwrap()), ..open };
    assert!(settings(chosen).unwrap().contains("http://cm.example.com:8081/pki/ca.crl"));
    let alone = settings(InitOptions::default()).unwrap();
    assert!(alone.contains("crl_url = \"https://localhost:8443/pki/ca.crl\""), "{alone}");
}

#[test]
fn names_and_addresses_that_certificates_cannot_have_are_refused() {
    for name in
        ["", "cm example.com", "*.example.com", "cm..example.com", "-cm.example.com", "http://cm", "10.0.0", "cm:8443"]
    {
        let refused = settings(InitOptions { public_names: vec![name.to_owned()], ..InitOptions::default() });
        assert!(refused.unwrap_err().contains("neither a host name nor an address"), "{name}");
    }
    assert!(settings(InitOptions { public_names: Vec::new(), ..InitOptions::default() }).is_err());
    for url in [
        "",
        "pki.example.com/ca.crl",
        "ldap://pki.example.com/ca",
        "file:///ca.crl",
        "http:///ca.crl",
        "http://pki.example.com/c\u{e4}.crl",
        "http://alice@pki.example.com/ca.crl",
        "http://pki.example.com/ca.crl#x",
    ] {
        let refused = settings(InitOptions { crl_url: Some(url.to_owned()), ..InitOptions::default() });
        assert!(refused.unwrap_err().contains("cannot be used"), "{url}");
    }
    let good = InitOptions { crl_url: Some("http://pki.example.com/ca.crl".into()), ..InitOptions::default() };
    assert!(settings(good).unwrap().contains("http://pki.example.com/ca.crl"));
}
