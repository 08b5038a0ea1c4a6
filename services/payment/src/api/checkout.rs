//! The way to the provider's own page.

use axum::extract::State;
use platform::http::{Path, PlainPage};
use platform::identity::Visitor;
use platform::{Problem, Result};
use types::AttemptId;

use crate::provider::ProviderName;
use crate::{Payments, store};

/// A page that takes the customer to Razorpay's checkout. A browser comes here without a token; the attempt's id, which only the
/// customer has, opens nothing but the way to pay it.
#[utoipa::path(get, path = "/api/v1/payments/razorpay/{attempt_id}", tag = "payments",
    params(("attempt_id" = AttemptId, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = Problem)))]
pub async fn razorpay_checkout(
    _: Visitor,
    State(app): State<Payments>,
    Path(attempt_id): Path<AttemptId>,
) -> Result<PlainPage> {
    let razorpay = app.configured.razorpay().ok_or_else(|| Problem::not_found("page"))?;
    let mut connection = app.db.primary().await?;
    let found = store::attempt::page_of(&mut connection, ProviderName::Razorpay, attempt_id).await?;
    let page = found.ok_or_else(|| Problem::not_found("payment that waits for you"))?;
    Ok(PlainPage(razorpay.checkout_page(&page.reference, page.order_id, page.amount)))
}
