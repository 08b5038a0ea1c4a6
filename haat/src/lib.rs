//! What the commands of `haat` do; `main.rs` reads the command line and prints.

pub mod topology;
