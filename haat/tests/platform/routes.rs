//! Every route, tried by everybody.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};
use types::{Role, ServiceName};
use uuid::Uuid;

use crate::shop::{Person, Shop};

/// The committed table. Who may use a route is read here, in a review, and nowhere else.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/ROUTES.md");

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_the_table_says() {
    let shop = Shop::open().await;
    let roles = [Role::Customer, Role::Support, Role::Merchandiser, Role::Operator, Role::Admin];
    let mut table = String::from(
        "# Who may use which route\n\nTried by a test against the running platform: ● is let in, · is refused with 401 or 403.\n\n\
         | service | route | guest | customer | support | merchandiser | operator | admin |\n|---|---|---|---|---|---|---|---|\n",
    );
    for service in haat::services::all() {
        for (method, path) in public_routes(&service.openapi) {
            let mut row = vec![is_let_in(&shop.guest(), &shop, service.name, &method, &path).await];
            for role in roles {
                // A request may end its own session, so each has one of its own.
                let person = if service.name == ServiceName::Auth { shop.log_in(role).await } else { shop.staff(role) };
                row.push(is_let_in(&person, &shop, service.name, &method, &path).await);
            }
            let marks: Vec<&str> = row.iter().map(|let_in| if *let_in { "●" } else { "·" }).collect();
            writeln!(table, "| {} | {method} {path} | {} |", service.name, marks.join(" | ")).unwrap();
        }
    }
    let committed = std::fs::read_to_string(TABLE).unwrap_or_default();
    if committed != table {
        let new = std::env::temp_dir().join("ROUTES.md");
        std::fs::write(&new, &table).unwrap();
        panic!("who may use which route has changed: compare docs/ROUTES.md with {}", new.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_person_gets_at_what_is_for_services() {
    let shop = Shop::open().await;
    let admin = shop.staff(Role::Admin);
    let mut tried = 0;
    for service in haat::services::all() {
        let document = serde_json::to_value(&service.openapi).unwrap();
        for path in document["paths"].as_object().unwrap().keys().filter(|path| path.starts_with("/internal/")) {
            let direct = admin.at(&format!("http://127.0.0.1:{}", shop.platform.port(service.name)));
            assert_eq!(
                direct.send(Method::POST, path, Some(json!({})), None).await.status,
                401,
                "{} {path}",
                service.name
            );
            assert_eq!(
                admin.send(Method::POST, path, Some(json!({})), None).await.status,
                404,
                "{path} through the gateway"
            );
            tried += 1;
        }
    }
    assert!(tried >= 15, "{tried}");
}

fn public_routes(document: &utoipa::openapi::OpenApi) -> Vec<(Method, String)> {
    let document = serde_json::to_value(document).unwrap();
    let mut routes = Vec::new();
    for (path, item) in
        document["paths"].as_object().unwrap().iter().filter(|(path, _)| !path.starts_with("/internal/"))
    {
        for method in item.as_object().unwrap().keys() {
            if let Ok(method) = method.to_uppercase().parse::<Method>() {
                routes.push((method, path.clone()));
            }
        }
    }
    routes
}

/// Sends a request that is wrong in every other way: whoever is not refused for who they are was let in.
async fn is_let_in(person: &Person, shop: &Shop, service: ServiceName, method: &Method, path: &str) -> bool {
    let mut concrete = path.to_owned();
    while let (Some(from), Some(to)) = (concrete.find('{'), concrete.find('}')) {
        concrete.replace_range(from..=to, &Uuid::now_v7().to_string());
    }
    let person = person.at(&format!("http://127.0.0.1:{}", shop.platform.port(service)));
    let body = (*method != Method::GET && *method != Method::DELETE).then(|| Value::Object(serde_json::Map::new()));
    let answer = person.send(method.clone(), &concrete, body, Some(&Uuid::new_v4().to_string())).await;
    !refused(&answer.body, answer.status)
}

/// A log-in with wrong credentials is a 401, too, and no refusal of who may try.
fn refused(body: &Value, status: u16) -> bool {
    let kind = body["type"].as_str().unwrap_or_default();
    matches!(status, 401 | 403) && matches!(kind, "urn:haat:problem:unauthenticated" | "urn:haat:problem:forbidden")
}
