//! Verifies requests' signatures by Oracle's rules
//! (<https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm>), and refuses what a service would.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use jiff::fmt::rfc2822::DateTimeParser;
use platform::clock::Clock;
use types::Timestamp;

use super::faults::refusal;

/// The public halves of the keys that may sign, by what a signature names them.
#[derive(Default)]
pub struct Keys(Mutex<HashMap<String, Vec<u8>>>);

impl Keys {
    /// `public_key` is a SubjectPublicKeyInfo in DER.
    pub fn add(&self, key_id: &str, public_key: &[u8]) {
        self.keys().insert(key_id.to_owned(), public_key.to_vec());
    }

    pub fn remove(&self, key_id: &str) {
        self.keys().remove(key_id);
    }

    fn get(&self, key_id: &str) -> Option<Vec<u8>> {
        self.keys().get(key_id).cloned()
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the date of a request may be off.
const LARGEST_SKEW: Duration = Duration::from_secs(5 * 60);
const LARGEST_REQUEST: usize = 8 << 20;

#[derive(Clone)]
struct Verifier {
    keys: Arc<Keys>,
    clock: Clock,
}

/// The same routes, for those alone who sign.
pub fn verified(routes: Router, keys: &Arc<Keys>, clock: &Clock) -> Router {
    let verifier = Verifier { keys: Arc::clone(keys), clock: clock.clone() };
    routes.layer(from_fn_with_state(verifier, verify))
}

async fn verify(State(verifier): State<Verifier>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = http_body_util::Limited::new(body, LARGEST_REQUEST).collect().await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "the request is too large");
    };
    let body = body.to_bytes();
    if let Err(why) = verifier.check(&parts.method, &parts.uri, &parts.headers, &body) {
        return refusal(StatusCode::UNAUTHORIZED, "NotAuthenticated", &why);
    }
    let id = parts.headers.get("opc-request-id").cloned();
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let Some(id) = id {
        response.headers_mut().insert("opc-request-id", id);
    }
    response
}

impl Verifier {
    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
        let header = |name: &str| {
            let value = headers.get(name).ok_or_else(|| format!("the header {name} is missing"))?;
            value.to_str().map_err(|_| format!("the header {name} is no text"))
        };
        let authorization = header("authorization")?;
        let parameters = parameters(authorization.strip_prefix("Signature ").ok_or("not signed")?)?;
        let parameter = |name: &str| {
            parameters.get(name).copied().ok_or_else(|| format!("the signature's parameter {name} is missing"))
        };
        if parameter("version")? != "1" || parameter("algorithm")? != "rsa-sha256" {
            return Err("version 1 and the algorithm rsa-sha256 are expected".to_owned());
        }
        let key_id = parameter("keyId")?;
        let signed: Vec<&str> = parameter("headers")?.split(' ').collect();
        let mut required = vec!["date", "(request-target)"];
        // A certificate's exchange goes by another name inside the cloud.
        if !key_id.contains("/fed-x509/") {
            required.push("host");
        }
        if [Method::POST, Method::PUT, Method::PATCH].contains(method) {
            required.extend(["content-length", "content-type", "x-content-sha256"]);
            if header("x-content-sha256")? != STANDARD.encode(digest::digest(&digest::SHA256, body)) {
                return Err("x-content-sha256 is not the body's".to_owned());
            }
            if header("content-length")? != body.len().to_string() {
                return Err("content-length is not the body's".to_owned());
            }
        }
        if let Some(missing) = required.iter().find(|name| !signed.contains(name)) {
            return Err(format!("{missing} is not signed"));
        }
        let date = DateTimeParser::new().parse_timestamp(header("date")?).map_err(|_| "the date is none")?;
        let (date, now) = (Timestamp::new(date), self.clock.now());
        if date.since(now).max(now.since(date)) > LARGEST_SKEW {
            return Err("the date is more than five minutes off".to_owned());
        }

        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let mut lines = Vec::new();
        for name in &signed {
            lines.push(match *name {
                "(request-target)" => format!("(request-target): {} {path}", method.as_str().to_lowercase()),
                name => format!("{name}: {}", header(name)?),
            });
        }
        let key = self.keys.get(key_id).ok_or("the key is not known, or the token is not good")?;
        let signature = STANDARD.decode(parameter("signature")?).map_err(|_| "the signature is not in base64")?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key)
            .verify(lines.join("\n").as_bytes(), &signature)
            .map_err(|_| "the signature is not this request's".to_owned())
    }
}

/// `name="value"`, with commas between.
fn parameters(text: &str) -> Result<BTreeMap<&str, &str>, String> {
    let mut parameters = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"").ok_or("a parameter of the signature has no value")?;
        let (value, after) = quoted.split_once('"').ok_or("a parameter's value has no end")?;
        if parameters.insert(name.trim(), value).is_some() {
            return Err(format!("the parameter {name} stands twice"));
        }
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    Ok(parameters)
}
