use axum::Json;
use axum::extract::State;
use contracts::Page;
use contracts::notification::{DeliveryRecord, Notification, UnreadCount};
use garde::Validate;
use platform::http::{PageQuery, Path, Query};
use platform::identity::{Customer, OrderReader};
use platform::problem::{Problem, Result};
use serde::Deserialize;
use types::{NotificationId, UserId};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TAG;
use crate::{Notifications, store};

pub(super) fn routes() -> OpenApiRouter<Notifications> {
    OpenApiRouter::new()
        .routes(routes!(list_notifications))
        .routes(routes!(mark_read))
        .routes(routes!(count_unread))
        .routes(routes!(list_deliveries))
}

/// The customer's inbox, the newest first.
#[utoipa::path(get, path = "/api/v1/notifications", tag = TAG, params(PageQuery),
    responses((status = 200, body = Page<Notification>)), security(("user_token" = [])))]
async fn list_notifications(
    customer: Customer,
    State(app): State<Notifications>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Notification>>> {
    let after = query.after()?;
    let messages = store::inbox_page(&mut *app.db.primary().await?, customer.id, after, query.rows()).await?;
    Ok(Json(query.page(messages, |message| (message.created_at, message.id))))
}

/// Marks a message as read, now or before.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/read", tag = TAG, params(("id" = NotificationId, Path)),
    responses((status = 200, body = Notification), (status = 404, body = Problem)), security(("user_token" = [])))]
async fn mark_read(
    customer: Customer,
    State(app): State<Notifications>,
    Path(id): Path<NotificationId>,
) -> Result<Json<Notification>> {
    let read = store::mark_read(&mut *app.db.primary().await?, customer.id, id, app.context.now()).await?;
    read.map(Json).ok_or_else(|| Problem::not_found("notification"))
}

/// How many messages the customer has not read.
#[utoipa::path(get, path = "/api/v1/notifications/unread-count", tag = TAG, responses((status = 200, body = UnreadCount)),
    security(("user_token" = [])))]
async fn count_unread(customer: Customer, State(app): State<Notifications>) -> Result<Json<UnreadCount>> {
    let unread = store::unread_count(&mut *app.db.primary().await?, customer.id).await?;
    Ok(Json(UnreadCount { unread }))
}

/// `?user_id=...&limit=24&cursor=...`
#[derive(Clone, Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveriesQuery {
    /// The customer who was told.
    #[garde(skip)]
    user_id: UserId,
    /// Items per page.
    #[garde(inner(range(min = 1, max = 100)))]
    #[param(minimum = 1, maximum = 100, default = 24)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[garde(inner(length(max = 500)))]
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// What a customer was told on which channels, and what came of it, the newest first.
#[utoipa::path(get, path = "/api/v1/notifications/desk", tag = TAG, params(DeliveriesQuery),
    responses((status = 200, body = Page<DeliveryRecord>)), security(("user_token" = [])))]
async fn list_deliveries(
    _staff: OrderReader,
    State(app): State<Notifications>,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryRecord>>> {
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let records = store::desk(&mut *app.db.read().await?, query.user_id, page.after()?, page.rows()).await?;
    Ok(Json(page.page(records, |record| (record.created_at, record.id))))
}
