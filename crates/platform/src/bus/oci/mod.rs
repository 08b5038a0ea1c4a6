//! Queues on OCI Queue.
//!
//! Messages lie in the channel `events` of their queue. One that was delivered too often is put into the channel
//! `dead-letters`, from where it can be looked at, put back and deleted; one that is none of ours goes to `unreadable`, for a
//! person to look at. The queue's own dead-letter queue is not used: see docs/decisions/0016-dead-letters-in-a-channel.md.
//!
//! What routes a message stands in its custom properties, so its content is the event itself.

mod age;
mod letters;
mod message;
mod queues;

pub use self::queues::OciQueues;

use super::BusError;

fn failure(error: ::oci::Error) -> BusError {
    use ::oci::Error;
    match error {
        Error::Timeout { within, .. } => BusError::Timeout(within),
        Error::Configuration(_) => BusError::Configuration(error.to_string()),
        error if error.is_transient() => BusError::Unavailable(error.to_string()),
        error => BusError::Refused(error.to_string()),
    }
}
