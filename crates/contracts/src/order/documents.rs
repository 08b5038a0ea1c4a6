//! Invoices and credit notes as clients see them.
//!
//! What carries somebody's address has no `Debug`, so that it cannot get into a log.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use types::{InvoiceId, Money, OrderId, Rate, ReturnId, StateCode};
use utoipa::ToSchema;

use super::TaxSplit;
use crate::user::Address;

/// A tax invoice (CGST Rules 2017, rule 46).
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Invoice {
    pub id: InvoiceId,
    /// Consecutive and without a gap within its financial year and series.
    #[schema(example = "INV2627/00000001", max_length = 16)]
    pub number: String,
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    pub order_id: OrderId,
    pub order_number: String,
    pub seller: Seller,
    pub buyer: Address,
    pub place_of_supply: StateCode,
    /// In words: `Telangana`.
    pub place_of_supply_name: String,
    /// Always false: the seller pays the tax.
    pub reverse_charge: bool,
    /// The order's lines; if delivery is charged, it is the last.
    pub lines: Vec<InvoiceLine>,
    pub total: Money,
    pub tax: TaxSplit,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Seller {
    pub name: String,
    /// GST identification number.
    #[schema(example = "36AABCH1234A1ZD")]
    pub gstin: String,
    pub address: String,
}

/// In paise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceLine {
    pub description: String,
    pub hsn: String,
    pub quantity: u32,
    /// One piece, GST included.
    pub unit_price: Money,
    pub discount: Money,
    pub gst_rate: Rate,
    pub tax: TaxSplit,
    pub total: Money,
}

/// A credit note (CGST Act 2017, section 34): what of an invoice is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreditNote {
    pub id: InvoiceId,
    #[schema(example = "CRN2627/00000001", max_length = 16)]
    pub number: String,
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    pub invoice_number: String,
    pub order_id: OrderId,
    /// Absent if it is for a cancellation.
    pub return_id: Option<ReturnId>,
    pub lines: Vec<CreditNoteLine>,
    pub total: Money,
    pub tax: TaxSplit,
}

/// In paise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreditNoteLine {
    pub description: String,
    pub hsn: String,
    /// Pieces; 1 for a delivery charge.
    pub quantity: u32,
    pub gst_rate: Rate,
    pub tax: TaxSplit,
    pub total: Money,
}
