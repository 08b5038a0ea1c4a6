//! What tests stand on: private servers, a database of one's own for each test, a proxy that fails on demand, and waiting
//! for what must come true.
//!
//! nextest runs each test in a process of its own, so the servers are shared between processes: `with-servers -- cargo
//! nextest run` starts them once. A test that runs without it starts its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this runs in tests only: what it cannot set up is best told by a test that fails"
)]

mod database;
mod eventually;
pub mod oci;
mod private;
mod proxy;
mod redis;
mod scratch;
mod servers;
pub mod service;

pub use database::TestDatabase;
pub use eventually::{Attempt, eventually};
pub use private::{Private, private_postgres, private_redis, private_replicated_postgres, private_streams};
pub use proxy::TcpProxy;
pub use redis::{TestRedis, redis, streams};
pub use scratch::ScratchDirectory;
pub use servers::{OwnServers, Servers, servers};
pub use service::{Answer, Person, Stubs, TestService};
