//! The public endpoints, by what they are about, and the calls of other services.

mod browse;
pub(crate) mod calls;
mod categories;
mod images;
mod locations;
mod products;
mod reviews;
mod stock;
mod taxes;
mod variants;

use platform::Problem;
use utoipa_axum::router::OpenApiRouter;

use crate::Products;
use crate::domain::catalogue::{ABOVE_MRP, Broken};

const CATALOGUE: &str = "catalogue";
const REVIEWS: &str = "reviews";
const STOCK: &str = "stock";

pub fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new()
        .merge(categories::routes())
        .merge(browse::routes())
        .merge(products::routes())
        .merge(variants::routes())
        .merge(reviews::routes())
        .merge(taxes::routes())
        .merge(locations::routes())
        .merge(stock::routes())
        .merge(images::routes())
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        Problem::invalid(broken.field, broken.rule)
    }
}

/// What the violation of a constraint means to an editor of the catalogue.
#[track_caller]
fn refused(error: sqlx::Error) -> Problem {
    let constraint = error.as_database_error().and_then(|violation| violation.constraint());
    match constraint {
        Some("product_slug_key" | "category_slug_key") => {
            Problem::conflict("slug-taken", "The slug is taken").field("slug", "must be different from all others")
        }
        Some("variant_sku_key") => {
            Problem::conflict("sku-taken", "The SKU is taken").field("sku", "must be different from all others")
        }
        Some("variant_options_key") => Problem::conflict("variant-exists", "There is a variant with these options")
            .field("options", "must be different from the other variants'"),
        Some("variant_price_within_mrp") => Problem::invalid("price", ABOVE_MRP),
        Some("product_category_id_fkey") => Problem::invalid("category_id", "is not a category"),
        Some("category_parent_id_fkey") => Problem::invalid("parent_id", "is not a category"),
        Some("hsn_pkey") => {
            Problem::conflict("tax-code-exists", "The HSN code is there already").field("code", "must be a new one")
        }
        Some("location_name_key") => {
            Problem::conflict("name-taken", "The name is taken").field("name", "must be different from all others")
        }
        Some("location_position_key") => Problem::conflict("position-taken", "Another location has this position")
            .field("position", "must be different from all others"),
        Some("product_hsn_fkey") => Problem::invalid("hsn", "is not an HSN code that a GST rate is known for"),
        _ => error.into(),
    }
}
