//! Lists requests that are not over.

use crate::client::{self, CmClient};
use crate::cm::request::Request;

/// Lists the open requests that are about something, as far as the caller sees them.
pub fn open_requests(client: &CmClient, about: impl Fn(&Request) -> bool) -> Result<Vec<Request>, client::Error> {
    let mut requests = client.requests(None)?;
    match client.visible_requests(None) {
        Ok(others) => {
            for other in others {
                if requests.iter().all(|known| known.uuid != other.uuid) {
                    requests.push(other);
                }
            }
        }
        Err(client::Error::ExtensionAbsent { .. }) => {}
        Err(error) => return Err(error),
    }
    requests.retain(|request| !request.status.is_final() && about(request));
    Ok(requests)
}
