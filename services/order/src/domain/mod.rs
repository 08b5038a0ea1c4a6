//! The rules of orders, pure: what may become of an order, what it costs, which tax is within, what a credit note takes back.

pub mod credit;
pub mod documents;
pub mod gst;
pub mod gst_return;
pub mod order;
pub mod pricing;
pub mod status;
#[cfg(test)]
mod tests;

pub use documents::{Gstin, Seller};
pub use gst::{Supply, Tax};
pub use order::{Delivery, Line, Order, Parcel};
pub use status::Change;
