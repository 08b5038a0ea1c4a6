//! The gateway's own endpoints: how everything is, the API's document and a page to try it.

use askama::Template;
use axum::extract::State;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD, DemoAccount};
use http::{HeaderValue, StatusCode, header};
use platform::http::PlainPage;
use platform::service::{App as _, AppEnv};
use platform::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::Gateway;
use crate::status::{ServiceStatus, Status};

/// The pages to try the API bring scripts of their own, which style what they draw.
const POLICY_OF_PAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
);

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    let pages = SwaggerUi::new("/docs").config(Config::from("/api/v1/openapi.json"));
    let with_policy = async |mut page: Response| {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY_OF_PAGES);
        page
    };
    OpenApiRouter::new()
        .routes(routes!(health_of_all))
        .routes(routes!(api_document))
        .routes(routes!(start_page))
        .merge(OpenApiRouter::from(Router::from(pages).layer(middleware::map_response(with_policy))))
}

/// How the services are, or were at most two seconds ago.
#[utoipa::path(get, path = "/api/v1/status", tag = "platform", responses((status = 200, body = Status), (status = 503, body = Status, description = "Not all are ready")))]
async fn health_of_all(State(gateway): State<Gateway>) -> Response {
    let status = gateway.0.statuses.of_all(gateway.context()).await;
    let code = if status.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(&*status)).into_response()
}

/// The whole public API as one OpenAPI document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "platform", responses((status = 200, description = "OpenAPI 3.1")))]
async fn api_document(State(gateway): State<Gateway>) -> Result<Response> {
    let document = gateway.0.documents.merged(gateway.context()).await?;
    Ok(Json(&*document).into_response())
}

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage<'a> {
    services: &'a [ServiceStatus],
    accounts: &'static [DemoAccount],
    password: &'static str,
}

/// On a developer's machine: the services, the demo accounts, where to go.
#[utoipa::path(get, path = "/", tag = "platform",
    responses((status = 200, content_type = "text/html"), (status = 401, body = Problem), (status = 429, body = Problem),
        (status = 404, body = Problem, description = "Not on a developer's machine")))]
async fn start_page(State(gateway): State<Gateway>) -> Result<PlainPage> {
    if gateway.context().app_env() != AppEnv::Local {
        return Err(Problem::not_found("page"));
    }
    let status = gateway.0.statuses.of_all(gateway.context()).await;
    let page = StartPage { services: &status.services, accounts: DEMO_ACCOUNTS, password: DEMO_PASSWORD };
    page.render().map(PlainPage).map_err(Problem::internal)
}
