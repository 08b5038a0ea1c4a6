//! The public endpoints: a customer's inbox, staff's view of deliveries, and a developer's outbox.

mod inbox;
mod outbox;

use utoipa_axum::router::OpenApiRouter;

use crate::Notifications;

const TAG: &str = "notifications";

pub fn routes() -> OpenApiRouter<Notifications> {
    OpenApiRouter::new().merge(inbox::routes()).merge(outbox::routes())
}
