//! All SQL, by table.

pub mod address;
pub mod consent;
pub mod erasure;
pub mod preference;
pub mod profile;
pub mod wish;
