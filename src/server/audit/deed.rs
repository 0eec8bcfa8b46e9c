//! Names the acts of the log and fills in its entries: who did what, to which request, card, profile and person, and
//! what proves it.

use crate::store::{AuditEntry, RequestRecord};
use time::OffsetDateTime;
use uuid::Uuid;

macro_rules! deeds {
    ($($(#[$doc:meta])* $deed:ident = $name:literal),* $(,)?) => {
        /// Names an act; the words in the log are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Deed {
            $($(#[$doc])* $deed),*
        }

        impl Deed {
            /// Returns the word that the log keeps.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$deed => $name),*
                }
            }
        }
    };
}

deeds! {
    /// A server has taken up a newer version of a template that others know.
    TemplateChanged = "template-changed",
    /// The log says what rows are that an earlier release has written.
    RowsTakenOver = "rows-taken-over",
    /// A person has said that the server is to go on with records that it had not signed like that.
    RecordsAccepted = "records-accepted",
    /// A person has said that rows which somebody else has written are to stay as they are.
    RowsAccepted = "rows-accepted",
    /// All records are about to be copied into a PostgreSQL database.
    DatabaseMoved = "database-moved",
    /// The data directory was made of an archive.
    RecordsRestored = "records-restored",
    MasterKeyAdded = "master-key-added",
    MasterKeyRemoved = "master-key-removed",
    UserAdded = "user-added",
    /// All that a person has was ended, as an administrator has seen it.
    PersonLeft = "person-left",
    UserChanged = "user-changed",
    /// An administrator has proposed a change of an account, which another one is to confirm.
    ChangeProposed = "change-proposed",
    ChangeConfirmed = "change-confirmed",
    ChangeRejected = "change-rejected",
    /// Changes of accounts need a second administrator from now on, or need none any more, by the settings.
    SecondAdministrator = "second-administrator",
    /// An identity of an issuer stands for a user from now on.
    IdentityLinked = "identity-linked",
    /// It stands for nobody any more.
    IdentityUnlinked = "identity-unlinked",
    /// The certificates of a disabled user were put on hold.
    CertificatesHeld = "certificates-held",
    CertificatesReleased = "certificates-released",
    BearerAdded = "token-added",
    /// An activation code was mailed to its owner.
    ActivationCodeSent = "activation-code-sent",
    /// Somebody has shown the activation code of a bearer token, and was given that.
    BearerActivated = "token-activated",
    BearerRenewed = "token-renewed",
    BearerRevoked = "token-revoked",
    /// A link was made by which a person signs in once.
    LinkMade = "link-made",
    /// It was mailed to its owner.
    LinkSent = "link-sent",
    /// Somebody has shown its code, and was let in.
    LinkUsed = "link-used",
    /// It could not be mailed, and lets nobody in.
    LinkVoided = "link-voided",
    SessionBegun = "session-begun",
    SessionEnded = "session-ended",
    /// A kiosk has let a person in, or was refused that.
    VisitBegun = "visit-begun",
    VisitRefused = "visit-refused",
    /// Somebody has had a code made by which a kiosk lets him in.
    VisitHandedOver = "visit-handed-over",
    VisitEnded = "visit-ended",
    /// Results of a desk run were compared with the records, and signed.
    DeskResults = "desk-results",
    RequestCreated = "request-created",
    RequestApproved = "request-approved",
    RequestDenied = "request-denied",
    RequestCompleted = "request-completed",
    RequestWithdrawn = "request-withdrawn",
    /// The server itself has ended a request that nobody had finished in its template's time.
    RequestExpired = "request-expired",
    DataCollected = "data-collected",
    /// Somebody has had the holder of a card told that its certificates end.
    HolderReminded = "holder-reminded",
    /// An administrator has a notice sent again, or not at all.
    NoticeRetried = "notice-retried",
    NoticeDiscarded = "notice-discarded",
    /// One-time passwords were made, or are to be made and mailed.
    OneTimePasswordMade = "one-time-password-made",
    OneTimePasswordSent = "one-time-password-sent",
    /// No mail server took it in many attempts, or it was not to be sent any more.
    OneTimePasswordUndelivered = "one-time-password-undelivered",
    OneTimePasswordProven = "one-time-password-proven",
    OneTimePasswordRefused = "one-time-password-refused",
    /// A PIN was given out for the card of a request.
    PinProposed = "pin-proposed",
    /// The server itself has ended a temporary card whose time was over.
    TemporaryCardEnded = "temporary-card-ended",
    /// The old key of a card or profile has signed for the request that puts another in its place.
    OldKeyShown = "old-key-shown",
    /// A certificate manager has approved a request that no longer waited for it, in place of its old key.
    OldKeyExcused = "old-key-excused",
    /// Cards were put in stock, or taken out of it, by whoever may write to the data directory.
    StockAdded = "stock-added",
    StockRemoved = "stock-removed",
    /// A card has shown that it is there, or what came in its place was not by its key.
    PresenceShown = "presence-shown",
    PresenceRefused = "presence-refused",
    /// A challenge was made for a card, and what the card has encrypted was decrypted.
    PresenceAsked = "presence-asked",
    CardAssigned = "card-assigned",
    CardRetired = "card-retired",
    CertificateIssued = "certificate-issued",
    /// A certificate of an earlier profile, with its archived key, became one of a new profile.
    CertificateBroughtBack = "certificate-brought-back",
    /// Private keys left the server, under the password of who executes the request.
    KeysGiven = "keys-given",
    /// Private keys left the server sealed to recovery agents, who alone can open them.
    SealedKeysGiven = "sealed-keys-given",
    AdminKeyGiven = "admin-key-given",
    AdminKeyTold = "admin-key-told",
    /// A response under a card's admin key was computed.
    ChallengeAnswered = "challenge-answered",
    PukGiven = "puk-given",
    PukTold = "puk-told",
    OfflineUnblockAnswered = "offline-unblock-answered",
    RevocationListMade = "revocation-list-made",
    /// The settings have changed what a list must say.
    RevocationListOutdated = "revocation-list-outdated",
    /// A certificate was ordered from a CA elsewhere; it came, is awaited, or was refused for good.
    CertificateOrdered = "certificate-ordered",
    /// A CA elsewhere was told of a revocation.
    RevocationTold = "revocation-told",
}

/// Makes the entry of an act of the server itself.
pub fn own(deed: Deed, at: OffsetDateTime) -> AuditEntry {
    AuditEntry::of(deed.name(), at)
}

/// Is what an act says of where it was done (`at`) if that was not at a server.
pub const DATA_DIRECTORY: &str = "data-directory";

/// Makes the entry of an act done at the data directory, by whoever may write there: no login says who.
pub fn at_the_data_directory(deed: Deed, at: OffsetDateTime) -> AuditEntry {
    own(deed, at).with("at", DATA_DIRECTORY)
}

impl AuditEntry {
    /// Names the request, and with it the person, the card and the profile it is about.
    pub fn on(self, request: &RequestRecord) -> Self {
        Self {
            request: Some(request.uuid),
            user: Some(request.target),
            smartcard: request.new_smartcard.or(request.old_smartcard),
            profile: request.new_profile.or(request.old_profile),
            ..self
        }
    }

    /// Names the card.
    pub fn smartcard(self, smartcard: Uuid) -> Self {
        Self { smartcard: Some(smartcard), ..self }
    }

    /// Names the user for whom or to whom it was done.
    pub fn user(self, user: Uuid) -> Self {
        Self { user: Some(user), ..self }
    }

    /// Adds a name and a value that prove the act.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.evidence.push((name, value.to_string()));
        self
    }
}
