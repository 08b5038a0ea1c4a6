//! How often one address may ask for what costs something or can be guessed at.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use platform::Problem;
use platform::limits::Who;
use platform::service::App;

use crate::app::Auth;

/// Among a handler's arguments, this counts the request against its address.
pub struct Throttled;

impl FromRequestParts<Auth> for Throttled {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Auth) -> Result<Self, Problem> {
        app.context().limits().check(&Who::Ip(client_address(parts)), app.per_address()).await?;
        Ok(Throttled)
    }
}

/// The last address in `X-Forwarded-For` is what the gateway has seen, and only the gateway reaches this service; those
/// before it are what a client says of itself.
fn client_address(parts: &Parts) -> IpAddr {
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let forwarded = forwarded.and_then(|v| v.to_str().ok()).and_then(|v| v.rsplit(',').next()?.trim().parse().ok());
    let peer = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    forwarded.or_else(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(forwarded: &[&'static str]) -> String {
        let mut request = http::Request::builder();
        for value in forwarded {
            request = request.header("X-Forwarded-For", *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 7], 4711))));
        client_address(&parts).to_string()
    }

    #[test]
    fn what_the_gateway_has_seen_counts_and_not_what_the_client_says() {
        assert_eq!(address(&["198.51.100.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(address(&["198.51.100.1", "2001:db8::1"]), "2001:db8::1");
        assert_eq!(address(&[]), "10.0.0.7");
        assert_eq!(address(&["nonsense"]), "10.0.0.7");
    }
}
