//! OpenSC reads the card and has it sign; openssl judges.

use std::io::Write;

use serde_json::Value;

use super::{Desk, bounded, only};
use crate::support::{msroots, program::end};

const MODULE: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";

impl Desk {
    fn stranger(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = self.site.program.other(program);
        command.args(arguments).env("OPENSC_CONF", format!("{}/opensc.conf", self.state));
        let ended = end(bounded(&command).current_dir(&self.state));
        assert!(ended.success(), "{program} {arguments:?}: {ended:?}");
        ended.all()
    }

    /// The authorities' certificates on a GIDS card are the site's CA or none, and OpenSC's tools list the card.
    pub fn authorities_are(&self, installed: bool) {
        if !self.kind.is_gids() {
            return;
        }
        let card = self.card.card();
        let subjects = msroots::subjects(card);
        card.reset();
        let ca = self.site.ca_file().display().to_string();
        let ca = self.stranger("openssl", &["x509", "-in", &ca, "-noout", "-subject"]).trim().replace(" = ", "=");
        let wanted: Vec<_> = ca.strip_prefix("subject=").map(str::to_owned).into_iter().filter(|_| installed).collect();
        assert_eq!(subjects, wanted);
        for (program, told) in [("gids-tool", "mscp\\cmapfile"), ("pkcs15-tool", "X.509 Certificate")] {
            let listing: &[&str] = if program == "gids-tool" { &[] } else { &["--list-certificates"] };
            let listed = self.stranger(program, &[&["--reader", self.card.reader()], listing].concat());
            assert!(listed.contains(told) || !installed, "{program}: {listed}");
            assert_eq!(program == "gids-tool" && installed, listed.contains("mscp\\msroots"), "{listed}");
        }
        card.reset();
    }

    /// The certificate on the card is that of `document`, of the site's CA and of the key on the card.
    pub fn is_judged_good(&self, document: &Value, pin: &str) {
        let conf = self.card.opensc_configuration(self.state.as_ref());
        let only_driver = format!("app opensc-pkcs11 {{ card_drivers = {}; }}\n", self.kind.driver);
        let conf = std::fs::OpenOptions::new().append(true).open(conf);
        conf.and_then(|mut conf| conf.write_all(only_driver.as_bytes())).unwrap();
        let tool = |arguments: &[&str]| {
            self.stranger("pkcs11-tool", &[&["--module", MODULE, "--login", "--pin", pin], arguments].concat())
        };
        let listed = tool(&["--list-objects", "--type", "cert"]);
        let id = listed.lines().find_map(|line| line.trim().strip_prefix("ID:")).unwrap_or_else(|| panic!("{listed}"));
        let id = id.trim();
        tool(&["--read-object", "--type", "cert", "--id", id, "--output-file", "leaf.der"]);
        let openssl = |arguments: &[&str]| self.stranger("openssl", arguments);
        openssl(&["x509", "-inform", "DER", "-in", "leaf.der", "-out", "leaf.pem"]);
        let ca = self.site.ca_file().display().to_string();
        assert!(openssl(&["verify", "-x509_strict", "-CAfile", &ca, "leaf.pem"]).contains("leaf.pem: OK"));
        let told = openssl(&["x509", "-in", "leaf.pem", "-noout", "-serial", "-subject"]).to_lowercase();
        assert!(told.contains(&only(document)["serial_number"].as_str().unwrap().to_lowercase()), "{told}");
        assert!(told.contains(&format!("cn = {}", self.person)), "{told}");

        openssl(&["x509", "-in", "leaf.pem", "-noout", "-pubkey", "-out", "public.pem"]);
        std::fs::write(format!("{}/message", self.state), "a message to be signed").unwrap();
        openssl(&["dgst", "-sha256", "-binary", "-out", "digest", "message"]);
        let mechanism = match self.kind.template {
            super::CURVE => ["ECDSA", "--signature-format", "openssl", "--input-file", "digest"].as_slice(),
            _ => ["SHA256-RSA-PKCS", "--input-file", "message"].as_slice(),
        };
        tool(&[&["--sign", "--id", id, "--output-file", "signature", "--mechanism"], mechanism].concat());
        let verify = ["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "message"];
        assert!(openssl(&verify).contains("Verified OK"));
        // OpenSC leaves the card with its PIN proven, and a PIV card then tells no counter.
        self.card.card().reset();
    }
}
