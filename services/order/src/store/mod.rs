//! All SQL of the order service.

pub mod checkout;
pub mod documents;
pub mod erasure;
pub mod gst_return;
pub mod history;
pub mod list;
pub mod order;
pub mod payment;
pub mod place;
pub mod reconcile;
mod row;
