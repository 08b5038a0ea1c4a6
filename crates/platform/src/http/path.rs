//! Parameters in the path and the query, with errors that name them.

use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use garde::Validate;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{Problem, Result};

/// U+0000, which PostgreSQL's `text` cannot hold; a `%` that stands for itself is written `%25`.
const NUL: &str = "%00";

/// Path parameters.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        if parts.uri.path().contains(NUL) {
            return Err(Problem::malformed("The path contains the character U+0000."));
        }
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => Err(match error.into_kind() {
                ErrorKind::ParseErrorAtKey { key, value, .. } => wrong(&key, &value),
                ErrorKind::ParseError { value, .. } => wrong("path", &value),
                ErrorKind::DeserializeError { key, value, message } => wrong(&key, &value).detail(message),
                ErrorKind::ParseErrorAtIndex { index, value, .. } => wrong(&format!("segment {index}"), &value),
                other => Problem::malformed(other.to_string()),
            }),
            Err(other) => Err(Problem::internal(other)),
        }
    }
}

fn wrong(parameter: &str, value: &str) -> Problem {
    Problem::malformed("The path cannot be read.").field(parameter, format!("'{value}' is not what belongs there"))
}

/// The query string, read and with its rules checked.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        if parts.uri.query().is_some_and(|query| query.contains(NUL)) {
            return Err(Problem::malformed("The query contains the character U+0000."));
        }
        let axum::extract::Query(value) = axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::malformed("The query cannot be read.").field("query", error.body_text()))?;
        value.validate().map_err(|report| {
            report.iter().fold(Problem::malformed("A query parameter breaks a rule."), |problem, (path, error)| {
                problem.field(path.to_string(), error.message())
            })
        })?;
        Ok(Query(value))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use serde::Deserialize;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Deserialize, Validate)]
    struct Search {
        #[garde(length(max = 5))]
        q: Option<String>,
    }

    #[tokio::test]
    async fn what_does_not_belong_in_a_path_or_a_query_is_400() {
        let router = Router::new().route(
            "/{name}",
            get(|Path(name): Path<String>, Query(search): Query<Search>| async move {
                format!("{name} {}", search.q.unwrap_or_default())
            }),
        );
        for (uri, status) in [
            ("/a?q=b", 200),
            ("/a%2500?q=%2500", 200),
            ("/a%00", 400),
            ("/a?q=%00", 400),
            ("/a?q=longer", 400),
            ("/a?q=1&q=2", 400),
            ("/%ff", 400),
        ] {
            let request = Request::get(uri).body(Body::empty()).unwrap();
            assert_eq!(router.clone().oneshot(request).await.unwrap().status(), status, "{uri}");
        }
    }
}
