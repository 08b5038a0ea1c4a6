//! Requests that a client may repeat: the first answer is stored in the transaction of the effect, and a repeat gets it.
//!
//! A crash leaves either both or neither. A repeat that comes while the first is at work waits for its end, at the unique key.

use aws_lc_rs::digest;
use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::fmt::Display;
use std::ops::{Deref, DerefMut};

use crate::db::{Db, Tx};
use crate::{Problem, Result};

pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was stored.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST: usize = 255;

/// The request's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): 1 to 255 visible ASCII characters.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    key: String,
    /// Method and path: the same key for another operation is another request.
    operation: String,
}

impl IdempotencyKey {
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// Begins the request's transaction. `owner` is whose key it is: keys of two customers never meet. `request` is what a
    /// repeat must have in common with the first.
    ///
    /// # Errors
    /// 422 if the key was used for another request; 409 if the first is still at work after some seconds.
    pub async fn begin(&self, db: &Db, owner: impl Display, request: &impl Serialize) -> Result<Begun> {
        let mut tx = db.begin().await?;
        let (owner, fingerprint) = (owner.to_string(), self.fingerprint(request));
        let inserted = sqlx::query!(
            "INSERT INTO idempotency_key (owner, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            owner,
            self.key,
            fingerprint
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| match error.as_database_error().and_then(|d| d.code()) {
            Some(code) if code == "55P03" => {
                Problem::conflict("request-in-progress", "The first request is still at work")
                    .retry_after(1)
                    .detail("A request with this Idempotency-Key is being worked on. Repeat it a little later.")
            }
            _ => error.into(),
        })?;
        if inserted.rows_affected() == 1 {
            return Ok(Begun::First(Idempotent { tx, owner, key: self.key.clone() }));
        }
        let first = sqlx::query!(
            r#"SELECT fingerprint, status AS "status!", body AS "body!" FROM idempotency_key WHERE owner = $1 AND key = $2"#,
            owner,
            self.key
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.rollback().await?;
        if first.fingerprint != fingerprint {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "The Idempotency-Key was used for another request",
            )
            .field(HEADER.as_str(), "take a new key for a new request"));
        }
        let status =
            u16::try_from(first.status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
        let mut response = json(status, first.body.into());
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(Begun::Repeat(response))
    }

    fn fingerprint(&self, request: &impl Serialize) -> Vec<u8> {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.operation.as_bytes());
        context.update(&[0]);
        context.update(&serde_json::to_vec(request).unwrap_or_default());
        context.finish().as_ref().to_vec()
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(value) = parts.headers.get(HEADER) else {
            return Err(Problem::malformed("This request needs an Idempotency-Key header.")
                .field(HEADER.as_str(), "is missing: send a new random value with each new request"));
        };
        let key = value.to_str().ok().filter(|k| !k.is_empty() && k.len() <= LONGEST).ok_or_else(|| {
            Problem::malformed("The Idempotency-Key cannot be read.")
                .field(HEADER.as_str(), format!("must be 1 to {LONGEST} visible ASCII characters"))
        })?;
        Ok(IdempotencyKey { key: key.to_owned(), operation: format!("{} {}", parts.method, parts.uri.path()) })
    }
}

/// A request that has begun, or had before.
#[derive(Debug)]
pub enum Begun {
    First(Idempotent),
    /// The first answer, to be sent again.
    Repeat(Response),
}

/// The transaction of a first request. Dropped without [`Idempotent::answer`], nothing happened and the key is free again.
#[derive(Debug)]
pub struct Idempotent {
    tx: Tx,
    owner: String,
    key: String,
}

impl Idempotent {
    /// Stores the answer and commits.
    pub async fn answer(mut self, status: StatusCode, body: &impl Serialize) -> Result<Response> {
        let body = serde_json::to_vec(body).map_err(Problem::internal)?;
        sqlx::query!(
            "UPDATE idempotency_key SET status = $3, body = $4 WHERE owner = $1 AND key = $2",
            self.owner,
            self.key,
            i16::try_from(status.as_u16()).unwrap_or(200),
            body
        )
        .execute(&mut *self.tx)
        .await?;
        let _committed = self.tx.commit().await?;
        Ok(json(status, body.into()))
    }
}

impl Deref for Idempotent {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for Idempotent {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

fn json(status: StatusCode, body: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Forgets what an owner was answered, as it may name them: for whoever is erased. Not the key of the request that `running` is.
pub async fn forget(
    connection: &mut sqlx::PgConnection,
    owner: impl Display,
    running: Option<&IdempotencyKey>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM idempotency_key WHERE owner = $1 AND key IS DISTINCT FROM $2",
        owner.to_string(),
        running.map(IdempotencyKey::as_str)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets keys after a day. Returns how many.
pub async fn sweep(connection: &mut sqlx::PgConnection) -> Result<u64, sqlx::Error> {
    let swept = sqlx::query!(
        "DELETE FROM idempotency_key WHERE (owner, key) IN
             (SELECT owner, key FROM idempotency_key WHERE created_at < now() - interval '1 day' LIMIT 5000)"
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
