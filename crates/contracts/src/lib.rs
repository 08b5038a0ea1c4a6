//! What travels between services and to clients: per service its calls, events and public types. Only types: no I/O, no
//! framework, no rules.
//!
//! - A [`Call`] is a request under `/internal/v1` from one service to another; the request's type names its callee, path
//!   and reply, so a call is made by sending the value and answered by a function of it. Every call may be sent again when its
//!   answer was lost: it only reads, or the callee recognises the repeat.
//! - An [`Event`] is the `data` of a [`CloudEvent`] on a stream.
//!
//! Both only grow: a field that is added has a default, and readers ignore fields they do not know.

use serde::Serialize;
use serde::de::DeserializeOwned;
use types::{ServiceName, StreamName};
use utoipa::ToSchema;

pub mod auth;
pub mod cart;
pub mod cloud_event;
pub mod demo;
pub mod discount;
pub mod notification;
pub mod order;
pub mod page;
pub mod payment;
pub mod product;
pub mod returns;
pub mod shipping;
pub mod user;

pub use cloud_event::CloudEvent;
pub use page::Page;

/// A request from one service to another: `POST PATH` with this as its JSON body.
pub trait Call: Serialize + DeserializeOwned + ToSchema + Send + Sync + 'static {
    const CALLEE: ServiceName;
    /// Below `/internal/v1/`.
    const PATH: &'static str;
    type Reply: Serialize + DeserializeOwned + ToSchema + Send + Sync + 'static;
}

/// Something that happened, as the `data` of an event.
pub trait Event: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// As in `topology.yaml`: `order.confirmed.v1`.
    const TYPE: &'static str;
    const STREAM: StreamName;
}

macro_rules! call {
    ($request:ty => $reply:ty, $callee:ident, $path:literal) => {
        impl crate::Call for $request {
            const CALLEE: types::ServiceName = types::ServiceName::$callee;
            const PATH: &'static str = $path;
            type Reply = $reply;
        }
    };
}
pub(crate) use call;

macro_rules! event {
    ($data:ty, $stream:ident, $type:literal) => {
        impl crate::Event for $data {
            const TYPE: &'static str = $type;
            const STREAM: types::StreamName = types::StreamName::$stream;
        }
    };
}
pub(crate) use event;
