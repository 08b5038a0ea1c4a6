//! One keep-alive connection, on the bare HTTP/1.1 of hyper: a generator that shares the machine with what it measures must cost
//! little.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use uuid::Uuid;

/// What came back instead of the answer that was expected.
#[derive(Debug, thiserror::Error)]
pub enum Unexpected {
    #[error("{0}: {1}")]
    Connection(String, String),
    #[error("{request}: {status} {body}")]
    Answer { request: String, status: StatusCode, body: String },
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Who sends a request.
#[derive(Clone, Default)]
pub struct Person {
    pub authorization: Option<HeaderValue>,
    pub cart_token: Option<HeaderValue>,
}

/// Connects when it is first used, and again after the other side has closed.
pub struct Connection {
    address: SocketAddr,
    host: HeaderValue,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub fn new(address: SocketAddr) -> Self {
        let host = HeaderValue::from_str(&address.to_string()).unwrap_or(HeaderValue::from_static("localhost"));
        Connection { address, host, sender: None }
    }

    pub async fn get(&mut self, path: &str, person: &Person) -> Result<Answer, Unexpected> {
        self.send(Method::GET, path, person, None).await
    }

    /// A GET that is answered with 200.
    pub async fn read(&mut self, path: &str, person: &Person) -> Result<Value, Unexpected> {
        let answer = self.get(path, person).await?;
        answer.expect("GET", path, answer.status == StatusCode::OK)?;
        Ok(answer.json())
    }

    /// A POST with a new idempotency key, that succeeds.
    pub async fn post(&mut self, path: &str, person: &Person, body: &Value) -> Result<Answer, Unexpected> {
        let answer = self.send(Method::POST, path, person, Some(body)).await?;
        answer.expect("POST", path, answer.status.is_success())?;
        Ok(answer)
    }

    /// Whatever the answer is.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        person: &Person,
        body: Option<&Value>,
    ) -> Result<Answer, Unexpected> {
        let lost = |error: String| Unexpected::Connection(path.to_owned(), error);
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let mut request = Request::builder().method(&method).uri(path).body(Full::new(bytes));
        if let Ok(request) = &mut request {
            let headers = request.headers_mut();
            headers.insert(header::HOST, self.host.clone());
            if body.is_some() {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            if method == Method::POST
                && let Ok(key) = HeaderValue::from_str(&Uuid::new_v4().to_string())
            {
                headers.insert("idempotency-key", key);
            }
            if let Some(authorization) = &person.authorization {
                headers.insert(header::AUTHORIZATION, authorization.clone());
            }
            if let Some(token) = &person.cart_token {
                headers.insert("x-cart-token", token.clone());
            }
        }
        let request = request.map_err(|error| lost(error.to_string()))?;
        let sender = self.sender().await.map_err(&lost)?;
        let sent = match sender.send_request(request).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                body.collect().await.map(|body| (parts, body.to_bytes()))
            }
            Err(error) => Err(error),
        };
        match sent {
            Ok((parts, body)) => Ok(Answer { status: parts.status, headers: parts.headers, body }),
            Err(error) => {
                self.sender = None;
                Err(lost(error.to_string()))
            }
        }
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let usable = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = TcpStream::connect(self.address).await.map_err(|error| error.to_string())?;
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            let (sender, connection) =
                http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
            // Its end is seen by whoever sends next.
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or_else(|| "no connection".to_owned())
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// # Errors
    /// [`Unexpected::Answer`] unless `good`.
    pub fn expect(&self, method: &str, path: &str, good: bool) -> Result<(), Unexpected> {
        const LONGEST: usize = 300;
        if good {
            return Ok(());
        }
        let body: String = String::from_utf8_lossy(&self.body).chars().take(LONGEST).collect();
        Err(Unexpected::Answer { request: format!("{method} {path}"), status: self.status, body })
    }
}

impl Person {
    pub fn with_token(token: &str) -> Self {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok();
        if let Some(value) = &mut value {
            value.set_sensitive(true);
        }
        Person { authorization: value, cart_token: None }
    }
}
