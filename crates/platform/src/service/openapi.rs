//! The parts of every service's OpenAPI document that are the same.

use contracts::Page;
use http::StatusCode;
use types::ServiceName;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    Required, Response, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::FieldError;
use crate::{Problem, idempotency, identity};

const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal that any operation of a kind may answer, so that no operation has to list it.
struct Shared {
    name: &'static str,
    status: StatusCode,
    description: &'static str,
    applies: fn(&str, &Operation) -> bool,
}

const SHARED: [Shared; 14] = [
    Shared {
        name: "MalformedRequest",
        status: StatusCode::BAD_REQUEST,
        description: "The request cannot be understood: a parameter, a header or the body is not what belongs there.",
        applies: |_, operation| has_parameters(operation) || has_body(operation),
    },
    Shared {
        name: "Unauthenticated",
        status: StatusCode::UNAUTHORIZED,
        description: "The token is missing, or not good (any more). A bad one is refused where none is needed, too.",
        applies: |path, _| path.starts_with("/api/") || path.starts_with("/internal/"),
    },
    Shared {
        name: "Forbidden",
        status: StatusCode::FORBIDDEN,
        description: "The token is good, but its owner may not do this.",
        applies: |_, operation| operation.security.as_ref().is_some_and(|schemes| !schemes.is_empty()),
    },
    Shared {
        name: "NotFound",
        status: StatusCode::NOT_FOUND,
        description: "It is not there, or not this client's to see.",
        applies: |_, operation| has_parameter(operation, |parameter| parameter.parameter_in == ParameterIn::Path),
    },
    Shared {
        name: "RequestInProgress",
        status: StatusCode::CONFLICT,
        description: "The first request with this Idempotency-Key is still at work.",
        applies: |_, operation| has_header(operation, idempotency::HEADER.as_str()),
    },
    Shared {
        name: "StaleVersion",
        status: StatusCode::PRECONDITION_FAILED,
        description: "It has changed since the version that If-Match names.",
        applies: |_, operation| has_header(operation, "if-match"),
    },
    Shared {
        name: "BodyTooLarge",
        status: StatusCode::PAYLOAD_TOO_LARGE,
        description: "The body is too large.",
        applies: |_, operation| has_body(operation),
    },
    Shared {
        name: "UnsupportedMediaType",
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        description: "The body must be JSON.",
        applies: |_, operation| has_body(operation),
    },
    Shared {
        name: "InvalidFields",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        description: "A field breaks a rule, or the Idempotency-Key was used for another request.",
        applies: |_, operation| has_body(operation) || has_header(operation, idempotency::HEADER.as_str()),
    },
    Shared {
        name: "VersionRequired",
        status: StatusCode::PRECONDITION_REQUIRED,
        description: "If-Match is missing: which version is to be changed?",
        applies: |_, operation| has_header(operation, "if-match"),
    },
    Shared {
        name: "TooManyRequests",
        status: StatusCode::TOO_MANY_REQUESTS,
        description: "Too many requests; Retry-After says when to come again.",
        applies: |path, _| path.starts_with("/api/"),
    },
    Shared {
        name: "Internal",
        status: StatusCode::INTERNAL_SERVER_ERROR,
        description: "Something went wrong on our side; the request's id finds it.",
        applies: |_, _| true,
    },
    Shared {
        name: "Unavailable",
        status: StatusCode::SERVICE_UNAVAILABLE,
        description: "Something this needs cannot be reached now; Retry-After says when to try again.",
        applies: |_, _| true,
    },
    Shared {
        name: "DeadlinePassed",
        status: StatusCode::GATEWAY_TIMEOUT,
        description: "It took too long.",
        applies: |_, _| true,
    },
];

pub(super) fn document(service: ServiceName) -> OpenApi {
    let components = ComponentsBuilder::new()
        .schema(Problem::name().into_owned(), Problem::schema())
        .schema(FieldError::name().into_owned(), FieldError::schema())
        .responses_from_iter(SHARED.iter().map(|shared| (shared.name, problem(shared.description))));
    let mut document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title(format!("Haat {service} service"))
                .version("1")
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build())),
        )
        .components(Some(components.build()))
        .build();
    identity::declare_security_schemes(&mut document);
    document
}

/// Says of every operation what its own documentation need not: the refusals that all have in common, that refusals are
/// problem documents, and that what has a version can be asked for by it.
pub(super) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head];
        for operation in operations.into_iter().flatten() {
            complete_operation(path, operation);
        }
    }
}

fn complete_operation(path: &str, operation: &mut Operation) {
    if operation.responses.responses.contains_key("304") && !has_header(operation, "if-none-match") {
        let parameter = ParameterBuilder::new()
            .name("If-None-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("The ETag of what the client has."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
    }
    let shared: Vec<&Shared> = SHARED.iter().filter(|shared| (shared.applies)(path, operation)).collect();
    for shared in shared {
        let reference = RefOr::Ref(Ref::from_response_name(shared.name));
        operation.responses.responses.entry(shared.status.as_str().to_owned()).or_insert(reference);
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            complete_response(status, response);
        }
    }
}

fn complete_response(status: &str, response: &mut Response) {
    let code = status.parse::<StatusCode>().unwrap_or_default();
    // OpenAPI 3.1 requires a description.
    if response.description.is_empty() {
        response.description = code.canonical_reason().unwrap_or(status).to_owned();
    }
    let is_refusal = code.is_client_error() || code.is_server_error();
    if is_refusal && response.content.values().all(is_problem) {
        response.content = [(PROBLEM_JSON.to_owned(), RefOr::T(problem_content()))].into_iter().collect();
    }
}

fn has_parameters(operation: &Operation) -> bool {
    operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty())
}

fn has_body(operation: &Operation) -> bool {
    operation.request_body.is_some()
}

fn has_header(operation: &Operation, name: &str) -> bool {
    has_parameter(operation, |parameter| {
        parameter.parameter_in == ParameterIn::Header && parameter.name.eq_ignore_ascii_case(name)
    })
}

fn has_parameter(operation: &Operation, is_it: impl Fn(&Parameter) -> bool) -> bool {
    operation.parameters.iter().flatten().any(|parameter| matches!(parameter, RefOr::T(parameter) if is_it(parameter)))
}

fn problem(description: &str) -> Response {
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, problem_content()).build()
}

fn problem_content() -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build()
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let RefOr::T(content) = content else { return false };
    let Some(RefOr::Ref(schema)) = &content.schema else { return false };
    schema.ref_location == Ref::from_schema_name(Problem::name()).ref_location
}

/// Keeps the compiler honest that a page of anything that has a schema has one.
const _: fn() = || {
    fn has_schema<T: ToSchema>() {}
    has_schema::<Page<String>>();
};

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
    use utoipa::openapi::request_body::RequestBodyBuilder;

    use super::*;

    fn completed(operation: OperationBuilder) -> Value {
        let mut whole = document(ServiceName::Product);
        whole.paths.paths.insert("/api/v1/things".to_owned(), PathItem::new(HttpMethod::Put, operation.build()));
        complete(&mut whole);
        serde_json::to_value(&whole).unwrap()
    }

    fn header(name: &str) -> utoipa::openapi::path::Parameter {
        ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).build()
    }

    #[test]
    fn an_operation_has_the_refusals_of_what_it_takes() {
        let ok = || ResponseBuilder::new().build();
        let plain = completed(OperationBuilder::new().response("200", ok()));
        let statuses = |document: &Value| -> Vec<String> {
            document["paths"]["/api/v1/things"]["put"]["responses"].as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(statuses(&plain), ["200", "401", "429", "500", "503", "504"]);
        assert_eq!(plain["paths"]["/api/v1/things"]["put"]["responses"]["200"]["description"], "OK");

        let edit = OperationBuilder::new()
            .parameter(header("If-Match"))
            .request_body(Some(RequestBodyBuilder::new().build()))
            .response("200", ok());
        let all = ["200", "400", "401", "412", "413", "415", "422", "428", "429", "500", "503", "504"];
        let edit = completed(edit);
        assert_eq!(statuses(&edit), all);
        let found =
            OperationBuilder::new().parameter(ParameterBuilder::new().name("id").parameter_in(ParameterIn::Path));
        assert_eq!(
            statuses(&completed(found.response("200", ok()))),
            ["200", "400", "401", "404", "429", "500", "503", "504"]
        );
        let reference = &edit["paths"]["/api/v1/things"]["put"]["responses"]["428"]["$ref"];
        let pointer = reference.as_str().unwrap().trim_start_matches('#');
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        assert_eq!(edit.pointer(pointer).unwrap()["content"], json!({ PROBLEM_JSON: problem }));

        let repeatable = OperationBuilder::new().parameter(header("Idempotency-Key")).response("200", ok());
        assert_eq!(statuses(&completed(repeatable)), ["200", "400", "401", "409", "422", "429", "500", "503", "504"]);
    }

    #[test]
    fn a_refusal_of_its_own_keeps_its_words_and_is_a_problem_document() {
        let own = ResponseBuilder::new().description("`out-of-stock`").content("application/json", problem_content());
        let whole = completed(OperationBuilder::new().response("429", own));
        let refusal = &whole["paths"]["/api/v1/things"]["put"]["responses"]["429"];
        assert_eq!(refusal["description"], "`out-of-stock`");
        assert_eq!(refusal["content"].as_object().unwrap().keys().collect::<Vec<_>>(), [PROBLEM_JSON]);
    }

    #[test]
    fn what_answers_304_says_how_to_ask() {
        let unchanged = ResponseBuilder::new().description("Unchanged");
        let whole = completed(OperationBuilder::new().response("304", unchanged));
        assert_eq!(whole["paths"]["/api/v1/things"]["put"]["parameters"][0]["name"], "If-None-Match");
    }
}
