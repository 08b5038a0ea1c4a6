//! What the service answers.

mod customer;
mod desk;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Returns;

pub fn routes() -> OpenApiRouter<Returns> {
    OpenApiRouter::new()
        .routes(routes!(customer::request_return, customer::list_returns))
        .routes(routes!(customer::get_return))
        .routes(routes!(customer::cancel_return))
        .routes(routes!(desk::list_desk_returns))
        .routes(routes!(desk::get_desk_return))
        .routes(routes!(desk::cancel_desk_return))
        .routes(routes!(desk::approve_return))
        .routes(routes!(desk::reject_return))
        .routes(routes!(desk::receive_return))
        .routes(routes!(desk::refund_return))
}
