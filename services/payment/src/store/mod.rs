//! All SQL of the service but the sandbox's. Whoever changes money locks the intent's row first, then its attempts or
//! refunds, so that changes of one order come one after another and never wait for each other in a circle.

pub mod attempt;
pub mod intent;
pub mod reconcile;
pub mod refund;
pub mod saved_method;
pub mod webhook;

pub use attempt::AttemptRow;
pub use intent::IntentRow;
pub use refund::RefundRow;
