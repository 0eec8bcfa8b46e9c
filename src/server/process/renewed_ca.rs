//! Takes up another certificate of the CA's own key while the server runs: one that was renewed, or signed by another
//! root.

use crate::ca::Error;
use crate::server::call::app::App;
use crate::server::data_directory::layout::DataDirectory;
use crate::server::http::tls::ServerTls;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// Names the task to those who watch.
const TASK: &str = "ca-certificate";
/// Sets how often the file is looked at.
const ROUND: Duration = Duration::from_secs(10);

/// Looks at the file round after round until told to end.
pub async fn watch(app: Arc<App>, tls: Option<Arc<ServerTls>>, directory: DataDirectory, ending: CancellationToken) {
    // What was refused is told once, not with every round.
    let mut told = None;
    while ending.run_until_cancelled(tokio::time::sleep(ROUND)).await.is_some() {
        let taken = take_up(&app, tls.as_deref(), &directory, OffsetDateTime::now_utc());
        app.metrics.upkeep_ended(TASK, taken.is_ok());
        let refusal = taken.err();
        let text = refusal.as_ref().map(ToString::to_string);
        if let Some(refusal) = refusal.as_ref().filter(|_| told != text) {
            let error = refusal as &dyn std::error::Error;
            tracing::error!(error, "the CA's certificate in the file is not taken up; the one before is shown");
        }
        told = text;
    }
}

/// Shows the certificate in the file if it is another, and one for TLS that leads to it.
fn take_up(app: &App, tls: Option<&ServerTls>, directory: &DataDirectory, now: OffsetDateTime) -> Result<(), Error> {
    let before = app.authorities.own();
    let Some(renewed) = before.renewed(&directory.ca_certificate(), now)? else { return Ok(()) };
    let own = renewed.own();
    let (end, ended) = (own.not_after(), before.own().not_after());
    tracing::info!(%end, before = %ended, issuer = own.issuer(), "the CA has another certificate of its key from now on");
    app.authorities.show(renewed);
    if let Some(tls) = tls {
        let shown = app.authorities.signing_here(|own| tls.renew(own, app.identity.certificates(), now));
        if let Err(error) = shown {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "TLS goes on with the CA's certificate of before"
            );
        }
    }
    Ok(())
}
