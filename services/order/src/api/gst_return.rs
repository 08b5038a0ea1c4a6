//! What the seller's accountant gives to the tax office.

use axum::Json;
use axum::extract::State;
use contracts::order::{GstReturn, GstReturnQuery};
use platform::http::Query;
use platform::identity::OrderReader;
use platform::{Problem, Result};

use crate::app::Orders;
use crate::domain::gst_return::gst_return;
use crate::store;

/// A month's supplies in the shape of GSTR-1, for the GST portal or the accountant's program. Nobody's name is in it.
#[utoipa::path(
    get, path = "/api/v1/orders/desk/gst-return", tag = "order desk", params(GstReturnQuery),
    responses(
        (status = 200, body = GstReturn),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not an order reader."),
        (status = 400, body = Problem, description = "No month"),
    ),
    security(("user_token" = []))
)]
pub async fn get_gst_return(
    _staff: OrderReader,
    State(app): State<Orders>,
    Query(query): Query<GstReturnQuery>,
) -> Result<Json<GstReturn>> {
    let month = format!("{}-01", query.month).parse().map_err(|_| Problem::invalid("month", "must be a month"))?;
    let supplies = store::gst_return::supplies(&mut *app.db.read().await?, month).await?;
    Ok(Json(gst_return(&app.settings.seller.gstin, month, supplies)))
}
