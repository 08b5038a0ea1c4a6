//! The rules of the house, held against the sources themselves: who may depend on whom, what may stand in which room of a
//! service, what may not stand anywhere.
//!
//! Each rule is a function from a tree of files, or from the workspace's packages, to the sentences that say what breaks
//! it. Beside each stands a test that plants a breach, so that none of them is a rule that cannot fail.

mod layout;
mod map;
mod metrics;
mod packages;
mod rooms;
mod tokens;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

use packages::Package;
use tree::Tree;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources() -> io::Result<Tree> {
    let tree = Tree::read(&root(), &["haat", "crates", "services"])?;
    assert!(tree.rust().count() > 20, "the sources were not found below {}", root().display());
    Ok(tree)
}

fn workspace() -> Result<Vec<Package>, cargo_metadata::Error> {
    let packages = packages::of_workspace(&root())?;
    assert!(packages.iter().any(|p| p.folder == "crates/platform"), "{packages:?}");
    Ok(packages)
}

#[track_caller]
fn holds(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn no_service_depends_on_another_services_crate() {
    holds(packages::services_on_services(&workspace().unwrap()));
}

#[test]
fn what_services_stand_on_depends_on_no_service() {
    holds(packages::foundations_on_services(&workspace().unwrap()));
}

#[test]
fn contracts_know_neither_database_nor_web_framework() {
    holds(packages::contracts_on_frameworks(&workspace().unwrap()));
}

#[test]
fn sql_stands_in_the_store() {
    holds(rooms::sql_outside_the_store(&sources().unwrap()));
}

#[test]
fn the_domain_has_no_io_no_clock_and_no_chance() {
    holds(rooms::impure_domains(&sources().unwrap()));
}

#[test]
fn nothing_is_left_unfinished_or_unrun() {
    holds(rooms::unfinished(&sources().unwrap()));
}

#[test]
fn no_file_is_too_long_to_read() {
    holds(layout::too_long(&sources().unwrap()));
}

#[test]
fn every_service_has_its_rooms() {
    holds(layout::missing_rooms(&sources().unwrap()));
}

#[test]
fn the_names_in_the_types_are_those_in_the_map() {
    holds(map::names(&std::fs::read_to_string(root().join("topology.yaml")).unwrap()));
}

#[test]
fn the_charts_in_the_documentation_are_current() {
    holds(map::charts(&std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap()));
}

#[test]
fn every_metric_stands_in_the_table_and_is_counted() {
    let sources = sources().unwrap();
    holds([metrics::strangers(&sources), metrics::never_counted(&sources)].concat());
}
