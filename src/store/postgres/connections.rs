//! Takes connections from the pool.

use super::super::error::{Cause, Error};
use super::link::{cause, within};
use deadpool_postgres::{Client, Pool, PoolError, TimeoutType};

/// Returns a free connection of the pool.
pub(super) async fn connection(pool: &Pool) -> Result<Client, Error> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(TimeoutType::Wait) => Error::Busy,
        PoolError::Closed => Error::Closed,
        other @ (PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)
        | PoolError::Backend(_)
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_)) => Error::Unreachable(pool_cause(other)),
    })
}

/// Returns a connection for statements by keys, whose plans no value changes: each is planned once.
pub(super) async fn connection_by_keys(pool: &Pool) -> Result<Client, Error> {
    let client = connection(pool).await?;
    let planned = within(client.batch_execute("SET plan_cache_mode = force_generic_plan")).await;
    planned.map_err(Error::Unreachable)?;
    Ok(client)
}

/// Returns what the pool said as the database's cause.
pub(super) fn pool_cause(error: PoolError) -> Cause {
    match error {
        PoolError::Backend(error) => cause(error),
        other @ (PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_)) => Cause::Postgres { message: other.to_string(), code: None },
    }
}
