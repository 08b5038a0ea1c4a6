//! An order as it is stored.

use contracts::order::{CancelReason, OrderStatus, RefundStatus};
use contracts::payment::PaymentMethod;
use contracts::product::StockLine;
use contracts::user::Address;
use jiff::civil::Date;
use types::{
    CartId, CategoryId, IntentId, Money, OrderId, OrderLineId, ProductId, Rate, ShipmentId, ShippingMethodId,
    StateCode, Timestamp, UserId, VariantId,
};

use super::gst::{Supply, Tax};

/// No `Debug`: it has somebody's address.
#[derive(Clone)]
pub struct Order {
    pub id: OrderId,
    pub number: String,
    pub customer_id: UserId,
    pub status: OrderStatus,
    /// Counts its changes from 1.
    pub version: i64,
    /// Of a cancelled order.
    pub cancel_reason: Option<CancelReason>,
    pub cart_id: Option<CartId>,
    pub coupon_code: Option<String>,
    pub notes: Option<String>,
    pub address: Address,
    pub place_of_supply: StateCode,
    pub lines: Vec<Line>,
    pub delivery: Delivery,
    /// Lines and delivery, GST included.
    pub total: Money,
    pub payment_method: PaymentMethod,
    pub intent_id: Option<IntentId>,
    /// When an unpaid order is cancelled.
    pub expires_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub refunded: Money,
    pub parcel: Option<Parcel>,
    pub created_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
    pub shipped_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
}

/// A line as it was when it was ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// From 1.
    pub position: i16,
    pub id: OrderLineId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub category_ids: Vec<CategoryId>,
    pub sku: String,
    pub title: String,
    pub options: String,
    pub image: Option<String>,
    pub quantity: u32,
    /// One piece, GST included.
    pub unit_price: Money,
    pub mrp: Money,
    pub discount: Money,
    /// After the discount, GST included.
    pub total: Money,
    pub hsn: String,
    pub gst_rate: Rate,
    pub tax: Tax,
    /// One piece.
    pub weight_grams: u32,
    pub return_days: u16,
    /// What credit notes have taken back of `total`.
    pub credited: Money,
}

/// How it is sent, and what that costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub method_id: ShippingMethodId,
    pub method: String,
    pub promised_from: Date,
    pub promised_to: Date,
    pub weight_grams: u32,
    pub charge: Money,
    pub discount: Money,
    pub hsn: String,
    pub gst_rate: Rate,
    /// Within the charge less the discount.
    pub tax: Tax,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub shipment_id: ShipmentId,
    pub carrier: String,
    pub tracking_number: String,
}

impl Delivery {
    /// After the discount, GST included.
    pub fn total(&self) -> Money {
        self.charge - self.discount
    }
}

impl Order {
    pub fn supply(&self) -> Supply {
        Supply::to(self.place_of_supply)
    }

    /// The tax within the total.
    pub fn tax(&self) -> Tax {
        self.lines.iter().map(|line| line.tax).sum::<Tax>() + self.delivery.tax
    }

    pub fn stock(&self) -> Vec<StockLine> {
        self.lines.iter().map(|l| StockLine { variant_id: l.variant_id, quantity: l.quantity }).collect()
    }

    pub fn is_cash_on_delivery(&self) -> bool {
        self.payment_method == PaymentMethod::CashOnDelivery
    }

    /// Nobody has to pay before it is confirmed.
    pub fn confirms_at_once(&self) -> bool {
        self.is_cash_on_delivery() || self.total.is_zero()
    }

    /// Does it wait for the customer's payment, and not only for its confirmation?
    pub fn awaits_payment(&self) -> bool {
        self.status == OrderStatus::Pending && self.paid_at.is_none() && !self.confirms_at_once()
    }

    /// To be collected at the door.
    pub fn cash_to_collect(&self) -> Money {
        if self.is_cash_on_delivery() { self.total } else { Money::ZERO }
    }

    pub fn refund_status(&self) -> RefundStatus {
        refund_status(self.refunded, self.total)
    }
}

/// How much of a paid total went back.
pub fn refund_status(refunded: Money, total: Money) -> RefundStatus {
    if !refunded.is_positive() {
        RefundStatus::None
    } else if refunded < total {
        RefundStatus::PartiallyRefunded
    } else {
        RefundStatus::Refunded
    }
}
