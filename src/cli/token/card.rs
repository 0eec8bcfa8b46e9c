//! What `cardwright token` does only with cards in readers: initialising them, and attestation.

use super::document::TokenDocument;
use crate::cli::args::{InitArgs, TokenArgs};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::secrets::{self, PIN};
use crate::gids::GidsToken;
use crate::piv::{KeyReference, PivToken};
use crate::pkix::Certificate;
use crate::reader::{Found, Readers, Selector};
use crate::secret::AdminKey;
use crate::token::{self, Admin, Identity, Token};
use serde_json::json;
use uuid::Uuid;

/// Counts the bytes of a 3DES admin key.
const ADMIN_KEY_BYTES: usize = 24;

/// Makes the one card that is meant ready for enrollment; with `--erase` resets it to the factory's state first.
pub fn initialise(args: &InitArgs, output: &Output) -> Result<(), Failure> {
    if args.label.is_some() {
        return Err(Failure::new("label-rules", Exit::Usage, "a card in a reader bears no label of its own")
            .remedy("Leave --label out, or name the PKCS#11 module with --module."));
    }
    let selector = Selector { serial: args.serial.clone(), reader: args.place.reader.clone(), label: None };
    let readers = Readers::open()?;
    let Found { mut token, reader } = readers.find(&selector)?;
    if args.erase {
        token.reset_to_factory()?;
    }
    let identity = token.identity().clone();
    drop(token);
    let mut token: Box<dyn Token> = match identity.kind {
        "PIV" => Box::new(initialise_piv(&readers, &reader, &identity, args)?),
        "GIDS" => Box::new(initialise_gids(&readers, &reader, &identity, args)?),
        _ => return Err(token::Error::NotOffered("initialisation").into()),
    };
    let counters = token.counters()?;
    let document = TokenDocument::new(token.identity(), &counters).within(&reader);
    output.result(&document, || {
        format!("the {} card in reader {reader:?} is initialised; its serial is {}", identity.kind, document.serial)
    })
}

/// Gives a PIV card an identity of its own, by its management key; keys, certificates and secrets stay.
fn initialise_piv(readers: &Readers, reader: &str, found: &Identity, args: &InitArgs) -> Result<PivToken, Failure> {
    let mut token = open_piv(readers, reader, found)?;
    if !args.default_admin_key && !args.erase {
        let key = secrets::admin_key(args.so_pin_from.as_ref())?;
        token.initialise(Admin::Key(&key))?;
        return Ok(token);
    }
    match token.initialise(Admin::Key(&token.factory().admin_key())) {
        // The card's cipher takes a key of another length. The card itself has compared nothing yet.
        Err(token::Error::SecretLength { minimum, .. }) => {
            token.initialise(Admin::Key(&token.factory().admin_key_of(minimum)))?;
        }
        initialised => initialised?,
    }
    Ok(token)
}

/// Gives a blank GIDS card its secrets, a card id and its files; one that is initialised is refused.
fn initialise_gids(readers: &Readers, reader: &str, found: &Identity, args: &InitArgs) -> Result<GidsToken, Failure> {
    if !found.serial.is_empty() {
        let message = format!("GIDS card {} is initialised already", found.serial);
        return Err(Failure::new("token-initialised", Exit::Usage, message)
            .remedy("Nothing was changed; enroll it as it is, or unblock it."));
    }
    let key = if args.default_admin_key {
        AdminKey::new(vec![0; ADMIN_KEY_BYTES])
    } else {
        secrets::admin_key(args.so_pin_from.as_ref())?
    };
    let pin = secrets::new_pin(args.pin_from.as_ref(), PIN)?;
    Ok(GidsToken::initialise(readers.card(reader)?, &key, &pin, Uuid::new_v4().into_bytes())?)
}

/// Prints the certificate (PEM) by which a PIV card attests that a key was generated on it. `key` is a PIV key
/// reference in two hexadecimal digits.
pub fn attest(key: &str, which: &TokenArgs, output: &Output) -> Result<(), Failure> {
    let byte = u8::from_str_radix(key, 16).ok().filter(|_| key.len() == 2);
    let Some(reference) = byte.and_then(KeyReference::new) else {
        return Err(Failure::new("key-reference", Exit::Usage, format!("{key:?} is no PIV key reference"))
            .remedy("Name 9a, 9c, 9d, 9e or 82 to 95."));
    };
    let TokenArgs { label, serial, place, .. } = which;
    let selector = Selector { label: label.clone(), serial: serial.clone(), reader: place.reader.clone() };
    let readers = Readers::open()?;
    let Found { token, reader } = readers.find(&selector)?;
    let identity = token.identity().clone();
    drop(token);
    if identity.kind != "PIV" {
        return Err(token::Error::NotOffered("attestation").into());
    }
    let attestation = open_piv(&readers, &reader, &identity)?.attest(reference)?;
    let pem = Certificate::from_der(&attestation)?.to_pem();
    let document = json!({ "serial": identity.serial, "key_id": hex::encode([reference.byte()]), "attestation": pem });
    output.result(&document, || Text::block(&pem))
}

/// Opens the PIV card that was found; fails if another was put in its place meanwhile.
fn open_piv(readers: &Readers, reader: &str, found: &Identity) -> Result<PivToken, Failure> {
    let token = PivToken::open(readers.card(reader)?)?;
    if token.identity() == found { Ok(token) } else { Err(token::Error::Removed.into()) }
}
