//! What the fake server answers.

use super::{Card, Job, Mischief, State, TEMPLATE, USER};
use crate::enrollment::authority::Authority;
use crate::enrollment::fake_secrets::{self, Secrets};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{Certificate, CertificationRequest, KeyAlgorithm, MemoryKey, Signer};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// The PIN the fake proposes.
pub const PROPOSED_PIN: &str = "739105";
const NONE: &str = "00000000-0000-0000-0000-000000000000";

impl State {
    pub fn answer(&mut self, method: &str, path: &str, body: &Value, authority: &Authority) -> (u16, String) {
        let path = path.strip_prefix("/CertificateManagement/").unwrap_or(path);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        if path.starts_with("api/cardwright/v1") {
            return self.extension(method, &path.split('/').skip(3).collect::<Vec<_>>(), &query, body);
        }
        if let Some(atr) = query.get("atr").map(String::as_str).or(body["atr"].as_str()) {
            self.atrs.push((parts.last().copied().unwrap_or_default().to_owned(), atr.to_owned()));
        }
        match (method, parts.as_slice()) {
            ("GET", ["profiletemplates"]) => {
                let shown = [("Loopback", TEMPLATE), ("Second", USER)].map(|(name, uuid)| {
                    json!({
                        "Name": name, "Description": "", "Uuid": uuid, "IsSmartcardProfileTemplate": true,
                        "IsVirtualSmartcardProfileTemplate": false,
                    })
                });
                ok(shown.into_iter().take(1 + usize::from(self.second_template)).collect())
            }
            ("GET", ["profiletemplates", TEMPLATE | USER, "policies", _]) => {
                ok(json!({"ApprovalsNeeded": u32::from(self.approval), "Enabled": true}))
            }
            ("GET", ["profiletemplates", TEMPLATE | USER, "configuration", "smartcards"]) => ok(self.config()),
            ("POST", ["requests"]) => self.create(body),
            ("GET", ["requests"]) => {
                let own = |job: &&Job| !self.lists_own_alone || job.kind == 1 && !job.targeted;
                ok(self.jobs.iter().filter(own).map(|job| self.show(job)).collect())
            }
            ("GET", ["requests", id]) => match self.jobs.iter().find(|job| job.uuid.to_string() == *id) {
                Some(job) => ok(self.show(job)),
                None => missing(),
            },
            ("PUT", ["requests", id]) => self.close(id, body),
            ("GET", ["requests", _, "certificaterequestgenerationoptions"]) => ok(self.options()),
            ("POST", ["requests", id, "certificatedata"]) => self.issue(id, body, authority),
            ("POST", ["smartcards"]) => self.assign(body),
            ("GET", ["smartcards"]) => match self.cards.iter().find(|card| card.card_id == query["cardid"]) {
                Some(card) => ok(show_card(card)),
                None => (204, String::new()),
            },
            ("GET", ["smartcards", id]) => ok(show_card(self.card(id))),
            ("GET", ["smartcards", id, "certificates"]) => {
                let listed = self.card(id).thumbprints.iter().map(|thumbprint| {
                    json!({
                        "IsKeyHistory": false, "ArchivedOnCa": false, "CertificateType": 1,
                        "TemplateCommonName": "Loopback", "SerialNumber": "01", "Thumbprint": thumbprint,
                    })
                });
                ok(listed.collect())
            }
            ("GET", ["requests", _, "smartcards", id, "diversifiedkey"]) => {
                let secrets = &mut self.card_mut(id).secrets;
                if secrets.admin_key == "Default" {
                    secrets.admin_key = "Proposed";
                }
                ok(json!(STANDARD.encode(self.own_key)))
            }
            ("GET", ["requests", job, "smartcards", _, "authenticationresponse"]) => {
                let job = self.jobs.iter().find(|known| known.uuid.to_string() == *job).unwrap();
                assert!(matches!(job.status, 3 | 18), "a response for a request in status {}", job.status);
                fake_secrets::authentication_response(&query, &self.own_key, &self.default_key, self.extension)
            }
            ("GET", ["requests", _, "smartcards", _, "serverproposedpin"]) => ok(json!(PROPOSED_PIN)),
            ("PUT", ["requests", _, "smartcards", id]) => {
                let card = self.card_mut(id);
                if card.status == 6 {
                    return (403, "{}".into());
                }
                card.status = 6;
                ok(show_card(card))
            }
            _ => missing(),
        }
    }

    fn extension(
        &mut self,
        method: &str,
        parts: &[&str],
        query: &HashMap<String, String>,
        body: &Value,
    ) -> (u16, String) {
        match (method, parts) {
            ("GET", ["requests"]) => ok(self.jobs.iter().map(|job| self.show(job)).collect()),
            ("GET", ["smartcards", id, "adminkey"]) => ok(json!({"State": self.card(id).secrets.admin_key})),
            ("PUT", ["requests", _, "smartcards", id, "adminkey"]) => {
                if body["State"] == "Active" && self.next_proposed {
                    self.next_proposed = false;
                    self.own_key = self.next_key.take().unwrap();
                }
                self.card_mut(id).secrets.tell_admin_key(body)
            }
            ("GET", ["requests", _, "smartcards", _, "adminkey", "next"]) if self.next_key.is_some() => {
                let next =
                    json!({"Next": self.next_key.map(|key| STANDARD.encode(key)), "Proposed": self.next_proposed});
                self.next_proposed = true;
                ok(next)
            }
            ("GET", ["requests", _, "smartcards", id, "adminkey"]) => {
                self.card_mut(id).secrets.admin_key = "Proposed";
                ok(json!(STANDARD.encode(self.own_key)))
            }
            ("GET", ["requests", job, "smartcards", id, "puk"]) => {
                let kind = self.jobs.iter().find(|known| known.uuid.to_string() == *job).unwrap().kind;
                let secrets = &mut self.card_mut(id).secrets;
                secrets.digits |= query.get("digits").is_some_and(|digits| digits == "True");
                secrets.puk_for(kind)
            }
            ("PUT", ["requests", _, "smartcards", id, "puk"]) => self.card_mut(id).secrets.tell_puk(body),
            _ => missing(),
        }
    }

    fn config(&self) -> Value {
        let mut config = self.sample_config();
        if self.reset_on_retire {
            config["ResetOnRetire"] = json!(true);
        }
        (self.configure)(&mut config);
        config
    }

    fn sample_config(&self) -> Value {
        let default_key = if self.default_key == [0; 24] { String::new() } else { hex::encode(self.default_key) };
        json!({
            "UserPinOption": 3,
            "UserPinPolicy": {"MinLength": 4, "MaxLength": 12, "CharacterSet": 1, "Rollover": false, "DefaultValue": ""},
            "AdminPinPolicy": {"MinLength": 4, "MaxLength": 48, "CharacterSet": 1, "Rollover": true, "DefaultValue": ""},
            "DefaultAdminKeyHex": default_key, "ProviderName": "", "ProviderId": "", "ProviderType": 2,
            "DiversifyAdminKey": self.diversify, "CardInitializationType": "", "CardInitializationData": "",
            "InitializeNewSmartcard": true, "UseSecureKeyInjection": false, "DoNotInstallCaCertificates": false,
            "CertificateLabel": "{Template!cn}", "MaxNumberOfCertificates": 0, "AllowSmartcardReuse": false,
            "EraseOnOverflow": false, "UseVirtualSmartcards": true,
            "SmartcardPrintPolicy": {"FieldMapping": "", "ProjectName": "", "CardName": "", "Print": false},
        })
    }

    fn options(&self) -> Value {
        let one = json!({
            "Subject": self.subject, "KeyAlgorithmName": self.algorithm.0, "KeySize": self.algorithm.1, "FriendlyName": "",
            "HashAlgorithmName": self.hash, "KeyStorageProviderNames": [], "Exportable": 0, "KeyProtectionLevel": 0,
            "KeyUsages": self.key_usages,
        });
        Value::Array(vec![one; self.keys])
    }

    fn create(&mut self, body: &Value) -> (u16, String) {
        let kind = match body["type"].as_str().unwrap() {
            "Enroll" => 1,
            "Renew" => 3,
            "Unblock" => 5,
            "Retire" => 7,
            other => panic!("{other}"),
        };
        let target = body["target"].as_str();
        let targeted = target.is_some();
        self.targets.extend(target.map(str::to_owned));
        let uuid = Uuid::new_v4();
        let smartcard = body["smartcard"].as_str().map(|id| id.parse().unwrap());
        let status = if self.approval { 16 } else { 3 };
        let comment = body["comment"].as_str().unwrap().to_owned();
        self.jobs.push(Job { uuid, kind, status, comment, smartcard, targeted, issued: Vec::new() });
        (201, json!(format!("api/v1.0/requests/{uuid}")).to_string())
    }

    fn show(&self, job: &Job) -> Value {
        let card = job.smartcard.map_or(NONE.to_owned(), |uuid| uuid.to_string());
        let old = if job.kind == 1 { NONE.to_owned() } else { card.clone() };
        json!({
            "Uuid": job.uuid, "RequestType": job.kind, "Status": job.status, "Flags": 2, "DataCollection": [],
            "DataCollectionFlags": 32, "OriginatorUserUuid": USER, "TargetUserUuid": USER,
            "Submitted": "2015-07-07T23:36:21.93Z", "Completed": "0001-01-01T00:00:00", "NewProfileUuid": NONE,
            "OldProfileUuid": NONE, "NewSmartcardUuid": card, "OldSmartcardUuid": old, "Priority": 0,
            "Comment": job.comment, "ProfileTemplateUuid": TEMPLATE, "SecurityDescriptor": "O:S-1-5-21\0\0\0",
            "IsSmartcard": true, "IsEnrollmentAgent": false, "IsDataCollectionComplete": false,
        })
    }

    fn close(&mut self, id: &str, body: &Value) -> (u16, String) {
        let job = self.jobs.iter_mut().find(|job| job.uuid.to_string() == id).unwrap();
        if body["status"] == "Canceled" {
            job.status = 17;
            let job = job.clone();
            return ok(self.show(&job));
        }
        assert_eq!(body["status"], "Completed");
        if job.status == 8 {
            return (403, "{}".into());
        }
        job.status = 8;
        let (job, new) = (job.clone(), matches!(job.kind, 1 | 3));
        let thumbprints = job.issued.iter().map(|(_, der)| Certificate::from_der(der).unwrap().thumbprint_sha1());
        if let (Some(card), true) = (job.smartcard, new) {
            let card = self.card_mut(&card.to_string());
            card.status = 2;
            card.thumbprints.extend(thumbprints);
        }
        ok(self.show(&job))
    }

    fn assign(&mut self, body: &Value) -> (u16, String) {
        let card_id = body["cardid"].as_str().unwrap().to_owned();
        let known = self.cards.iter().find(|card| card.card_id == card_id && card.status != 6).map(|card| card.uuid);
        let uuid = known.unwrap_or_else(|| {
            let uuid = Uuid::new_v4();
            self.cards.push(Card { uuid, card_id, status: 1, secrets: Secrets::default(), thumbprints: Vec::new() });
            uuid
        });
        let job = self.jobs.iter_mut().find(|job| body["requestid"] == job.uuid.to_string()).unwrap();
        job.smartcard = Some(uuid);
        job.status = 18;
        (201, json!(format!("/CertificateManagement/api/v1.0/smartcards/{uuid}")).to_string())
    }

    /// The same request gets the same certificate.
    fn issue(&mut self, id: &str, body: &Value, authority: &Authority) -> (u16, String) {
        let other_key = self.mischief == Some(Mischief::OtherKey);
        let job = self.jobs.iter_mut().find(|job| job.uuid.to_string() == id).unwrap();
        assert!(matches!(job.status, 3 | 18), "certificates for a request in status {}", job.status);
        let mut answers = Vec::new();
        for text in body["certificaterequests"].as_array().unwrap() {
            let text: String = text.as_str().unwrap().split_whitespace().collect();
            let der = STANDARD.decode(text).unwrap();
            let request = CertificationRequest::from_der(&der).unwrap();
            request.verify().unwrap();
            let name = self.subject.trim_start_matches("CN=").as_bytes();
            assert!(der.windows(name.len().max(1)).any(|it| name.is_empty() || it == name), "another subject");
            let stranger = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
            let known = job.issued.iter().find(|(known, _)| *known == der).map(|(_, certificate)| certificate.clone());
            let certificate = match known {
                _ if other_key => authority.issue(stranger.public_key(), self.key_usages),
                Some(certificate) => certificate,
                None => {
                    let certificate = authority.issue(request.public_key(), self.key_usages);
                    job.issued.push((der, certificate.clone()));
                    certificate
                }
            };
            let pkcs7 = authority.answer(&Certificate::from_der(&certificate).unwrap());
            answers.push(json!({
                "TemplateCommonName": "Loopback", "CertificateId": 0, "Flags": 65536, "UseLocalMachineStore": false,
                "Error": null, "Pkcs7": STANDARD.encode(pkcs7), "Pfx": self.pfx, "IsExternal": false,
                "isServerGenerated": false, "isPfx": false, "isPkcs7": true, "isKeyHistory": false,
            }));
        }
        ok(Value::Array(answers))
    }

    fn card(&self, id: &str) -> &Card {
        self.cards.iter().find(|card| card.uuid.to_string() == id).unwrap()
    }

    fn card_mut(&mut self, id: &str) -> &mut Card {
        self.cards.iter_mut().find(|card| card.uuid.to_string() == id).unwrap()
    }
}

fn show_card(card: &Card) -> Value {
    json!({
        "Uuid": card.uuid, "Status": card.status, "Flags": 0, "ParentSmartcardUuid": NONE,
        "PrimarySmartcardUuid": NONE, "PermanentSmartcardUuid": NONE, "AssignedUserUuid": USER,
        "ProfileTemplateUuid": TEMPLATE, "ProfileTemplateVersion": 1, "Comment": "",
        "SerialNumber": format!("{{{}}}", card.card_id), "Middleware": "MSBaseCSP", "Atr": "",
    })
}

pub fn ok(body: Value) -> (u16, String) {
    (200, body.to_string())
}

fn missing() -> (u16, String) {
    (404, json!({"Message": "No HTTP resource was found"}).to_string())
}
