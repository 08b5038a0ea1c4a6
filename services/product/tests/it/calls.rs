//! What other services ask for, and what they tell.

use std::time::Duration;

use contracts::order::{CancelReason, OrderCancelled};
use contracts::product::{
    CommitStock, LookUpVariants, ReleaseStock, ReserveStock, StockCommitment, StockExpired, StockLine, StockReleased,
    StockReservation, VariantSnapshot,
};
use contracts::returns::{ReturnFacts, ReturnReceived, ReturnStatus, ReturnedLine};
use serde_json::json;
use testkit::eventually;
use types::{Money, OrderId, OrderLineId, Rate, ReturnId, ReturnLineId, Role, ServiceName, UserId, VariantId};

use crate::store::{self, Store};

impl Store {
    async fn look_up(&self, variants: &[VariantId]) -> Vec<VariantSnapshot> {
        let call = LookUpVariants { variant_ids: variants.to_vec() };
        self.service.call(ServiceName::Cart, &call).await.variants
    }

    async fn available(&self) -> u32 {
        self.look_up(&[self.kurta.variant_id]).await[0].available
    }

    fn lines(&self, quantity: u32) -> Vec<StockLine> {
        vec![StockLine { variant_id: self.kurta.variant_id, quantity }]
    }

    async fn reserve(&self, order_id: OrderId, quantity: u32) -> StockReservation {
        let expires_at = self.service.clock.now().plus(Duration::from_secs(900));
        let call = ReserveStock { order_id, lines: self.lines(quantity), expires_at };
        self.service.call(ServiceName::Order, &call).await
    }

    async fn commit(&self, order_id: OrderId, quantity: u32) -> StockCommitment {
        self.service.call(ServiceName::Order, &CommitStock { order_id, lines: self.lines(quantity) }).await
    }
}

#[tokio::test]
async fn a_variant_is_looked_up_with_all_that_an_order_copies() {
    let store = store::open().await;
    let found = store.look_up(&[store.kurta.variant_id, VariantId::new()]).await;
    let [kurta] = found.as_slice() else { panic!("{found:?}: what is unknown is left out") };
    assert_eq!(
        (kurta.sku.as_str(), kurta.title.as_str(), kurta.options.as_str()),
        (store.kurta.sku.as_str(), store.kurta.title.as_str(), "Indigo, M")
    );
    assert_eq!(
        (kurta.unit_price, kurta.hsn.as_str(), kurta.gst_rate),
        (Money::from_rupees(899), "6211", Rate::from_percent(5))
    );
    assert_eq!((kurta.available, kurta.on_sale, kurta.return_days, kurta.category_ids.len()), (300, true, 30, 2));
    assert!(kurta.mrp >= kurta.unit_price && kurta.image.is_some());

    let editor = store.service.as_staff(Role::Merchandiser);
    let etag = editor.get(&store.kurta_path()).await.is(200).header("etag").to_owned();
    editor.with("if-match", etag).delete(&store.kurta_path()).await.is(204);
    assert!(!store.look_up(&[store.kurta.variant_id]).await[0].on_sale);
}

#[tokio::test]
async fn a_piece_is_taxed_by_the_rate_of_the_day_and_of_its_price() {
    let store = store::open().await;
    let rate = async |sql: &str| -> i32 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT gst_rate('6211', {sql})")))
            .fetch_one(&store.service.pool)
            .await
            .unwrap()
    };
    // The day begins at midnight in India.
    assert_eq!(rate("200000, '2025-09-21T18:29:59Z'").await, 1200, "above Rs 1,050 until 21 September 2025");
    assert_eq!(rate("200000, '2025-09-21T18:30:00Z'").await, 500, "from the 22nd");
    assert_eq!(rate("262500, '2026-01-01Z'").await, 500);
    assert_eq!(rate("262501, '2026-01-01Z'").await, 1800);
    // An order must know them all: what is paid for a piece may be less than its price. Thresholds of the past are none.
    let found = store.look_up(&[store.kurta.variant_id]).await;
    let rates: Vec<_> = found[0].gst_rates.iter().map(|step| (step.above, step.rate)).collect();
    assert_eq!(rates, [(Money::ZERO, Rate::from_percent(5)), (Money::from_rupees(2625), Rate::from_percent(18))]);
}

#[tokio::test]
async fn an_order_sets_aside_buys_and_gives_back() {
    let store = store::open().await;
    let order = OrderId::new();
    assert_eq!(store.reserve(order, 3).await, StockReservation::Held);
    assert_eq!(store.available().await, 297);
    assert_eq!(store.commit(order, 3).await, StockCommitment::Committed);
    store.service.call(ServiceName::Order, &ReleaseStock { order_id: order }).await;
    assert_eq!(store.available().await, 300);
    let told = store.service.publishes::<StockReleased>(|event| event.order_id == order).await;
    assert_eq!((told.data.lines, told.version), (store.lines(3), 3), "reserved, committed, released");
    let problem = store.service.try_call(ServiceName::Order, &CommitStock { order_id: order, lines: Vec::new() }).await;
    assert_eq!(problem.unwrap_err().errors[0].field, "lines");
}

#[tokio::test]
async fn what_nobody_pays_in_time_is_given_back_by_itself() {
    let store = store::open().await;
    let order = OrderId::new();
    store.reserve(order, 5).await;
    store.service.clock.advance(Duration::from_secs(901));
    let told = store.service.publishes::<StockExpired>(|event| event.order_id == order).await;
    assert_eq!((told.data.lines, told.version), (store.lines(5), 2));
    assert_eq!(store.available().await, 300);
    assert_eq!(store.reserve(order, 5).await, StockReservation::Released);
    assert_eq!(store.commit(order, 5).await, StockCommitment::Committed, "paid late, and still there");
}

#[tokio::test]
async fn a_cancelled_order_gives_back_even_before_it_took_anything() {
    let store = store::open().await;
    let cancelled = |order_id| cancelled(order_id, CancelReason::Customer);
    let (bought, early) = (OrderId::new(), OrderId::new());
    store.commit(bought, 2).await;
    let event = store.service.deliver(bought, 3, &cancelled(bought)).await;
    assert_eq!(store.available().await, 300);
    store.service.deliver(early, 2, &cancelled(early)).await;
    assert_eq!(store.reserve(early, 1).await, StockReservation::Released);
    store.service.deliver_as(event, bought, 3, &cancelled(bought)).await;
    assert_eq!(store.available().await, 300, "the same event again");
    assert_eq!(store.violations().await, []);
}

#[tokio::test]
async fn what_the_carrier_lost_does_not_come_back() {
    let store = store::open().await;
    let lost = OrderId::new();
    store.commit(lost, 2).await;
    store.service.deliver(lost, 5, &cancelled(lost, CancelReason::Lost)).await;
    assert_eq!(store.available().await, 298);
    assert_eq!(store.violations().await, []);
}

fn cancelled(order_id: OrderId, reason: CancelReason) -> OrderCancelled {
    let (order_number, customer_id) = ("HAAT-1".to_owned(), UserId::new());
    OrderCancelled { order_id, order_number, customer_id, reason, total: Money::ZERO }
}

#[tokio::test]
async fn what_a_customer_sends_back_can_be_sold_again_once() {
    let store = store::open().await;
    let order_id = OrderId::new();
    store.commit(order_id, 4).await;
    let line = ReturnedLine {
        return_line_id: ReturnLineId::new(),
        order_line_id: OrderLineId::new(),
        variant_id: store.kurta.variant_id,
        quantity: 3,
        restock: 2,
        refund: Money::from_rupees(2697),
    };
    let return_id = ReturnId::new();
    let received = ReturnReceived {
        facts: ReturnFacts {
            return_id,
            order_id,
            order_number: "HAAT-1".to_owned(),
            customer_id: UserId::new(),
            status: ReturnStatus::Received,
            lines: vec![line],
        },
    };
    let event = store.service.deliver(return_id, 3, &received).await;
    store.service.deliver_as(event, return_id, 3, &received).await;
    assert_eq!(store.available().await, 298);
    assert_eq!(store.violations().await, []);
}

#[tokio::test]
async fn lists_say_what_is_sold_out() {
    let store = store::open().await;
    // A product with one variant: it is sold out when that is.
    let tiffin = product_service::demo::item(product_service::demo::TIFFIN_SKU).unwrap();
    let available = store.look_up(&[tiffin.variant_id]).await[0].available;
    assert!(available > 0);
    let lines = vec![StockLine { variant_id: tiffin.variant_id, quantity: available }];
    let call = CommitStock { order_id: OrderId::new(), lines };
    assert_eq!(store.service.call(ServiceName::Order, &call).await, StockCommitment::Committed);
    let guest = store.service.guest();
    eventually(Duration::from_secs(5), async || {
        let found = guest.get("/api/v1/products/search?q=two-tier+tiffin+carrier").await.is(200);
        found.json["items"][0]["in_stock"] == json!(false)
    })
    .await;
}
