//! Who carries parcels: another company, whose calls take their time, fail, and lose their answers.

mod route;
mod sandbox;
mod signature;

use async_trait::async_trait;
use contracts::shipping::CarrierUpdate;
use contracts::user::Address;
use http::HeaderMap;
use platform::Result;
use types::{Money, ShipmentId, Timestamp};

pub use sandbox::{LOSES_ANSWER, REFUSES, SEND_WEBHOOKS, Sandbox};
pub use signature::WebhookKey;

/// What a carrier can do. No transaction may be open while it is asked.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// As it stands in the webhook's path and beside tracking numbers.
    fn name(&self) -> &'static str;

    /// Has the parcel carried, and says its tracking number. Repeating it for the same shipment answers the same one.
    async fn book(&self, booking: &Booking) -> Result<String, CarrierError>;

    /// Asks for the parcel back. May be repeated.
    async fn cancel(&self, tracking_number: &str) -> Result<Cancellation, CarrierError>;

    /// Everything that happened to the parcel so far: what its webhooks said, and what they should have said.
    async fn track(&self, tracking_number: &str) -> Result<Vec<CarrierUpdate>, CarrierError>;

    /// Reads a webhook after making sure, by the bytes as they came, that the carrier sent it, and lately.
    ///
    /// # Errors
    /// 401 if it did not; 400 or 422 if it cannot be read.
    fn read_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<CarrierUpdate>;
}

/// A parcel that is to be carried.
#[derive(Clone)]
pub struct Booking {
    pub shipment_id: ShipmentId,
    /// Where it goes, or for a return is fetched.
    pub address: Address,
    pub weight_grams: u32,
    /// At the door, in paise.
    pub cash_to_collect: Money,
}

/// What came of asking for a parcel back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// It never left.
    Cancelled,
    /// It was under way, and comes back.
    TurnedBack,
    /// It has been delivered, or is back already.
    TooLate,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// It may have been done or not.
    #[error("no answer: {0}")]
    Unavailable(String),
    #[error("refused: {0}")]
    Refused(String),
}
