//! Schemathesis makes requests of the OpenAPI documents, right ones and wrong ones, and holds the answers against the same
//! documents: no 5xx, no status, content type, header or field that they do not name.

use std::path::Path;

use serde_json::Value;
use tokio::process::Command;
use types::{Role, ServiceName};
use uuid::Uuid;

use crate::shop::{Person, Shop};

/// Where `script/install --schemathesis` puts it.
const PROGRAM: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../tools/schemathesis/bin/schemathesis");
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/platform/schemathesis.toml");

/// About a half of the operations, so that two processes share the work.
const GOODS: &str =
    "^/api/v1/(products|categories|stock|reviews|cart|coupons|promotions|shipping|shipments|returns)(/|$)";
/// What ends the session that asks, locks its account or takes its data away: whoever tries these can try nothing else.
const LAST: &str = "^/api/v1/(auth/(logout|password/change|sessions/[{]id[}])|users/me/erasure)$";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_what_the_documents_say() {
    assert!(Path::new(PROGRAM).exists(), "Schemathesis is not at {PROGRAM}: script/test installs it and runs this");
    let shop = Shop::open().await;
    let admin = with_something_of_everything(&shop).await;
    let customer = shop.log_in(Role::Customer).await;
    let gateway = shop.platform.url();
    let auth = format!("http://127.0.0.1:{}", shop.platform.port(ServiceName::Auth));
    let neither = format!("{GOODS}|{LAST}");

    let whole = format!("{gateway}/api/v1/openapi.json");
    let (goods, others) = tokio::join!(
        try_operations(&shop, &admin, &whole, &gateway, ["--include-path-regex", GOODS]),
        try_operations(&shop, &admin, &whole, &gateway, ["--exclude-path-regex", &neither]),
    );
    let last = try_operations(&shop, &customer, &whole, &gateway, ["--include-path-regex", LAST]).await;
    let public = shop.guest().get("/api/v1/openapi.json").await.is(200).body;
    assert_eq!(goods + others + last, operations(&public));

    // What the gateway answers itself, and what is not behind it.
    let (of_gateway, of_auth) = (format!("{gateway}/openapi.json"), format!("{auth}/openapi.json"));
    let (own, keys) = tokio::join!(
        try_operations(&shop, &admin, &of_gateway, &gateway, ["--include-path-regex", "."]),
        try_operations(&shop, &admin, &of_auth, &auth, ["--include-path-regex", "jwks"]),
    );
    assert_eq!((own, keys), (3, 1));
}

/// Somebody's order of each stage, and an administrator with an order of their own: what lists show is asked for by its id.
async fn with_something_of_everything(shop: &Shop) -> Person {
    haat::tour::walk_quietly(&shop.platform.url()).await.unwrap();
    let admin = shop.log_in(Role::Admin).await;
    let order = admin.order(&shop.offer(9).await, 2).await;
    admin.pay(&order, "success@sandbox").await.is(201);
    admin.until(&order, "status", "confirmed").await;
    admin
}

/// Answers how many operations were tried.
async fn try_operations(shop: &Shop, person: &Person, document: &str, url: &str, filter: [&str; 2]) -> usize {
    let report = shop.state.join(&format!("{}.json", Uuid::new_v4()));
    let mut command = Command::new(PROGRAM);
    command.args(["--config-file", CONFIG, "run", document, "--url", url, "--no-color"]).args(filter);
    command.args(["--report", "json", "--report-json-path"]).arg(&report);
    command.env("HAAT_ACCESS_TOKEN", person.token()).current_dir(shop.state.path()).kill_on_drop(true);
    let ended = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(report["complete"], true, "{said}");
    usize::try_from(report["operations"]["tested"].as_u64().unwrap()).unwrap()
}

fn operations(document: &Value) -> usize {
    let items = document["paths"].as_object().unwrap().values();
    items.map(|item| item.as_object().unwrap().values().filter(|value| value["responses"].is_object()).count()).sum()
}
