//! Which service answers for a public path.

use std::collections::HashMap;

use types::ServiceName;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Routes {
    by_prefix: HashMap<String, ServiceName>,
    /// Slashes in the longest prefix: a longer path is cut before the search, so that one of a thousand segments costs no more.
    deepest: usize,
}

impl Routes {
    pub fn new<'a>(routes: impl IntoIterator<Item = (&'a str, ServiceName)>) -> Self {
        let by_prefix: HashMap<_, _> = routes.into_iter().map(|(prefix, s)| (prefix.to_owned(), s)).collect();
        let deepest = by_prefix.keys().map(|prefix| prefix.matches('/').count()).max().unwrap_or(0);
        Routes { by_prefix, deepest }
    }

    /// The longest prefix wins; it ends where a segment ends.
    pub fn find(&self, path: &str) -> Option<ServiceName> {
        let end = path.match_indices('/').nth(self.deepest).map_or(path.len(), |(at, _)| at);
        let mut prefix = path.get(..end)?;
        loop {
            if let Some(service) = self.by_prefix.get(prefix) {
                return Some(*service);
            }
            prefix = prefix.rsplit_once('/')?.0;
        }
    }
}

/// Is `path` the same as `prefix` or below it?
pub(super) fn lies_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROUTES: &[(&str, ServiceName)] = &[
        ("/api/v1/cart", ServiceName::Cart),
        ("/api/v1/orders", ServiceName::Order),
        ("/api/v1/orders/all/returns", ServiceName::Return),
        ("/api/v1/products", ServiceName::Product),
    ];

    #[test]
    fn a_route_ends_where_a_segment_ends() {
        let routes = Routes::new(ROUTES.iter().copied());
        assert_eq!(routes.find("/api/v1/cart"), Some(ServiceName::Cart));
        assert_eq!(routes.find("/api/v1/cart/"), Some(ServiceName::Cart));
        assert_eq!(routes.find("/api/v1/cart/items/7"), Some(ServiceName::Cart));
        assert_eq!(routes.find("/api/v1/carts"), None);
        assert_eq!(routes.find("/api/v1/cart-x/items"), None);
        assert_eq!(routes.find("/api/v1"), None);
        assert_eq!(routes.find("/x/api/v1/cart"), None);
        assert_eq!(routes.find("/"), None);
        assert_eq!(routes.find(""), None);
    }

    #[test]
    fn the_longer_route_wins() {
        let routes = Routes::new(ROUTES.iter().copied());
        assert_eq!(routes.find("/api/v1/orders/all/returns/9"), Some(ServiceName::Return));
        assert_eq!(routes.find("/api/v1/orders/all"), Some(ServiceName::Order));
    }

    proptest! {
        #[test]
        fn finds_what_a_search_through_all_routes_finds(
            path in "(/(api|v1|cart|orders|all|returns|products|x|é|)){0,7}[a-z/é]{0,3}",
        ) {
            let slow = ROUTES.iter().filter(|(prefix, _)| lies_below(&path, prefix)).max_by_key(|(prefix, _)| prefix.len());
            prop_assert_eq!(Routes::new(ROUTES.iter().copied()).find(&path), slow.map(|(_, service)| *service));
        }

        #[test]
        fn finds_the_service_of_whatever_lies_below_its_route(route in prop::sample::select(ROUTES), rest in "(/[a-z0-9%.é]{0,9}){0,9}") {
            let below = [route.0, &rest].concat();
            prop_assert!(Routes::new(ROUTES.iter().copied()).find(&below).is_some());
        }
    }
}
