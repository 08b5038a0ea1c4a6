//! What the service hears: from auth that an account was made, from everybody that a customer was forgotten.

use contracts::Event;
use contracts::auth::{EmailVerified, UserRegistered};
use contracts::user::{ErasureCompleted, Locale};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;

use crate::Users;
use crate::store::{erasure, preference, profile};

/// Makes the profile. A customer who was erased before stays erased.
pub async fn user_registered(app: Users, event: Received<UserRegistered>, mut tx: Tx) -> Result<Committed> {
    let user = event.data;
    if profile::register(&mut tx, &user, app.context.now()).await? {
        // A language that we do not write in becomes English.
        let locale = user.locale.parse().unwrap_or(Locale::English);
        preference::start_with(&mut tx, user.user_id, locale).await?;
    }
    app.forget_cached(&mut tx, user.user_id);
    Ok(tx.commit().await?)
}

pub async fn email_verified(app: Users, event: Received<EmailVerified>, mut tx: Tx) -> Result<Committed> {
    let id = event.data.user_id;
    profile::verify_email(&mut tx, id, app.context.now()).await?;
    app.forget_cached(&mut tx, id);
    Ok(tx.commit().await?)
}

/// One service has forgotten a customer; once all have, the erasure is complete.
pub async fn erasure_completed(app: Users, event: Received<ErasureCompleted>, mut tx: Tx) -> Result<Committed> {
    erasure::complete_part(&mut tx, event.data.user_id, event.data.service, app.context.now()).await?;
    Ok(tx.commit().await?)
}

/// An event of the account that changes nothing here (what a customer is told of it is the notification service's).
pub async fn heard<E: Event>(_: Users, _: Received<E>, tx: Tx) -> Result<Committed> {
    Ok(tx.commit().await?)
}
