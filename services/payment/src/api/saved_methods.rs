//! Cards that a customer lets us keep.

use axum::Json;
use axum::extract::State;
use contracts::Page;
use contracts::payment::SavedMethod;
use http::StatusCode;
use platform::http::Path;
use platform::identity::Customer;
use platform::{Problem, Result};
use uuid::Uuid;

use crate::{Payments, store};

/// The customer's saved cards, the newest first. They are the provider's tokens; the provider alone knows the numbers.
#[utoipa::path(get, path = "/api/v1/payments/methods", tag = "payments",
    responses((status = 200, body = Page<SavedMethod>)), security(("user_token" = [])))]
pub async fn get_saved_methods(customer: Customer, State(app): State<Payments>) -> Result<Json<Page<SavedMethod>>> {
    let items = store::saved_method::of_customer(&mut *app.db.primary().await?, customer.id).await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// Forgets a saved card.
#[utoipa::path(delete, path = "/api/v1/payments/methods/{saved_method_id}", tag = "payments",
    params(("saved_method_id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem, description = "Not there, or another customer's")),
    security(("user_token" = [])))]
pub async fn forget_saved_method(
    customer: Customer,
    State(app): State<Payments>,
    Path(saved_method_id): Path<Uuid>,
) -> Result<StatusCode> {
    let forgotten = store::saved_method::forget(&mut *app.db.primary().await?, customer.id, saved_method_id).await?;
    if forgotten { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("saved method")) }
}
