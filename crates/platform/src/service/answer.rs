//! Endpoints for other services.

use std::future::Future;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use contracts::Call;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::App;
use crate::http::body;
use crate::identity::Caller;
use crate::{Problem, identity};

pub(super) fn add<A, C, F, R>(routes: OpenApiRouter<A>, answer: F) -> OpenApiRouter<A>
where
    A: App,
    C: Call,
    F: Fn(A, C) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<C::Reply, Problem>> + Send + 'static,
{
    let path = format!("/internal/v1/{}", C::PATH);
    let handler = move |_caller: Caller, State(app): State<A>, request: Request| async move {
        let call: C = body::read(request, &()).await?;
        let reply = answer(app, call).await?;
        Ok::<Response, Problem>(Json(reply).into_response())
    };
    let mut routes = routes.route(&path, post(handler));
    describe::<C>(routes.get_openapi_mut(), &path);
    routes
}

fn describe<C: Call>(document: &mut utoipa::openapi::OpenApi, path: &str) {
    let json = |schema: RefOr<utoipa::openapi::Schema>| ContentBuilder::new().schema(Some(schema)).build();
    let operation = OperationBuilder::new()
        .tag("internal")
        .operation_id(Some(format!("call_{}", C::PATH.replace('-', "_"))))
        .request_body(Some(
            RequestBodyBuilder::new()
                .content("application/json", json(Ref::from_schema_name(C::name()).into()))
                .required(Some(utoipa::openapi::Required::True))
                .build(),
        ))
        .response(
            "200",
            ResponseBuilder::new()
                .description("Done, now or before.")
                .content("application/json", json(Ref::from_schema_name(C::Reply::name()).into())),
        )
        .security(utoipa::openapi::security::SecurityRequirement::new(identity::SERVICE_TOKEN, [] as [&str; 0]))
        .build();
    document.paths.paths.insert(path.to_owned(), PathItem::new(HttpMethod::Post, operation));
    let components = document.components.get_or_insert_default();
    let mut schemas = Vec::new();
    C::schemas(&mut schemas);
    C::Reply::schemas(&mut schemas);
    schemas.push((C::name().into_owned(), C::schema()));
    schemas.push((C::Reply::name().into_owned(), C::Reply::schema()));
    components.schemas.extend(schemas);
}
