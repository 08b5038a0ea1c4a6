//! Reading auth's key set.

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};

use super::Connections;
use crate::identity::{JwkSet, KeySource, SourceError};

/// A key set has two keys; an answer that is larger than this is none.
const LARGEST: usize = 64 << 10;

/// The key set at a URL.
pub struct KeySetAt {
    url: String,
    connections: Connections,
}

impl KeySetAt {
    pub fn new(url: String, connections: Connections) -> Self {
        KeySetAt { url, connections }
    }
}

#[async_trait]
impl KeySource for KeySetAt {
    async fn fetch(&self) -> Result<JwkSet, SourceError> {
        let request = http::Request::get(&self.url).body(Full::new(Bytes::new()))?;
        let response = self.connections.request(request).await?;
        if !response.status().is_success() {
            return Err(format!("{} answered {}", self.url, response.status()).into());
        }
        let body = Limited::new(response.into_body(), LARGEST).collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }
}
