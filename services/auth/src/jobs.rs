//! Work by the clock.

use platform::service::Progress;
use platform::{Problem, Result};
use sqlx::PgConnection;
use types::Timestamp;

use crate::app::Auth;
use crate::keys::Keys;
use crate::store;

/// Drops what has run out, a bounded piece of each at a time.
pub async fn sweep(app: Auth) -> Result<Progress> {
    let mut connection = app.db().primary().await?;
    let swept = sweep_some(&mut connection, app.now()).await?;
    Ok(if swept > 0 { Progress::More } else { Progress::Idle })
}

/// While a signing key is being replaced: encrypts the second factors' secrets anew under the new one.
pub async fn reseal(app: Auth) -> Result<Progress> {
    let mut tx = app.db().begin().await?;
    let resealed = reseal_some(&mut tx, app.keys()).await?;
    let _committed = tx.commit().await?;
    Ok(if resealed > 0 { Progress::More } else { Progress::Idle })
}

/// Redis may lose everything at any time; who has logged out stays logged out.
pub async fn repeat_revocations(app: Auth) -> Result<Progress> {
    app.repeat_revocations().await?;
    Ok(Progress::Idle)
}

async fn sweep_some(connection: &mut PgConnection, now: Timestamp) -> Result<u64> {
    Ok(store::code::sweep(connection, now).await?
        + store::challenge::sweep(connection, now).await?
        + store::session::sweep(connection, now).await?
        + store::attempt::sweep(connection, now).await?)
}

async fn reseal_some(connection: &mut PgConnection, keys: &Keys) -> Result<usize> {
    const BATCH: i64 = 100;
    let Some(previous) = keys.previous_sealing_key() else { return Ok(0) };
    let old = store::second_factor::sealed_by(connection, previous, BATCH).await?;
    for (account, sealed) in &old {
        let secret = keys.open(*account, sealed).map_err(Problem::internal)?;
        let sealed = keys.seal(*account, &secret).map_err(Problem::internal)?;
        store::second_factor::reseal(connection, *account, &sealed).await?;
    }
    Ok(old.len())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contracts::demo::DEMO_ACCOUNTS;
    use platform::env::Env;
    use platform::identity::SigningKey;
    use sqlx::Connection;
    use testkit::TestDatabase;
    use types::SessionId;

    use super::*;
    use crate::domain::{ChallengeToken, RefreshToken};
    use crate::store::challenge::Challenge;
    use crate::store::session::NewSession;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    async fn database() -> (TestDatabase, PgConnection, Timestamp) {
        let database = TestDatabase::create(&crate::MIGRATIONS).await;
        let mut connection = PgConnection::connect(&database.service_url).await.unwrap();
        let now = Timestamp::from_microseconds(1_800_000_000_000_000);
        crate::demo::seed(&mut connection, now).await.unwrap();
        (database, connection, now)
    }

    #[tokio::test]
    async fn what_is_over_for_long_is_swept_away_and_what_is_alive_stays() {
        let (_database, mut connection, now) = database().await;
        let account_id = DEMO_ACCOUNTS[0].user_id;
        let challenge = Challenge { account_id, device: "a test".to_owned() };
        for started in [now, now.plus(DAY * 40)] {
            let token = RefreshToken::new(SessionId::new(), rand::random());
            let expires_at = started.plus(DAY * 7);
            let session = NewSession { account_id, device: "a test", token: &token, expires_at };
            store::session::insert(&mut connection, &session, started).await.unwrap();
            let token = ChallengeToken::new(rand::random()).hash();
            store::challenge::insert(&mut connection, token, &challenge, started.plus(DAY)).await.unwrap();
            let subject = format!("mfa:{started}");
            store::attempt::count(&mut connection, &subject, started).await.unwrap().unwrap();
            let code = store::code::NewCode {
                reference: types::CodeReference::new(),
                account_id: None,
                purpose: contracts::auth::CodePurpose::LogIn,
                channel: contracts::auth::CodeChannel::Sms,
                destination: "+919876543210",
            };
            store::code::insert(&mut connection, &code, started, started.plus(DAY)).await.unwrap();
        }
        let later = now.plus(DAY * 40);
        assert_eq!(sweep_some(&mut connection, later).await.unwrap(), 4, "one of each");
        assert_eq!(sweep_some(&mut connection, later).await.unwrap(), 0);
        assert_eq!(store::session::live(&mut connection, account_id, later).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn second_factors_move_to_the_new_key() {
        let (_database, mut connection, _) = database().await;
        let [old, new] = [(); 2].map(|()| SigningKey::generate().unwrap());
        let account = DEMO_ACCOUNTS[0].user_id;
        let sealed = Keys::from_env(&old, &Env::from_values([])).unwrap().seal(account, b"shared").unwrap();
        store::second_factor::enrol(&mut connection, account, &sealed).await.unwrap();

        let previous = ("AUTH_PREVIOUS_SECRET".to_owned(), old.to_secret_string());
        let both = Keys::from_env(&new, &Env::from_values([previous])).unwrap();
        assert_eq!(reseal_some(&mut connection, &both).await.unwrap(), 1);
        assert_eq!(reseal_some(&mut connection, &both).await.unwrap(), 0);

        let only_new = Keys::from_env(&new, &Env::from_values([])).unwrap();
        let moved = store::second_factor::find(&mut connection, account).await.unwrap().unwrap();
        assert_eq!(only_new.open(account, &moved.sealed).unwrap(), b"shared");
        assert_eq!(reseal_some(&mut connection, &only_new).await.unwrap(), 0);
    }
}
