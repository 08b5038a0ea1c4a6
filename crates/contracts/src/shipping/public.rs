//! Parcels and what they cost as clients see them.
//!
//! What carries somebody's address has no `Debug`, so that it cannot get into a log.

use garde::Validate;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use types::{Money, OrderId, PinCode, ReturnId, ShipmentId, ShippingMethodId, StateCode, Timestamp, UserId};
use utoipa::{IntoParams, ToSchema};

use super::{CashOnDelivery, Direction, ShipmentStatus, ShippingOption};
use crate::user::Address;

/// What would be sent, and where to.
#[derive(Clone, Debug, Deserialize, Validate, IntoParams)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct PromiseQuery {
    pub pin_code: PinCode,
    #[garde(inner(range(min = 1, max = 100_000)))]
    #[param(minimum = 1, maximum = 100_000, default = 500)]
    pub weight_grams: Option<u32>,
    /// What the goods cost after discounts, GST included, in paise.
    #[garde(inner(custom(not_negative)))]
    #[param(value_type = Option<i64>, minimum = 0, default = 0)]
    pub value: Option<Money>,
}

/// The ways to send a parcel to a PIN code, with what they cost and when it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryPromise {
    pub pin_code: PinCode,
    pub serviceable: bool,
    /// Why nothing can be sent there, in words for the customer; empty if something can.
    pub reason: String,
    /// The cheapest first.
    pub options: Vec<ShippingOption>,
    pub cash_on_delivery: CashOnDelivery,
}

#[derive(Clone, Debug, Deserialize, Validate, IntoParams)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct ServiceabilityQuery {
    pub pin_code: PinCode,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Serviceability {
    pub pin_code: PinCode,
    pub serviceable: bool,
    /// Why not, in words for the customer; empty if it is.
    pub reason: String,
    /// The zone's name.
    pub zone: Option<String>,
    /// The state or union territory that the PIN code lies in, where its first digits tell.
    pub state: Option<StateCode>,
    pub cash_on_delivery: CashOnDelivery,
}

#[derive(Clone, Debug, Deserialize, Validate, IntoParams)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct ShipmentsQuery {
    pub order_id: OrderId,
}

/// The parcels of an order, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shipments {
    pub shipments: Vec<Shipment>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shipment {
    pub id: ShipmentId,
    pub order_id: OrderId,
    /// Of a parcel that comes back from the customer.
    pub return_id: Option<ReturnId>,
    pub direction: Direction,
    pub status: ShipmentStatus,
    pub carrier: String,
    /// Absent until the carrier has been asked.
    pub tracking_number: Option<String>,
    /// Delivery is promised by this day, in India.
    #[schema(value_type = Option<String>, format = Date)]
    pub promised_to: Option<Date>,
    /// When it came to be where it is.
    pub status_at: Timestamp,
    /// Everything that is known of its way, the newest first.
    pub history: Vec<TrackingEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrackingEntry {
    pub at: Timestamp,
    pub status: ShipmentStatus,
    pub description: String,
    /// Empty if nobody said.
    pub location: String,
}

/// A parcel as staff see it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct DeskShipment {
    #[serde(flatten)]
    pub shipment: Shipment,
    /// Empty for a parcel that comes back.
    pub order_number: String,
    pub customer_id: UserId,
    /// Where it goes, or is fetched; absent once the customer was forgotten.
    pub address: Option<Address>,
    pub weight_grams: u32,
    /// At the door, in paise.
    pub cash_to_collect: Money,
    /// How often the carrier was asked to take it.
    pub booking_attempts: u32,
    /// Why the carrier did not take it the last time; absent once it has.
    pub booking_error: Option<String>,
}

/// Which parcels the staff's list shows.
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct ShipmentFilter {
    pub status: Option<ShipmentStatus>,
    pub direction: Option<Direction>,
    pub order_id: Option<OrderId>,
    /// The whole number.
    #[garde(inner(length(max = 64)))]
    #[param(max_length = 64)]
    pub tracking_number: Option<String>,
    /// Shipments per page.
    #[garde(inner(range(min = 1, max = 100)))]
    #[param(minimum = 1, maximum = 100, default = 24)]
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[garde(inner(length(max = 500)))]
    #[param(max_length = 500)]
    pub cursor: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CancelShipment {
    /// Why, for the parcel's history.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

/// What a carrier's webhook says. Fields that we do not know are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CarrierUpdate {
    /// The carrier's own: by it a repeat is recognised.
    pub event_id: String,
    pub tracking_number: String,
    pub status: ShipmentStatus,
    pub occurred_at: Timestamp,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub location: String,
}

/// Moves a parcel of the sandbox carrier. `{}` moves it one step.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub struct AdvanceParcel {
    /// As far as this, step by step.
    #[serde(default)]
    pub to: Option<ShipmentStatus>,
    /// Tell of each step twice.
    #[serde(default)]
    pub duplicate: bool,
    /// Tell of the last step first.
    #[serde(default)]
    pub reorder: bool,
    /// A delivery that was tried in vain, and why; not together with `to`.
    #[garde(inner(length(chars, min = 1, max = 200)))]
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default)]
    pub exception: Option<String>,
}

/// A parcel as the sandbox carrier knows it; the shipment follows when its webhooks have arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SandboxParcel {
    pub tracking_number: String,
    pub status: ShipmentStatus,
    /// Steps that it was moved.
    pub steps: u32,
}

/// All that a charge and a promise are reckoned from. The version that `If-Match` asks for is its `ETag`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RateCard {
    /// Counts the edits of the whole card.
    pub version: i64,
    pub zones: Vec<ShippingZone>,
    pub methods: Vec<ShippingMethod>,
    pub rates: Vec<ShippingRate>,
    pub blocks: Vec<ShippingBlock>,
}

/// Where a rate holds. A PIN code belongs to the zone with the longest prefix that it begins with, else to the zone of its
/// state, else to the zone of everywhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippingZone {
    #[schema(example = "south")]
    pub code: String,
    /// What a `PUT` of it takes.
    pub zone: WriteShippingZone,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WriteShippingZone {
    #[garde(length(chars, min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "South India")]
    pub name: String,
    /// First digits of PIN codes; each belongs to one zone only.
    #[garde(length(max = 1000), inner(pattern("^[1-9][0-9]{0,5}$")))]
    #[schema(max_items = 1000)]
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Each belongs to one zone only.
    #[garde(length(max = 40))]
    #[schema(max_items = 40)]
    #[serde(default)]
    pub states: Vec<StateCode>,
    /// One zone at most.
    #[garde(skip)]
    #[serde(default)]
    pub everywhere_else: bool,
    /// Goods worth more are not sent for cash, in paise; 0 if none are.
    #[garde(custom(not_negative))]
    #[schema(value_type = i64, minimum = 0)]
    pub cash_on_delivery_limit: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippingMethod {
    pub id: ShippingMethodId,
    /// Stable short name.
    #[schema(example = "standard")]
    pub code: String,
    pub name: String,
}

/// What a method costs in a zone, and how long it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippingRate {
    /// The zone's code.
    pub zone: String,
    /// The method's code.
    pub method: String,
    /// What a `PUT` of it takes.
    pub rate: WriteShippingRate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub struct WriteShippingRate {
    /// Delivered that many working days after the parcel is handed over, at the earliest.
    #[garde(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub min_days: u8,
    /// At the latest; not less than `min_days`.
    #[garde(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub max_days: u8,
    /// Free for goods worth at least this much, in paise; never if absent.
    #[garde(inner(custom(not_negative)))]
    #[schema(value_type = Option<i64>, minimum = 0)]
    #[serde(default)]
    pub free_from: Option<Money>,
    /// The lightest first; a heavier slab never costs less. What is heavier than the last is not carried.
    #[garde(length(min = 1, max = 50), dive)]
    #[schema(min_items = 1, max_items = 50)]
    pub slabs: Vec<WeightSlab>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WeightSlab {
    #[garde(range(min = 1, max = 100_000))]
    #[schema(minimum = 1, maximum = 100_000)]
    pub up_to_grams: u32,
    /// GST-inclusive, in paise.
    #[garde(custom(not_negative))]
    #[schema(value_type = i64, minimum = 0)]
    pub charge: Money,
}

/// PIN codes to which something cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippingBlock {
    /// First digits of the PIN codes.
    #[schema(example = "7443")]
    pub prefix: String,
    /// What a `PUT` of it takes.
    pub block: WriteShippingBlock,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WriteShippingBlock {
    /// Nothing at all can be sent; otherwise only cash on delivery is blocked.
    #[garde(skip)]
    pub delivery: bool,
    /// Why, in words for the customer.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

fn not_negative(amount: &Money, (): &()) -> garde::Result {
    if amount.is_negative() { Err(garde::Error::new("must not be negative")) } else { Ok(()) }
}
