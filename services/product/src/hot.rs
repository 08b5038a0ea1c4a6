//! Answers that many ask for at once, kept as bytes for a second: of a thousand requests for one list, one reads the database.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use moka::future::Cache;
use platform::{Problem, Result};
use serde::Serialize;

/// So long may a list be behind.
const LIFE: Duration = Duration::from_secs(1);
/// The gateway and browsers may keep it as long.
const MAY_BE_KEPT: &str = "public, max-age=1";
/// In bytes, of all answers.
const CAPACITY: u64 = 32 << 20;

/// Cheap to clone; clones share the answers.
#[derive(Clone)]
pub struct Hot(Cache<String, Bytes>);

impl Default for Hot {
    fn default() -> Self {
        let size = |key: &String, body: &Bytes| u32::try_from(key.len() + body.len()).unwrap_or(u32::MAX);
        Hot(Cache::builder().max_capacity(CAPACITY).weigher(size).time_to_live(LIFE).build())
    }
}

impl Hot {
    /// The answer to `question`, asked of `about`. While one request works on it, the others wait for what it finds.
    pub async fn json<T: Serialize>(
        &self,
        about: &str,
        question: &impl Serialize,
        find: impl Future<Output = Result<T>>,
    ) -> Result<Response> {
        let question = serde_json::to_string(question).map_err(Problem::internal)?;
        let find = async { serde_json::to_vec(&find.await?).map(Bytes::from).map_err(Problem::internal) };
        let body = self.0.try_get_with(format!("{about} {question}"), find).await;
        let body = body.map_err(|shared: Arc<Problem>| Problem::clone(&shared))?;
        Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, MAY_BE_KEPT)], body).into_response())
    }
}
