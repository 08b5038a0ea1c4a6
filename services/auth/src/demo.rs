//! The accounts of the demonstration. The user service makes their profiles from the same list, so no event tells of them.

use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};
use platform::Result;
use platform::clock::Clock;
use platform::db::Db;
use platform::env::Env;

use crate::passwords::Passwords;
use crate::store;

/// Makes the accounts, or gives them back their password and roles. One hash serves all: it takes its time.
pub async fn seed(db: &Db, clock: &Clock, env: &Env) -> Result<()> {
    let hash = Passwords::from_env(env).map_err(platform::Problem::internal)?.hash(DEMO_PASSWORD).await?;
    let mut tx = db.begin().await?;
    for account in DEMO_ACCOUNTS {
        store::account::upsert_demo(&mut tx, account, &hash, clock.now()).await?;
    }
    let _committed = tx.commit().await?;
    Ok(())
}
