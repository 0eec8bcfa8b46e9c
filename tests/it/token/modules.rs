//! The contract on other people's modules, point by point; see [`super::points`].
//!
//! Most want variables or a mount namespace of their own, or look at all readers: each is judged in a process of its
//! own, this binary run again for [`module_job`].

use std::path::Path;
use std::process::Command;

use cardwright::pkcs11::{Module, Selector};
use cardwright::pkix::KeyAlgorithm;
use cardwright::token::{Admin, Authority, Credentials, KeyId, KeyOrder, LastTry, Operation, Token, User};
use cardwright::virtual_card::{GidsOptions, PivOptions};

use super::fixture::Fixture;
use super::points::{
    CHANGES_ADMIN, DELETES, Exception, MAKES_CURVE, MAKES_RSA, REPLACES, SETS_PIN, TAKES_CURVE, TAKES_RSA, furnish,
    judge,
};
use super::{PIN, SO_PIN, contract, pin, tpm};
use crate::support::certificates::certificate_for;
use crate::support::p11_kit::{self, NSS_LABEL, PROXY};
use crate::support::pcscd::{self, Inserted};
use crate::support::program::{Program, end};
use crate::support::tpm::Tpm;
use crate::support::{directory, gids, piv, softhsm};

const OPENSC: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";
const YKCS11: &str = "/usr/lib/x86_64-linux-gnu/libykcs11.so";
const JOB: &str = "CARDWRIGHT_MODULE_JOB";

/// tpm2-pkcs11 1.9 creates public keys and data, and no private key of any other maker.
const TPM_CANNOT: &[Exception] = &[(TAKES_RSA, NO_IMPORT), (TAKES_CURVE, NO_IMPORT)];

/// NSS 3.87 knows its user alone.
const NSS_CANNOT: &[Exception] = &[(SETS_PIN, "a security officer"), (CHANGES_ADMIN, "a security officer")];

/// OpenSC 0.23 makes and writes nothing on a PIV card; it is done by the card's administrator, who is nobody to PKCS#11.
const OPENSC_ON_PIV_CANNOT: &[Exception] = &[
    (REPLACES, UNSUPPORTED),
    (MAKES_RSA, UNSUPPORTED),
    (MAKES_CURVE, UNSUPPORTED),
    (TAKES_RSA, NO_IMPORT),
    (TAKES_CURVE, NO_IMPORT),
    (SETS_PIN, "(4 to 8 bytes)"),
    (CHANGES_ADMIN, "(4 to 8 bytes)"),
    (DELETES, UNSUPPORTED),
];

/// GIDS has no curves. OpenSC 0.23 takes no second certificate of a key, and PKCS#11's SO for no admin key.
const OPENSC_ON_GIDS_CANNOT: &[Exception] = &[
    (REPLACES, "CKR_GENERAL_ERROR"),
    (MAKES_CURVE, UNSUPPORTED),
    (TAKES_CURVE, "CKR_GENERAL_ERROR"),
    (SETS_PIN, "(4 to 15 bytes)"),
    (CHANGES_ADMIN, "(4 to 15 bytes)"),
];

/// ykcs11 2.2 lets the SO alone make and write, under ids of its own, and unblocks with nothing.
const YKCS11_CANNOT: &[Exception] = &[
    (REPLACES, "CKR_USER_TYPE_INVALID"),
    (MAKES_RSA, "CKR_ATTRIBUTE_VALUE_INVALID"),
    (MAKES_CURVE, "CKR_ATTRIBUTE_VALUE_INVALID"),
    (TAKES_RSA, NO_IMPORT),
    (TAKES_CURVE, NO_IMPORT),
    (SETS_PIN, UNSUPPORTED),
    (DELETES, "CKR_USER_TYPE_INVALID"),
];

const NO_IMPORT: &str = "the import of a private key";
const UNSUPPORTED: &str = "CKR_FUNCTION_NOT_SUPPORTED";

#[test]
fn softhsm_does_every_point() {
    let mut fixture = Fixture::softhsm("points");
    let key = furnish(&mut fixture);
    judge(&mut fixture, &key, &[]);
}

#[test]
fn kryoptic_does_every_point() {
    let mut fixture = Fixture::kryoptic("points");
    let key = furnish(&mut fixture);
    judge(&mut fixture, &key, &[]);
}

#[test]
fn a_tpm_does_every_point_but_those() {
    let mut program = Program::new();
    Tpm::make(&mut program);
    // Its module is loaded elsewhere: it opens sockets that everything inherits that other tests start, and the TPM listens
    // to nobody else until all of those are closed.
    let _tpm = Tpm::forgiving(&mut program);
    for job in ["tpm points", "tpm secrets", "tpm admin", "tpm key", "tpm signatures"] {
        in_a_process(program.other(std::env::current_exe().unwrap()), job);
    }
}

#[test]
fn an_nss_database_does_every_point_but_those() {
    let mut program = Program::new();
    let module = p11_kit::nss_database(&program, "nss", PIN);
    p11_kit::put_before(&mut program, &[("nss.module", module)]);
    for job in ["nss points", "nss keys", "nss algorithms"] {
        in_a_process(program.other(std::env::current_exe().unwrap()), job);
    }
}

#[test]
fn softhsm_behind_p11_kits_proxy_does_all_that_it_does_alone() {
    let mut program = Program::new();
    let module = p11_kit::module(Path::new(softhsm::MODULE));
    p11_kit::put_before(&mut program, &[("softhsm.module", module)]);
    for job in ["proxy points", "proxy keys", "proxy algorithms", "proxy secrets", "proxy admin"] {
        in_a_process(program.other(std::env::current_exe().unwrap()), job);
    }
}

#[test]
fn opensc_does_every_point_on_a_piv_card_but_those() {
    let card = piv::card(PivOptions { version: [5, 7, 1], ..PivOptions::yubikey() });
    certify(&mut piv::open(&card), KeyId(vec![0x9A]), KeyAlgorithm::P256);
    let card = pcscd::insert_shared(card);
    behind_opensc(&card, "", "opensc-piv points");
}

#[test]
fn opensc_does_every_point_on_a_gids_card_but_those() {
    let card = gids::ready(GidsOptions::default());
    certify(&mut gids::open(&card), gids::id(0), KeyAlgorithm::Rsa2048);
    let card = pcscd::insert_shared(card);
    behind_opensc(&card, "app opensc-pkcs11 { card_drivers = gids; }\n", "opensc-gids points");
}

#[test]
fn yubicos_module_does_every_point_but_those() {
    let card = piv::card(PivOptions::yubikey());
    certify(&mut piv::open(&card), KeyId(vec![0x9A]), KeyAlgorithm::P256);
    let _card = pcscd::insert_yubikey_shared(card);
    in_a_process(pcscd::program(&std::env::current_exe().unwrap().display().to_string(), 60), "ykcs11 points");
}

/// Has the driver make a key on the card, with a certificate.
fn certify(token: &mut dyn Token, id: KeyId, algorithm: KeyAlgorithm) {
    let (key, typed) = (piv::admin_key(), pin(PIN));
    let user = Some(User::Pin(&typed, LastTry::Keep));
    let admin = (token.authority(Operation::Generate) == Authority::Admin).then_some(Admin::Key(&key));
    let mut session = token.log_in(Credentials { user, admin }).unwrap();
    let label = "made before".into();
    let made =
        session.generate(&KeyOrder { id: id.clone(), label, algorithm, decrypts: false, replace: false }).unwrap();
    session.write_certificate(&id, "made before", &certificate_for(&made, "made before")).unwrap();
}

/// Judges OpenSC's module, which sees this card alone.
fn behind_opensc(card: &Inserted, settings: &str, job: &str) {
    let configuration = card.opensc_configuration(&directory::fresh("modules"));
    let seen = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, seen + settings).unwrap();
    let mut child = pcscd::program(&std::env::current_exe().unwrap().display().to_string(), 60);
    child.env("OPENSC_CONF", configuration);
    in_a_process(child, job);
}

/// Runs this binary again for one job.
#[track_caller]
fn in_a_process(mut child: Command, job: &str) {
    child.args(["--exact", "token::modules::module_job", "--nocapture"]).env(JOB, job);
    let ended = end(&mut child);
    assert!(ended.success() && ended.stdout.contains("1 passed"), "{job}: {}", ended.all());
}

/// Judges the module that a parent names; without a parent, shows that a job is done on SoftHSM.
#[test]
fn module_job() {
    let job = std::env::var(JOB).unwrap_or_else(|_| "softhsm points".into());
    let (module, part) = job.split_once(' ').unwrap();
    let (mut fixture, cannot) = match module {
        "softhsm" => (Fixture::softhsm("module job"), &[][..]),
        "proxy" => {
            let module = Module::load(Path::new(PROXY)).unwrap();
            (Fixture::pkcs11(softhsm::prepare(&module, part, SO_PIN, PIN)), &[][..])
        }
        "tpm" => {
            let module = Module::load(Path::new(&std::env::var("CARDWRIGHT_MODULE").unwrap())).unwrap();
            let token = softhsm::prepare(&module, part, SO_PIN, PIN);
            match part {
                "key" => return tpm::keeps_a_key_and_its_certificate(token),
                "signatures" => return tpm::signs_with_every_kind_of_key(token),
                _ => (Fixture::pkcs11(token), TPM_CANNOT),
            }
        }
        "nss" => (named(PROXY, &Selector::label(NSS_LABEL)), NSS_CANNOT),
        "opensc-piv" => (named(OPENSC, &Selector::default()), OPENSC_ON_PIV_CANNOT),
        "opensc-gids" => (named(OPENSC, &Selector::default()), OPENSC_ON_GIDS_CANNOT),
        _ => (named(YKCS11, &Selector::default()), YKCS11_CANNOT),
    };
    match part {
        "keys" => contract::keys_and_certificates(fixture),
        "algorithms" => contract::every_algorithm(fixture),
        "secrets" => contract::secrets(fixture),
        "admin" => contract::admin_key(fixture),
        _ => {
            let there = fixture.session().list().unwrap().into_iter().find(|stored| stored.has_private_key);
            let key = there.map_or_else(|| furnish(&mut fixture), |stored| stored.id);
            judge(&mut fixture, &key, cannot);
        }
    }
}

/// The token of the module, whose administrator's secret is a card's first one.
fn named(module: &str, selector: &Selector) -> Fixture {
    let token = Module::load(Path::new(module)).unwrap().find(selector).unwrap();
    let mut fixture = Fixture::pkcs11(token);
    fixture.admin = piv::ADMIN_KEY.into();
    fixture.unblocks = piv::ADMIN_KEY.into();
    fixture
}
