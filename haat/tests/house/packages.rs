//! Who depends on whom.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    /// From the project's root.
    pub folder: String,
    pub dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug)]
pub struct Dependency {
    pub name: String,
    /// Needed by the tests alone, so that it does not reach who depends on the package.
    pub tests_only: bool,
    pub features: Vec<String>,
}

/// The workspace's packages with what they themselves ask for.
pub fn of_workspace(root: &Path) -> Result<Vec<Package>, cargo_metadata::Error> {
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let package = |p: cargo_metadata::Package| Package {
        folder: p
            .manifest_path
            .parent()
            .and_then(|folder| folder.strip_prefix(&metadata.workspace_root).ok())
            .map(ToString::to_string)
            .unwrap_or_default(),
        name: p.name.to_string(),
        dependencies: p
            .dependencies
            .into_iter()
            .map(|d| Dependency {
                tests_only: d.kind == DependencyKind::Development,
                name: d.name,
                features: d.features,
            })
            .collect(),
    };
    Ok(metadata.packages.into_iter().map(package).collect())
}

/// Also by way of another crate, and also of its tests: what they need of others, `testkit` starts.
pub fn services_on_services(packages: &[Package]) -> Vec<String> {
    on_services(packages, Package::is_service)
}

pub fn foundations_on_services(packages: &[Package]) -> Vec<String> {
    on_services(packages, |p| ["types", "contracts", "platform", "local"].iter().any(|name| p.is_crate(name)))
}

pub fn contracts_on_frameworks(packages: &[Package]) -> Vec<String> {
    let mut breaches = Vec::new();
    for contracts in packages.iter().filter(|p| p.is_crate("contracts")) {
        for dependency in contracts.dependencies.iter().filter(|d| !d.tests_only) {
            if ["sqlx", "axum"].contains(&dependency.name.as_str()) {
                breaches.push(format!("contracts depends on {}", dependency.name));
            }
            if dependency.name == "types" && dependency.features.iter().any(|f| f == "sqlx") {
                breaches.push("contracts depends on sqlx by a feature of types".to_owned());
            }
        }
    }
    breaches
}

impl Package {
    fn is_service(&self) -> bool {
        self.folder.starts_with("services/")
    }

    fn is_crate(&self, name: &str) -> bool {
        self.folder.strip_prefix("crates/") == Some(name)
    }
}

fn on_services(packages: &[Package], whose: impl Fn(&Package) -> bool) -> Vec<String> {
    let by_name: BTreeMap<&str, &Package> = packages.iter().map(|p| (p.name.as_str(), p)).collect();
    let mut breaches = Vec::new();
    for package in packages.iter().filter(|p| whose(p)) {
        // The way by which each is reached first, which is the shortest.
        let mut ways: BTreeMap<&str, String> = [(package.name.as_str(), package.name.clone())].into();
        let mut open = VecDeque::from([package]);
        while let Some(current) = open.pop_front() {
            let at_start = current.name == package.name;
            for dependency in current.dependencies.iter().filter(|d| at_start || !d.tests_only) {
                let Some(next) = by_name.get(dependency.name.as_str()) else { continue };
                if ways.contains_key(next.name.as_str()) {
                    continue;
                }
                let way = format!("{} -> {}", ways.get(current.name.as_str()).map_or("", |w| w), next.name);
                if next.is_service() {
                    breaches.push(format!("{} depends on the service {}: {way}", package.name, next.name));
                }
                // What the tests stand on starts every service and says nothing of what is shipped.
                if !(at_start && dependency.tests_only) {
                    open.push_back(next);
                }
                ways.insert(&next.name, way);
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &str, dependencies: &[&str]) -> Package {
        let name = folder.rsplit('/').next().unwrap().to_owned();
        let dependencies = dependencies.iter().map(|name| Dependency {
            name: name.trim_end_matches(" in tests").to_owned(),
            tests_only: name.ends_with(" in tests"),
            features: Vec::new(),
        });
        Package { name, folder: folder.to_owned(), dependencies: dependencies.collect() }
    }

    #[test]
    fn a_service_on_another_is_told() {
        let order = package("services/order", &["platform"]);
        let told = ["cart depends on the service order: cart -> order"];
        assert_eq!(services_on_services(&[package("services/cart", &["order"]), order.clone()]), told);
        assert_eq!(services_on_services(&[package("services/cart", &["order in tests"]), order]), told);
    }

    #[test]
    fn a_service_on_another_by_way_of_a_crate_is_told() {
        let packages = [
            package("services/cart", &["pricing"]),
            package("services/order", &[]),
            package("crates/pricing", &["serde", "order"]),
        ];
        assert_eq!(services_on_services(&packages), ["cart depends on the service order: cart -> pricing -> order"]);
    }

    #[test]
    fn the_binary_and_the_testkit_may_depend_on_every_service() {
        let packages = [
            package("haat", &["cart", "order"]),
            package("crates/testkit", &["cart", "order", "platform"]),
            package("crates/platform", &["types"]),
            package("services/cart", &["platform", "testkit in tests"]),
            package("services/order", &["platform", "testkit in tests"]),
        ];
        assert_eq!(services_on_services(&packages), [""; 0]);
        assert_eq!(foundations_on_services(&packages), [""; 0]);
    }

    #[test]
    fn a_foundation_on_a_service_is_told() {
        let packages = [
            package("crates/platform", &["contracts"]),
            package("crates/contracts", &["auth"]),
            package("services/auth", &[]),
        ];
        assert_eq!(
            foundations_on_services(&packages),
            [
                "platform depends on the service auth: platform -> contracts -> auth",
                "contracts depends on the service auth: contracts -> auth",
            ]
        );
    }

    #[test]
    fn contracts_on_a_framework_are_told() {
        let mut contracts = package("crates/contracts", &["serde", "sqlx", "axum", "axum in tests", "types"]);
        let told = ["contracts depends on sqlx", "contracts depends on axum"];
        assert_eq!(contracts_on_frameworks(std::slice::from_ref(&contracts)), told);
        contracts.dependencies.retain(|d| d.name == "types");
        contracts.dependencies[0].features.push("sqlx".to_owned());
        assert_eq!(contracts_on_frameworks(&[contracts]), ["contracts depends on sqlx by a feature of types"]);
    }

    #[test]
    fn the_workspaces_packages_are_read_with_their_dependencies() {
        let packages = of_workspace(&crate::root()).unwrap();
        let haat = packages.iter().find(|p| p.folder == "haat").unwrap();
        assert!(haat.dependencies.iter().any(|d| d.name == "platform" && !d.tests_only));
        assert!(haat.dependencies.iter().any(|d| d.name == "cargo_metadata" && d.tests_only));
        let platform = packages.iter().find(|p| p.folder == "crates/platform").unwrap();
        assert!(platform.dependencies.iter().any(|d| d.name == "types" && d.features.contains(&"sqlx".to_owned())));
    }
}
