//! The committed OpenAPI documents are what the services serve.

use std::path::Path;

use types::ServiceName;

#[test]
fn every_committed_document_is_current() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi");
    let stale: Vec<&str> = ServiceName::ALL
        .iter()
        .filter(|service| {
            let committed = std::fs::read_to_string(directory.join(format!("{service}.json"))).unwrap_or_default();
            committed != haat::openapi::document(**service).unwrap()
        })
        .map(|service| service.as_str())
        .collect();
    assert!(
        stale.is_empty(),
        "{stale:?} differ: run `cargo run -p haat -- openapi --write openapi` and look at what changed"
    );
}

#[test]
fn every_operation_says_what_goes_wrong_and_has_a_name_of_its_own() {
    for service in haat::services::all() {
        let mut names = std::collections::BTreeSet::new();
        let document = serde_json::to_value(&service.openapi).unwrap();
        for (path, method, operation) in operations(&document) {
            let place = format!("{} {method} {path}", service.name);
            let refusals =
                operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.as_str() >= "400");
            assert!(refusals.clone().count() >= 3, "{place}: what goes wrong is not said");
            for (status, refusal) in refusals {
                let pointer = refusal["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
                let refusal = pointer.map_or(Some(refusal), |pointer| document.pointer(pointer)).unwrap();
                let is_health = path == "/api/v1/status" && status == "503";
                let problem = &refusal["content"]["application/problem+json"];
                assert!(problem.is_object() || is_health, "{place}: {status} is no problem document");
            }
            let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
            assert!(!name.is_empty() && names.insert(name.clone()), "{place}: '{name}' is no name of its own");
            let served = path.starts_with("/internal/v1/")
                || path.starts_with("/api/v1/")
                || matches!(path.as_str(), "/" | "/.well-known/jwks.json");
            assert!(served, "{place}: outside of /api/v1 and /internal/v1");
        }
    }
}

#[test]
fn every_public_path_belongs_to_its_service_in_the_topology() {
    let topology = platform::topology::Topology::embedded().unwrap();
    for service in haat::services::all().iter().filter(|s| s.name != ServiceName::Gateway) {
        for (path, method, _) in operations(&serde_json::to_value(&service.openapi).unwrap()) {
            if path.starts_with("/api/") {
                assert_eq!(
                    topology.route(&path),
                    Some(service.name),
                    "{method} {path} is never routed to {}",
                    service.name
                );
            }
        }
    }
}

#[test]
fn every_event_that_a_service_handles_is_its_own_in_the_topology() {
    let topology = platform::topology::Topology::embedded().unwrap();
    for service in haat::services::all() {
        for kind in &service.handles {
            let event = topology.event(kind).unwrap_or_else(|| panic!("{kind} is not in the topology"));
            assert!(
                event.consumers.contains(&service.name),
                "{} handles {kind}, of which it is no consumer",
                service.name
            );
        }
    }
}

fn operations(document: &serde_json::Value) -> Vec<(String, String, serde_json::Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if operation["responses"].is_object() {
                all.push((path.clone(), method.clone(), operation.clone()));
            }
        }
    }
    all
}
