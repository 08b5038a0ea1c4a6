//! The public endpoints and the calls of other services.

pub mod calls;
mod coupons;
mod promotions;

use platform::problem::{Problem, Result};
use types::Timestamp;
use utoipa_axum::router::OpenApiRouter;

use crate::Discounts;

const TAG: &str = "discounts";

pub fn routes() -> OpenApiRouter<Discounts> {
    coupons::routes().merge(promotions::routes())
}

fn check_schedule(starts_at: Timestamp, ends_at: Option<Timestamp>) -> Result<()> {
    if ends_at.is_some_and(|end| end <= starts_at) {
        return Err(Problem::invalid("ends_at", "must be after starts_at"));
    }
    Ok(())
}
