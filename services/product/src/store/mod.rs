//! All SQL, on a connection that the caller gives: a change and the events that tell of it share a transaction.

pub mod alerts;
pub mod browse;
pub mod bulk;
pub mod catalogue;
pub mod locations;
pub mod reconcile;
pub mod reservations;
pub mod reviews;
pub mod search;
pub mod stock;
pub mod taxes;

/// A count that a constraint keeps from being negative.
fn count(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(0)
}
