//! Tells what Windows takes a card for: by its list of cards it chooses the minidriver through which its own programs, the logon screen
//! among them, see the card.

use super::finding::{Check, Finding};

/// Is where the list is kept (HKEY_LOCAL_MACHINE), a key for each card, as Microsoft's "Smart Card Minidriver Specification" has it.
pub const CARDS: &str = r"SOFTWARE\Microsoft\Cryptography\Calais\SmartCards";
/// Name what stands under the key of a card: the answer to reset, which of its bits count, the minidriver's file, and the provider of
/// a maker that has no minidriver.
pub const ATR: &str = "ATR";
pub const MASK: &str = "ATRMask";
pub const MINIDRIVER: &str = "80000001";
pub const PROVIDER: &str = "Crypto Provider";

/// Is Windows' own minidriver, for cards that answer as PIV or GIDS.
const OWN: &str = "msclmd.dll";

/// Holds a line of the list.
#[derive(Clone, Debug, Default)]
pub struct ListedCard {
    pub name: String,
    pub atr: Vec<u8>,
    /// Empty: all bits count.
    pub mask: Vec<u8>,
    pub minidriver: Option<String>,
    pub provider: Option<String>,
}

impl ListedCard {
    fn is_of(&self, atr: &[u8]) -> bool {
        let masks = self.mask.iter().copied().chain(std::iter::repeat(0xFF));
        self.atr.len() == atr.len()
            && self.atr.iter().zip(atr).zip(masks).all(|((one, other), mask)| (one ^ other) & mask == 0)
    }

    fn shown(&self) -> String {
        let by = self.minidriver.as_deref().or(self.provider.as_deref()).unwrap_or("nothing");
        format!("\"{}\" ({by})", self.name)
    }
}

/// Reports what Windows takes the card of this answer to reset for; `is_there` says whether a minidriver's file is.
pub fn examine_minidriver(atr: &[u8], listed: &[ListedCard], is_there: &dyn Fn(&str) -> bool) -> Finding {
    let of_it: Vec<&ListedCard> = listed.iter().filter(|card| card.is_of(atr)).collect();
    let removal = |card: &ListedCard| format!("`reg delete \"HKLM\\{CARDS}\\{}\"`", card.name);
    match *of_it {
        [] => Finding::good(
            Check::Minidriver,
            format!("Windows does not list this card: its own minidriver ({OWN}) takes what answers as PIV or GIDS"),
        ),
        [card] => examine_listed(card, &removal(card), is_there),
        [first, ..] => {
            let all: Vec<String> = of_it.iter().map(|card| card.shown()).collect();
            Finding::attention(
                Check::Minidriver,
                format!("Windows lists this card more than once, and may take it for any of them: {}", all.join(", ")),
                format!("Have an administrator remove those that are not meant: {} for one.", removal(first)),
            )
        }
    }
}

fn examine_listed(card: &ListedCard, removal: &str, is_there: &dyn Fn(&str) -> bool) -> Finding {
    let taken = format!("Windows takes this card for {}", card.shown());
    let is_own = |path: &str| path.rsplit(['\\', '/']).next().is_some_and(|file| file.eq_ignore_ascii_case(OWN));
    match card.minidriver.as_deref() {
        Some(minidriver) if !is_there(minidriver) => Finding::attention(
            Check::Minidriver,
            format!(
                "{taken}, and that file is not there: its own programs, the logon screen among them, do not see the card"
            ),
            format!(
                "Install the maker's minidriver again, or have an administrator run {removal}, which leaves the card to Windows' own."
            ),
        ),
        Some(minidriver) if is_own(minidriver) => {
            Finding::good(Check::Minidriver, format!("{taken}, its own minidriver"))
        }
        _ => Finding::untold(
            Check::Minidriver,
            format!("{taken}; `certutil -scinfo -silent` tells whether that shows the same certificates as here"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    const CARD: [u8; 4] = [0x3B, 0x80, 0x01, 0x81];

    fn listed(name: &str, minidriver: Option<&str>) -> ListedCard {
        let minidriver = minidriver.map(str::to_owned);
        ListedCard { name: name.into(), atr: CARD.to_vec(), minidriver, ..ListedCard::default() }
    }

    fn told(listed: &[ListedCard]) -> (Verdict, String, String) {
        let Finding { verdict, told, remedy, .. } = examine_minidriver(&CARD, listed, &|file| !file.contains("gone"));
        (verdict, told, remedy.unwrap_or_default())
    }

    #[test]
    fn a_card_is_listed_by_the_bits_that_count() {
        let of = |atr: &[u8], mask: &[u8]| {
            ListedCard { atr: atr.into(), mask: mask.into(), ..listed("one", None) }.is_of(&CARD)
        };
        assert!(of(&CARD, &[]) && of(&CARD, &[0xFF; 4]));
        assert!(of(&[0x3B, 0x80, 0x01, 0x00], &[0xFF, 0xFF, 0xFF, 0x00]));
        assert!(!of(&[0x3B, 0x80, 0x01, 0x00], &[0xFF, 0xFF, 0xFF, 0x01]));
        // A mask that is too short leaves the rest to count; another length is another card.
        assert!(!of(&[0x3B, 0x80, 0x01, 0x00], &[0x00]) && !of(&CARD[..3], &[]) && !of(&[], &[]));
    }

    #[test]
    fn what_windows_takes_a_card_for_is_told_with_what_mends_it() {
        let (verdict, sentence, _) = told(&[]);
        assert!(verdict == Verdict::Good && sentence.contains(OWN), "{sentence}");
        for path in ["msclmd.dll", r"C:\Windows\System32\MSCLMD.DLL"] {
            assert_eq!(told(&[listed("Identity Device", Some(path))]).0, Verdict::Good);
        }
        let (verdict, sentence, _) = told(&[listed("Maker's", Some(r"C:\Maker\card.dll"))]);
        assert!(verdict == Verdict::Untold && sentence.contains(r#""Maker's" (C:\Maker\card.dll)"#), "{sentence}");
        let (verdict, sentence, remedy) = told(&[listed("Maker's", Some("gone.dll"))]);
        assert!(verdict == Verdict::Attention && sentence.contains("not there"), "{sentence}");
        assert!(
            remedy.contains(r#"reg delete "HKLM\SOFTWARE\Microsoft\Cryptography\Calais\SmartCards\Maker's""#),
            "{remedy}"
        );
        let old = ListedCard { provider: Some("Maker CSP".into()), ..listed("Old", None) };
        let (verdict, sentence, _) = told(std::slice::from_ref(&old));
        assert!(verdict == Verdict::Untold && sentence.contains("Maker CSP"), "{sentence}");
        let (verdict, sentence, remedy) = told(&[old, listed("New", Some(OWN))]);
        assert!(
            verdict == Verdict::Attention && sentence.contains("\"Old\"") && sentence.contains("\"New\""),
            "{sentence}"
        );
        assert!(remedy.contains("reg delete"));
    }
}
