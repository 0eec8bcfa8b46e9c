//! What belongs to somebody else, at every address that takes an id: shown and done to nobody by guessing it.

use cardwright::console::PATTERNS;

use super::cards::enrolled;
use super::lab::{asks, cookie, form, page, person, session, site};

/// Words that only whoever may know of ursula's things is shown.
const PRIVATE: [&str; 2] = ["ursula", "a private word"];

#[test]
fn no_address_tells_or_does_anything_about_what_is_anothers() {
    let site = site();
    let card = enrolled(&site);
    let owner = person(&site, "ursula");
    let request = asks(&site, "ursula", "a private word");
    let ulf = session(&cookie(&site, "ulf"));
    let headers = [("cookie", &*ulf)];
    let act = "act=approve&name=ursula&confirm=ursula&reason=lost&comment=x&kind=suspend&type=Revoke&mark=00";
    let before = site.get("vera", "/CertificateManagement/api/cardwright/v1/requests").json();
    for pattern in PATTERNS.iter().filter(|pattern| pattern.contains("{}")) {
        for id in [&card, &owner, &request] {
            let path = pattern.replace("{}", id);
            let shown = page(&site, &headers, &path);
            assert!((400..500).contains(&shown.status) || shown.status == 303, "{path}: {}", shown.status);
            let sent = form(&site, &headers, &path, act);
            assert!((400..500).contains(&sent.status), "{path}: {}", sent.status);
            for answer in [shown, sent] {
                // What was typed comes back to be sent again; nothing else does.
                let told = answer.body.replace("value=\"ursula\"", "");
                for private in PRIVATE {
                    assert!(!told.contains(private), "{path} tells {private:?}: {told}");
                }
            }
        }
    }
    assert_eq!(site.get("vera", "/CertificateManagement/api/cardwright/v1/requests").json(), before);
    let stands = site.get("ursula", &format!("/CertificateManagement/api/v1.0/smartcards/{card}")).json();
    assert_eq!(stands["Status"], cardwright::cm::smartcard::SmartcardStatus::Active.number());
}
