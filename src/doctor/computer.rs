//! Examines this computer: the PC/SC service, its readers, and who else uses them.

use super::finding::{Check, Finding};
use crate::iso7816::Protocol;
use crate::reader::{CardFacts, CardPresence, Error, Holder, InUse, ReaderState, ServiceFacts, SocketState};

/// Reports whether the PC/SC service can be reached, as far as its socket tells.
pub fn examine_service(facts: &ServiceFacts) -> Finding {
    let Some(socket) = facts.socket.as_ref().map(|socket| socket.display()) else {
        return examine_answer(facts.state);
    };
    match facts.state {
        SocketState::Reachable => Finding::good(Check::Service, format!("the PC/SC service listens at {socket}")),
        SocketState::NobodyListens => Finding::bad(
            Check::Service,
            format!("the PC/SC service does not run: nobody listens at {socket}"),
            "Install pcscd and start it: `systemctl enable --now pcscd.socket`.",
        ),
        SocketState::Closed => Finding::bad(
            Check::Permission,
            format!("this user may not open the service's socket {socket}"),
            "Start pcscd with its own unit file, or have an administrator open the socket to this user.",
        ),
    }
}

/// Reports whether a service without a socket answers, which is that of Windows.
fn examine_answer(state: SocketState) -> Finding {
    match state {
        SocketState::Reachable => Finding::good(Check::Service, "the Smart Card service answers"),
        SocketState::NobodyListens | SocketState::Closed => Finding::bad(
            Check::Service,
            "the Smart Card service (SCardSvr) does not run",
            "Plug a reader in, which starts it; where that does not help, have an administrator run `net start SCardSvr`.",
        ),
    }
}

/// Reports why the service refused this user, or what else went wrong when the readers were read.
pub fn examine_refusal(error: &Error) -> Finding {
    match error {
        Error::NotPermitted => Finding::bad(
            Check::Permission,
            "polkit does not let this user at readers or cards",
            "Have an administrator allow org.debian.pcsc-lite.access_pcsc and access_card to this user in \
             /etc/polkit-1/rules.d; sessions without a seat (services, kiosks, ssh) are denied by default.",
        ),
        Error::NoService { .. }
        | Error::SocketClosed { .. }
        | Error::ServiceStopped
        | Error::ServiceSilent { .. }
        | Error::NoReader { .. }
        | Error::AmbiguousReader { .. }
        | Error::NoCard { .. }
        | Error::NoToken { .. }
        | Error::Ambiguous { .. }
        | Error::SameSerial { .. }
        | Error::UnknownCard { .. }
        | Error::Mute { .. }
        | Error::Busy { .. }
        | Error::OtherCard { .. }
        | Error::NotInserted { .. }
        | Error::Cancelled
        | Error::Token { .. }
        | Error::Unsteady
        | Error::Call { .. }
        | Error::Thread(_)
        | Error::NoPinPad
        | Error::NoTransaction
        | Error::ThreadEnded => {
            Finding::bad(Check::Readers, error.to_string(), "Restart the PC/SC service and look again.")
        }
    }
}

/// Reports the readers, whether each has a card, and whether another program holds it.
pub fn examine_readers(readers: &[ReaderState], holders: &[Holder]) -> Vec<Finding> {
    if readers.is_empty() {
        let remedy = if cfg!(feature = "farm") {
            "Plug a reader in; a CCID reader needs the package libccid. `cardwright vcard` makes one in software."
        } else {
            "Plug a reader in; a CCID reader needs the package libccid."
        };
        return vec![Finding::bad(Check::Readers, "there is no reader", remedy)];
    }
    let mut findings = Vec::new();
    for reader in readers {
        let name = &reader.name;
        findings.push(match reader.card {
            CardPresence::Present => Finding::good(Check::Readers, format!("{name}: a card is in")),
            CardPresence::Absent => Finding::good(Check::Readers, format!("{name}: empty")),
            CardPresence::Mute => Finding::bad(
                Check::Card,
                format!("{name}: the card does not answer to power"),
                "Turn the card over, clean its contacts, or try another reader.",
            ),
            CardPresence::Unknown => {
                Finding::bad(Check::Readers, format!("{name}: the reader is out of order"), "Plug the reader in anew.")
            }
        });
        findings.extend(held(reader, holders));
    }
    findings
}

fn held(reader: &ReaderState, holders: &[Holder]) -> Option<Finding> {
    let who: Vec<String> = holders.iter().map(|holder| format!("{} (process {})", holder.name, holder.pid)).collect();
    let seen = if who.is_empty() { "none that this user may see".to_owned() } else { who.join(", ") };
    let told = format!("{} is in use; programs that use PC/SC: {seen}", reader.name);
    match reader.in_use {
        InUse::No => None,
        InUse::Shared => Some(Finding::attention(
            Check::Holder,
            told,
            "That is fine while the other program lets go between its commands; close it if commands here are refused.",
        )),
        InUse::Exclusively => Some(Finding::bad(
            Check::Holder,
            told,
            "Close the program that holds the card (for scdaemon: `gpgconf --kill scdaemon`).",
        )),
    }
}

/// Reports what card and reader together carry.
pub fn examine_protocol(facts: &CardFacts) -> Finding {
    let protocol = match facts.limits.protocol {
        Protocol::T0 => "T=0",
        Protocol::T1 => "T=1",
    };
    let length = if facts.limits.extended { "extended length" } else { "short commands" };
    let atr = hex::encode_upper(&facts.atr);
    match facts.limits.chaining {
        Some(false) if !facts.limits.extended => Finding::attention(
            Check::Protocol,
            format!("{protocol}, {length}, and the card takes no chained commands (ATR {atr})"),
            "Certificates of more than 255 bytes cannot be written: use a reader that offers extended length.",
        ),
        _ => Finding::good(Check::Protocol, format!("{protocol}, {length} (ATR {atr})")),
    }
}
