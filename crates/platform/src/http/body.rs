//! Reading a JSON body, so that what is wrong with it is named by field.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use garde::Validate;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Problem, Result};

/// A JSON body that was read and whose fields keep their rules.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let value: T = read(request, state).await?;
        value.validate().map_err(|report| {
            let mut errors = report.iter().map(|(path, error)| (path.to_string(), error.message().to_owned()));
            let (field, rule) = errors.next().unwrap_or_default();
            errors.fold(Problem::invalid(field, rule), |problem, (field, rule)| problem.field(field, rule))
        })?;
        Ok(Body(value))
    }
}

/// Reads a JSON body.
pub(crate) async fn read<T: DeserializeOwned, S: Send + Sync>(request: Request, state: &S) -> Result<T> {
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|mime| mime.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "The body must be JSON",
        )
        .detail("Send the body as Content-Type: application/json."));
    }
    let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
        }
        _ => Problem::malformed("The body could not be received."),
    })?;
    parse(&bytes)
}

/// Reads JSON; an error says where. U+0000 is refused in every text: PostgreSQL's `text` cannot hold it.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (path, cause) = (error.path().to_string(), error.into_inner());
        if cause.is_data() {
            Problem::invalid(path, without_position(&cause.to_string()))
        } else {
            Problem::malformed(format!("The body is not JSON: {cause}."))
        }
    })?;
    deserializer.end().map_err(|_| Problem::malformed("The body goes on after the end of the JSON value."))?;
    match nul(bytes) {
        Some(path) => Err(Problem::invalid(path, "must not contain the character U+0000")),
        None => Ok(value),
    }
}

/// The path of a text that contains U+0000, which JSON can write only as this escape.
fn nul(json: &[u8]) -> Option<String> {
    const ESCAPE: &[u8] = br"\u0000";
    let may_have_one = json.windows(ESCAPE.len()).any(|window| window == ESCAPE);
    may_have_one.then(|| serde_json::from_slice(json).ok()).flatten().and_then(|value| nul_in(&value, ""))
}

fn nul_in(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(|| path.to_owned()),
        Value::Array(items) => items.iter().enumerate().find_map(|(i, item)| nul_in(item, &format!("{path}[{i}]"))),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if name.contains('\0') { Some(path) } else { nul_in(member, &path) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// serde_json's message without ` at line 1 column 17`, which says nothing that the path does not.
fn without_position(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        quantity: u32,
    }

    #[derive(Debug, Deserialize)]
    struct Order {
        lines: Vec<Line>,
    }

    #[test]
    fn an_error_names_the_field_and_the_rule() {
        let problem = parse::<Order>(br#"{"lines":[{"quantity":1},{"quantity":-2}]}"#).unwrap_err();
        assert_eq!(problem.status, 422);
        assert_eq!(problem.errors[0].field, "lines[1].quantity");
        assert_eq!(problem.errors[0].rule, "invalid value: integer `-2`, expected u32");
        let problem = parse::<Order>(br#"{"lines":[{"quantity":1,"colour":"red"}]}"#).unwrap_err();
        assert_eq!(problem.errors[0].field, "lines[0].colour");
        assert_eq!(parse::<Order>(br#"{"lines":[{"quantity":3}]}"#).unwrap().lines[0].quantity, 3);
    }

    #[test]
    fn a_text_that_no_database_holds_is_refused_by_name() {
        let problem = parse::<Value>(br#"{"lines":[{"note":"a\u0000b"}]}"#).unwrap_err();
        assert_eq!((problem.status, problem.errors[0].field.as_str()), (422, "lines[0].note"));
        assert_eq!(parse::<Value>(br#"{"a\u0000":1}"#).unwrap_err().status, 422);
        assert_eq!(parse::<Value>(br#""a\u0000""#).unwrap_err().status, 422);
        assert_eq!(parse::<String>(br#""a\\u0000""#).unwrap(), r"a\u0000");
    }

    #[test]
    fn what_is_not_json_is_400() {
        for wrong in ["", "{", "lines", "{} {}", "\u{feff}{}"] {
            assert_eq!(parse::<serde_json::Value>(wrong.as_bytes()).unwrap_err().status, 400, "{wrong}");
        }
    }
}
