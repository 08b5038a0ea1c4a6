//! All our metrics, after Prometheus' conventions: the unit in the name, `_total` on counters.
//!
//! Labels take few values: `service`, `route` (the template, never the path), `status`, `tier`. Never an id.
//! Dashboards and alert rules (`deploy/`) are held against [`ALL`], and so is the code (`haat/tests/house/metrics.rs`).

/// What one metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// Each of its samples has these labels, and no other of ours.
    pub labels: &'static [&'static str],
    /// What `/metrics` says of it.
    pub help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

// Requests and calls.
pub const HTTP_REQUESTS_TOTAL: &str = "http_requests_total";
pub const HTTP_REQUEST_DURATION_SECONDS: &str = "http_request_duration_seconds";
pub const HTTP_REQUESTS_IN_FLIGHT: &str = "http_requests_in_flight";
pub const CALLS_TOTAL: &str = "calls_total";
pub const CALL_DURATION_SECONDS: &str = "call_duration_seconds";
pub const CALL_RETRIES_TOTAL: &str = "call_retries_total";
pub const RATE_LIMITED_TOTAL: &str = "rate_limited_total";

// Databases and Redis.
pub const DATABASE_CONNECTIONS: &str = "database_connections";
pub const DATABASE_READS_TOTAL: &str = "database_reads_total";
pub const DATABASE_REPLICA_LAG_SECONDS: &str = "database_replica_lag_seconds";
pub const DATABASE_REPLICA_USABLE: &str = "database_replica_usable";
pub const CACHE_LOOKUPS_TOTAL: &str = "cache_lookups_total";
pub const REDIS_FAILURES_TOTAL: &str = "redis_failures_total";

// Events, queues and work by the clock.
pub const OUTBOX_EVENTS: &str = "outbox_events";
pub const OUTBOX_AGE_SECONDS: &str = "outbox_age_seconds";
pub const OUTBOX_RELAY_FAILURES_TOTAL: &str = "outbox_relay_failures_total";
pub const EVENTS_PUBLISHED_TOTAL: &str = "events_published_total";
pub const EVENTS_HANDLED_TOTAL: &str = "events_handled_total";
pub const EVENT_DURATION_SECONDS: &str = "event_duration_seconds";
pub const EVENTS_PARKED: &str = "events_parked";
pub const EVENTS_PARKED_TOTAL: &str = "events_parked_total";
pub const STREAM_LAG_EVENTS: &str = "stream_lag_events";
pub const STREAM_LAG_FAILURES_TOTAL: &str = "stream_lag_failures_total";
pub const QUEUE_MESSAGES: &str = "queue_messages";
pub const QUEUE_AGE_SECONDS: &str = "queue_age_seconds";
pub const QUEUE_DEAD_LETTERS_TOTAL: &str = "queue_dead_letters_total";
pub const JOB_DURATION_SECONDS: &str = "job_duration_seconds";
pub const JOB_FAILURES_TOTAL: &str = "job_failures_total";

// The business. Amounts are in paise, taxes included.
pub const INVOICED_PAISE_TOTAL: &str = "invoiced_paise_total";
pub const CREDITED_PAISE_TOTAL: &str = "credited_paise_total";
pub const PAYMENTS_TOTAL: &str = "payments_total";
pub const REFUNDED_PAISE_TOTAL: &str = "refunded_paise_total";
pub const STOCK_SHORTAGES_TOTAL: &str = "stock_shortages_total";

/// All there are.
#[rustfmt::skip]
pub const ALL: &[Metric] = &[
    counter(HTTP_REQUESTS_TOTAL, &["service", "method", "route", "status"], "Requests answered."),
    histogram(HTTP_REQUEST_DURATION_SECONDS, &["service", "method", "route"], "Seconds from a request's head to its response's head."),
    gauge(HTTP_REQUESTS_IN_FLIGHT, &["service"], "Requests that are being worked on."),
    counter(CALLS_TOTAL, &["service", "callee", "call", "outcome"], "Calls to other services: ok, refused, or failed after all retries."),
    histogram(CALL_DURATION_SECONDS, &["service", "callee", "call"], "Seconds that a call to another service took, its retries included."),
    counter(CALL_RETRIES_TOTAL, &["service", "callee"], "Calls to other services that were made again."),
    counter(RATE_LIMITED_TOTAL, &["rule"], "Requests refused for being too many."),
    gauge(DATABASE_CONNECTIONS, &["service", "state"], "Connections of this process to its primary, idle and used."),
    counter(DATABASE_READS_TOTAL, &["service", "server"], "Reads that a replica might do, by who did them: replica or primary."),
    gauge(DATABASE_REPLICA_LAG_SECONDS, &["service", "replica"], "Seconds that a replica is behind the primary."),
    gauge(DATABASE_REPLICA_USABLE, &["service", "replica"], "1 if this process reads from the replica."),
    counter(CACHE_LOOKUPS_TOTAL, &["service", "tier", "outcome"], "Look-ups in a cache."),
    counter(REDIS_FAILURES_TOTAL, &["use"], "Commands that Redis did not answer well or in time."),
    gauge(OUTBOX_EVENTS, &["service"], "Events that wait to be published."),
    gauge(OUTBOX_AGE_SECONDS, &["service"], "Seconds that the oldest event has waited to be published."),
    counter(OUTBOX_RELAY_FAILURES_TOTAL, &["service"], "Times that publishing broke off."),
    counter(EVENTS_PUBLISHED_TOTAL, &["service", "stream", "type"], "Events published; after a crash some are counted twice."),
    counter(EVENTS_HANDLED_TOTAL, &["service", "type", "outcome"], "Deliveries of events: done or failed."),
    histogram(EVENT_DURATION_SECONDS, &["service", "type"], "Seconds that one delivery of an event took to handle."),
    gauge(EVENTS_PARKED, &["service"], "Events that the service has put aside and nobody has redriven."),
    counter(EVENTS_PARKED_TOTAL, &["service", "type"], "Events put aside because no attempt could handle them."),
    gauge(STREAM_LAG_EVENTS, &["service", "stream", "group"], "Events of a stream that the service's group has not read; no number if that is not known."),
    counter(STREAM_LAG_FAILURES_TOTAL, &["service", "stream", "group"], "Times that the lag could not be found out."),
    gauge(QUEUE_MESSAGES, &["service", "queue", "state"], "Messages in the service's queue: visible, in_flight or dead."),
    gauge(QUEUE_AGE_SECONDS, &["service", "queue"], "Seconds since the oldest message that is not worked off was put into the queue."),
    counter(QUEUE_DEAD_LETTERS_TOTAL, &["queue"], "Messages that were delivered too often."),
    histogram(JOB_DURATION_SECONDS, &["service", "job"], "Seconds that one run of a job took."),
    counter(JOB_FAILURES_TOTAL, &["service", "job"], "Runs of jobs that failed."),
    counter(INVOICED_PAISE_TOTAL, &["service", "method"], "Paise on invoices of confirmed orders, by how they are paid."),
    counter(CREDITED_PAISE_TOTAL, &["service"], "Paise on credit notes."),
    counter(PAYMENTS_TOTAL, &["service", "method", "outcome"], "Attempts to pay that ended: succeeded, failed, or late (the money goes back)."),
    counter(REFUNDED_PAISE_TOTAL, &["service"], "Paise that were refunded."),
    counter(STOCK_SHORTAGES_TOTAL, &["service", "at"], "Orders that there was too little stock for: at reservation, or at payment."),
];

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels, help }
}

/// Tells the recorder what each is.
pub(super) fn describe() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}
