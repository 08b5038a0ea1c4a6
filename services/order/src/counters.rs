//! What Prometheus counts of the shop's earnings. Each counter begins at nought when the process starts: growth from nothing to one is not seen
//! as growth.

use contracts::payment::PaymentMethod;
use metrics::{Counter, counter};
use platform::telemetry::names;

pub fn begin() {
    for method in PaymentMethod::ALL {
        invoiced(*method).increment(0);
    }
    credited().increment(0);
}

/// In paise, taxes included.
pub fn invoiced(method: PaymentMethod) -> Counter {
    counter!(names::INVOICED_PAISE_TOTAL, "service" => "order", "method" => method.as_str())
}

/// In paise, taxes included.
pub fn credited() -> Counter {
    counter!(names::CREDITED_PAISE_TOTAL, "service" => "order")
}
