//! The order service by itself, with stubs for those it calls.

mod cancel;
mod checkout;
mod crash;
mod desk;
mod documents;
mod returns;
mod settlement;
mod shipment;
mod shop;
mod surroundings;
