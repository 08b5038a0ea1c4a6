//! A private redis-server that can be killed, frozen and started again on its data.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platform::bus::{Bus, BusConfig, BusOptions, QueueOptions, QueuesConfig, RedisConfig, StreamsConfig, connect};
use platform::types::QueueName;
use uuid::Uuid;

use crate::PATIENCE;

pub struct RedisServer {
    directory: PathBuf,
    process: Option<Child>,
}

impl RedisServer {
    pub async fn start() -> Self {
        let directory = std::env::temp_dir().join(format!("bus-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&directory).unwrap();
        let mut server = RedisServer { directory, process: None };
        server.restart().await;
        server
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}", socket(&self.directory).display())
    }

    /// A bus of its own, with times that suit tests.
    pub fn bus(&self) -> Bus {
        self.bus_with(&options())
    }

    pub fn bus_with(&self, options: &BusOptions) -> Bus {
        let server = RedisConfig { url: self.url(), ca: None };
        let config = BusConfig { streams: StreamsConfig::Redis(server.clone()), queues: QueuesConfig::Redis(server) };
        connect(&config, options).unwrap()
    }

    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    /// As by `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Stops answering without closing anything, until [`RedisServer::thaw`].
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &process]).status().unwrap().success());
    }

    pub async fn restart(&mut self) {
        self.kill();
        let _ = std::fs::remove_file(socket(&self.directory));
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "redis-server", "--port", "0", "--save", "", "--daemonize", "no"]);
        command.args(["--appendonly", "yes", "--appendfsync", "always"]);
        command.arg("--dir").arg(&self.directory).arg("--unixsocket").arg(socket(&self.directory));
        self.process = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let deadline = Instant::now() + PATIENCE;
        let client = redis::Client::open(self.url()).unwrap();
        loop {
            if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                && redis::cmd("PING").exec_async(&mut connection).await.is_ok()
            {
                return;
            }
            assert!(Instant::now() < deadline, "redis-server does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

pub fn options() -> BusOptions {
    let quick = QueueOptions { visibility: Duration::from_millis(400), deliveries: 5 };
    BusOptions {
        answer_within: Duration::from_secs(2),
        membership: Duration::from_millis(1500),
        queues: QueueName::ALL.iter().map(|&queue| (queue, quick)).collect(),
        ..BusOptions::default()
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("redis.sock")
}
