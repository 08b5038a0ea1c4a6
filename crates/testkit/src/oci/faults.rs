//! What a service does when it is not well, and how it refuses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Faults that a test plants; each strikes one request. Clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Planted>>>);

struct Planted {
    method: Method,
    fault: Fault,
}

/// What befalls a request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It is refused, and not done.
    Refused(StatusCode),
    /// No answer comes, and it is not done.
    Silence,
    /// It is done, but no answer comes.
    DoneInSilence,
    /// Somebody else was faster, so that the caller knows it as it was before.
    Overtaken,
}

/// What is left to the service that was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Struck {
    pub in_silence: bool,
    pub overtaken: bool,
}

impl Faults {
    /// The next requests with `method` meet `fault`, so many of them.
    pub fn plant(&self, method: Method, fault: Fault, times: usize) {
        let mut planted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        planted.extend((0..times).map(|_| Planted { method: method.clone(), fault }));
    }

    /// All is well again.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many have not struck yet.
    pub fn left(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// To be called before a request is worked on.
    pub(super) async fn strike(&self, method: &Method) -> Result<Struck, Response> {
        let fault = {
            let mut planted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let at = planted.iter().position(|planted| planted.method == *method);
            at.and_then(|at| planted.remove(at)).map(|planted| planted.fault)
        };
        match fault {
            None => Ok(Struck::default()),
            Some(Fault::DoneInSilence) => Ok(Struck { in_silence: true, overtaken: false }),
            Some(Fault::Overtaken) => Ok(Struck { in_silence: false, overtaken: true }),
            Some(Fault::Silence) => silence().await,
            Some(Fault::Refused(status)) => {
                let code = match status.as_u16() {
                    400 => "InvalidParameter",
                    401 => "NotAuthenticated",
                    404 => "NotAuthorizedOrNotFound",
                    409 => "IncorrectState",
                    429 => "TooManyRequests",
                    _ => "InternalServerError",
                };
                Err(refusal(status, code, "the test says so"))
            }
        }
    }
}

/// Until the client gives up.
pub(super) async fn silence<T>() -> T {
    std::future::pending().await
}

/// An error as every service of the cloud writes it.
pub(super) fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let mut response = (status, Json(json!({ "code": code, "message": message }))).into_response();
    response.headers_mut().insert("opc-request-id", HeaderValue::from_static("emulated"));
    response
}

/// The body, which must be JSON and say so, of the one shape that is expected.
pub(super) async fn body<T: DeserializeOwned>(request: Request) -> Result<T, Response> {
    let invalid = |message: &str| refusal(StatusCode::BAD_REQUEST, "InvalidParameter", message);
    if request.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
        return Err(refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "application/json is expected",
        ));
    }
    let body = request.into_body().collect().await.map_err(|error| invalid(&error.to_string()))?.to_bytes();
    serde_json::from_slice(&body).map_err(|error| invalid(&error.to_string()))
}
