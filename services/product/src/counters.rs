//! What Prometheus counts of stock. Each counter begins at nought when the process starts: growth from nothing to one is not seen
//! as growth.

use metrics::{Counter, counter};
use platform::telemetry::names;

/// When the shortage was found.
pub const AT_RESERVATION: &str = "reservation";
/// What was set aside had run out, and others were faster.
pub const AT_PAYMENT: &str = "payment";

pub fn begin() {
    for at in [AT_RESERVATION, AT_PAYMENT] {
        shortages(at).increment(0);
    }
}

/// Orders that there was too little stock for.
pub fn shortages(at: &'static str) -> Counter {
    counter!(names::STOCK_SHORTAGES_TOTAL, "service" => "product", "at" => at)
}
