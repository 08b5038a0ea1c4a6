//! The whole platform in one process: an order's life, the ways it fails, crowds, and the order of the books after each.

mod access;
mod buying;
mod crowd;
mod failing;
mod routes;
mod shop;
