use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const BRANDS: [&str; 3] = ["Rangrez", "Tamra", "Vana"];

fn product_id(number: u128) -> ProductId {
    ProductId(Uuid::from_u128(number))
}

fn category_id(number: u128) -> CategoryId {
    CategoryId(Uuid::from_u128(number))
}

prop_compose! {
    fn listed()(number in 0u128..40, on_sale in prop::bool::weighted(0.8), brand in 0..BRANDS.len(), category in 0u128..4,
                price in 1i64..9, hundredths in 0u16..=500, count in 0u32..200, in_stock: bool, created in 0i64..5,
                version in 1i64..3) -> Listed {
        Listed {
            on_sale,
            id: product_id(number),
            slug: format!("slug-{number}"),
            title: format!("Title {number}"),
            brand: BRANDS[brand].to_owned(),
            category_id: category_id(category),
            price: Money::from_paise(price * 75_000),
            mrp: Money::from_paise(price * 80_000),
            image: (number % 2 == 0).then(|| format!("/{number}.svg")),
            rating: RatingSummary { average_hundredths: hundredths, count },
            in_stock,
            created_at: Timestamp::from_microseconds(created),
            version,
        }
    }
}

prop_compose! {
    fn filter()(categories in prop::option::of(vec(0u128..5, 0..3)),
                brand in prop::option::weighted(0.3, prop::sample::select(vec!["Rangrez", "Nobody"])),
                min in prop::option::of(0i64..6), max in prop::option::of(2i64..10), in_stock: bool,
                min_rating in prop::option::of(0u16..5)) -> Filter {
        Filter {
            categories: categories.map(|numbers| numbers.into_iter().map(category_id).collect()),
            brand: brand.map(str::to_owned),
            min_price: min.map(|n| Money::from_paise(n * 75_000)),
            max_price: max.map(|n| Money::from_paise(n * 75_000)),
            in_stock,
            min_rating: min_rating.map(|stars| stars * 100),
        }
    }
}

fn sort() -> impl Strategy<Value = ProductSort> {
    prop::sample::select(ProductSort::ALL.to_vec())
}

/// What there is after all changes, the plain way.
fn products(changes: &[Vec<Listed>]) -> BTreeMap<ProductId, Listed> {
    changes.iter().flatten().map(|product| (product.id, product.clone())).collect()
}

fn listing(changes: &[Vec<Listed>]) -> Listing {
    let mut listing = Listing::default();
    for changed in changes {
        listing.update(changed.clone());
    }
    listing
}

fn passes(product: &Listed, filter: &Filter) -> bool {
    product.on_sale
        && filter.categories.as_ref().is_none_or(|wanted| wanted.contains(&product.category_id))
        && filter.brand.as_ref().is_none_or(|brand| product.brand == *brand)
        && filter.min_price.is_none_or(|min| product.price >= min)
        && filter.max_price.is_none_or(|max| product.price <= max)
        && (product.in_stock || !filter.in_stock)
        && filter.min_rating.is_none_or(|min| product.rating.average_hundredths >= min)
}

/// Every page of a list, one after the other.
fn pages(mut page: impl FnMut(Option<Place>) -> Vec<(Place, ProductCard)>) -> Vec<ProductCard> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let rows = page(after);
        let Some((place, _)) = rows.last() else { return all };
        after = Some(*place);
        all.extend(rows.into_iter().map(|(_, card)| card));
    }
}

fn assert_card(card: &ProductCard, product: &Listed) {
    assert_eq!((&card.slug, &card.title, &card.brand), (&product.slug, &product.title, &product.brand));
    assert_eq!((card.price, card.mrp, &card.image), (product.price, product.mrp, &product.image));
    assert_eq!(
        (card.category_id, &card.rating, card.in_stock),
        (product.category_id, &product.rating, product.in_stock)
    );
}

/// Few changes, which are put in one by one, and sometimes so many that all is sorted anew.
fn changes() -> impl Strategy<Value = Vec<Vec<Listed>>> {
    vec(prop_oneof![9 => vec(listed(), 0..30), 1 => vec(listed(), FEW + 1..FEW + 20)], 1..5)
}

proptest! {
    #[test]
    fn a_list_has_what_passes_the_filter_in_its_order(changes in changes(), filter in filter(), sort in sort(), rows in 1usize..9) {
        let (products, listing) = (products(&changes), listing(&changes));
        let cards = pages(|after| listing.list(&filter, sort, after, rows));
        let mut expected: Vec<&Listed> = products.values().filter(|product| passes(product, &filter)).collect();
        match sort {
            ProductSort::Newest | ProductSort::Relevance => expected.sort_by_key(|p| std::cmp::Reverse((p.created_at, p.id))),
            ProductSort::PriceAscending => expected.sort_by_key(|p| (p.price, p.id)),
            ProductSort::PriceDescending => expected.sort_by_key(|p| std::cmp::Reverse((p.price, p.id))),
            ProductSort::Rating => expected.sort_by_key(|p| std::cmp::Reverse((p.rating.average_hundredths, p.id))),
        }
        prop_assert_eq!(cards.iter().map(|c| c.id).collect::<Vec<_>>(), expected.iter().map(|p| p.id).collect::<Vec<_>>());
        for (card, product) in cards.iter().zip(expected) {
            assert_card(card, product);
        }
    }

    #[test]
    fn a_search_has_the_hits_that_pass_the_filter_in_its_order(
        changes in changes(), filter in filter(), sort in sort(), rows in 1usize..9, ranks in vec(0i32..100_000, 40),
    ) {
        let (products, listing) = (products(&changes), listing(&changes));
        // Every third product is about the words; one that the listing does not know is left out.
        let found: Vec<(ProductId, i32)> =
            (0u128..).step_by(3).map(product_id).zip(ranks.iter().copied()).take(14).chain([(product_id(999), 1)]).collect();
        let hits = listing.hits(&found);
        let cards = pages(|after| listing.search(&hits, &filter, sort, after, rows));
        let rank: BTreeMap<ProductId, i32> = found.into_iter().collect();
        let mut expected: Vec<&Listed> =
            products.values().filter(|product| rank.contains_key(&product.id) && passes(product, &filter)).collect();
        let key = |p: &Listed| match sort {
            ProductSort::Newest => p.created_at.as_microseconds(),
            ProductSort::PriceAscending => -p.price.paise(),
            ProductSort::PriceDescending => p.price.paise(),
            ProductSort::Rating => i64::from(p.rating.average_hundredths),
            ProductSort::Relevance => {
                i64::from(rank[&p.id]) + i64::from(p.rating.count.min(100)) * i64::from(p.rating.average_hundredths) / 10
            }
        };
        expected.sort_by_key(|p| std::cmp::Reverse((key(p), p.id)));
        prop_assert_eq!(cards.iter().map(|c| c.id).collect::<Vec<_>>(), expected.iter().map(|p| p.id).collect::<Vec<_>>());
        prop_assert_eq!(listing.facets(&hits, &filter, &[]).total as usize, expected.len());
    }

    #[test]
    fn a_facet_counts_what_its_choice_would_leave(changes in changes(), filter in filter()) {
        let listing = listing(&changes);
        let found: Vec<(ProductId, i32)> = (0..40).map(|number| (product_id(number), 1)).collect();
        let hits = listing.hits(&found);
        let total = |filter: &Filter| listing.search(&hits, filter, ProductSort::Relevance, None, usize::MAX).len();
        let facets = listing.facets(&hits, &filter, &[]);
        for facet in &facets.brands {
            prop_assert_eq!(facet.count as usize, total(&Filter { brand: Some(facet.value.clone()), ..filter.clone() }));
        }
        for band in &facets.prices {
            let chosen = Filter { min_price: Some(band.min_price), max_price: band.max_price, ..filter.clone() };
            prop_assert_eq!(band.count as usize, total(&chosen));
        }
        for facet in &facets.ratings {
            let stars: u16 = facet.value.parse().unwrap();
            prop_assert_eq!(facet.count as usize, total(&Filter { min_rating: Some(stars * 100), ..filter.clone() }));
        }
        prop_assert!(facets.brands.is_sorted_by_key(|facet| (std::cmp::Reverse(facet.count), facet.label.clone())));
    }

    #[test]
    fn the_generation_tells_of_all_that_changes_what_words_find(before in listed(), after in listed()) {
        let after = Listed { id: before.id, ..after };
        let mut listing = Listing::default();
        listing.update(vec![before.clone()]);
        let generation = listing.generation();
        prop_assert!(generation > 0);
        listing.update(vec![after.clone()]);
        let same = (before.on_sale, before.version) == (after.on_sale, after.version);
        prop_assert_eq!(listing.generation() == generation, same);
    }
}
