use axum::Json;
use axum::extract::State;
use contracts::shipping::{AdvanceParcel, SandboxParcel};
use platform::http::{Body, Path};
use platform::identity::OrderDesk;
use platform::service::AppEnv;
use platform::{Problem, Result};

use crate::Shipping;

/// Plays the carrier: moves a parcel on, and has the carrier tell of it. Not in production.
#[utoipa::path(post, path = "/api/v1/shipping/sandbox/{tracking_number}/advance", tag = "sandbox", request_body = AdvanceParcel,
    params(("tracking_number" = String, Path, description = "The parcel's tracking number")),
    responses(
        (status = 200, body = SandboxParcel, description = "It was moved; its webhooks are on their way."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the order desk."),
        (status = 404, body = Problem, description = "There is no such parcel, or this is production."),
        (status = 409, body = Problem, description = "It cannot get there from where it is."),
        (status = 422, body = Problem, description = "Both `to` and `exception`."),
    ),
    security(("user_token" = [])))]
pub async fn advance_sandbox_parcel(
    _staff: OrderDesk,
    State(app): State<Shipping>,
    Path(tracking_number): Path<String>,
    Body(request): Body<AdvanceParcel>,
) -> Result<Json<SandboxParcel>> {
    if app.context.app_env() == AppEnv::Production {
        return Err(Problem::not_found("parcel"));
    }
    if request.to.is_some() && request.exception.is_some() {
        return Err(Problem::invalid("exception", "must not stand beside to"));
    }
    app.sandbox.advance(&tracking_number, &request).await?.map(Json).ok_or_else(|| Problem::not_found("parcel"))
}
