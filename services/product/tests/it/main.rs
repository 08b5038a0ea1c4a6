//! The product service against a real PostgreSQL.

mod browse;
mod calls;
mod catalogue;
mod keeping;
mod reconcile;
mod reviews;
mod shelf;
mod stock;
mod stock_property;
mod store;
