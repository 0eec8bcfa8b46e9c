//! Names what the driver was doing when it stopped, in words that follow "could not".

use std::fmt;

/// Names what the driver is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    ReadJournal,
    WriteJournal,
    TakeUp,
    ReadToken,
    FindTemplate,
    FindCard,
    ProveCard,
    NameToken,
    Foresee,
    MakeRequest,
    ReadRequest,
    AssignCard,
    ReadConfiguration,
    FetchAdminKey,
    ChangeAdminKey,
    ConfirmAdminKey,
    FetchPuk,
    ChangePuk,
    ConfirmPuk,
    FetchPin,
    SetPin,
    ReadKeyOrders,
    PlaceKeys,
    LogIn,
    FindKey,
    ShowOldKey,
    ShowPresence,
    ReserveRoom,
    GenerateKey,
    SignRequest,
    AttestKey,
    SubmitRequest,
    ReadCertificate,
    BringKey,
    WriteCertificate,
    WriteAuthorities,
    CompleteRequest,
    RemoveKeys,
    ListCertificates,
    ResetToken,
    ReturnAdminKey,
    ReturnPuk,
    RetireCard,
}

impl Stage {
    /// Returns the stage in words that follow "could not".
    pub fn words(self) -> &'static str {
        match self {
            Stage::ReadJournal => "read the journal",
            Stage::WriteJournal => "write the journal",
            Stage::TakeUp => "take up the work that was begun",
            Stage::ReadToken => "read the token's state",
            Stage::FindTemplate => "find the profile template",
            Stage::FindCard => "find the card at the server",
            Stage::ProveCard => "make sure that this is the card",
            Stage::NameToken => "give the token an id of its own",
            Stage::Foresee => "find out what the request would come to",
            Stage::MakeRequest => "make the request",
            Stage::ReadRequest => "read the request",
            Stage::AssignCard => "assign the card to the request",
            Stage::ReadConfiguration => "read the card configuration",
            Stage::FetchAdminKey => "fetch the card's admin key",
            Stage::ChangeAdminKey => "change the card's admin key",
            Stage::ConfirmAdminKey => "confirm the card's admin key",
            Stage::FetchPuk => "fetch the card's PUK",
            Stage::ChangePuk => "change the card's PUK",
            Stage::ConfirmPuk => "confirm the card's PUK",
            Stage::FetchPin => "fetch the PIN the server proposes",
            Stage::SetPin => "set the PIN",
            Stage::ReadKeyOrders => "read which keys to make",
            Stage::PlaceKeys => "choose where the keys will be",
            Stage::LogIn => "log in to the token",
            Stage::FindKey => "look for the key on the token",
            Stage::ShowOldKey => "show the server the old key",
            Stage::ShowPresence => "show the server that the card is there",
            Stage::ReserveRoom => "make sure that the certificate will fit",
            Stage::GenerateKey => "generate the key",
            Stage::SignRequest => "sign the certification request",
            Stage::AttestKey => "have the card attest the key",
            Stage::SubmitRequest => "have the certificate issued",
            Stage::BringKey => "write the server's private keys to the token",
            Stage::ReadCertificate => "accept the certificate",
            Stage::WriteCertificate => "write the certificate to the token",
            Stage::WriteAuthorities => "write the certificates of the authorities to the token",
            Stage::CompleteRequest => "complete the request",
            Stage::RemoveKeys => "remove keys from the token",
            Stage::ListCertificates => "list the card's certificates",
            Stage::ResetToken => "put the card back to the factory's state",
            Stage::ReturnAdminKey => "put the default admin key back",
            Stage::ReturnPuk => "put the PUK back that the card came with",
            Stage::RetireCard => "retire the card",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
