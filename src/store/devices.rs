//! Keeps what cards are: what their clients have said of them when they were assigned, which proves nothing, and what
//! their makers have attested.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::LIST_LIMIT;
use super::writer::Tx;
use uuid::Uuid;

const TABLE: &str = "devices";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT smartcard, holder, model, firmware, serial, attested, attested_firmware, attested_serial, atr FROM devices ",
            $rest
        )
    };
}

/// Describes a card as a device, for one assignment. What is not known is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRecord {
    pub smartcard: Uuid,
    /// The holder's name when the card was assigned.
    pub holder: String,
    /// As the client said, like the next two: it may have said anything.
    pub model: String,
    pub firmware: String,
    pub serial: String,
    /// The card's maker has attested a key of this assignment.
    pub attested: bool,
    pub attested_firmware: String,
    /// Empty also where the card is configured to hide it.
    pub attested_serial: String,
    /// The answer to reset, where the card was assigned without one and a client has said it later; hexadecimal.
    pub atr: String,
}

impl DeviceRecord {
    /// Describes a card of which nothing is known.
    pub fn unknown(smartcard: Uuid) -> Self {
        Self::said(smartcard, String::new(), String::new(), String::new(), String::new())
    }

    /// Describes a card as its client does; nothing is attested.
    pub fn said(smartcard: Uuid, holder: String, model: String, firmware: String, serial: String) -> Self {
        let (attested, attested_firmware, attested_serial, atr) = Default::default();
        Self { smartcard, holder, model, firmware, serial, attested, attested_firmware, attested_serial, atr }
    }
}

impl FromRow for DeviceRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            smartcard: columns.take()?,
            holder: columns.take()?,
            model: columns.take()?,
            firmware: columns.take()?,
            serial: columns.take()?,
            attested: columns.take()?,
            attested_firmware: columns.take()?,
            attested_serial: columns.take()?,
            atr: columns.take()?,
        })
    }
}

pub(super) fn device(smartcard: Uuid) -> Ask<'static, Option<DeviceRecord>> {
    sql(select!("WHERE smartcard = $1")).bind(smartcard).asking()
}

pub(super) fn devices_attested(serial: &str) -> Ask<'_, Vec<DeviceRecord>> {
    let statement = select!("WHERE attested_serial = $1 AND attested_serial <> '' LIMIT $2");
    sql(statement).bind(serial).bind(LIST_LIMIT).asking()
}

pub(super) fn devices_said(serial: &str) -> Ask<'_, Vec<DeviceRecord>> {
    sql(select!("WHERE serial = $1 AND serial <> '' LIMIT $2")).bind(serial).bind(LIST_LIMIT).asking()
}

impl Tx {
    /// Keeps what a card is, as its client says.
    pub async fn insert_device(&mut self, device: &DeviceRecord) -> Result<(), Error> {
        let statement =
            sql("INSERT INTO devices (smartcard, holder, model, firmware, serial, attested, attested_firmware, \
             attested_serial) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(device.smartcard)
            .bind(&device.holder)
            .bind(&device.model)
            .bind(&device.firmware)
            .bind(&device.serial)
            .bind(device.attested)
            .bind(&device.attested_firmware)
            .bind(&device.attested_serial);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Keeps what the maker of a card attests of it; a card of an earlier release has no row yet.
    pub async fn attest_device(&mut self, smartcard: Uuid, firmware: &str, serial: &str) -> Result<(), Error> {
        let statement =
            sql("INSERT INTO devices (smartcard, holder, model, firmware, serial, attested, attested_firmware, \
             attested_serial) VALUES ($1, '', '', '', '', TRUE, $2, $3) ON CONFLICT (smartcard) DO UPDATE SET \
             attested = TRUE, attested_firmware = $2, attested_serial = $3")
            .bind(smartcard)
            .bind(firmware)
            .bind(serial);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Keeps the answer to reset that a client says of a card; the first one stays. A card of an earlier release has no row
    /// yet.
    pub async fn say_atr(&mut self, smartcard: Uuid, atr: &str) -> Result<(), Error> {
        let statement =
            sql("INSERT INTO devices (smartcard, holder, model, firmware, serial, attested, attested_firmware, \
             attested_serial, atr) VALUES ($1, '', '', '', '', FALSE, '', '', $2) ON CONFLICT (smartcard) DO UPDATE SET \
             atr = $2 WHERE devices.atr = ''")
            .bind(smartcard)
            .bind(atr);
        self.execute(TABLE, statement).await.map(drop)
    }
}
