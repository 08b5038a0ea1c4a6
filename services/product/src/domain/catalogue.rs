//! Rules of the catalogue.

use contracts::product::{CategoryLink, CategoryNode, NewVariant, ProductStatus};
use types::CategoryId;

/// Words that stand where a slug could stand in a path.
const RESERVED_SLUGS: &[&str] = &["search", "images", "gst-rates"];

/// Which rule of the catalogue a request breaks: the field and the rule, for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {rule}")]
pub struct Broken {
    pub field: String,
    pub rule: String,
}

pub(super) fn broken<T>(field: impl Into<String>, rule: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { field: field.into(), rule: rule.into() })
}

/// A name for an address: lower case letters and digits of the title, joined by hyphens; empty if the title has none.
pub fn slug_of(title: &str) -> String {
    let mut slug = String::with_capacity(title.len());
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    slug.truncate(120);
    slug.trim_end_matches('-').to_owned()
}

/// The slug that was asked for, or the title's.
///
/// # Errors
/// It would be empty, would be taken for an identifier, or names a page of its own.
pub fn slug(asked: Option<String>, title: &str) -> Result<String, Broken> {
    let slug = asked.unwrap_or_else(|| slug_of(title));
    if slug.is_empty() {
        return broken("slug", "must be given: the title has no letters to make it of");
    }
    if RESERVED_SLUGS.contains(&slug.as_str()) || slug.parse::<uuid::Uuid>().is_ok() {
        return broken("slug", format!("must not be '{slug}'"));
    }
    Ok(slug)
}

/// Holds new variants against the product's options. That no two have the same choices, and that no price exceeds its MRP, the
/// database sees to.
///
/// # Errors
/// A variant lacks a choice or has one too many; a product on sale has none.
pub fn check_variants(options: &[String], variants: &[NewVariant], status: ProductStatus) -> Result<(), Broken> {
    if variants.is_empty() && status == ProductStatus::Active {
        return broken("variants", "must not be empty for a product on sale");
    }
    for (i, variant) in variants.iter().enumerate() {
        if variant.options.len() != options.len() {
            return broken(
                format!("variants[{i}].options"),
                format!("must have {}, one for each of the product's options", options.len()),
            );
        }
        if variant.price > variant.mrp {
            return broken(format!("variants[{i}].price"), ABOVE_MRP);
        }
    }
    Ok(())
}

/// Legal Metrology (Packaged Commodities) Rules 2011, rule 18(2): nobody may sell above the retail sale price on the package.
pub const ABOVE_MRP: &str = "must not exceed the MRP";

/// A category as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Category {
    pub id: CategoryId,
    pub parent_id: Option<CategoryId>,
    pub slug: String,
    pub name: String,
    /// Itself and all above it, the nearest first.
    pub lineage: Vec<CategoryId>,
}

/// The tree of categories that are in the order in which they are to be shown.
pub fn tree(categories: &[Category]) -> Vec<CategoryNode> {
    below(None, categories)
}

fn below(parent: Option<CategoryId>, categories: &[Category]) -> Vec<CategoryNode> {
    let node = |category: &Category| CategoryNode {
        id: category.id,
        slug: category.slug.clone(),
        name: category.name.clone(),
        children: below(Some(category.id), categories),
    };
    categories.iter().filter(|category| category.parent_id == parent).map(node).collect()
}

/// The way from the top category to the one that `lineage` begins with.
pub fn way_to(lineage: &[CategoryId], categories: &[Category]) -> Vec<CategoryLink> {
    let link = |id: &CategoryId| {
        let category = categories.iter().find(|category| category.id == *id)?;
        Some(CategoryLink { id: category.id, slug: category.slug.clone(), name: category.name.clone() })
    };
    lineage.iter().rev().filter_map(link).collect()
}

/// The number in a product's ETag. The version, which an edit expects, stands above a fingerprint of what changes without an
/// edit (stock and rating), so that a 304 never hides a change of these, and an edit does not fail for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    pub version: i64,
    pub fingerprint: u32,
}

const FINGERPRINT_BITS: u32 = 24;

impl Revision {
    pub fn tag(self) -> i64 {
        let fingerprint = i64::from(self.fingerprint & ((1 << FINGERPRINT_BITS) - 1));
        self.version << FINGERPRINT_BITS | fingerprint
    }

    pub fn version_in(tag: i64) -> i64 {
        tag >> FINGERPRINT_BITS
    }
}

/// FNV-1a over numbers that change.
pub fn fingerprint(numbers: impl IntoIterator<Item = u32>) -> u32 {
    numbers
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_makes_a_slug() {
        assert_eq!(slug_of("  Tawa, Cast Iron (30 cm) — Pre-seasoned! "), "tawa-cast-iron-30-cm-pre-seasoned");
        assert_eq!(slug_of("हल्दी"), "");
        assert_eq!(slug(None, "हल्दी").unwrap_err().field, "slug");
        assert!(slug(Some("search".into()), "x").is_err());
        assert!(slug(Some("0199c0de-0000-7000-8000-000000000001".into()), "x").is_err());
    }

    #[test]
    fn a_revision_keeps_the_version_and_shows_other_changes() {
        let tag = |numbers: [u32; 2]| Revision { version: 7, fingerprint: fingerprint(numbers) }.tag();
        assert_eq!(Revision::version_in(tag([3, 4])), 7);
        assert_eq!(tag([3, 4]), tag([3, 4]));
        assert_ne!(tag([3, 4]), tag([4, 3]));
    }
}
