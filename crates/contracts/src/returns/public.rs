//! Returns as clients see them.
//!
//! What carries somebody's address has no `Debug`, so that it cannot get into a log.

use garde::Validate;
use serde::{Deserialize, Serialize};
use types::{Money, OrderId, OrderLineId, ReturnId, ReturnLineId, Timestamp, UserId, VariantId, text_enum};
use utoipa::{IntoParams, ToSchema};

use super::ReturnStatus;
use crate::user::Address;

text_enum! {
    /// Why something comes back.
    pub enum ReturnReason {
        Damaged = "damaged",
        Defective = "defective",
        WrongItem = "wrong_item",
        NotAsDescribed = "not_as_described",
        DoesNotFit = "does_not_fit",
        ArrivedLate = "arrived_late",
        ChangedMind = "changed_mind",
        Other = "other",
    }
}

/// What a customer wants to send back of one order, for a refund the way it was paid.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewReturn {
    #[garde(skip)]
    pub order_id: OrderId,
    /// Each line of the order once at most.
    #[garde(length(min = 1, max = 100), dive)]
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<NewReturnLine>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewReturnLine {
    #[garde(skip)]
    pub order_line_id: OrderLineId,
    #[garde(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000)]
    pub quantity: u32,
    #[garde(skip)]
    pub reason: ReturnReason,
    /// More about it.
    #[garde(length(chars, max = 1000))]
    #[schema(max_length = 1000)]
    #[serde(default)]
    pub comment: String,
    /// A picture of what is wrong.
    #[garde(inner(length(max = 500), pattern("^https?://[^\\s]+$")))]
    #[schema(max_length = 500, pattern = "^https?://[^\\s]+$", example = "https://photos.example/torn.jpg")]
    #[serde(default)]
    pub photo_url: Option<String>,
}

/// A return. Its version is its `ETag`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Return {
    pub id: ReturnId,
    pub order_id: OrderId,
    pub order_number: String,
    pub status: ReturnStatus,
    pub lines: Vec<ReturnLine>,
    /// What is refunded in all, in paise; zero before the goods were received.
    pub refund: Money,
    /// Who fetches the parcel, once it is known.
    pub pickup: Option<Pickup>,
    /// Present if it was rejected.
    pub rejection_reason: Option<String>,
    pub requested_at: Timestamp,
    /// The oldest first.
    pub timeline: Vec<ReturnEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReturnLine {
    pub id: ReturnLineId,
    pub order_line_id: OrderLineId,
    pub variant_id: VariantId,
    pub title: String,
    pub options: String,
    /// Pieces that were asked back.
    pub quantity: u32,
    pub reason: ReturnReason,
    pub comment: String,
    pub photo_url: Option<String>,
    /// What was found when it came; absent before.
    pub inspection: Option<Inspection>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inspection {
    /// Pieces that are refunded.
    pub accepted: u32,
    /// Of those, pieces that can be sold again.
    pub restock: u32,
    pub note: String,
    /// For the accepted pieces, GST included, in paise.
    pub refund: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pickup {
    pub carrier: String,
    pub tracking_number: String,
}

text_enum! {
    /// What happened to a return.
    pub enum ReturnEntryKind {
        Requested = "requested",
        Approved = "approved",
        Rejected = "rejected",
        Cancelled = "cancelled",
        PickupBooked = "pickup_booked",
        /// Something about the parcel.
        ParcelUpdate = "parcel_update",
        Received = "received",
        RefundDue = "refund_due",
        Refunded = "refunded",
        RefundFailed = "refund_failed",
        Closed = "closed",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReturnEntry {
    pub at: Timestamp,
    pub kind: ReturnEntryKind,
    /// More about it; empty if there is nothing more.
    pub detail: String,
}

/// A return in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReturnSummary {
    pub id: ReturnId,
    pub order_id: OrderId,
    pub order_number: String,
    pub status: ReturnStatus,
    /// Pieces over all lines.
    pub pieces: u32,
    pub refund: Money,
    pub requested_at: Timestamp,
}

/// A return in the staff's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskReturnSummary {
    pub customer_id: UserId,
    #[serde(flatten)]
    pub summary: ReturnSummary,
}

/// A return as staff see it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct DeskReturn {
    pub customer_id: UserId,
    #[serde(flatten)]
    pub details: Return,
    /// Where the parcel is fetched; absent once the customer was forgotten.
    pub address: Option<Address>,
}

/// Which returns the staff's list shows.
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct ReturnFilter {
    pub status: Option<ReturnStatus>,
    pub order_id: Option<OrderId>,
    /// Returns per page.
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
pub struct RejectReturn {
    /// In words for the customer.
    #[garde(length(chars, min = 3, max = 500))]
    #[schema(min_length = 3, max_length = 500)]
    pub reason: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CancelReturn {
    /// In words for the customer.
    #[garde(length(chars, min = 3, max = 500))]
    #[schema(min_length = 3, max_length = 500)]
    pub reason: String,
}

/// What came back and in what state: every line of the return.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReceiveReturn {
    #[garde(length(min = 1, max = 100), dive)]
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Vec<InspectedLine>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct InspectedLine {
    #[garde(skip)]
    pub return_line_id: ReturnLineId,
    /// Pieces that are refunded; at most what was asked back.
    #[garde(range(max = 1000))]
    #[schema(maximum = 1000)]
    pub accepted: u32,
    /// Of those, pieces that can be sold again.
    #[garde(range(max = 1000))]
    #[schema(maximum = 1000)]
    pub restock: u32,
    #[garde(length(chars, max = 1000))]
    #[schema(max_length = 1000)]
    #[serde(default)]
    pub note: String,
}
