use contracts::Page;
use contracts::user::Wish;
use serde_json::json;
use types::{ProductId, VariantId};

use crate::start;

const WISHES: &str = "/api/v1/users/me/wishlist";

fn at(product: ProductId) -> String {
    format!("{WISHES}/{product}")
}

#[tokio::test]
async fn wishes_are_listed_the_newest_first_page_by_page() {
    let service = start().await;
    let asha = service.customer();
    let products: Vec<ProductId> = (0..5).map(|_| ProductId::new()).collect();
    for product in &products {
        asha.put(&at(*product), &json!({})).await.is(200);
    }
    let mut seen = Vec::new();
    let mut path = format!("{WISHES}?limit=2");
    loop {
        let page: Page<Wish> = asha.get(&path).await.is(200).read();
        seen.extend(page.items.iter().map(|wish| wish.product_id));
        let Some(cursor) = page.next_cursor else { break };
        path = format!("{WISHES}?limit=2&cursor={cursor}");
    }
    assert!(seen.iter().eq(products.iter().rev()), "{seen:?}");
    let others: Page<Wish> = service.customer().get(WISHES).await.read();
    assert_eq!(others.items, []);
}

#[tokio::test]
async fn a_wish_can_be_for_a_choice_and_is_there_once() {
    let service = start().await;
    let asha = service.customer();
    let (product, variant) = (ProductId::new(), VariantId::new());
    let first: Wish = asha.put(&at(product), &json!({})).await.is(200).read();
    let second: Wish = asha.put(&at(product), &json!({ "variant_id": variant })).await.is(200).read();
    assert_eq!(second, Wish { variant_id: Some(variant), ..first });
    assert_eq!(asha.get(WISHES).await.read::<Page<Wish>>().items, [second]);
    asha.delete(&at(product)).await.is(204);
    asha.delete(&at(product)).await.is(204);
    assert_eq!(asha.get(WISHES).await.read::<Page<Wish>>().items, []);
}

#[tokio::test]
async fn a_full_wish_list_takes_no_more_but_changes() {
    let service = start().await;
    let asha = service.customer();
    let kept = ProductId::new();
    asha.put(&at(kept), &json!({})).await.is(200);
    sqlx::query("INSERT INTO wish (user_id, product_id, added_at) SELECT $1, gen_random_uuid(), now() FROM generate_series(1, 199)")
        .bind(asha.id().0)
        .execute(&service.pool)
        .await
        .unwrap();
    asha.put(&at(ProductId::new()), &json!({})).await.is(409).problem("too-many-wishes");
    asha.put(&at(kept), &json!({ "variant_id": VariantId::new() })).await.is(200);
}
