//! Looking for products.

use garde::Validate;
use serde::{Deserialize, Serialize};
use types::{Money, text_enum};
use utoipa::{IntoParams, ToSchema};

use super::ProductCard;

text_enum! {
    pub enum ProductSort {
        /// The best match first; without a query, the newest.
        Relevance = "relevance",
        Newest = "newest",
        PriceAscending = "price_asc",
        PriceDescending = "price_desc",
        Rating = "rating",
    }
}

/// Which products, in which order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub struct ProductQuery {
    /// A category's slug; what is below it counts as in it.
    #[garde(inner(length(chars, max = 80)))]
    #[param(max_length = 80)]
    pub category: Option<String>,
    #[garde(inner(length(chars, max = 80)))]
    #[param(max_length = 80)]
    pub brand: Option<String>,
    /// In paise.
    #[garde(inner(range(min = 0)))]
    #[param(minimum = 0)]
    pub min_price: Option<i64>,
    /// In paise.
    #[garde(inner(range(min = 0)))]
    #[param(minimum = 0)]
    pub max_price: Option<i64>,
    /// `true`: only what can be bought now.
    pub in_stock: Option<bool>,
    /// At least so many stars on average.
    #[garde(inner(range(min = 1, max = 5)))]
    #[param(minimum = 1, maximum = 5)]
    pub rating: Option<u8>,
    pub sort: Option<ProductSort>,
    /// Items per page.
    #[garde(inner(range(min = 1, max = 100)))]
    #[param(minimum = 1, maximum = 100, default = 24)]
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[garde(inner(length(max = 500)))]
    #[param(max_length = 500)]
    pub cursor: Option<String>,
}

/// What to look for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchText {
    /// Words; `"in quotes"` together, `-without`.
    #[garde(length(chars, min = 1, max = 200), pattern(r"\S"))]
    #[param(min_length = 1, max_length = 200, example = "cotton kurta")]
    pub q: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchResult {
    pub items: Vec<ProductCard>,
    /// Send it as `cursor` to get what follows; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
    /// What was looked for instead, because nothing was found for the words as they were written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub corrected: Option<String>,
    /// On the first page: how the matches divide.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub facets: Option<Facets>,
}

/// How many matches each choice would leave. Each facet counts as if nothing were chosen in itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Facets {
    /// Matches with everything that was chosen.
    pub total: u32,
    pub categories: Vec<FacetCount>,
    pub brands: Vec<FacetCount>,
    pub prices: Vec<PriceBand>,
    /// By `rating`: so many stars or more.
    pub ratings: Vec<FacetCount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FacetCount {
    /// What to send in the query.
    pub value: String,
    /// What to show.
    pub label: String,
    pub count: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceBand {
    /// In paise.
    pub min_price: Money,
    /// In paise; absent in the highest band.
    pub max_price: Option<Money>,
    pub count: u32,
}
