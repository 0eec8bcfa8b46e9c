//! Every address of the console, once: read from a path, and written into links.

use crate::cm::wire::{guid_text, read_guid};
use std::fmt;
use uuid::Uuid;

/// Declares the places: first those of a fixed path, then those about one thing, whose id stands in the path for `{}`.
macro_rules! places {
    (fixed { $($(#[$fixed_doc:meta])* $fixed:ident => $fixed_path:literal;)+ } of { $($(#[$doc:meta])* $name:ident => $path:literal;)+ }) => {
        /// Names a place of the console.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Place {
            $($(#[$fixed_doc])* $fixed,)+
            $($(#[$doc])* $name(Uuid),)+
        }

        /// Lists the patterns of all places.
        pub const PATTERNS: &[&str] = &[$($fixed_path,)+ $($path,)+];

        impl Place {
            /// Reads a path; `None`: no place is there.
            pub fn parse(path: &str) -> Option<Self> {
                match path {
                    $($fixed_path => return Some(Self::$fixed),)+
                    _ => {}
                }
                $(if let Some(id) = id(path, $path) {
                    return Some(Self::$name(id));
                })+
                None
            }
        }

        impl fmt::Display for Place {
            fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                match self {
                    $(Self::$fixed => formatter.write_str($fixed_path),)+
                    $(Self::$name(id) => formatter.write_str(&$path.replace("{}", &guid_text(*id))),)+
                }
            }
        }
    };
}

places! {
    fixed {
        /// By duty: what waits, what ends, what is wrong.
        Home => "/";
        Help => "/help";
        Language => "/language";
        SignIn => "/sign-in";
        /// The way to the issuer, and back.
        SignInIssuer => "/sign-in/issuer";
        SignInReturn => "/sign-in/issuer/return";
        SignInTicket => "/sign-in/ticket";
        SignInCode => "/sign-in/code";
        SignInCertificate => "/sign-in/certificate";
        SignOut => "/sign-out";
        Search => "/search";
        /// The requests that wait, and all others.
        Queue => "/requests";
        /// Tells of requests that have come since, while it is open.
        QueueNews => "/requests/news";
        /// What is about to be approved, before it is.
        QueueCheck => "/requests/check";
        Reports => "/reports";
        /// The whole report as a file.
        ReportFile => "/reports/report.csv";
        /// The log of acts.
        Acts => "/acts";
        ActsTable => "/acts/acts.csv";
        ActsLines => "/acts/acts.json";
        /// Cards whose certificates end.
        Ends => "/ends";
        /// How the server stands.
        Health => "/health";
        /// Accounts, for administrators.
        People => "/people";
        PeopleImport => "/people/import";
        Templates => "/templates";
        /// A request is asked for, one question a page.
        NewRequest => "/new";
        /// A PIN is set anew over the telephone.
        HelpDesk => "/help-desk";
        /// The visitor's own cards, requests and certificates.
        Mine => "/mine";
        /// Somebody who stands at a kiosk has it let him in.
        Kiosk => "/kiosk";
    }
    of {
        Person => "/people/{}";
        Card => "/cards/{}";
        /// What happened to a card, as a file.
        CardHistory => "/cards/{}/history.csv";
        /// Something is asked for a card, after a page that says what will happen.
        CardAsk => "/cards/{}/ask";
        /// A card is missing.
        CardLost => "/cards/{}/lost";
        /// What a card has attested of one of its keys.
        CardAttestation => "/cards/{}/attestation";
        /// A person leaves.
        PersonLeave => "/people/{}/leave";
        Request => "/requests/{}";
        Template => "/templates/{}";
        /// What has changed from each version of a template to the next.
        TemplateVersions => "/templates/{}/versions";
        /// What a check says of a template's file.
        TemplateCheck => "/templates/{}/check";
        /// A template's file.
        TemplateFile => "/templates/{}/file";
        /// The account of a person, for administrators.
        Account => "/people/{}/account";
        /// A change that a second administrator is to confirm.
        Proposal => "/proposals/{}";
        /// The forms of a request, filled in, to be printed.
        Documents => "/requests/{}/documents";
        /// The call about a card: its code, and the answer.
        HelpDeskCard => "/help-desk/{}";
    }
}

impl Place {
    /// Returns the address.
    pub fn path(self) -> String {
        self.to_string()
    }
}

/// Returns the id that stands in a path where the pattern has `{}`.
fn id(path: &str, pattern: &str) -> Option<Uuid> {
    let (before, after) = pattern.split_once("{}")?;
    read_guid(path.strip_prefix(before)?.strip_suffix(after)?)
}

/// Returns an address of our own, to go to afterwards; the home page's where the text is none.
pub fn own(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let plain = address.len() <= 2048 && address.bytes().all(|byte| byte.is_ascii_graphic());
    if plain && Place::parse(path).is_some() { address } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        let id = Uuid::from_u128(7);
        for place in
            [Place::Home, Place::Queue, Place::QueueCheck, Place::Person(id), Place::Card(id), Place::Request(id)]
        {
            assert_eq!(Place::parse(&place.path()), Some(place));
        }
        assert_eq!(Place::parse("/people/x"), None);
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for address in ["https://evil.example/", "//evil.example/", "/\\evil.example", "/nowhere", "", "/requests\n"] {
            assert_eq!(own(address), "/", "{address}");
        }
        assert_eq!(own("/requests?state=Pending"), "/requests?state=Pending");
    }
}
