//! The names of our metrics, after Prometheus' conventions: the unit in the name, `_total` on counters.
//!
//! Labels take few values: `service`, `route` (the template, never the path), `status`, `tier`. Never an id.

/// Counter: requests answered, by `service`, `method`, `route` and `status`.
pub const HTTP_REQUESTS_TOTAL: &str = "http_requests_total";
/// Histogram: seconds from a request's head to its response's head, by `service`, `method`, `route` and `status`.
pub const HTTP_REQUEST_DURATION_SECONDS: &str = "http_request_duration_seconds";
/// Gauge: requests that are being worked on, by `service`.
pub const HTTP_REQUESTS_IN_FLIGHT: &str = "http_requests_in_flight";
/// Counter: calls to other services, by `service` (the caller), `callee`, `route` and `status` (or `timeout`, `refused` ...).
pub const CLIENT_REQUESTS_TOTAL: &str = "client_requests_total";
/// Histogram: seconds that a call to another service took, its retries included, by `service` and `callee`.
pub const CLIENT_REQUEST_DURATION_SECONDS: &str = "client_request_duration_seconds";
/// Counter: look-ups in a cache, by `service`, `tier` (`process`, `redis`) and `outcome` (`hit`, `miss`).
pub const CACHE_LOOKUPS_TOTAL: &str = "cache_lookups_total";
/// Counter: commands that Redis did not answer well or in time, by `use` (`cache`, `limits` ...).
pub const REDIS_FAILURES_TOTAL: &str = "redis_failures_total";
/// Counter: requests refused for being too many, by `rule`.
pub const RATE_LIMITED_TOTAL: &str = "rate_limited_total";

/// What `/metrics` says of each.
pub(super) fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(HTTP_REQUESTS_TOTAL, "Requests answered.");
    describe_histogram!(HTTP_REQUEST_DURATION_SECONDS, "Seconds from a request's head to its response's head.");
    describe_gauge!(HTTP_REQUESTS_IN_FLIGHT, "Requests that are being worked on.");
    describe_counter!(CLIENT_REQUESTS_TOTAL, "Calls to other services.");
    describe_histogram!(CLIENT_REQUEST_DURATION_SECONDS, "Seconds that a call to another service took.");
    describe_counter!(CACHE_LOOKUPS_TOTAL, "Look-ups in a cache.");
    describe_counter!(REDIS_FAILURES_TOTAL, "Commands that Redis did not answer well or in time.");
    describe_counter!(RATE_LIMITED_TOTAL, "Requests refused for being too many.");
}
