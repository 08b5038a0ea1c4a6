//! Oracle's cloud, as far as Haat uses it: OCI Queue, Monitoring, Database with PostgreSQL, and the services that give tokens to
//! machines and pods. Every request's signature is verified, by rules written down independently of the client's code;
//! Oracle's own Python SDK is tested against the same emulator.

mod faults;
mod monitoring;
mod postgresql;
mod queue;
mod signature;
mod tls;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use oci::{ApiKey, Identity, InstancePrincipal, WorkloadIdentity};
use platform::bus::OciConfig;
use platform::clock::Clock;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use types::QueueName;

pub use faults::{Fault, Faults};
pub use monitoring::Monitoring;
pub use postgresql::Postgresql;
pub use queue::Queues;
pub use tokens::Tokens;

use crate::ScratchDirectory;
use signature::Keys;

pub const TENANCY: &str = "ocid1.tenancy.oc1..haat";
pub const USER: &str = "ocid1.user.oc1..operator";
pub const COMPARTMENT: &str = "ocid1.compartment.oc1..haat";

/// The cloud of one test; it ends with it.
pub struct Oci {
    /// Where the services' APIs are, `http://127.0.0.1:PORT`: paths tell them apart.
    pub url: String,
    /// Where pods exchange their account for a token, `127.0.0.1:PORT`, by TLS.
    pub exchange: String,
    pub queues: Queues,
    pub monitoring: Monitoring,
    pub postgresql: Postgresql,
    pub tokens: Tokens,
    directory: ScratchDirectory,
    tasks: [AbortHandle; 2],
}

impl Oci {
    pub async fn start() -> Self {
        Self::start_at(Clock::system()).await
    }

    /// With a clock that the test may move.
    pub async fn start_at(clock: Clock) -> Self {
        let postgresql = Postgresql::new(clock.clone(), COMPARTMENT);
        Self::start_with(clock, postgresql).await
    }

    /// With database systems that behave as the test wants them to.
    pub async fn start_with(clock: Clock, postgresql: Postgresql) -> Self {
        let _already_there = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let directory = ScratchDirectory::create();
        tls::certify(directory.path());
        let keys = Arc::new(Keys::default());
        keys.add(&format!("{TENANCY}/{USER}/{FINGERPRINT}"), &tls::public_key(&directory.join("user.key")));
        let tokens = Tokens::new(&clock, &keys, directory.path());
        let queues = Queues::new(clock.clone());
        let monitoring = Monitoring::new(clock.clone(), COMPARTMENT);
        let services = Router::new().merge(queues.router()).merge(monitoring.router()).merge(postgresql.router());
        let services = services.merge(tokens.authentication());
        let services = signature::verified(services, &keys, &clock).merge(tokens.metadata());

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the cloud");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let serving = tokio::spawn(async move { axum::serve(listener, services).await });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the exchange");
        let exchange = listener.local_addr().expect("its address").to_string();
        let exchanging = tokio::spawn(tls::serve(listener, tokens.exchange(), directory.path()));
        let tasks = [serving.abort_handle(), exchanging.abort_handle()];
        Oci { url, exchange, queues, monitoring, postgresql, tokens, directory, tasks }
    }

    /// The user's private key, in PEM.
    pub fn key_file(&self) -> PathBuf {
        self.directory.join("user.key")
    }

    /// A user who may do everything.
    pub fn user(&self) -> Identity {
        let (tenancy, user) = (TENANCY.to_owned(), USER.to_owned());
        ApiKey::from_file(tenancy, user, FINGERPRINT.to_owned(), &self.key_file()).expect("the user's key").into()
    }

    /// A machine in the cloud.
    pub fn instance(&self) -> InstancePrincipal {
        InstancePrincipal { metadata: format!("{}/opc/v2", self.url), authentication: Some(self.url.clone()) }
    }

    /// A pod in an enhanced cluster.
    pub fn workload(&self) -> WorkloadIdentity {
        let (account, authority) = (self.directory.join("account"), self.directory.join("ca.pem"));
        WorkloadIdentity { exchange: self.exchange.clone(), account, authority }
    }

    /// The file with the authority that the exchange's certificate is by.
    pub fn authority(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// All queues, for a user.
    pub fn queues_config(&self) -> OciConfig {
        let queues = QueueName::ALL.iter().map(|name| (*name, self.queue_url(*name))).collect();
        OciConfig { identity: self.user(), queues }
    }

    pub fn queue_url(&self, name: QueueName) -> String {
        format!("{}/20210201/queues/{}", self.url, queue::ocid(name))
    }
}

impl Drop for Oci {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Of the user's key, as far as anybody looks: the cloud takes it for a name.
pub const FINGERPRINT: &str = "20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34";
