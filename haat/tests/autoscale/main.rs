//! `haat autoscale`: its policy, and the whole of it against an emulated cloud and an emulated Kubernetes.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails it as loudly as the test itself")]

mod command;
mod day;
mod failing;
mod kubernetes;
mod leading;
mod policy;
mod scaling;
mod world;
