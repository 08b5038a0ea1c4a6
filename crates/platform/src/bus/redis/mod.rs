//! Streams and queues on Redis Streams: for one machine, and for tests.
//!
//! A stream is a Redis stream that is read as Kafka reads a partition: every group has a committed position, which lives in a
//! Redis consumer group's last-delivered id, and one active member, which holds a lease. Reading (XREAD) changes nothing on
//! the server, so a reader that died, or that only thinks it is alive, can lose nothing for the others.
//!
//! A queue is a Redis stream with one consumer group: XREADGROUP hands a message to one worker, the idle time in the pending
//! list is the visibility timeout, XCLAIM takes over what has been idle too long, the pending list counts deliveries.
//!
//! No Lua, and no KEYS.

mod connections;
mod entry;
mod lease;
mod pending;
mod queues;
mod streams;
mod subscription;

pub use self::queues::RedisQueues;
pub use self::streams::RedisStreams;
