//! Oracle Cloud Infrastructure's REST APIs, as far as Haat needs them: who signs ([`Identity`]), how a request is signed, and a
//! thin typed client for each service on top of [`Client`].
//!
//! The signature is draft-cavage-http-signatures-08 with RSA and SHA-256 as Oracle describes it
//! (<https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm>).
//!
//! Invariant: no key, token or signature is ever printed.

mod address;
mod client;
mod error;
mod identity;
mod key;
pub mod monitoring;
pub mod postgresql;
pub mod queue;
mod signature;

pub use client::{Client, Now, Request, Response};
pub use error::Error;
pub use identity::{ApiKey, Identity, InstancePrincipal, WorkloadIdentity};
pub use key::PrivateKey;
