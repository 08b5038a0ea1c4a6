use super::*;
use ServiceName::{Auth, Cart, Gateway, Notification, Order, Payment, Product, Return};

const MAP: &str = include_str!("../../../../topology.yaml");

fn map() -> &'static Topology {
    Topology::embedded().unwrap()
}

/// Plants a mistake in the shipped map: the first `right` becomes `wrong`.
fn planted(right: &str, wrong: &str) -> TopologyError {
    assert!(MAP.contains(right), "nothing to replace: {right}");
    Topology::parse(&MAP.replacen(right, wrong, 1)).expect_err(wrong)
}

#[track_caller]
fn tells(right: &str, wrong: &str, sentences: &[&str]) {
    match planted(right, wrong) {
        TopologyError::Mistakes(mistakes) => assert_eq!(mistakes, sentences, "{wrong}"),
        TopologyError::Unreadable(reason) => panic!("{wrong}: {reason}"),
    }
}

#[track_caller]
fn unreadable(right: &str, wrong: &str, reason: &str) {
    let error = planted(right, wrong);
    assert!(matches!(error, TopologyError::Unreadable(_)), "{error}");
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn the_map_that_is_shipped_has_no_mistake_and_names_what_the_types_name() {
    let map = Topology::embedded().unwrap();
    assert!(map.services().map(|s| s.name).eq(ServiceName::ALL.iter().copied()));
    assert!(map.queues().map(|(name, _)| name).eq(QueueName::ALL.iter().copied()));
    assert!(map.environments().map(|e| e.name).eq(EnvironmentName::ALL.iter().copied()));
}

#[test]
fn answers_who_may_call_whom() {
    assert!(map().allows_call(Cart, Product));
    assert!(!map().allows_call(Product, Cart));
    assert!(map().allows_call(Order, Payment) && map().allows_call(Payment, Order));
    assert_eq!(map().callers_of(Payment).collect::<Vec<_>>(), [Gateway, Order]);
}

#[test]
fn answers_what_a_service_is() {
    let order = map().service(Order);
    assert_eq!(
        (map().port(Order), order.class.name.as_str(), order.anti_affinity),
        (3005, "large", AntiAffinity::Required)
    );
    assert_eq!((order.class.limits.cpu, order.class.limits.memory), (2000, 2048));
    assert_eq!(map().service(Gateway).anti_affinity, AntiAffinity::Preferred);
    assert!(order.database && !map().service(Gateway).database);
    assert_eq!(map().product(), "haat");
    assert_eq!((map().key_set().service, map().key_set().path.as_str()), (Auth, "/.well-known/jwks.json"));
    assert_eq!(map().autoscaling().calm.as_secs(), 300);
}

#[test]
fn answers_where_events_come_from_and_go() {
    assert_eq!(map().queue_of(Order), Some(QueueName::Order));
    assert_eq!(map().queue_of(Cart), None);
    assert_eq!(map().owner_of_queue(QueueName::Notification), Notification);
    assert_eq!(map().queue(QueueName::User).visibility.as_secs(), 30);
    assert_eq!(map().streams_consumed_by(Cart), [StreamName::User, StreamName::Order, StreamName::Product].into());
    assert_eq!(map().events_consumed_by(Auth), [("user.erasure_requested.v1", StreamName::User)]);
    assert_eq!(map().producers_of("shipment.rto.v1"), &[ServiceName::Shipping].into());
    assert!(map().producers_of("shipment.rto.v2").is_empty());
    assert!(map().event("return.closed.v1").is_some_and(|e| e.consumers.contains(&Order)));
}

#[test]
fn answers_for_public_paths() {
    assert_eq!(map().route("/api/v1/cart/items"), Some(Cart));
    assert_eq!(map().route("/api/v1/stock"), Some(Product));
    assert_eq!(map().route("/api/v1/returns/1"), Some(Return));
    assert_eq!(map().route("/api/v1/carts"), None);
    assert_eq!(map().route("/internal/v1/orders"), None);
}

#[test]
fn answers_how_an_environment_scales() {
    assert_eq!(map().scale_in(EnvironmentName::Production, Cart), Bounds { min: 2, max: 15 });
    assert_eq!(map().scale_in(EnvironmentName::Development, Cart), Bounds { min: 1, max: 3 });
    assert_eq!(map().environment(EnvironmentName::Staging).cidr.to_string(), "10.1.0.0/16");
}

#[test]
fn refuses_what_is_not_of_the_maps_shape() {
    unreadable("product: haat", "product: haat\nprodukt: haat", "produkt");
    unreadable("port: 3000", "prot: 3000", "prot");
    unreadable("    class: large\n", "", "class");
    unreadable("visibility: 30,", "visibility: 30, hidden: 1,", "hidden");
    unreadable("partitions: 1,", "partitions: 1, shards: 1,", "shards");
    unreadable("node_cpu: 80,", "", "node_cpu");
    unreadable("scale: [3, 20]", "scale: [3]", "2");
    unreadable("port: 3000", "port: 70000", "70000");
    unreadable("anti_affinity: required", "anti_affinity: always", "always");
    unreadable("  user:\n    port", "  auth:\n    port", "auth");
}

#[test]
fn tells_all_mistakes_at_once() {
    let text = MAP.replacen("calls: [product,", "calls: [prodct,", 1).replacen("nodes: [1, 5]", "nodes: [5, 1]", 1);
    let error = Topology::parse(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the topology is wrong:\nservices.cart.calls: unknown service 'prodct'\n\
         environments.development.nodes: from 5 to 1 is the wrong way round"
    );
}

#[test]
fn tells_a_mistake_in_the_head() {
    tells("product: haat", "product: ''", &["product: has no name"]);
    tells("requests: { cpu: 100,", "requests: { cpu: 1001,", &["classes.small.limits: are lower than the requests"]);
    tells("requests: { cpu: 100,", "requests: { cpu: 0,", &["classes.small.requests: must not be zero"]);
    tells("cpu: 70,", "cpu: 0,", &["autoscaling.cpu: 0 per cent is not between 1 and 100"]);
    tells("memory: 80,", "memory: 101,", &["autoscaling.memory: 101 per cent is not between 1 and 100"]);
    tells("calm: 300", "calm: 0", &["autoscaling.calm: 0 is less than 1"]);
    tells("service: auth,", "service: oauth,", &["key_set.service: unknown service 'oauth'"]);
    tells("path: /.well", "path: .well", &["key_set.path: '.well-known/jwks.json' does not start with '/'"]);
}

#[test]
fn tells_a_mistake_in_a_service() {
    tells(
        "  return:\n",
        "  returns:\n",
        &["services: 'return' is missing", "services.returns: unknown service 'returns'"],
    );
    tells("port: 3004", "port: 3003", &["services.cart.port: 3003 is product's"]);
    tells("port: 3004", "port: 80", &["services.cart.port: 80 is less than 1024"]);
    tells("3001\n    class: small", "3001\n    class: tiny", &["services.auth.class: unknown class 'tiny'"]);
    tells("calls: [order]", "calls: [payment]", &["services.payment.calls: payment calls itself"]);
    tells("calls: [order]", "calls: [order, order]", &["services.payment.calls: 'order' stands twice"]);
    tells("scale: [2, 15]", "scale: [15, 2]", &["services.cart.scale: from 15 to 2 is the wrong way round"]);
    tells("scale: [2, 15]", "scale: [0, 15]", &["services.cart.scale: 0 is less than 1"]);
    tells("scale: [2, 15]", "scale: [3, 15]", &["services.cart.replicas: 2 is not between 3 and 15"]);
}

#[test]
fn tells_a_mistake_in_a_route() {
    let cart = "[/api/v1/cart]";
    tells(cart, "[/internal/v1/cart]", &["services.cart.routes: '/internal/v1/cart' is no path below /api/v1"]);
    tells(cart, "[/api/v1/cart/]", &["services.cart.routes: '/api/v1/cart/' is no path below /api/v1"]);
    tells(cart, "[/api/v1]", &["services.cart.routes: '/api/v1' is no path below /api/v1"]);
    tells(cart, "[/api/v1/c, /api/v1/c]", &["services.cart.routes: '/api/v1/c' stands twice"]);
    tells(
        cart,
        "[/api/v1/users/cart]",
        &["services.cart.routes: '/api/v1/users/cart' overlaps '/api/v1/users' of user"],
    );
    tells(
        "[/api/v1/users]",
        "[/api/v1/cart/users]",
        &["services.cart.routes: '/api/v1/cart' overlaps '/api/v1/cart/users' of user"],
    );
    tells("product, cart, order,", "product, order,", &["services.cart.routes: the gateway may not call cart"]);
    assert!(Topology::parse(&MAP.replace(cart, "[/api/v1/cart, /api/v1/orders-draft]")).is_ok());
}

#[test]
fn tells_a_mistake_in_a_queue() {
    tells(
        "user-service-events: {",
        "users-service-events: {",
        &[
            "queues: 'user-service-events' is missing",
            "queues.users-service-events: unknown queue 'users-service-events'",
        ],
    );
    tells("owner: user,", "owner: usr,", &["queues.user-service-events.owner: unknown service 'usr'"]);
    tells(
        "owner: user,",
        "owner: order,",
        &["queues.user-service-events.owner: order owns order-service-events already"],
    );
    tells("owner: user,", "owner: gateway,", &["queues.user-service-events.owner: gateway consumes no event"]);
    tells("visibility: 30", "visibility: 0", &["queues.user-service-events.visibility: 0 is less than 1"]);
    tells("deliveries: 5", "deliveries: 0", &["queues.user-service-events.deliveries: 0 is less than 1"]);
}

#[test]
fn tells_a_mistake_in_an_event() {
    let place = "events.cart.converted.v1";
    let with = |body: &str| format!("cart.converted.v1: {{ {body} }}");
    let right = with("stream: order-events, producer: [cart], consumers: [order]");
    let tells = |body: &str, what: &str| tells(&right, &with(body), &[&format!("{place}.{what}")]);
    tells("stream: cart-events, producer: [cart], consumers: [order]", "stream: unknown stream 'cart-events'");
    tells("stream: order-events, producer: [], consumers: [order]", "producer: nobody produces it");
    tells("stream: order-events, producer: [crt], consumers: [order]", "producer: unknown service 'crt'");
    tells("stream: order-events, producer: [cart], consumers: []", "consumers: nobody consumes it");
    tells("stream: order-events, producer: [cart], consumers: [odrer]", "consumers: unknown service 'odrer'");
    tells("stream: order-events, producer: [cart], consumers: [order, order]", "consumers: 'order' stands twice");
    tells("stream: order-events, producer: [cart], consumers: [order, cart]", "consumers: cart is its only producer");
}

#[test]
fn a_service_may_consume_what_others_produce_too() {
    let shared = MAP.replacen("producer: [cart], consumers: [order]", "producer: [cart, order], consumers: [order]", 1);
    assert_ne!(shared, MAP);
    assert!(Topology::parse(&shared).is_ok());
}

#[test]
fn tells_an_event_type_without_subject_or_version() {
    for wrong in
        ["cart.converted", "cart.converted.2", "cart.converted.v0", "converted.v1", "cart.Converted.v1", "a.b.c.v1"]
    {
        let sentence = format!("events.{wrong}: is not of the form subject.what_happened.v1");
        tells("cart.converted.v1:", &format!("{wrong}:"), &[&sentence]);
    }
}

#[test]
fn tells_a_mistake_in_the_streams() {
    let all = "[user-events, order-events, payment-events, product-events]";
    tells(all, "[user-events, order-events, payment-events]", &["streams: 'product-events' is missing"]);
    tells("product-events]\n", "product-events, cart-events]\n", &["streams: unknown stream 'cart-events'"]);
    tells("product-events]\n", "product-events, user-events]\n", &["streams: 'user-events' stands twice"]);
    let silent = MAP.replace("stream: payment-events", "stream: order-events");
    let expected = TopologyError::Mistakes(vec!["streams: no event goes to 'payment-events'".to_owned()]);
    assert_eq!(Topology::parse(&silent), Err(expected));
}

#[test]
fn tells_a_mistake_in_an_environment() {
    let development = |what: &str| format!("environments.development.{what}");
    tells(
        "  staging:\n",
        "  stage:\n",
        &["environments: 'staging' is missing", "environments.stage: unknown environment 'stage'"],
    );
    for wrong in ["10.2.0.0/24", "10.2.1.0/16", "10.2.0/16", "10.2.0.0/33", "10.2.0.0"] {
        let sentence = development(&format!("cidr: '{wrong}' is no network of the size /16"));
        tells("10.2.0.0/16", wrong, &[&sentence]);
    }
    // In the order of the file, which is that of the names.
    tells(
        "10.1.0.0/16",
        "10.2.0.0/16",
        &["environments.staging.cidr: 10.2.0.0/16 overlaps 10.2.0.0/16 of development"],
    );
    tells("    scale: [1, 3]\n", "", &[&development("scale: is missing")]);
    tells("scale: [1, 3]", "scale: [3, 1]", &[&development("scale: from 3 to 1 is the wrong way round")]);
    tells(
        "nodes: [3, 50]",
        "nodes: [3, 50]\n    scale: [1, 2]",
        &["environments.production.scale: stands with each service in production"],
    );
    tells("nodes: [1, 5]", "nodes: [0, 5]", &[&development("nodes: 0 is less than 1")]);
    tells("ocpus: [2, 4]", "ocpus: [4, 2]", &[&development("database.ocpus: from 4 to 2 is the wrong way round")]);
    tells(
        "replicas: [2, 5]",
        "replicas: [5, 2]",
        &["environments.production.database.replicas: from 5 to 2 is the wrong way round"],
    );
    tells("storage_tib: 2", "storage_tib: 0", &["environments.production.database.storage_tib: 0 is less than 1"]);
    tells("backup_days: 3 }", "backup_days: 0 }", &[&development("database.backup_days: 0 is less than 1")]);
    tells("partitions: 1", "partitions: 0", &["environments.production.stream.partitions: 0 is less than 1"]);
    tells(
        "retention_hours: 24",
        "retention_hours: 0",
        &["environments.production.stream.retention_hours: 0 is less than 1"],
    );
    tells(
        "queue_retention_days: 1\n",
        "queue_retention_days: 0\n",
        &[&development("queue_retention_days: 0 is less than 1")],
    );
    tells("log_days: 90", "log_days: 0", &["environments.production.log_days: 0 is less than 1"]);
}

#[test]
fn tells_a_mistake_in_an_alarm() {
    let production = |what: &str| format!("environments.production.alarms.{what}");
    for (field, right) in [("database_cpu", 80), ("database_storage", 85), ("redis_memory", 80), ("node_cpu", 80)] {
        for wrong in [0, 101] {
            let sentence = production(&format!("{field}: {wrong} per cent is not between 1 and 100"));
            tells(&format!("{field}: {right}"), &format!("{field}: {wrong}"), &[&sentence]);
        }
    }
    tells("load_balancer_5xx: 10", "load_balancer_5xx: 0", &[&production("load_balancer_5xx: 0 is less than 1")]);
    tells("replica_lag: 5", "replica_lag: 0", &[&production("replica_lag: 0 is less than 1")]);
}
