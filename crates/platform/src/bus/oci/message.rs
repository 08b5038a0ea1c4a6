//! How a message of ours stands in a message of OCI Queue.

use std::collections::BTreeMap;

use ::oci::queue::{Content, Delivered, LARGEST_CONTENT, Metadata};
use types::Timestamp;

use crate::bus::{BusError, DeadLetter, Message};

/// Where messages wait to be worked on.
pub const EVENTS: &str = "events";
/// Where those lie that were delivered too often.
pub const DEAD_LETTERS: &str = "dead-letters";
/// Where those lie that are none of ours.
pub const UNREADABLE: &str = "unreadable";

const ID: &str = "id";
const KEY: &str = "key";
const KIND: &str = "type";
const TRACEPARENT: &str = "traceparent";
const DELIVERIES: &str = "deliveries";
const DIED_AT: &str = "died-at";

/// # Errors
/// [`BusError::Refused`] if OCI Queue could not take it.
pub fn content(message: &Message) -> Result<Content, BusError> {
    let content = std::str::from_utf8(&message.payload)
        .map_err(|_| BusError::Refused(format!("the payload of message {} is no text", message.id)))?;
    if content.len() > LARGEST_CONTENT {
        let size = content.len();
        return Err(BusError::Refused(format!(
            "the payload of message {} has {size} bytes; OCI Queue takes {LARGEST_CONTENT}",
            message.id
        )));
    }
    let mut properties = BTreeMap::from([
        (ID.to_owned(), message.id.to_string()),
        (KEY.to_owned(), message.key.clone()),
        (KIND.to_owned(), message.kind.clone()),
    ]);
    if let Some(traceparent) = &message.traceparent {
        properties.insert(TRACEPARENT.to_owned(), traceparent.clone());
    }
    let metadata = Metadata { channel_id: EVENTS.to_owned(), custom_properties: properties };
    Ok(Content { content: content.to_owned(), metadata })
}

/// None if it is none of ours.
pub fn message(delivered: &Delivered) -> Option<Message> {
    let properties = &delivered.metadata.custom_properties;
    Some(Message {
        id: properties.get(ID)?.parse().ok()?,
        key: properties.get(KEY)?.clone(),
        kind: properties.get(KIND)?.clone(),
        payload: delivered.content.clone().into(),
        traceparent: properties.get(TRACEPARENT).cloned(),
    })
}

/// The same message as a dead letter.
pub fn buried(delivered: &Delivered, deliveries: u32, now: Timestamp) -> Content {
    let mut metadata = delivered.metadata.clone();
    metadata.channel_id = DEAD_LETTERS.to_owned();
    metadata.custom_properties.insert(DELIVERIES.to_owned(), deliveries.to_string());
    metadata.custom_properties.insert(DIED_AT.to_owned(), now.to_string());
    Content { content: delivered.content.clone(), metadata }
}

/// The same content where a person will look for it.
pub fn set_aside(delivered: &Delivered) -> Content {
    let mut metadata = delivered.metadata.clone();
    metadata.channel_id = UNREADABLE.to_owned();
    Content { content: delivered.content.clone(), metadata }
}

/// None if it is none of ours.
pub fn dead_letter(delivered: &Delivered) -> Option<DeadLetter> {
    let properties = &delivered.metadata.custom_properties;
    Some(DeadLetter {
        id: delivered.id.clone(),
        message: message(delivered)?,
        deliveries: properties.get(DELIVERIES)?.parse().ok()?,
        died_at: properties.get(DIED_AT)?.parse().map(Timestamp::new).ok()?,
    })
}
