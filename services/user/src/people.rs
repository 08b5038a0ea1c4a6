//! Who a customer is, as it is read again and again: through the cache.

use std::time::Duration;

use http::StatusCode;
use platform::cache::Key;
use platform::db::Tx;
use platform::{Problem, Result};
use types::UserId;

use crate::Users;
use crate::store::profile::{self, Person};

const LIFE: Duration = Duration::from_secs(10 * 60);

impl Users {
    /// `None` while the account is being made: `user.registered` has not been heard.
    pub(crate) async fn person(&self, id: UserId) -> Result<Option<Person>> {
        let load = || async { Ok::<_, Problem>(profile::find(&mut *self.db.primary().await?, id).await?) };
        // That nobody is there yet is not kept: it changes within a second, and the client that registered is waiting.
        let found = self.context.cache().get_or_load_optional(&key(id), LIFE, Duration::ZERO, load).await?;
        Ok((*found).clone())
    }

    /// The person changes with `tx`: the cache forgets them once it has committed.
    pub(crate) fn forget_cached(&self, tx: &mut Tx, id: UserId) {
        let context = self.context.clone();
        tx.after_commit(async move { context.cache().invalidate(&[key(id)]).await });
    }
}

fn key(id: UserId) -> Key {
    Key::new("user:profile", id)
}

/// 404: the account was made a moment ago.
pub(crate) fn not_ready() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "profile-not-ready", "The profile is being made")
        .detail("The account is new. Ask again in a second.")
        .retry_after(1)
}

/// 410: the customer was forgotten.
pub(crate) fn erased() -> Problem {
    Problem::new(StatusCode::GONE, "account-erased", "The account was erased")
}
