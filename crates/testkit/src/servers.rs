//! The servers that all tests share.

use local::{LocalError, Persistence, PostgresOptions, PostgresServer, RedisOptions, RedisServer};
use platform::env::Env;
use tokio::sync::OnceCell;

use crate::ScratchDirectory;

const POSTGRES: &str = "HAAT_TEST_POSTGRES_URL";
const CACHE: &str = "HAAT_TEST_CACHE_URL";
const STREAMS: &str = "HAAT_TEST_STREAMS_URL";

/// Where the shared servers are.
#[derive(Clone, Debug)]
pub struct Servers {
    /// The superuser's.
    pub postgres_url: String,
    /// Forgets what was not used for longest.
    pub cache_url: String,
    /// Forgets nothing.
    pub streams_url: String,
}

impl Servers {
    /// As the variables by which [`servers`] finds them in another process.
    pub fn variables(&self) -> [(&'static str, &str); 3] {
        [(POSTGRES, &self.postgres_url), (CACHE, &self.cache_url), (STREAMS, &self.streams_url)]
    }
}

/// The servers that `with-servers` started; without it, this process's own, started at the first call.
pub async fn servers() -> &'static Servers {
    static OWN: OnceCell<OwnServers> = OnceCell::const_new();
    static SHARED: OnceCell<Servers> = OnceCell::const_new();
    let find = async || {
        let env = Env::of_process();
        match (env.text(POSTGRES), env.text(CACHE), env.text(STREAMS)) {
            (Some(postgres_url), Some(cache_url), Some(streams_url)) => {
                Servers { postgres_url, cache_url, streams_url }
            }
            // Their processes and their directory go when this process ends, although a static is never dropped.
            _ => OWN.get_or_init(async || OwnServers::start().await.expect("the tests' servers")).await.servers.clone(),
        }
    };
    SHARED.get_or_init(find).await
}

/// Servers that end with this value or with its process.
pub struct OwnServers {
    pub servers: Servers,
    postgres: PostgresServer,
    cache: RedisServer,
    streams: RedisServer,
    _directory: ScratchDirectory,
}

impl OwnServers {
    /// # Errors
    /// If a server does not start.
    pub async fn start() -> Result<Self, LocalError> {
        let directory = ScratchDirectory::create();
        let (postgres, cache, streams) = tokio::try_join!(
            PostgresServer::start(PostgresOptions {
                durable: false,
                // Each test has its own process, and each of those its pools.
                max_connections: 500,
                ..PostgresOptions::new(directory.join("postgres"))
            }),
            RedisServer::start(RedisOptions::cache(directory.join("cache"))),
            RedisServer::start(RedisOptions {
                persistence: Persistence::EverySecond,
                ..RedisOptions::streams(directory.join("streams"))
            }),
        )?;
        let servers =
            Servers { postgres_url: postgres.admin_url(), cache_url: cache.url(), streams_url: streams.url() };
        Ok(OwnServers { servers, postgres, cache, streams, _directory: directory })
    }

    /// Ends the servers at once, since nobody wants their data, and removes it.
    pub async fn end(self) {
        tokio::join!(self.postgres.kill(), self.cache.kill(), self.streams.kill());
    }

    /// Resolves when one of the servers has ended by itself.
    pub async fn exited(&self) -> LocalError {
        tokio::select! {
            error = self.postgres.exited() => error,
            error = self.cache.exited() => error,
            error = self.streams.exited() => error,
        }
    }
}
