//! What a visitor finds.

use std::collections::BTreeSet;

use contracts::Page;
use contracts::product::{CategoryNode, ProductCard, SearchResult};
use testkit::Person;
use types::{Money, ProductId};

use crate::store;

async fn list(guest: &Person, query: &str) -> Page<ProductCard> {
    guest.get(&format!("/api/v1/products?{query}")).await.is(200).read()
}

async fn search(guest: &Person, query: &str) -> SearchResult {
    guest.get(&format!("/api/v1/products/search?{query}")).await.is(200).read()
}

/// All pages, one after the other.
async fn all(guest: &Person, query: &str) -> Vec<ProductCard> {
    let mut cards = Vec::new();
    let mut page = list(guest, query).await;
    loop {
        cards.extend(page.items);
        let Some(cursor) = page.next_cursor else { return cards };
        page = list(guest, &format!("{query}&cursor={cursor}")).await;
    }
}

#[tokio::test]
async fn the_demonstration_is_a_whole_shop_and_seeding_it_again_changes_nothing() {
    let store = store::open().await;
    let now = store.service.clock.now();
    let mut connection = store.service.pool.acquire().await.unwrap();
    let again = product_service::demo::seed(&mut connection, now).await.unwrap();
    let (products, variants): (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM product WHERE listed), (SELECT count(*) FROM variant)")
            .fetch_one(&store.service.pool)
            .await
            .unwrap();
    assert!(products >= 300);
    assert_eq!((usize::try_from(products), usize::try_from(variants)), (Ok(again.products), Ok(again.variants)));
    assert_eq!(store.violations().await, []);
    let tree: Vec<CategoryNode> = store.service.guest().get("/api/v1/categories").await.is(200).read();
    assert_eq!(tree[0].slug, "fashion");
    assert_eq!(tree[0].children[1].slug, "sarees");
    assert!(tree.iter().map(|top| 1 + top.children.len()).sum::<usize>() >= 12);
}

#[tokio::test]
async fn pages_of_every_order_are_complete_sorted_and_without_repeats() {
    let store = store::open().await;
    let guest = store.service.guest();
    for sort in ["newest", "price_asc", "price_desc", "rating"] {
        let cards = all(&guest, &format!("sort={sort}&limit=50")).await;
        let ids: BTreeSet<ProductId> = cards.iter().map(|card| card.id).collect();
        assert_eq!((ids.len(), cards.len()), (product_count(&store).await, product_count(&store).await), "{sort}");
        let sorted = match sort {
            "price_asc" => cards.is_sorted_by_key(|card| card.price),
            "price_desc" => cards.is_sorted_by_key(|card| std::cmp::Reverse(card.price)),
            "rating" => cards.is_sorted_by_key(|card| std::cmp::Reverse(card.rating.average_hundredths)),
            _ => true,
        };
        assert!(sorted, "{sort}");
    }
}

async fn product_count(store: &store::Store) -> usize {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM product").fetch_one(&store.service.pool).await.unwrap();
    usize::try_from(count).unwrap()
}

#[tokio::test]
async fn filters_leave_what_they_say() {
    let store = store::open().await;
    let guest = store.service.guest();
    let everything = all(&guest, "limit=100").await;
    let tree: Vec<CategoryNode> = guest.get("/api/v1/categories").await.is(200).read();
    let fashion: BTreeSet<_> = tree[0].children.iter().map(|child| child.id).chain([tree[0].id]).collect();
    type Fits<'a> = &'a dyn Fn(&ProductCard) -> bool;
    let fits: [(&str, Fits<'_>); 6] = [
        ("category=fashion", &|card| fashion.contains(&card.category_id)),
        ("brand=Rangrez", &|card| card.brand == "Rangrez"),
        ("min_price=100000&max_price=200000", &|card| {
            (Money::from_rupees(1000)..=Money::from_rupees(2000)).contains(&card.price)
        }),
        ("in_stock=true", &|card| card.in_stock),
        ("rating=4", &|card| card.rating.average_hundredths >= 400),
        ("category=sarees&rating=3&in_stock=true&sort=price_desc", &|card| {
            card.category_id == tree[0].children[1].id && card.rating.average_hundredths >= 300 && card.in_stock
        }),
    ];
    for (query, fits) in fits {
        let found: BTreeSet<ProductId> =
            all(&guest, &format!("{query}&limit=7")).await.iter().map(|card| card.id).collect();
        let expected: BTreeSet<ProductId> = everything.iter().filter(|card| fits(card)).map(|card| card.id).collect();
        assert!(!expected.is_empty() && expected.len() < everything.len(), "{query}");
        assert_eq!(found, expected, "{query}");
    }
    guest.get("/api/v1/products?category=spaceships").await.is(404);
    let problem = guest.get("/api/v1/products?limit=0").await.is(400).problem("malformed-request");
    assert_eq!(problem.errors[0].field, "limit");
    assert_eq!(
        guest.get("/api/v1/products?cursor=%25").await.is(400).problem("malformed-request").errors[0].field,
        "cursor"
    );
}

#[tokio::test]
async fn the_words_of_a_query_are_found_the_best_match_first() {
    let store = store::open().await;
    let guest = store.service.guest();
    let found = search(&guest, "q=pressure+cooker").await;
    assert!(found.items.len() >= 4);
    assert!(found.items.iter().all(|card| card.title.contains("Pressure Cooker")), "{:?}", found.items);
    assert_eq!(found.corrected, None);
    let plural = search(&guest, "q=kurtas").await;
    assert_eq!(plural.facets.unwrap().total, 24, "every kurta, by the stem of the word");
    let without = search(&guest, "q=kurta+-linen&limit=100").await;
    assert!(without.items.len() == 20 && without.items.iter().all(|card| !card.title.contains("Linen")));
    let nothing = search(&guest, "q=zeppelin+spaceship").await;
    assert!(nothing.items.is_empty() && nothing.corrected.is_none());
    assert_eq!(nothing.facets.unwrap().total, 0);
}

#[tokio::test]
async fn a_misspelt_word_is_read_as_the_nearest_that_there_is() {
    let store = store::open().await;
    let guest = store.service.guest();
    for (written, meant, words) in [
        ("presure+coker", "pressure cooker", "Pressure Cooker"),
        ("kanjevaram", "kanjivaram", "Kanjivaram"),
        ("kurtha", "kurta", "Kurta"),
        ("turmerik+soap", "turmeric soap", "Turmeric"),
    ] {
        let found = search(&guest, &format!("q={written}")).await;
        assert_eq!(found.corrected.as_deref(), Some(meant));
        assert!(!found.items.is_empty() && found.items.iter().all(|card| card.title.contains(words)), "{written}");
    }
}

#[tokio::test]
async fn facets_count_what_each_choice_would_leave() {
    let store = store::open().await;
    let guest = store.service.guest();
    let all_silk = search(&guest, "q=silk&limit=100").await;
    let facets = all_silk.facets.unwrap();
    assert_eq!(facets.total as usize, all_silk.items.len());
    for facet in &facets.categories {
        let chosen = search(&guest, &format!("q=silk&limit=100&category={}", facet.value)).await;
        assert_eq!(chosen.items.len(), facet.count as usize, "{}", facet.value);
        assert_eq!(chosen.facets.unwrap().categories, facets.categories, "the choice can be changed");
    }
    for band in &facets.prices {
        let to = band.max_price.map(|max| format!("&max_price={}", max.paise())).unwrap_or_default();
        let query = format!("q=silk&limit=100&min_price={}{to}", band.min_price.paise());
        assert_eq!(search(&guest, &query).await.items.len(), band.count as usize, "{query}");
    }
    for facet in &facets.ratings {
        let chosen = search(&guest, &format!("q=silk&limit=100&rating={}", facet.value)).await;
        assert_eq!(chosen.items.len(), facet.count as usize, "{}", facet.label);
    }
    assert!(facets.brands.len() > 1 && !facets.ratings.is_empty());
}

#[tokio::test]
async fn pages_of_a_search_are_complete() {
    let store = store::open().await;
    let guest = store.service.guest();
    for sort in ["relevance", "newest", "price_asc", "price_desc", "rating"] {
        let query = format!("q=cotton&sort={sort}&limit=9");
        let mut found = search(&guest, &query).await;
        let total = found.facets.take().unwrap().total as usize;
        let mut cards = Vec::new();
        loop {
            cards.append(&mut found.items);
            let Some(cursor) = found.next_cursor else { break };
            found = search(&guest, &format!("{query}&cursor={cursor}")).await;
            assert_eq!(found.facets, None, "only on the first page");
        }
        let ids: BTreeSet<ProductId> = cards.iter().map(|card| card.id).collect();
        assert!(total > 9);
        assert_eq!((cards.len(), ids.len()), (total, total), "{sort}");
    }
}

#[tokio::test]
async fn every_product_has_its_picture() {
    let store = store::open().await;
    let guest = store.service.guest();
    let card = list(&guest, "limit=1").await.items.remove(0);
    let picture = guest.get(&card.image.unwrap()).await.is(200);
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert!(picture.bytes.starts_with(b"<svg"));
    guest.get("/api/v1/products/images/NO-SUCH.png").await.is(404);
    guest.get("/api/v1/products/images/%3Cscript%3E.svg").await.is(404);
}
