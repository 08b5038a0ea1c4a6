//! A Redis that speaks TLS only, as the cloud's does, and everything of ours that uses Redis.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platform::bus::{BusConfig, BusError, BusOptions, connect};
use platform::cache::{Cache, CacheConfig, Key, Redis};
use platform::env::Env;
use platform::types::{QueueName, ServiceName, StreamName};
use testkit::ScratchDirectory;

use crate::{PATIENCE, eventually, messages, read, texts};

struct TlsServer {
    directory: ScratchDirectory,
    port: u16,
    process: Child,
}

impl TlsServer {
    /// Its certificate is for 127.0.0.1, by an authority of its own.
    async fn start() -> Self {
        let _already_there = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let directory = ScratchDirectory::create();
        certify(directory.path(), "ca", "server", "IP:127.0.0.1");
        certify(directory.path(), "other-ca", "other", "IP:127.0.0.1");
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "redis-server", "--port", "0", "--tls-port", &port.to_string()]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--requirepass", "secret", "--tls-auth-clients", "no"]);
        for (setting, file) in [("--tls-cert-file", "server.pem"), ("--tls-key-file", "server.key")] {
            command.arg(setting).arg(directory.join(file));
        }
        command.arg("--tls-ca-cert-file").arg(directory.join("ca.pem")).arg("--dir").arg(directory.path());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = TlsServer { directory, port, process };
        let deadline = Instant::now() + PATIENCE;
        while server.cache().unwrap().ping().await.is_err() {
            assert!(Instant::now() < deadline, "redis-server does not start with TLS");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    fn url(&self) -> String {
        format!("rediss://:secret@127.0.0.1:{}", self.port)
    }

    fn env(&self, ca: &str) -> Env {
        let ca = self.directory.join(ca).display().to_string();
        let names = ["REDIS", "STREAMS", "QUEUES"];
        let variables =
            names.iter().flat_map(|name| [(format!("{name}_URL"), self.url()), (format!("{name}_CA"), ca.clone())]);
        Env::from_values(variables)
    }

    fn cache(&self) -> Option<Redis> {
        Redis::from_env(&self.env("ca.pem")).unwrap()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes an authority and a certificate by it, with their keys, valid for a day.
pub fn certify(directory: &Path, ca: &str, name: &str, host: &str) {
    let script = format!(
        "set -e
         new='req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
         openssl $new -x509 -days 1 -subj /CN={ca} -keyout {ca}.key -out {ca}.pem
         openssl $new -subj /CN={name} -keyout {name}.key -out {name}.csr
         printf 'subjectAltName={host}' > {name}.ext
         openssl x509 -req -in {name}.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial -days 1 -extfile {name}.ext -out {name}.pem"
    );
    let made = Command::new("sh").args(["-c", &script]).current_dir(directory).output().unwrap();
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
}

#[tokio::test]
async fn streams_queues_and_the_cache_work_over_tls() {
    let server = TlsServer::start().await;
    let bus = connect(&BusConfig::from_env(&server.env("ca.pem")).unwrap(), &BusOptions::default()).unwrap();
    bus.streams.publish(StreamName::Order, &messages(&["1", "2"])).await.unwrap();
    let mut subscription = bus.streams.subscribe(StreamName::Order, "group").await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 2).await), ["1", "2"]);
    bus.queues.put(QueueName::Order, &messages(&["3"])).await.unwrap();
    assert_eq!(bus.queues.get(QueueName::Order, 1, PATIENCE).await.unwrap().len(), 1);

    // A busy machine may need longer to connect than the cache waits for Redis.
    let connected = [(); 2].map(|()| server.cache().unwrap());
    for redis in &connected {
        eventually(async || redis.ping().await.map_err(|error| BusError::Unavailable(error.to_string()))).await;
    }
    let [here, there] = connected.map(|redis| Cache::new(Some(redis), CacheConfig::new(ServiceName::Product)));
    let key = Key::new("product", 1);
    let get = async |cache: &Cache, truth: &str| {
        let load = || async { Ok::<_, String>(truth.to_owned()) };
        cache.get_or_load(&key, Duration::from_secs(60), load).await.unwrap().as_ref().clone()
    };
    assert_eq!(get(&here, "old").await, "old");
    eventually(async || {
        // Another process finds it in Redis, once it has been written there.
        let fresh = Cache::new(server.cache(), CacheConfig::new(ServiceName::Product));
        let load = || async { Err::<String, _>("it is not there".to_owned()) };
        let found = fresh.get_or_load(&key, Duration::from_secs(60), load).await.map_err(BusError::Unavailable)?;
        assert_eq!(*found, "old");
        Ok(())
    })
    .await;
    assert_eq!(get(&there, "new").await, "old");
    // Over the connection on which invalidations are heard.
    eventually(async || {
        here.invalidate(std::slice::from_ref(&key)).await;
        let found = get(&there, "new").await;
        if found == "new" { Ok(()) } else { Err(BusError::Unavailable(found)) }
    })
    .await;
}

#[tokio::test]
async fn a_server_whom_nobody_vouches_for_is_not_talked_to() {
    let server = TlsServer::start().await;
    let stranger = Redis::from_env(&server.env("other-ca.pem")).unwrap().unwrap();
    assert!(stranger.ping().await.is_err());
    let options = BusOptions { answer_within: Duration::from_secs(2), ..BusOptions::default() };
    let bus = connect(&BusConfig::from_env(&server.env("other-ca.pem")).unwrap(), &options).unwrap();
    let error = bus.streams.ping().await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    // By the system's authorities neither.
    let url = [("REDIS_URL".to_owned(), server.url())];
    assert!(Redis::from_env(&Env::from_values(url)).unwrap().unwrap().ping().await.is_err());
    // Nor one of another name.
    let elsewhere = server.url().replace("127.0.0.1", "localhost");
    let elsewhere = server.env("ca.pem").with([("STREAMS_URL".to_owned(), elsewhere)]);
    let bus = connect(&BusConfig::from_env(&elsewhere).unwrap(), &options).unwrap();
    let error = bus.streams.ping().await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[test]
fn an_authority_that_cannot_be_used_is_refused_by_name() {
    let directory = ScratchDirectory::create();
    let file = |name: &str, text: &str| -> PathBuf {
        std::fs::write(directory.join(name), text).unwrap();
        directory.join(name)
    };
    certify(directory.path(), "ca", "server", "IP:127.0.0.1");
    let refusal = |url: &str, ca: PathBuf| {
        let ca = ca.display().to_string();
        let variables = [("REDIS_URL", url.to_owned()), ("REDIS_CA", ca)].map(|(name, value)| (name.to_owned(), value));
        Redis::from_env(&Env::from_values(variables)).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let tls = "rediss://:hunter2@127.0.0.1:1";
    let absent = refusal(tls, directory.join("absent.pem"));
    assert!(absent.starts_with("REDIS_CA: ") && absent.contains("absent.pem: No such file"), "{absent}");
    assert!(refusal(tls, file("empty.pem", "")).contains("no certificate in PEM"), "an empty file");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = refusal(tls, file("broken.pem", broken));
    assert!(broken.starts_with("REDIS_CA: ") && broken.contains("broken.pem"), "{broken}");
    let plain = refusal("redis://:hunter2@127.0.0.1:1", directory.join("ca.pem"));
    assert!(plain.contains("for a rediss:// address only"), "{plain}");
    let wrong = refusal("rediss://:hunter2@", directory.join("ca.pem"));
    assert!(wrong.starts_with("REDIS_URL: ") && !wrong.contains("hunter2"), "{wrong}");
    assert_eq!(refusal(tls, directory.join("ca.pem")), "");
}
