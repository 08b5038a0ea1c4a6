//! The accounts of the demonstration. The user service makes their profiles from the same list, so no event tells of them.

use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};
use platform::Result;
use sqlx::PgConnection;
use types::Timestamp;

use crate::passwords::Passwords;
use crate::store;

/// Makes the accounts, or gives them back their password and roles. One hash serves all: it takes its time.
pub async fn seed(connection: &mut PgConnection, now: Timestamp) -> Result<()> {
    let hash = Passwords::default().hash(DEMO_PASSWORD).await?;
    for account in DEMO_ACCOUNTS {
        store::account::upsert_demo(connection, account, &hash, now).await?;
    }
    Ok(())
}
