//! What Prometheus counts of payments. Each counter begins at nought when the process starts: growth from nothing to one is not seen
//! as growth.

use contracts::payment::PaymentMethod;
use metrics::{Counter, counter};
use platform::telemetry::names;

const OUTCOMES: [&str; 3] = ["succeeded", "failed", "late"];

pub fn begin() {
    for method in PaymentMethod::ALL.iter().filter(|method| **method != PaymentMethod::CashOnDelivery) {
        for outcome in OUTCOMES {
            attempts(*method, outcome).increment(0);
        }
    }
    refunded().increment(0);
}

/// Attempts to pay that ended with one of the outcomes; `late` for an order that was cancelled before.
pub fn attempts(method: PaymentMethod, outcome: &'static str) -> Counter {
    counter!(names::PAYMENTS_TOTAL, "service" => "payment", "method" => method.as_str(), "outcome" => outcome)
}

/// In paise.
pub fn refunded() -> Counter {
    counter!(names::REFUNDED_PAISE_TOTAL, "service" => "payment")
}
