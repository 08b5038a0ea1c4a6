//! Where the streams and queues are, and how patient to be with them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use types::QueueName;

use crate::cloud;
use crate::env::{Env, EnvError};

#[derive(Clone, Debug)]
pub struct BusConfig {
    pub streams: StreamsConfig,
    pub queues: QueuesConfig,
}

#[derive(Clone, Debug)]
pub enum StreamsConfig {
    Redis(RedisConfig),
    Kafka(KafkaConfig),
}

#[derive(Clone, Debug)]
pub enum QueuesConfig {
    Redis(RedisConfig),
    Oci(OciConfig),
}

/// A Redis that runs with `appendonly yes` and `appendfsync always`: only so does its answer mean that a message is durable.
/// It is not the cache's Redis, which may lose everything.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://`, `rediss://` (TLS, by the process's rustls provider, which must be installed before) or `redis+unix://`.
    pub url: String,
    /// A PEM file with the authorities to trust in place of the system's; for `rediss://` only.
    pub ca: Option<PathBuf>,
}

#[derive(Clone)]
pub struct KafkaConfig {
    /// `host:port`, comma-separated.
    pub brokers: String,
    pub security_protocol: SecurityProtocol,
    /// OCI Streaming: `tenancy/domain/user/streamPoolId`.
    pub username: Option<String>,
    /// OCI Streaming: an auth token.
    pub password: Option<String>,
    /// A PEM file with the authorities to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// Lets the brokers drop a producer's own repetitions. Off by default: OCI Streaming does not implement it
    /// (<https://docs.oracle.com/en-us/iaas/Content/Streaming/Tasks/kafkacompatibility.htm>). Order is kept either way, by
    /// one request in flight per broker.
    pub idempotence: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

/// OCI Queue.
#[derive(Clone, Debug)]
pub struct OciConfig {
    pub identity: oci::Identity,
    /// The URL of each queue that this process uses: its messages endpoint, `/20210201/queues/` and its OCID.
    pub queues: BTreeMap<QueueName, String>,
}

/// What is the same for every back end; the topology has the values.
#[derive(Clone, Debug)]
pub struct BusOptions {
    /// What every Redis key starts with.
    pub prefix: String,
    /// How long a stream keeps a message, whether or not everybody has read it. (Kafka: a setting of the topic.)
    pub stream_retention: Duration,
    /// How long a queue keeps a message, dead letters included.
    pub queue_retention: Duration,
    /// Queues that differ from the default.
    pub queues: BTreeMap<QueueName, QueueOptions>,
    /// How long one answer of the server may take, beyond a wait that was asked for.
    pub answer_within: Duration,
    /// How long a dead member keeps its place in its group. Brokers usually insist on 6 s or more.
    pub membership: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// How long a delivered message is invisible to others.
    pub visibility: Duration,
    /// After so many deliveries a message is dead.
    pub deliveries: u32,
}

impl BusConfig {
    /// Reads `STREAMS` (`redis`, the default, or `kafka`), `STREAMS_URL` and `STREAMS_CA`, or `KAFKA_BROKERS`, `KAFKA_SECURITY_PROTOCOL`,
    /// `KAFKA_USERNAME`, `KAFKA_PASSWORD`, `KAFKA_CA` and `KAFKA_IDEMPOTENCE`; `QUEUES` (`redis`, the default, or `oci`), `QUEUES_URL` with
    /// `QUEUES_CA`, which is the streams' Redis unless set, or `OCI_QUEUES` (`queue=URL`, with commas between; none for who uses
    /// none) and what [`cloud::identity`] reads.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        let streams = match env.value("STREAMS", StreamsBackEnd::Redis)? {
            StreamsBackEnd::Redis => {
                let (url, ca) = (env.required("STREAMS_URL", REDIS_URL)?, env.optional("STREAMS_CA")?);
                StreamsConfig::Redis(RedisConfig { url, ca })
            }
            StreamsBackEnd::Kafka => StreamsConfig::Kafka(KafkaConfig::from_env(env)?),
        };
        let queues = match (env.value("QUEUES", QueuesBackEnd::Redis)?, env.text("QUEUES_URL"), &streams) {
            (QueuesBackEnd::Oci, ..) => QueuesConfig::Oci(OciConfig::from_env(env)?),
            (QueuesBackEnd::Redis, Some(url), _) => {
                QueuesConfig::Redis(RedisConfig { url, ca: env.optional("QUEUES_CA")? })
            }
            (QueuesBackEnd::Redis, None, StreamsConfig::Redis(server)) => QueuesConfig::Redis(server.clone()),
            (QueuesBackEnd::Redis, None, StreamsConfig::Kafka(_)) => {
                return Err(EnvError::Missing { name: "QUEUES_URL".to_owned(), expected: REDIS_URL.to_owned() });
            }
        };
        Ok(BusConfig { streams, queues })
    }
}

impl KafkaConfig {
    fn from_env(env: &Env) -> Result<Self, EnvError> {
        let config = KafkaConfig {
            brokers: env.required("KAFKA_BROKERS", "a comma-separated list of host:port")?,
            security_protocol: env.value("KAFKA_SECURITY_PROTOCOL", SecurityProtocol::SaslSsl)?,
            username: env.text("KAFKA_USERNAME"),
            password: env.text("KAFKA_PASSWORD"),
            ca: env.optional("KAFKA_CA")?,
            idempotence: env.value("KAFKA_IDEMPOTENCE", false)?,
        };
        for (name, value) in [("KAFKA_USERNAME", &config.username), ("KAFKA_PASSWORD", &config.password)] {
            if config.security_protocol.authenticates() && value.is_none() {
                let expected = format!("a value for {}", config.security_protocol.as_str());
                return Err(EnvError::Missing { name: name.to_owned(), expected });
            }
        }
        Ok(config)
    }
}

impl OciConfig {
    fn from_env(env: &Env) -> Result<Self, EnvError> {
        let queues = env.list("OCI_QUEUES")?.into_iter().map(|QueueAt(name, url)| (name, url)).collect();
        Ok(OciConfig { identity: cloud::identity(env)?, queues })
    }
}

impl SecurityProtocol {
    pub const ALL: [Self; 4] = [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// Does it need a user name and a password?
    pub const fn authenticates(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl FromStr for SecurityProtocol {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|p| p.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("'{text}' is none of {}", names()))
    }
}

impl BusOptions {
    pub fn queue(&self, queue: QueueName) -> QueueOptions {
        self.queues.get(&queue).copied().unwrap_or_default()
    }
}

impl Default for BusOptions {
    fn default() -> Self {
        BusOptions {
            prefix: "haat:".to_owned(),
            stream_retention: Duration::from_secs(24 * 3600),
            queue_retention: Duration::from_secs(7 * 24 * 3600),
            queues: BTreeMap::new(),
            answer_within: Duration::from_secs(5),
            membership: Duration::from_secs(6),
        }
    }
}

impl Default for QueueOptions {
    fn default() -> Self {
        QueueOptions { visibility: Duration::from_secs(30), deliveries: 5 }
    }
}

// A URL may carry a password, so neither is printed.
impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig").finish_non_exhaustive()
    }
}

impl fmt::Debug for KafkaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaConfig")
            .field("brokers", &self.brokers)
            .field("security_protocol", &self.security_protocol)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "(hidden)"))
            .field("ca", &self.ca)
            .field("idempotence", &self.idempotence)
            .finish()
    }
}

const REDIS_URL: &str = "a Redis URL, redis://host:port";

#[derive(Clone, Copy)]
enum StreamsBackEnd {
    Redis,
    Kafka,
}

impl FromStr for StreamsBackEnd {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "redis" => Ok(Self::Redis),
            "kafka" => Ok(Self::Kafka),
            _ => Err(format!("'{text}' is neither redis nor kafka")),
        }
    }
}

#[derive(Clone, Copy)]
enum QueuesBackEnd {
    Redis,
    Oci,
}

impl FromStr for QueuesBackEnd {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "redis" => Ok(Self::Redis),
            "oci" => Ok(Self::Oci),
            _ => Err(format!("'{text}' is neither redis nor oci")),
        }
    }
}

/// One entry of `OCI_QUEUES`.
struct QueueAt(QueueName, String);

impl FromStr for QueueAt {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, url) = text.split_once('=').ok_or("a queue's name, '=' and its URL are expected")?;
        Ok(QueueAt(name.parse().map_err(|error| format!("{error}"))?, url.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<BusConfig, String> {
        let env = Env::from_values(values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        BusConfig::from_env(&env).map_err(|e| e.to_string())
    }

    #[test]
    fn one_redis_serves_streams_and_queues_unless_the_queues_have_their_own() {
        let config = read(&[("STREAMS_URL", "redis://a:1")]).unwrap();
        assert!(matches!(config.queues, QueuesConfig::Redis(server) if server.url == "redis://a:1"));
        let config = read(&[("STREAMS_URL", "redis://a:1"), ("QUEUES_URL", "redis://b:2")]).unwrap();
        assert!(matches!(config.queues, QueuesConfig::Redis(server) if server.url == "redis://b:2"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(read(&[]).unwrap_err().starts_with("STREAMS_URL is not set"));
        assert!(read(&[("STREAMS", "nats")]).unwrap_err().starts_with("STREAMS: 'nats'"));
        assert!(read(&[("STREAMS", "kafka")]).unwrap_err().starts_with("KAFKA_BROKERS is not set"));
        let kafka = [("STREAMS", "kafka"), ("KAFKA_BROKERS", "b:9092")];
        assert!(read(&kafka).unwrap_err().starts_with("KAFKA_USERNAME is not set"));
        let user = [&kafka[..], &[("KAFKA_USERNAME", "t/d/u/p")]].concat();
        assert!(read(&user).unwrap_err().starts_with("KAFKA_PASSWORD is not set"));
        let plain = [&kafka[..], &[("KAFKA_SECURITY_PROTOCOL", "plaintext")]].concat();
        assert!(read(&plain).unwrap_err().starts_with("QUEUES_URL is not set"));
        let odd = [&kafka[..], &[("KAFKA_SECURITY_PROTOCOL", "tls")]].concat();
        assert!(read(&odd).unwrap_err().starts_with("KAFKA_SECURITY_PROTOCOL: 'tls' is none of PLAINTEXT"));
        let queues = |values: &[(&str, &str)]| read(&[&[("STREAMS_URL", "redis://a")], values].concat());
        assert!(queues(&[("QUEUES", "kafka")]).unwrap_err().starts_with("QUEUES: 'kafka' is neither redis nor oci"));
        let oci = [("QUEUES", "oci"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1")];
        assert!(matches!(queues(&oci).unwrap().queues, QueuesConfig::Oci(cloud) if cloud.queues.is_empty()));
        for (entry, why) in
            [("order-service-events", "OCI_QUEUES: 'order"), ("orders=https://q", "OCI_QUEUES: 'orders")]
        {
            let error = queues(&[&oci[..], &[("OCI_QUEUES", entry)]].concat()).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
        assert!(queues(&oci[..1]).unwrap_err().starts_with("KUBERNETES_SERVICE_HOST is not set"));
    }

    #[test]
    fn no_password_is_ever_printed() {
        let config = read(&[
            ("STREAMS", "kafka"),
            ("KAFKA_BROKERS", "b:9092"),
            ("KAFKA_USERNAME", "t/d/u/p"),
            ("KAFKA_PASSWORD", "hunter2"),
            ("QUEUES_URL", "redis://:hunter3@q"),
        ]);
        let printed = format!("{:?}", config.unwrap());
        assert!(printed.contains("t/d/u/p") && !printed.contains("hunter"), "{printed}");
    }
}
