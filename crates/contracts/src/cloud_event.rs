//! The envelope of every event: CloudEvents 1.0, JSON format.

use serde::{Deserialize, Serialize};
use types::{EventId, ServiceName, Timestamp};

use crate::Event;

/// A CloudEvent with our extensions. `subject` is the aggregate's id and the stream's key; `aggregateversion` counts the
/// aggregate's changes from 1, so that a reader can tell an old event from a new one whatever order they arrive in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    pub specversion: String,
    pub id: EventId,
    pub source: ServiceName,
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub time: Timestamp,
    pub datacontenttype: String,
    pub aggregateversion: i64,
    /// The same for everything that follows from one request of a client.
    pub correlationid: String,
    /// The event or request that this one follows from directly.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub causationid: Option<String>,
    /// W3C trace context of the transaction that published it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traceparent: Option<String>,
    /// What other tracing systems have noted in that context.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tracestate: Option<String>,
    pub data: serde_json::Value,
}

impl CloudEvent {
    pub const SPEC_VERSION: &'static str = "1.0";
    pub const CONTENT_TYPE: &'static str = "application/json";

    /// The data as the type that its name stands for; `None` if this is an event of another type.
    ///
    /// # Errors
    /// The data is not what the type says.
    pub fn data_as<E: Event>(&self) -> Option<Result<E, serde_json::Error>> {
        (self.kind == E::TYPE).then(|| E::deserialize(&self.data))
    }
}
