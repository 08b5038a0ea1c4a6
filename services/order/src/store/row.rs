//! An order's line as a row, in JSON: lines are written and read together with their order, in one statement.

use serde::{Deserialize, Serialize};
use types::{CategoryId, Money, OrderLineId, ProductId, Rate, VariantId};

use crate::domain::{Line, Tax};

/// The members are the columns.
#[derive(Debug, Serialize, Deserialize)]
pub struct LineRow {
    position: i16,
    id: OrderLineId,
    variant_id: VariantId,
    product_id: ProductId,
    category_ids: Vec<CategoryId>,
    sku: String,
    title: String,
    options: String,
    image: Option<String>,
    quantity: u32,
    unit_price_paise: Money,
    mrp_paise: Money,
    discount_paise: Money,
    total_paise: Money,
    hsn: String,
    gst_rate: Rate,
    taxable_paise: Money,
    cgst_paise: Money,
    sgst_paise: Money,
    igst_paise: Money,
    weight_grams: u32,
    return_days: u16,
    credited_paise: Money,
}

impl From<&Line> for LineRow {
    fn from(line: &Line) -> Self {
        let line = line.clone();
        LineRow {
            position: line.position,
            id: line.id,
            variant_id: line.variant_id,
            product_id: line.product_id,
            category_ids: line.category_ids,
            sku: line.sku,
            title: line.title,
            options: line.options,
            image: line.image,
            quantity: line.quantity,
            unit_price_paise: line.unit_price,
            mrp_paise: line.mrp,
            discount_paise: line.discount,
            total_paise: line.total,
            hsn: line.hsn,
            gst_rate: line.gst_rate,
            taxable_paise: line.tax.taxable,
            cgst_paise: line.tax.cgst,
            sgst_paise: line.tax.sgst,
            igst_paise: line.tax.igst,
            weight_grams: line.weight_grams,
            return_days: line.return_days,
            credited_paise: line.credited,
        }
    }
}

impl From<LineRow> for Line {
    fn from(row: LineRow) -> Self {
        Line {
            position: row.position,
            id: row.id,
            variant_id: row.variant_id,
            product_id: row.product_id,
            category_ids: row.category_ids,
            sku: row.sku,
            title: row.title,
            options: row.options,
            image: row.image,
            quantity: row.quantity,
            unit_price: row.unit_price_paise,
            mrp: row.mrp_paise,
            discount: row.discount_paise,
            total: row.total_paise,
            hsn: row.hsn,
            gst_rate: row.gst_rate,
            tax: Tax { taxable: row.taxable_paise, cgst: row.cgst_paise, sgst: row.sgst_paise, igst: row.igst_paise },
            weight_grams: row.weight_grams,
            return_days: row.return_days,
            credited: row.credited_paise,
        }
    }
}
