//! What customers of the demonstration think.

use std::time::Duration;

use types::{ReviewId, Timestamp, UserId};

use super::goods::chance;
use super::{Kind, id, product_id};
use crate::store::bulk::BulkReview;

/// Stars, title, text.
const OPINIONS: &[(u8, &str, &str)] = &[
    (5, "Bahut accha!", "Better than in the pictures, and it came a day early. I have ordered another for my sister."),
    (5, "Worth every rupee", "You feel the handwork. My mother asked where I found it."),
    (5, "Just like at home", "Takes me back to my grandmother's house. Will buy again."),
    (4, "Very good", "Good quality for the price. The packing could be better, but nothing was damaged."),
    (4, "Happy with it", "As described. It took five days to Warangal, which is all right."),
    (4, "Good, a little small", "Nice make. Smaller than I had expected, so look at the measures before you order."),
    (3, "It is all right", "Does what it should. I had hoped for a little more at this price."),
    (3, "Mixed feelings", "One of two was perfect, the other had a scratch. They exchanged it without a fuss."),
    (2, "Not for me", "The colour is not what the picture shows. Sending it back was easy, at least."),
    (1, "Came late", "It came after the festival, when I had no use for it any more."),
];

/// Nought to seven reviews of a product, more good than bad.
pub fn of(product: usize, now: Timestamp) -> impl Iterator<Item = BulkReview> {
    let reviews = usize::try_from(chance(product, 5) % 8).unwrap_or(0);
    (0..reviews).map(move |i| {
        let luck = chance(product * 8 + i, 13);
        // The lower of two draws, so that the good ones at the top come more often.
        let draw = (luck % 10).min((luck >> 32) % 10);
        let (rating, title, body) = usize::try_from(draw).ok().and_then(|i| OPINIONS.get(i)).unwrap_or(&OPINIONS[0]);
        let hours = u32::try_from(luck % 4000).unwrap_or(0);
        BulkReview {
            id: ReviewId(id(Kind::Review, (product * 8 + i) as u128 + 1)),
            product_id: product_id(product),
            customer_id: UserId(id(Kind::Reviewer, i as u128 + 1)),
            rating: *rating,
            title: (*title).to_owned(),
            body: (*body).to_owned(),
            created_at: now.minus(Duration::from_secs(3600) * hours),
        }
    })
}
