//! What the handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts::Event;
use platform::db::{Db, Tx};
use platform::env::Env;
use platform::identity::{ACCESS_TOKEN_LIFE, RedisRevocations, UserTokens};
use platform::limits::Rule;
use platform::service::{App, BootError, Context};
use platform::{Problem, Result};
use types::{SessionId, Timestamp, UserId};

use crate::keys::Keys;
use crate::passwords::Passwords;
use crate::store;

/// Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    context: Context,
    db: Db,
    keys: Keys,
    passwords: Passwords,
    tokens: UserTokens,
    revocations: Option<RedisRevocations>,
    /// May Redis not have heard of a session that ended? It was away, or the process before this one died before it could tell.
    owes_revocations: AtomicBool,
    per_address: Rule,
}

impl App for Auth {
    fn new(context: Context, env: &Env) -> Result<Self, BootError> {
        let signing = context.signing_key().clone();
        // Many people come from one address where a carrier translates them.
        let limit = env.value("AUTH_REQUESTS_PER_ADDRESS", 120)?;
        Ok(Auth(Arc::new(Inner {
            db: context.database()?,
            keys: Keys::from_env(&signing, env)?,
            passwords: Passwords::from_env(env)?,
            tokens: UserTokens::new(signing, context.clock().clone()),
            revocations: context.redis().cloned().map(RedisRevocations::new),
            owes_revocations: AtomicBool::new(true),
            per_address: Rule { name: "auth", limit, window: Duration::from_secs(60) },
            context,
        })))
    }

    fn context(&self) -> &Context {
        &self.0.context
    }
}

impl Auth {
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    pub fn now(&self) -> Timestamp {
        self.0.context.now()
    }

    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub fn tokens(&self) -> &UserTokens {
        &self.0.tokens
    }

    /// How often one address may ask for what costs something or can be guessed at (`AUTH_REQUESTS_PER_ADDRESS`, by default
    /// 120 a minute).
    pub fn per_address(&self) -> &Rule {
        &self.0.per_address
    }

    /// Refuses the access tokens of sessions that end with `tx`, once it has committed, for as long as they would live. While Redis
    /// is away they are good.
    pub fn revoke(&self, tx: &mut Tx, sessions: Vec<SessionId>) {
        let app = self.clone();
        tx.after_commit(async move { app.tell_of(&sessions).await });
    }

    async fn tell_of(&self, sessions: &[SessionId]) {
        let Some(revocations) = &self.0.revocations else { return };
        for session in sessions {
            if revocations.revoke(*session).await.is_err() {
                tracing::warn!(%session, "its access tokens stay good until Redis is back, or they expire");
                self.0.owes_revocations.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Tells Redis again of the sessions that have ended, if it has lost what it was told or was away.
    pub async fn repeat_revocations(&self) -> Result<()> {
        let (Some(revocations), owes) = (&self.0.revocations, &self.0.owes_revocations) else { return Ok(()) };
        if !owes.load(Ordering::Relaxed) && revocations.are_remembered().await.unwrap_or(true) {
            return Ok(());
        }
        // Before the look: a session that ends after it and cannot be told of is owed anew.
        owes.store(false, Ordering::Relaxed);
        let since = self.now().minus(ACCESS_TOKEN_LIFE);
        let ended = store::session::ended_since(&mut *self.db().primary().await?, since).await;
        let told = match &ended {
            Ok(ended) => revocations.tell_all(ended).await.is_ok(),
            Err(_) => false,
        };
        owes.fetch_or(!told, Ordering::Relaxed);
        Ok(ended.map(drop)?)
    }
}

/// Publishes an event of an account under the account's next version.
pub async fn publish(tx: &mut Tx, account: UserId, event: &impl Event) -> Result<()> {
    let version = store::account::next_version(tx, account).await?.ok_or_else(|| Problem::not_found("account"))?;
    tx.publish(account, version, event)?;
    Ok(())
}
