//! A developer's outbox: what would have been sent. It shows one-time codes, so it exists only where `APP_ENV` is `local`.

use axum::Json;
use axum::extract::State;
use contracts::notification::{LocalMessage, LocalOutbox};
use garde::Validate;
use platform::http::{PlainPage, Query};
use platform::identity::Visitor;
use platform::problem::{Problem, Result};
use platform::service::AppEnv;
use serde::Deserialize;
use types::Timestamp;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TAG;
use crate::{Notifications, store};

const MOST: i64 = 100;

pub(super) fn routes() -> OpenApiRouter<Notifications> {
    OpenApiRouter::new().routes(routes!(show_outbox)).routes(routes!(show_outbox_page))
}

/// `?recipient=asha@haat.example&since=2026-11-01T09:30:00Z`
#[derive(Clone, Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct OutboxQuery {
    /// Only what went to this e-mail address, telephone number or user.
    #[garde(inner(length(max = 320)))]
    #[param(max_length = 320)]
    recipient: Option<String>,
    /// Only what was kept since then.
    #[garde(skip)]
    since: Option<Timestamp>,
}

/// The messages that were kept on this machine instead of being sent, codes included. Only where `APP_ENV` is `local`.
#[utoipa::path(get, path = "/api/v1/notifications/outbox", tag = TAG, params(OutboxQuery),
    responses((status = 200, body = LocalOutbox), (status = 404, body = Problem, description = "This is no developer's machine")))]
async fn show_outbox(
    _anybody: Visitor,
    State(app): State<Notifications>,
    Query(query): Query<OutboxQuery>,
) -> Result<Json<LocalOutbox>> {
    Ok(Json(LocalOutbox { messages: messages(&app, &query).await? }))
}

/// The same as a page to read.
#[utoipa::path(get, path = "/api/v1/notifications/outbox/page", tag = TAG, params(OutboxQuery),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 404, body = Problem, description = "This is no developer's machine"),
    ))]
async fn show_outbox_page(
    _anybody: Visitor,
    State(app): State<Notifications>,
    Query(query): Query<OutboxQuery>,
) -> Result<PlainPage> {
    let messages = messages(&app, &query).await?;
    app.templates.outbox_page(&messages).map(PlainPage).map_err(Problem::internal)
}

async fn messages(app: &Notifications, query: &OutboxQuery) -> Result<Vec<LocalMessage>> {
    if app.context.app_env() != AppEnv::Local {
        return Err(Problem::not_found("page"));
    }
    let mut connection = app.db.primary().await?;
    Ok(store::local_messages(&mut connection, query.recipient.as_deref(), query.since, MOST).await?)
}
