//! The return service's tables.

pub mod case;
pub mod entry;
pub mod line;
pub mod reconcile;
