//! One OpenAPI document of the whole public API, made of the services' own.

use std::sync::Arc;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use platform::service::Context;
use platform::{Problem, Result};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use types::ServiceName;

/// The services' documents never change while they run the same version; they are asked once.
#[derive(Default)]
pub(crate) struct Documents(OnceCell<Arc<Value>>);

impl Documents {
    /// # Errors
    /// 503 while a service does not answer: half a document would be a wrong one.
    pub async fn merged(&self, context: &Context) -> Result<Arc<Value>> {
        self.0.get_or_try_init(|| async { gather(context).await.map(Arc::new) }).await.cloned()
    }
}

async fn gather(context: &Context) -> Result<Value> {
    let services = ServiceName::ALL.iter().filter(|s| **s != ServiceName::Gateway);
    let documents = futures::future::try_join_all(services.map(|s| fetch(context, *s))).await?;
    Ok(merge(documents))
}

async fn fetch(context: &Context, service: ServiceName) -> Result<Value> {
    let uri = format!("{}/openapi.json", context.client().addresses().of(service));
    let request = http::Request::get(uri).body(Full::new(Bytes::new())).map_err(Problem::internal)?;
    let response = context.client().connections().request(request).await;
    let response = response.map_err(|error| Problem::unavailable(format!("{service}'s document: {error}")))?;
    let body = response.into_body().collect().await.map_err(Problem::unavailable)?.to_bytes();
    serde_json::from_slice(&body).map_err(Problem::internal)
}

fn merge(documents: Vec<Value>) -> Value {
    let mut paths = Map::new();
    let mut components: Map<String, Value> = Map::new();
    for mut document in documents {
        if let Some(Value::Object(own)) = document.get_mut("paths").map(Value::take) {
            paths.extend(own.into_iter().filter(|(path, _)| path.starts_with("/api/")));
        }
        if let Some(Value::Object(kinds)) = document.get_mut("components").map(Value::take) {
            for (kind, entries) in kinds {
                if let (Value::Object(all), Value::Object(own)) =
                    (components.entry(kind).or_insert_with(|| json!({})), entries)
                {
                    all.extend(own);
                }
            }
        }
    }
    if let Some(Value::Object(schemes)) = components.get_mut("securitySchemes") {
        schemes.remove("service_token");
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Haat",
            "version": "1",
            "description": "The public API of the shop. Amounts are in paise, times in UTC (RFC 3339), errors are RFC 9457 problem documents.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": components,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_has_every_public_path_and_no_internal_one() {
        let cart = json!({
            "paths": { "/api/v1/cart": { "get": {} }, "/internal/v1/get-checkout-cart": { "post": {} } },
            "components": { "schemas": { "Cart": {} }, "securitySchemes": { "user_token": {}, "service_token": {} } },
        });
        let order =
            json!({ "paths": { "/api/v1/orders": { "post": {} } }, "components": { "schemas": { "Order": {} } } });
        let whole = merge(vec![cart, order]);
        let paths: Vec<_> = whole["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/api/v1/cart", "/api/v1/orders"]);
        assert_eq!(whole["components"]["schemas"], json!({ "Cart": {}, "Order": {} }));
        assert_eq!(whole["components"]["securitySchemes"], json!({ "user_token": {} }));
    }
}
