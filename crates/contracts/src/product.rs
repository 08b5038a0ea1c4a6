//! The catalogue and the stock.

use serde::{Deserialize, Serialize};
use types::{CategoryId, Money, OrderId, ProductId, Rate, ReviewId, Timestamp, UserId, VariantId};
use utoipa::ToSchema;

use crate::{call, event};

mod browse;
mod catalogue;
mod stock_keeping;
mod taxes;

pub use browse::*;
pub use catalogue::*;
pub use stock_keeping::*;
pub use taxes::*;

/// Variants as a cart or an order needs them. Unknown ids are left out of the reply.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LookUpVariants {
    pub variant_ids: Vec<VariantId>,
}
call!(LookUpVariants => FoundVariants, Product, "look-up-variants");

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FoundVariants {
    pub variants: Vec<VariantSnapshot>,
}

/// A stock unit with what a line of an order copies from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VariantSnapshot {
    pub variant_id: VariantId,
    pub product_id: ProductId,
    /// The product's category and all above it, the nearest first.
    pub category_ids: Vec<CategoryId>,
    pub sku: String,
    /// The product's title.
    pub title: String,
    /// The choice of options in words: `Blue, XL`; empty if the product has none.
    pub options: String,
    pub image: Option<String>,
    /// GST-inclusive price of one piece, in paise.
    pub unit_price: Money,
    /// Maximum retail price (Legal Metrology (Packaged Commodities) Rules 2011), in paise; `unit_price` never exceeds it.
    pub mrp: Money,
    /// Harmonised System of Nomenclature code, 4 to 8 digits.
    pub hsn: String,
    /// The GST rate in force now, at this price.
    pub gst_rate: Rate,
    /// The rates in force now where they depend on the price that is paid for a piece; empty where they do not.
    #[serde(default)]
    pub gst_rates: Vec<RateAbove>,
    pub weight_grams: u32,
    /// Pieces that can be reserved now, over all locations.
    pub available: u32,
    pub max_per_order: u32,
    /// Days after delivery within which it may be returned; 0 if not at all.
    pub return_days: u16,
    /// False when the product or the variant is not on sale (draft, archived, deleted).
    pub on_sale: bool,
}

/// A GST rate of pieces whose price is above a threshold, and not above a higher one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RateAbove {
    /// GST-inclusive, in paise.
    pub above: Money,
    pub rate: Rate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockLine {
    pub variant_id: VariantId,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shortage {
    pub variant_id: VariantId,
    pub requested: u32,
    pub available: u32,
}

/// Sets stock aside for an order: all lines or none; lines of one variant are summed. Repeating it for the same order answers
/// what the first one did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReserveStock {
    pub order_id: OrderId,
    pub lines: Vec<StockLine>,
    /// From then on the stock is anybody's again.
    pub expires_at: Timestamp,
}
call!(ReserveStock => StockReservation, Product, "reserve-stock");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StockReservation {
    Held,
    Short {
        shortages: Vec<Shortage>,
    },
    /// The order's stock was released before: a late request must not set it aside again.
    Released,
}

/// Turns the order's reservation into a sale. If the reservation has expired it is made again, if there is stock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CommitStock {
    pub order_id: OrderId,
    pub lines: Vec<StockLine>,
}
call!(CommitStock => StockCommitment, Product, "commit-stock");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StockCommitment {
    Committed,
    Short { shortages: Vec<Shortage> },
    Released,
}

/// Gives the order's stock back, reserved or sold, and closes the order for further reservations.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReleaseStock {
    pub order_id: OrderId,
}
call!(ReleaseStock => Done, Product, "release-stock");

/// Nothing more to say than that it is done, now or before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductCreated {
    pub product_id: ProductId,
}
event!(ProductCreated, Product, "product.created.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductUpdated {
    pub product_id: ProductId,
    pub variant_ids: Vec<VariantId>,
}
event!(ProductUpdated, Product, "product.updated.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductDeleted {
    pub product_id: ProductId,
    pub variant_ids: Vec<VariantId>,
}
event!(ProductDeleted, Product, "product.deleted.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PriceChanged {
    pub product_id: ProductId,
    pub variant_id: VariantId,
    pub old_price: Money,
    pub new_price: Money,
}
event!(PriceChanged, Product, "product.price_changed.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StockReserved {
    pub order_id: OrderId,
    pub lines: Vec<StockLine>,
}
event!(StockReserved, Product, "stock.reserved.v1");

/// The reservation's time ran out; its stock is anybody's again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StockExpired {
    pub order_id: OrderId,
    pub lines: Vec<StockLine>,
}
event!(StockExpired, Product, "stock.expired.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StockReleased {
    pub order_id: OrderId,
    pub lines: Vec<StockLine>,
}
event!(StockReleased, Product, "stock.released.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StockCommitted {
    pub order_id: OrderId,
    pub lines: Vec<StockLine>,
}
event!(StockCommitted, Product, "stock.committed.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StockLow {
    pub variant_id: VariantId,
    pub sku: String,
    pub title: String,
    pub available: u32,
    pub threshold: u32,
}
event!(StockLow, Product, "stock.low.v1");

/// It can be bought again; `subscribers` asked to be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackInStock {
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub title: String,
    pub subscribers: Vec<UserId>,
}
event!(BackInStock, Product, "stock.back_in_stock.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReviewSubmitted {
    pub review_id: ReviewId,
    pub product_id: ProductId,
    pub user_id: UserId,
    /// 1 to 5.
    pub rating: u8,
}
event!(ReviewSubmitted, Product, "review.submitted.v1");
