//! The public endpoints, by what they are about, and the calls of other services.

mod addresses;
mod consents;
mod data;
pub(crate) mod internal;
mod preferences;
mod profile;
mod wishes;

use platform::db::Tx;
use platform::{Problem, Result};
use types::{Timestamp, UserId};
use utoipa_axum::router::OpenApiRouter;

use crate::Users;
use crate::people::erased;
use crate::store::profile::{self as stored, Locked};

const TAG: &str = "users";

pub fn routes() -> OpenApiRouter<Users> {
    OpenApiRouter::new()
        .merge(profile::routes())
        .merge(addresses::routes())
        .merge(preferences::routes())
        .merge(wishes::routes())
        .merge(consents::routes())
        .merge(data::routes())
}

/// Locks the customer for a change.
///
/// # Errors
/// 410 if the customer was erased: a token may still be good for some minutes.
async fn lock(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<Locked> {
    let locked = stored::lock(tx, id, now).await?;
    if locked.erased { Err(erased()) } else { Ok(locked) }
}

/// 409: a list is as long as it may be.
fn full(what: &'static str, most: i64) -> Problem {
    Problem::conflict(what, "There is no room for more")
        .detail(format!("At most {most} can be kept."))
        .with("most", most)
}
