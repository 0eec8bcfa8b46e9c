//! Says at the start whether one administrator alone can give people their parts, aloud and in the log of acts.

use crate::server::audit::deed::{self, Deed};
use crate::server::permission::standing::Standing;
use crate::store::{self, Store};
use time::OffsetDateTime;

/// Names the fact that holds what the settings said at the last start.
const FACT: &str = "second-administrator";
/// Says that a second administrator is needed from the time on when there are two.
const FROM_TWO: &str = "from-two";

/// Warns where one administrator alone can give people their parts; what the settings say about it is an act where it is
/// not what they said before.
pub async fn say(standing: Standing<'_>, store: &Store, now: OffsetDateTime) -> Result<(), store::Error> {
    let administrators = standing.administrators(store).await?.len();
    let setting = match standing.roles.second_administrator {
        None => FROM_TWO,
        Some(true) => "always",
        Some(false) => "never",
    };
    if administrators > 0 && !standing.wants_second(store).await? {
        tracing::warn!(
            administrators,
            setting,
            "one administrator alone can make approvers, agents and administrators, and come in as them; a second one \
             keeps that apart"
        );
    }
    let job = store.write(move |tx| {
        Box::pin(async move {
            let before = tx.first_said(FACT, FROM_TWO.as_bytes()).await?;
            if before != setting.as_bytes() {
                tx.say_instead(FACT, setting.as_bytes()).await?;
                tx.audit(&deed::own(Deed::SecondAdministrator, now).with("setting", setting)).await?;
            }
            Ok::<_, store::Error>(())
        })
    });
    job.await
}
