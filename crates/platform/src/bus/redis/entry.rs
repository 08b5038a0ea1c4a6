//! A message as an entry of a Redis stream.

use bytes::Bytes;
use redis::streams::StreamId;
use redis::{Cmd, FromRedisValue};

use crate::bus::Message;

/// `XADD key * ...`; more fields can be added.
pub fn append(key: &str, message: &Message) -> Cmd {
    let mut command = redis::cmd("XADD");
    command.arg(key).arg("*");
    command.arg("id").arg(message.id.to_string());
    command.arg("key").arg(&message.key);
    command.arg("kind").arg(&message.kind);
    command.arg("payload").arg(message.payload.as_ref());
    if let Some(traceparent) = &message.traceparent {
        command.arg("traceparent").arg(traceparent);
    }
    command
}

/// None, with a line in the log, for an entry that nobody of us can have written.
pub fn message(stream: &str, entry: &StreamId) -> Option<Message> {
    let message = (|| {
        Some(Message {
            id: field::<String>(entry, "id")?.parse().ok()?,
            key: field(entry, "key")?,
            kind: field(entry, "kind")?,
            payload: Bytes::from(field::<Vec<u8>>(entry, "payload")?),
            traceparent: field(entry, "traceparent"),
        })
    })();
    if message.is_none() {
        tracing::error!(stream, entry = entry.id, "passed over an entry that is no message");
    }
    message
}

pub fn field<T: FromRedisValue>(entry: &StreamId, name: &str) -> Option<T> {
    entry.map.get(name).and_then(|value| redis::from_redis_value_ref(value).ok())
}

/// When an entry was added, in milliseconds since 1970: the first half of its id.
pub fn added_at(id: &str) -> u64 {
    id.split('-').next().and_then(|milliseconds| milliseconds.parse().ok()).unwrap_or_default()
}

/// Can this be an entry's id?
pub fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(time, number)| time.parse::<u64>().is_ok() && number.parse::<u64>().is_ok())
}
