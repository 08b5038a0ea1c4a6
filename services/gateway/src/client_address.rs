//! Who a request comes from, when proxies stand in between.

use std::net::IpAddr;

use http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address: the last one in `X-Forwarded-For` that no proxy of ours has written, `proxies` being how many stand
/// before the gateway (load balancer, ingress). What stands further left is the client's own claim.
pub(crate) fn client_address(headers: &HeaderMap, peer: IpAddr, proxies: usize) -> IpAddr {
    if proxies == 0 {
        return peer;
    }
    let claimed: Vec<IpAddr> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|address| address.trim().parse().ok())
        .collect();
    // The nearest proxy is the peer itself and has not written its own address.
    claimed.len().checked_sub(proxies).and_then(|i| claimed.get(i)).copied().unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(forwarded: &str, proxies: usize) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_FOR, forwarded.parse().unwrap());
        client_address(&headers, "10.0.0.1".parse().unwrap(), proxies).to_string()
    }

    #[test]
    fn a_client_cannot_claim_another_address() {
        assert_eq!(from("6.6.6.6", 0), "10.0.0.1");
        assert_eq!(from("203.0.113.9", 1), "203.0.113.9");
        assert_eq!(from("6.6.6.6, 203.0.113.9", 1), "203.0.113.9");
        assert_eq!(from("6.6.6.6, 203.0.113.9, 10.0.0.7", 2), "203.0.113.9");
        assert_eq!(from("nonsense", 1), "10.0.0.1");
        assert_eq!(from("203.0.113.9", 2), "10.0.0.1");
    }
}
