//! Where there is no nginx: hyper with canned answers, as a process of its own.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::Canned;
use crate::error::Error;

#[derive(Serialize, Deserialize)]
struct Order {
    address: SocketAddr,
    answers: BTreeMap<String, Canned>,
}

pub fn spawn(directory: &Path, address: SocketAddr, answers: &BTreeMap<String, Canned>) -> Result<Child, Error> {
    let file = directory.join("bare.json");
    let order = Order { address, answers: answers.clone() };
    let text = serde_json::to_vec(&order).map_err(|error| Error::failed(error.to_string()))?;
    fs::write(&file, text).map_err(|error| Error::io(file.display(), error))?;
    let own = std::env::current_exe().map_err(|error| Error::io("this program", error))?;
    let mut command = Command::new(own);
    command.arg("--bare").arg(file).stdin(Stdio::null());
    command.spawn().map_err(|error| Error::io("this program", error))
}

/// Serves what [`spawn`] has written down, until it is killed.
pub async fn serve(file: &Path) -> Result<(), Error> {
    let text = fs::read(file).map_err(|error| Error::io(file.display(), error))?;
    let order: Order = serde_json::from_slice(&text).map_err(|error| Error::failed(error.to_string()))?;
    let answers: BTreeMap<String, (HeaderMap, Bytes)> =
        order.answers.into_iter().map(|(path, canned)| (path, ready(canned))).collect();
    let answers = Arc::new(answers);
    let listener = TcpListener::bind(order.address).await.map_err(|error| Error::io(order.address, error))?;
    loop {
        let (stream, _) = listener.accept().await.map_err(|error| Error::io(order.address, error))?;
        stream.set_nodelay(true).map_err(|error| Error::io(order.address, error))?;
        let answers = Arc::clone(&answers);
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer(&answers, request.uri().path());
            async move { Ok::<_, Infallible>(answer) }
        });
        // A client that goes away is no trouble.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn ready(canned: Canned) -> (HeaderMap, Bytes) {
    let mut headers = HeaderMap::new();
    for (name, value) in canned.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            headers.append(name, value);
        }
    }
    (headers, canned.body.into())
}

fn answer(answers: &BTreeMap<String, (HeaderMap, Bytes)>, path: &str) -> Response<Full<Bytes>> {
    match answers.get(path) {
        Some((headers, body)) => {
            let mut response = Response::new(Full::new(body.clone()));
            headers.clone_into(response.headers_mut());
            response
        }
        None => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}
