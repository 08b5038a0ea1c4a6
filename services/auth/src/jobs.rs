//! Work by the clock.

use platform::Result;
use platform::service::Progress;

use crate::app::Auth;
use crate::store;

/// Drops what has run out, a bounded piece of each at a time.
pub async fn sweep(app: Auth) -> Result<Progress> {
    let (mut connection, now) = (app.db().primary().await?, app.now());
    let swept = store::code::sweep(&mut connection, now).await?
        + store::challenge::sweep(&mut connection, now).await?
        + store::session::sweep(&mut connection, now).await?
        + store::attempt::sweep(&mut connection, now).await?;
    Ok(if swept > 0 { Progress::More } else { Progress::Idle })
}

/// While a signing key is being replaced: encrypts the second factors' secrets anew under the new one.
pub async fn reseal(app: Auth) -> Result<Progress> {
    const BATCH: i64 = 100;
    let Some(previous) = app.keys().previous_sealing_key() else { return Ok(Progress::Idle) };
    let mut tx = app.db().begin().await?;
    let old = store::second_factor::sealed_by(&mut tx, previous, BATCH).await?;
    let mut resealed = 0usize;
    for (account, sealed) in &old {
        match app.keys().open(*account, sealed).and_then(|secret| app.keys().seal(*account, &secret)) {
            Ok(sealed) => {
                store::second_factor::reseal(&mut tx, *account, &sealed).await?;
                resealed += 1;
            }
            Err(error) => tracing::error!(%account, %error, "a second factor cannot be read"),
        }
    }
    let _committed = tx.commit().await?;
    Ok(if resealed > 0 { Progress::More } else { Progress::Idle })
}
