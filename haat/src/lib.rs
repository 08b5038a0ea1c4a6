//! What the commands of `haat` do; `main.rs` reads the command line and prints.

pub mod autoscale;
pub mod database_setup;
pub mod dead_letters;
pub mod doctor;
pub mod healthcheck;
pub mod machine;
pub mod openapi;
pub mod reconcile;
pub mod serve;
pub mod services;
pub mod signals;
pub mod topology;
pub mod tour;
pub mod up;
