//! Checks that can be guessed at: each attempt is counted before the check, too many lock what is attempted.

use contracts::auth::UserLocked;
use http::StatusCode;
use platform::db::Tx;
use platform::{Problem, Result};
use types::{Timestamp, UserId};

use crate::app::publish;
use crate::domain::attempt::Attempts;
use crate::domain::{Email, Hash, Lock};
use crate::store;

/// What is attempted with a password: by the address's hash, whether or not it has an account, so that a lock does not tell.
pub fn password(email: &Email) -> String {
    format!("password:{}", fingerprint(email))
}

/// What is attempted with an authenticator's code or a backup code.
pub fn second_factor(account: UserId) -> String {
    format!("mfa:{account}")
}

/// An address as a name in tables that have no business with addresses.
pub fn fingerprint(email: &Email) -> String {
    Hash::of(email.as_str().as_bytes()).as_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Counts an attempt in a transaction that must be committed whatever comes of it.
///
/// # Errors
/// 429 while it is locked.
pub async fn count(tx: &mut Tx, subject: &str, now: Timestamp) -> Result<Attempts> {
    store::attempt::count(tx, subject, now).await?.map_err(|Lock { until }| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", "Too many attempts")
            .retry_after(until.since(now).as_secs() + 1)
            .detail("There were too many wrong attempts. Wait, or ask for a new password.")
            .with("locked_until", until)
    })
}

/// The attempt failed: if it locked an account, its owner hears of it.
pub async fn failed(tx: &mut Tx, account: Option<UserId>, attempts: Attempts) -> Result<()> {
    if let (Some(user_id), Some(until)) = (account, attempts.locked_until) {
        publish(tx, user_id, &UserLocked { user_id, until }).await?;
    }
    Ok(())
}
