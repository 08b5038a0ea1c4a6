//! What the service answers.

mod attempts;
mod calls;
mod checkout;
mod desk;
mod payments;
mod saved_methods;
pub mod webhooks;

pub use calls::{create_intent, sync_intent};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Payments;

pub fn routes() -> OpenApiRouter<Payments> {
    OpenApiRouter::new()
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::get_refunds))
        .routes(routes!(payments::sync_payment))
        .routes(routes!(attempts::start_attempt))
        .routes(routes!(checkout::razorpay_checkout))
        .routes(routes!(desk::get_desk))
        .routes(routes!(desk::request_refund))
        .routes(routes!(desk::retry_refund))
        .routes(routes!(desk::record_paid_out))
        .routes(routes!(desk::record_remittance))
        .routes(routes!(saved_methods::get_saved_methods))
        .routes(routes!(saved_methods::forget_saved_method))
        .routes(routes!(webhooks::receive_webhook))
}
