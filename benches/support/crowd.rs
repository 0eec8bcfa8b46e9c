//! A store that has been in use for years, made in a moment: the database fills itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// How much is to be there. Each card has a user, a profile and a certificate of its own.
pub struct Crowd {
    pub cards: u64,
    /// Spread evenly over the cards; one in a thousand waits for an approval.
    pub requests: u64,
    /// The profile template that everything was made by.
    pub template: uuid::Uuid,
}

/// How a dialect spells what the statements need.
struct Spelling {
    /// The numbers from 0 below `@COUNT@`, as the table `numbers`.
    numbers: &'static str,
    /// A UUID of the kind `@KIND@` and the number `@NUMBER@`.
    uuid: &'static str,
    /// 32 bytes in no order.
    digest: &'static str,
    /// A serial number, growing.
    serial: &'static str,
    zeros: &'static str,
    template: String,
}

impl Crowd {
    /// The statements for an empty SQLite database of this release.
    pub fn sqlite(&self) -> String {
        self.statements(&Spelling {
            numbers: "WITH RECURSIVE numbers (n) AS \
                      (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < @COUNT@)",
            uuid: "unhex(printf('%08x%024x', @KIND@, @NUMBER@))",
            digest: "randomblob(32)",
            serial: "unhex(printf('%032x', n + 1))",
            zeros: "zeroblob(@COUNT@)",
            template: format!("x'{}'", self.template.simple()),
        })
    }

    /// The statements for an empty PostgreSQL database of this release.
    pub fn postgres(&self) -> String {
        let statements = self.statements(&Spelling {
            numbers: "WITH numbers (n) AS (SELECT generate_series(0, @COUNT@ - 1))",
            uuid: "(lpad(to_hex(@KIND@), 8, '0') || lpad(to_hex(@NUMBER@), 24, '0'))::uuid",
            digest: "sha256(int8send(n))",
            serial: "decode(lpad(to_hex(n + 1), 32, '0'), 'hex')",
            zeros: "decode(repeat('00', @COUNT@), 'hex')",
            template: format!("'{}'::uuid", self.template),
        });
        statements + "ANALYZE;\n"
    }

    fn statements(&self, spelling: &Spelling) -> String {
        let Spelling { digest, serial, template, .. } = spelling;
        let uuid =
            |kind: u32, number: &str| spelling.uuid.replace("@KIND@", &kind.to_string()).replace("@NUMBER@", number);
        let zeros = |count: u32| spelling.zeros.replace("@COUNT@", &count.to_string());
        let numbers = |count: u64| spelling.numbers.replace("@COUNT@", &count.to_string());
        let (cards, requests) = (numbers(self.cards), numbers(self.requests));
        let (user, request, smartcard, profile) = (uuid(1, "n"), uuid(2, "n"), uuid(3, "n"), uuid(4, "n"));
        // A request's card, and so its user and profile.
        let of = format!("n % {}", self.cards);
        let (of_user, of_smartcard, of_profile) = (uuid(1, &of), uuid(3, &of), uuid(4, &of));
        // A month ago: the server ends by itself what nobody finishes for three.
        let month_ago = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(MONTH);
        let at = format!("{} + n", month_ago.as_micros());
        let (thumbprint, der, pkcs7) = (zeros(20), zeros(700), zeros(1600));
        format!(
            "INSERT INTO users (uuid, name, groups, disabled, source) {cards} \
             SELECT {user}, 'crowd ' || n, '[]', FALSE, 'local' FROM numbers;
             INSERT INTO smartcards (uuid, card_id, atr, status, assigned_user, profile_template, template_version, \
             admin_key, master_key_version, comment) {cards} \
             SELECT {smartcard}, {smartcard}, '', 'active', {user}, {template}, 1, 'active', 1, '' FROM numbers;
             INSERT INTO profiles (uuid, status, assigned_user, smartcard, profile_template, template_version, comment) \
             {cards} SELECT {profile}, 'active', {user}, {smartcard}, {template}, 1, '' FROM numbers;
             INSERT INTO requests (uuid, request_type, status, originator, target, profile_template, template_version, \
             priority, comment, data, new_profile, new_smartcard, submitted, completed, is_smartcard, \
             is_enrollment_agent) {requests} SELECT {request}, 'enroll', \
             CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'completed' END, {of_user}, {of_user}, {template}, 1, 4, '', \
             '[]', {of_profile}, {of_smartcard}, {at}, {at}, TRUE, FALSE FROM numbers;
             INSERT INTO certificates (serial, request, profile, smartcard, owner, template_common_name, thumbprint, \
             public_key_sha256, csr_sha256, der, not_before, not_after, superseded) {cards} \
             SELECT {serial}, {request}, {profile}, {smartcard}, {user}, 'crowd', {thumbprint}, {digest}, {digest}, \
             {der}, {at}, 4000000000000000, FALSE FROM numbers;
             INSERT INTO responses (serial, pkcs7) {cards} SELECT {serial}, {pkcs7} FROM numbers;\n"
        )
    }
}
