//! GST rates by HSN code, as editors of the catalogue see them.

use garde::Validate;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use types::{Money, Rate};
use utoipa::ToSchema;

/// A code of the Harmonised System of Nomenclature that is sold here, with its GST rates: those that were, that are, and that are
/// notified for a day to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaxCode {
    #[schema(example = "6109")]
    pub code: String,
    pub description: String,
    /// By day, and by price within a day.
    pub rates: Vec<GstRate>,
}

/// Of the rates whose day has come, those of the newest day count; of these, the one with the highest `above` that the price of a
/// piece exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct GstRate {
    /// From midnight in India.
    #[schema(value_type = String, format = Date, example = "2025-09-22")]
    pub effective_from: Date,
    /// The rate is for pieces whose price, GST included, exceeds this many paise; 0 for all prices.
    #[serde(default)]
    #[garde(custom(is_threshold))]
    #[schema(minimum = 0, maximum = 1000000000, default = 0, example = 262500)]
    pub above: Money,
    /// CGST and SGST together, or IGST, in basis points.
    #[garde(custom(is_percentage))]
    pub rate: Rate,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewTaxCode {
    #[garde(pattern("^[0-9]{4,8}$"))]
    #[schema(pattern = "^[0-9]{4,8}$", example = "6109")]
    pub code: String,
    #[garde(length(chars, max = 200), pattern(r"\S"))]
    #[schema(max_length = 200, pattern = r"\S", example = "T-shirts, singlets and other vests, knitted or crocheted")]
    pub description: String,
    /// Each day that stands here needs a rate for all prices. The first must have come.
    #[garde(length(min = 1, max = 100), dive)]
    #[schema(min_items = 1, max_items = 100)]
    pub rates: Vec<GstRate>,
}

/// Takes the place of what was there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TaxCodeChange {
    #[garde(length(chars, max = 200), pattern(r"\S"))]
    #[schema(max_length = 200, pattern = r"\S")]
    pub description: String,
    /// All rates: those that are over stay in the list, since they tell what was charged and why.
    #[garde(length(min = 1, max = 100), dive)]
    #[schema(min_items = 1, max_items = 100)]
    pub rates: Vec<GstRate>,
}

fn is_threshold(above: &Money, _: &()) -> garde::Result {
    match (0..=1_000_000_000).contains(&above.paise()) {
        true => Ok(()),
        false => Err(garde::Error::new("must be from 0 to 1000000000 paise")),
    }
}

fn is_percentage(rate: &Rate, _: &()) -> garde::Result {
    match (0..=10_000).contains(&rate.basis_points()) {
        true => Ok(()),
        false => Err(garde::Error::new("must be from 0 to 10000 basis points")),
    }
}
