//! The parts of every service's OpenAPI document that are the same.

use contracts::Page;
use types::ServiceName;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::FieldError;
use crate::{Problem, identity};

pub(super) fn document(service: ServiceName) -> OpenApi {
    let mut document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title(format!("Haat {service} service"))
                .version("1")
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build())),
        )
        .components(Some(
            ComponentsBuilder::new()
                .schema(Problem::name().into_owned(), Problem::schema())
                .schema(FieldError::name().into_owned(), FieldError::schema())
                .build(),
        ))
        .build();
    identity::declare_security_schemes(&mut document);
    document
}

/// Gives every operation the answer that any of them may give instead of its own: a problem document.
pub(super) fn complete(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head];
        for operation in operations.into_iter().flatten() {
            add_problem(operation);
        }
    }
}

fn add_problem(operation: &mut Operation) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    operation.responses.responses.entry("default".to_owned()).or_insert_with(|| {
        ResponseBuilder::new()
            .description("What went wrong (RFC 9457).")
            .content("application/problem+json", problem)
            .build()
            .into()
    });
}

/// Keeps the compiler honest that a page of anything that has a schema has one.
const _: fn() = || {
    fn has_schema<T: ToSchema>() {}
    has_schema::<Page<String>>();
};
