//! What the shop sells, as a client can find it out.

use std::collections::BTreeSet;

use rand::seq::IndexedRandom as _;
use serde_json::Value;

use crate::error::Error;
use crate::http::{Connection, Person};

/// Products whose variants are known: enough that no two buyers meet often.
const KNOWN: usize = 500;
/// Of a variant that is bought: in paise at most, so that no payment is refused for its size; and pieces at least.
const DEAREST: i64 = 500_000;
const FEWEST: i64 = 15;

pub struct Catalogue {
    /// Of every product.
    pub ids: Vec<String>,
    /// Words of titles that stand in one title together.
    pub words: Vec<[String; 2]>,
    /// Slugs.
    pub categories: Vec<String>,
    /// Variants of which there are pieces.
    pub variants: Vec<String>,
}

impl Catalogue {
    pub async fn read(connection: &mut Connection, expected: u32) -> Result<Self, Error> {
        let nobody = Person::default();
        let (mut ids, mut words, mut cursor) = (Vec::new(), BTreeSet::new(), None::<String>);
        loop {
            let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = connection.read(&format!("/api/v1/products?limit=100{after}"), &nobody).await?;
            for item in page["items"].as_array().into_iter().flatten() {
                ids.extend(item["id"].as_str().map(str::to_owned));
                words.extend(item["title"].as_str().and_then(two_words));
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        if u32::try_from(ids.len()) != Ok(expected) {
            return Err(Error::failed(format!("the shop lists {} products of {expected}", ids.len())));
        }
        let categories = slugs(&connection.read("/api/v1/categories", &nobody).await?);
        let some: Vec<String> = ids.choose_multiple(&mut rand::rng(), KNOWN).cloned().collect();
        let mut variants = Vec::new();
        for id in some {
            let detail = connection.read(&format!("/api/v1/products/{id}"), &nobody).await?;
            let sold = detail["variants"].as_array().into_iter().flatten().filter(|variant| can_be_bought(variant));
            variants.extend(sold.filter_map(|variant| variant["id"].as_str().map(str::to_owned)));
        }
        if variants.len() < 2 || words.is_empty() || categories.is_empty() {
            return Err(Error::failed("the shop has too little to be measured"));
        }
        Ok(Catalogue { ids, words: words.into_iter().collect(), categories, variants })
    }
}

fn can_be_bought(variant: &Value) -> bool {
    variant["available"].as_i64().is_some_and(|pieces| pieces >= FEWEST)
        && variant["price"].as_i64().is_some_and(|price| price <= DEAREST)
}

/// The first and the last word before the edition, without what a query could take for something else.
fn two_words(title: &str) -> Option<[String; 2]> {
    let title = title.split(',').next()?;
    let plain = |word: &&str| word.len() > 2 && word.chars().all(|letter| letter.is_ascii_alphabetic());
    let words: Vec<&str> = title.split([' ', '-']).filter(plain).collect();
    let (first, last) = (words.first()?, words.last()?);
    (words.len() > 1).then(|| [(*first).to_owned(), (*last).to_owned()])
}

/// Of a tree of categories, however deep.
fn slugs(tree: &Value) -> Vec<String> {
    match tree {
        Value::Array(items) => items.iter().flat_map(slugs).collect(),
        Value::Object(fields) => {
            let own = fields.get("slug").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(slugs)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_gives_the_words_of_a_query() {
        let words = |title| two_words(title).map(|words| words.join(" "));
        assert_eq!(words("Hand-Block Cotton Straight Kurta, Edition 2").as_deref(), Some("Hand Kurta"));
        assert_eq!(words("Soda, 12 Bottles"), None);
    }

    #[test]
    fn the_categories_are_found_at_every_depth() {
        let tree = serde_json::json!([{ "slug": "fashion", "children": [{ "slug": "kurtas", "children": [] }] }]);
        assert_eq!(slugs(&tree).len(), 2);
    }
}
