//! A part of the shared Redis servers for one test.

use crate::servers;

#[derive(Clone, Debug)]
pub struct TestRedis {
    pub url: String,
    /// Every key and stream of the code under test is to start with this: the servers are shared.
    pub prefix: String,
}

/// The shared cache.
pub async fn redis() -> TestRedis {
    TestRedis { url: servers().await.cache_url.clone(), prefix: prefix() }
}

/// The shared Redis for streams.
pub async fn streams() -> TestRedis {
    TestRedis { url: servers().await.streams_url.clone(), prefix: prefix() }
}

fn prefix() -> String {
    format!("test:{}:", uuid::Uuid::new_v4().simple())
}
