//! Answers that a service has marked as the same for everybody for some seconds (`Cache-Control: public, max-age=...`) are
//! given again without asking it: a shared cache (RFC 9111) in the gateway's memory.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use http_body_util::BodyExt;
use moka::Expiry;
use moka::future::Cache;
use platform::env::{Env, EnvError};
use platform::{Problem, Result};

/// Larger answers are not kept.
const LARGEST: usize = 256 << 10;

pub(crate) struct Recent(Cache<String, Answer>);

#[derive(Clone)]
struct Answer {
    headers: HeaderMap,
    body: Bytes,
    keep: Duration,
}

struct AsLongAsTold;

impl Expiry<String, Answer> for AsLongAsTold {
    fn expire_after_create(&self, _: &String, answer: &Answer, _: Instant) -> Option<Duration> {
        Some(answer.keep)
    }
}

impl Recent {
    /// `GATEWAY_CACHE_MIB`: how much memory the answers may take; 0 keeps none.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        let mebibytes: u64 = env.value("GATEWAY_CACHE_MIB", 16)?;
        let weight =
            |key: &String, answer: &Answer| u32::try_from(key.len() + answer.body.len() + 512).unwrap_or(u32::MAX);
        Ok(Recent(Cache::builder().max_capacity(mebibytes << 20).weigher(weight).expire_after(AsLongAsTold).build()))
    }

    pub async fn find(&self, uri: &Uri, request: &HeaderMap) -> Option<Response> {
        let answer = self.0.get(uri.path_and_query()?.as_str()).await?;
        Some(answer.to_client(request))
    }

    /// Passes an answer on, and keeps it if the service allows it.
    pub async fn keep(&self, uri: &Uri, request: &HeaderMap, response: http::Response<Body>) -> Result<Response> {
        let keep = time_to_keep(&response);
        let (Some(keep), Some(key)) = (keep, uri.path_and_query()) else { return Ok(response.into_response()) };
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(Problem::unavailable)?.to_bytes();
        let answer = Answer { headers: parts.headers, body, keep };
        if answer.body.len() <= LARGEST {
            self.0.insert(key.as_str().to_owned(), answer.clone()).await;
        }
        Ok(answer.to_client(request))
    }
}

impl Answer {
    fn to_client(&self, request: &HeaderMap) -> Response {
        let tag = self.headers.get(header::ETAG);
        let known = request.get(header::IF_NONE_MATCH);
        let body = match (tag, known) {
            (Some(tag), Some(known)) if known == tag => None,
            _ => Some(self.body.clone()),
        };
        let status = if body.is_some() { StatusCode::OK } else { StatusCode::NOT_MODIFIED };
        let mut response = Response::new(body.map_or_else(Body::empty, Body::from));
        *response.status_mut() = status;
        *response.headers_mut() = self.headers.clone();
        if status == StatusCode::NOT_MODIFIED {
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        response
    }
}

/// Only a whole answer that says `public` and for how long, and that is not one client's.
fn time_to_keep(response: &http::Response<Body>) -> Option<Duration> {
    if response.status() != StatusCode::OK || response.headers().contains_key(header::SET_COOKIE) {
        return None;
    }
    let directives = response.headers().get(header::CACHE_CONTROL).map(HeaderValue::to_str)?.ok()?;
    let has = |name: &str| directives.split(',').any(|d| d.trim() == name);
    let seconds =
        |name: &str| directives.split(',').find_map(|d| d.trim().strip_prefix(name)?.strip_prefix('=')?.parse().ok());
    if !has("public") || has("no-store") || has("no-cache") {
        return None;
    }
    seconds("s-maxage").or_else(|| seconds("max-age")).filter(|s| *s > 0).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cache_control: &'static str) -> http::Response<Body> {
        http::Response::builder()
            .header(header::CACHE_CONTROL, cache_control)
            .header(header::ETAG, "\"v1\"")
            .body(Body::from("once"))
            .unwrap()
    }

    async fn recent() -> Recent {
        Recent::from_env(&Env::from_values([])).unwrap()
    }

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn keeps_what_is_public_and_says_for_how_long() {
        let (recent, uri, none) = (recent().await, Uri::from_static("/api/v1/products/1?x=1"), HeaderMap::new());
        assert!(recent.find(&uri, &none).await.is_none());
        let passed = recent.keep(&uri, &none, answer("public, max-age=60")).await.unwrap();
        assert_eq!(text(passed).await, "once");
        assert_eq!(text(recent.find(&uri, &none).await.unwrap()).await, "once");
        assert!(recent.find(&Uri::from_static("/api/v1/products/1"), &none).await.is_none());
        let mut knows = HeaderMap::new();
        knows.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"v1\""));
        assert_eq!(recent.find(&uri, &knows).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn keeps_nothing_else() {
        let (recent, none) = (recent().await, HeaderMap::new());
        for (i, control) in
            ["private, max-age=60", "max-age=60", "public", "public, max-age=0", "public, no-store, max-age=9"]
                .into_iter()
                .enumerate()
        {
            let uri: Uri = format!("/{i}").parse().unwrap();
            assert_eq!(text(recent.keep(&uri, &none, answer(control)).await.unwrap()).await, "once");
            assert!(recent.find(&uri, &none).await.is_none(), "{control}");
        }
    }
}
