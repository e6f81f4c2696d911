//! Whose address a request comes from, for the lock-out and the audit.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The peer, or what a trusted proxy says about the peer it serves. Nobody else is believed.
pub(crate) fn client_address(
    peer: SocketAddr,
    headers: &HeaderMap,
    proxy: Option<IpAddr>,
) -> IpAddr {
    let peer = peer.ip().to_canonical();
    if proxy.map(|proxy| proxy.to_canonical()) != Some(peer) {
        return peer;
    }
    // The proxy adds the address it saw at the end; everything before it was written by the client.
    let last = headers.get_all("x-forwarded-for").iter().next_back();
    last.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok())
        .unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_trusted_proxy_is_believed_and_only_its_own_word() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "10.0.0.9, 10.0.0.1".parse().unwrap());
        let peer: SocketAddr = "10.0.0.5:1234".parse().unwrap();
        let of = |proxy: Option<&str>| {
            client_address(peer, &headers, proxy.map(|proxy| proxy.parse().unwrap())).to_string()
        };
        assert_eq!(of(None), "10.0.0.5");
        assert_eq!(of(Some("10.0.0.6")), "10.0.0.5");
        assert_eq!(of(Some("10.0.0.5")), "10.0.0.1");
        headers.insert("x-forwarded-for", "rubbish".parse().unwrap());
        assert_eq!(
            client_address(peer, &headers, Some(peer.ip())).to_string(),
            "10.0.0.5"
        );
    }
}
