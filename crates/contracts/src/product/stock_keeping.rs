//! The stock as its keepers see it.

use garde::Validate;
use serde::{Deserialize, Serialize};
use types::{LocationId, OrderId, ReturnId, Timestamp, UserId, VariantId, text_enum};
use utoipa::ToSchema;

text_enum! {
    /// Why the stock on hand changed.
    pub enum StockReason {
        /// The first count.
        Opening = "opening",
        /// Goods came in.
        Receipt = "receipt",
        /// A count found another number.
        Correction = "correction",
        Damage = "damage",
        Sale = "sale",
        /// A sale that was undone.
        Cancellation = "cancellation",
        /// A customer sent it back, fit to be sold again.
        Return = "return",
    }
}

text_enum! {
    /// The reasons that people may give; the others belong to orders and returns.
    pub enum AdjustmentReason {
        Opening = "opening",
        Receipt = "receipt",
        Correction = "correction",
        Damage = "damage",
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct StockAdjustment {
    pub variant_id: VariantId,
    pub location_id: LocationId,
    /// Pieces that came (positive) or went (negative); not 0.
    #[garde(range(min = -1_000_000, max = 1_000_000), custom(not_zero))]
    #[schema(minimum = -1000000, maximum = 1000000, example = 25)]
    pub change: i32,
    pub reason: AdjustmentReason,
    #[serde(default)]
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    pub note: String,
}

fn not_zero(change: &i32, _: &()) -> garde::Result {
    if *change == 0 { Err(garde::Error::new("must not be 0")) } else { Ok(()) }
}

/// The stock of a variant, and what has happened to it, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockOfVariant {
    pub variant_id: VariantId,
    pub sku: String,
    pub locations: Vec<StockAtLocation>,
    pub ledger: Vec<LedgerEntry>,
    /// Send it as `cursor` to get older entries; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockAtLocation {
    pub location_id: LocationId,
    pub name: String,
    /// Pieces in the house.
    pub on_hand: u32,
    /// Of these, pieces that are set aside for orders.
    pub reserved: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerEntry {
    pub id: i64,
    pub location_id: LocationId,
    pub change: i32,
    /// Pieces in the house after it.
    pub on_hand: u32,
    pub reason: StockReason,
    pub order_id: Option<OrderId>,
    pub return_id: Option<ReturnId>,
    /// The member of staff who did it.
    pub actor_id: Option<UserId>,
    pub note: String,
    pub at: Timestamp,
}

/// Tells a customer when a variant can be bought again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct NewStockAlert {
    pub variant_id: VariantId,
}

/// A place where stock is kept. All of them belong to one GST registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Location {
    pub id: LocationId,
    #[schema(example = "Hyderabad")]
    pub name: String,
    /// Stock is taken from the lower position first.
    pub position: i32,
}

/// What a location is to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct LocationDetails {
    #[garde(length(chars, max = 80), pattern(r"\S"))]
    #[schema(max_length = 80, pattern = r"\S", example = "Hyderabad")]
    pub name: String,
    /// Stock is taken from the lower position first. No two locations have the same.
    #[garde(range(min = 1, max = 10_000))]
    #[schema(minimum = 1, maximum = 10000)]
    pub position: i32,
}
