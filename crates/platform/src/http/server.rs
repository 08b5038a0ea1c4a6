//! Serving HTTP on a port that is bound already, with a graceful end.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

/// A client that takes longer to send its head is cut off: slow heads must not use up the connections. It is longer than our own
/// clients keep a connection idle, so that these never send into a connection that is being closed.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// What a server does before it stops: it goes on serving, and asks whoever it answers to close the connection (RFC 9112, section
/// 9.6). A server that closes an idle connection itself may do so while a request is on its way there, and whoever sent that
/// cannot know whether it was worked on. Cheap to clone; clones say it together.
#[derive(Clone, Debug, Default)]
pub struct Farewell {
    said: CancellationToken,
    connections: TaskTracker,
}

impl Farewell {
    pub fn say(&self) {
        self.said.cancel();
        self.connections.close();
    }

    /// Waits until it was said and no connection is open.
    pub async fn everybody_gone(&self) {
        self.connections.wait().await;
    }
}

/// Accepts until `stop`, then ends idle connections, lets the others finish their request, and returns when all are done or
/// after `drain`. Returns how many had to be cut off.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    farewell: Farewell,
    stop: CancellationToken,
    drain: Duration,
) -> usize {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, for instance: those in use will be given back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _lost_speed_only = stream.set_nodelay(true);
        let (router, said) = (router.clone(), farewell.said.clone());
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let (answer, said) = (router.clone().call(request), said.clone());
            async move {
                let mut response = answer.await?;
                if said.is_cancelled() {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .serve_connection(TokioIo::new(stream), service);
        let watched = connections.watch(connection);
        farewell.connections.spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, %peer, "a connection ended early");
            }
        });
    }
    drop(listener);
    let open = connections.count();
    match tokio::time::timeout(drain, connections.shutdown()).await {
        Ok(()) => 0,
        Err(_) => open,
    }
}
