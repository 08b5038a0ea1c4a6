//! Where it can be sent, for how much, by when, and where it is.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use types::{Money, OrderId, PinCode, ReturnId, ShipmentId, ShippingMethodId, Timestamp, UserId, text_enum};
use utoipa::ToSchema;

use crate::user::Address;
use crate::{call, event};

mod public;

pub use public::*;

/// The ways to send a parcel to a PIN code.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuoteShipping {
    pub pin_code: PinCode,
    pub weight_grams: u32,
    /// What the parcel's goods cost after discounts, GST included, in paise.
    pub value: Money,
}
call!(QuoteShipping => ShippingQuote, Shipping, "quote-shipping");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippingQuote {
    /// The cheapest first; empty if nothing can be sent there.
    pub options: Vec<ShippingOption>,
    pub cash_on_delivery: CashOnDelivery,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippingOption {
    pub method_id: ShippingMethodId,
    /// Stable short name: `standard`, `express`.
    pub code: String,
    pub name: String,
    /// GST-inclusive, in paise.
    pub charge: Money,
    /// Delivery is promised between these two days, in India.
    #[schema(value_type = String, format = Date)]
    pub promised_from: Date,
    #[schema(value_type = String, format = Date)]
    pub promised_to: Date,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CashOnDelivery {
    pub allowed: bool,
    /// Why not, in words for the customer; empty if allowed.
    #[serde(default)]
    pub reason: String,
}

/// Has a parcel fetched from a customer. Repeating it for the same return and attempt answers the same pick-up.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct BookPickup {
    pub return_id: ReturnId,
    pub order_id: OrderId,
    pub customer_id: UserId,
    pub from: Address,
    pub weight_grams: u32,
    /// From 1: another one, after the pick-up before came to nothing, is another parcel.
    #[serde(default = "first_attempt")]
    pub attempt: u32,
}
call!(BookPickup => BookedPickup, Shipping, "book-pickup");

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BookedPickup {
    pub shipment_id: ShipmentId,
    pub carrier: String,
    pub tracking_number: String,
}

text_enum! {
    /// Where a parcel is. `created` to `delivered` is the ordinary way; `returning` and `returned` is the way back to the seller.
    pub enum ShipmentStatus {
        Created = "created",
        Packed = "packed",
        PickedUp = "picked_up",
        InTransit = "in_transit",
        OutForDelivery = "out_for_delivery",
        Delivered = "delivered",
        /// A delivery was tried in vain, or the parcel is held up; it goes on.
        Exception = "exception",
        Returning = "returning",
        Returned = "returned",
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// To the customer, or back from one.
    pub enum Direction {
        Outbound = "outbound",
        Inbound = "inbound",
    }
}

/// What every event of a shipment says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShipmentFacts {
    pub shipment_id: ShipmentId,
    pub order_id: OrderId,
    /// For an inbound parcel.
    #[serde(default)]
    pub return_id: Option<ReturnId>,
    pub customer_id: UserId,
    pub direction: Direction,
    pub carrier: String,
    pub tracking_number: String,
    pub status: ShipmentStatus,
    /// When the carrier says it happened.
    pub at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShipmentCreated {
    #[serde(flatten)]
    pub shipment: ShipmentFacts,
    #[serde(default)]
    pub promised_to: Option<Date>,
}
event!(ShipmentCreated, Order, "shipment.created.v1");

/// Every change but those that have an event of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShipmentStatusChanged {
    #[serde(flatten)]
    pub shipment: ShipmentFacts,
}
event!(ShipmentStatusChanged, Order, "shipment.status_changed.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShipmentDelivered {
    #[serde(flatten)]
    pub shipment: ShipmentFacts,
    /// What the carrier was paid at the door, in paise; zero unless cash on delivery.
    pub cash_collected: Money,
}
event!(ShipmentDelivered, Order, "shipment.delivered.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShipmentException {
    #[serde(flatten)]
    pub shipment: ShipmentFacts,
    pub reason: String,
}
event!(ShipmentException, Order, "shipment.exception.v1");

/// Return to origin: the parcel could not be delivered and is back at the seller's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShipmentRto {
    #[serde(flatten)]
    pub shipment: ShipmentFacts,
    pub reason: String,
}
event!(ShipmentRto, Order, "shipment.rto.v1");

fn first_attempt() -> u32 {
    1
}
