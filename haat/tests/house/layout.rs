//! Which files there are, and how long they are.

use std::collections::BTreeSet;

use types::ServiceName;

use super::tokens::Code;
use super::tree::Tree;

/// Lines, tests not counted. A file that grows beyond becomes a folder.
const LONGEST: usize = 450;

pub fn too_long(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in tree.rust().filter(|s| !s.is_test()) {
        let total = source.text.lines().count();
        if total <= LONGEST {
            continue;
        }
        let tests =
            Code::of(source.text).map_or(0, |code| code.test_lines.iter().map(|lines| lines.clone().count()).sum());
        let lines = total.saturating_sub(tests);
        if lines > LONGEST {
            breaches.push(format!("{}: {lines} lines, of at most {LONGEST}", source.path));
        }
    }
    breaches
}

pub fn missing_rooms(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    let services: BTreeSet<&str> =
        tree.paths().filter_map(|p| p.strip_prefix("services/")?.split_once('/')).map(|(name, _)| name).collect();
    for name in services {
        let mut lacks = |what: &str| breaches.push(format!("services/{name}: {what}"));
        let has = |path: &str| tree.contains(&format!("services/{name}/{path}"));
        let service = name.parse::<ServiceName>();
        if let Err(unknown) = &service {
            lacks(&unknown.to_string());
        }
        if !has("README.md") {
            lacks("has no README.md");
        }
        if !has("src/lib.rs") {
            lacks("has no src/lib.rs");
        }
        if !has("src/api.rs") && !has("src/api/mod.rs") {
            lacks("has no src/api.rs");
        }
        let migrations = format!("services/{name}/migrations/");
        let migrates = tree.paths().any(|p| p.starts_with(&migrations) && p.ends_with(".sql"));
        if service != Ok(ServiceName::Gateway) && !migrates {
            lacks("has no migrations");
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cart_without(missing: &str) -> Vec<String> {
        let files = ["README.md", "migrations/1_carts.sql", "src/lib.rs", "src/api.rs"];
        let paths: Vec<_> = files.iter().filter(|f| **f != missing).map(|f| format!("services/cart/{f}")).collect();
        missing_rooms(&Tree::of(&paths.iter().map(|p| (p.as_str(), "")).collect::<Vec<_>>()))
    }

    #[test]
    fn a_missing_room_is_told() {
        assert_eq!(cart_without("nothing"), [""; 0]);
        assert_eq!(cart_without("README.md"), ["services/cart: has no README.md"]);
        assert_eq!(cart_without("src/lib.rs"), ["services/cart: has no src/lib.rs"]);
        assert_eq!(cart_without("src/api.rs"), ["services/cart: has no src/api.rs"]);
        assert_eq!(cart_without("migrations/1_carts.sql"), ["services/cart: has no migrations"]);
    }

    #[test]
    fn the_gateway_has_no_database_to_migrate() {
        let gateway = ["README.md", "src/lib.rs", "src/api/mod.rs"].map(|f| format!("services/gateway/{f}"));
        let files: Vec<_> = gateway.iter().map(|p| (p.as_str(), "")).collect();
        assert_eq!(missing_rooms(&Tree::of(&files)), [""; 0]);
    }

    #[test]
    fn a_service_that_the_map_does_not_know_is_told() {
        let breaches = missing_rooms(&Tree::of(&[("services/basket/src/lib.rs", "")]));
        assert!(breaches[0].starts_with("services/basket: unknown service 'basket'"), "{breaches:?}");
    }

    #[test]
    fn a_file_beside_the_services_is_no_service() {
        assert_eq!(missing_rooms(&Tree::of(&[("services/README.md", "")])), [""; 0]);
    }

    #[test]
    fn a_file_that_is_too_long_is_told_and_its_tests_do_not_count() {
        let code = "fn a() {}\n".repeat(LONGEST);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn b() {}\n".repeat(100));
        let path = "crates/platform/src/long.rs";
        assert_eq!(too_long(&Tree::of(&[(path, &code)])), [""; 0]);
        assert_eq!(too_long(&Tree::of(&[(path, &format!("{code}{tests}"))])), [""; 0]);
        let longer = format!("{code}fn c() {{}}\n{tests}");
        let told = [format!("{path}: 451 lines, of at most 450")];
        assert_eq!(too_long(&Tree::of(&[(path, &longer)])), told);
        assert_eq!(too_long(&Tree::of(&[("crates/platform/tests/long.rs", &longer)])), [""; 0]);
    }
}
