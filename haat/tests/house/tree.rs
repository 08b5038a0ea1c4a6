//! The files that rules are held against, read from the disk or made up by a test.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Files by their path from the project's root. Only Rust sources have their text.
#[derive(Default)]
pub struct Tree(BTreeMap<String, String>);

impl Tree {
    pub fn read(root: &Path, folders: &[&str]) -> io::Result<Tree> {
        let mut tree = Tree::default();
        for folder in folders {
            if root.join(folder).is_dir() {
                tree.read_folder(root, folder)?;
            }
        }
        Ok(tree)
    }

    pub fn of(files: &[(&str, &str)]) -> Tree {
        Tree(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn contains(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    pub fn rust(&self) -> impl Iterator<Item = Source<'_>> {
        self.0.iter().filter(|(path, _)| path.ends_with(".rs")).map(|(path, text)| Source { path, text })
    }

    fn read_folder(&mut self, root: &Path, folder: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(root.join(folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}/{name}");
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.read_folder(root, &path)?;
            } else {
                let text = if name.ends_with(".rs") { std::fs::read_to_string(entry.path())? } else { String::new() };
                self.0.insert(path, text);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

impl<'a> Source<'a> {
    /// The path within the sources of a service's crate (`store/orders.rs`); nothing for other files, its tests included.
    pub fn in_service(self) -> Option<&'a str> {
        let (_, within) = self.path.strip_prefix("services/")?.split_once("/src/")?;
        (!self.is_test()).then_some(within)
    }

    /// Is it in a room (`domain.rs`, or a folder `domain`)?
    pub fn in_room(self, room: &str) -> bool {
        self.in_service().is_some_and(|within| within.split('/').any(|part| part.trim_end_matches(".rs") == room))
    }

    pub fn is_test(self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }
}

#[test]
fn a_room_is_a_file_or_a_folder() {
    let at = |path| Source { path, text: "" };
    assert!(at("services/cart/src/store.rs").in_room("store"));
    assert!(at("services/cart/src/store/lines.rs").in_room("store"));
    assert!(!at("services/cart/src/storefront.rs").in_room("store"));
    assert!(!at("crates/store/src/store.rs").in_room("store"));
    assert!(at("services/cart/src/store/tests.rs").is_test());
    assert!(at("services/cart/tests/checkout.rs").is_test());
    assert!(!at("crates/testkit/src/lib.rs").is_test());
}

#[test]
fn what_is_read_has_paths_from_the_root() {
    let tree = Tree::read(&super::root(), &["crates", "absent"]).unwrap();
    assert!(tree.contains("crates/types/Cargo.toml"));
    assert!(tree.rust().any(|s| s.path == "crates/types/src/money.rs" && s.text.contains("paise")));
}
