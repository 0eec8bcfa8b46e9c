//! Whoever has the whole data directory puts an older one back, what it remembers included; the CA's key is in a token.

use crate::support::{data_directory, directory, softhsm};
use cardwright::secret::{Passphrase, Pin};
use cardwright::server::{self, Config, Contradiction, NewUser, Server, StartError, WitnessError};
use time::{Duration, OffsetDateTime};

const PIN: &str = "123456";

fn passphrase() -> Passphrase {
    Passphrase::new("a passphrase for tests".into())
}

#[test]
fn a_whole_directory_that_is_put_back_is_noticed_by_the_token() {
    let home = directory::temporary();
    let (data, older) = (home.path().join("data"), home.path().join("older"));
    let options = softhsm::ca_options("ca that takes notes", PIN);
    server::init(&data, &options, passphrase(), Some(Pin::new(PIN.into()))).unwrap();
    let config = || Config {
        data_dir: data.clone(),
        listen: None,
        plain_http: false,
        passphrase: passphrase(),
        ca_pin: Some(Pin::new(PIN.into())),
    };
    let user = |name: &str| {
        let new = NewUser { name: name.into(), ..NewUser::default() };
        server::user_add(&data, new, OffsetDateTime::now_utc() + Duration::days(1)).unwrap();
    };
    Server::start(config()).unwrap().stop().unwrap();
    data_directory::copy(&data, &older);
    user("alice");
    Server::start(config()).unwrap().stop().unwrap();
    // Everything goes back to what it was before, and nothing in the directory contradicts anything.
    std::fs::remove_dir_all(&data).unwrap();
    data_directory::copy(&older, &data);
    let refused = Server::start(config()).err().expect("refused");
    assert!(
        matches!(&refused, StartError::Witness(WitnessError::Contradiction(Contradiction::PutBack { .. }))),
        "{refused}"
    );
    server::audit_accept(&data, &passphrase(), "the whole computer was put back").unwrap();
    for _ in 0..2 {
        Server::start(config()).unwrap().stop().unwrap();
        user(&uuid::Uuid::new_v4().to_string());
    }
}
