//! A service as a whole, on real servers: requests, repeats, events, jobs, its start and its end.

mod calls;
mod events;
mod idempotency;
mod life;
mod requests;
mod shelves;
