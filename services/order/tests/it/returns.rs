//! What comes back, on paper.

use contracts::order::{CreditNote, CreditNoteIssued, Invoice, Order};
use contracts::returns::{ReturnFacts, ReturnRefundDue, ReturnStatus, ReturnedLine};
use testkit::eventually;
use testkit::service::PATIENCE;
use types::{EventId, Money, ReturnId, ReturnLineId};

use crate::shop::Shop;

fn back(shop: &Shop, order: &Order, line: usize, quantity: u32, refund: Money) -> ReturnRefundDue {
    let line = &order.lines[line];
    let facts = ReturnFacts {
        return_id: ReturnId::new(),
        order_id: order.id,
        order_number: order.number.clone(),
        customer_id: shop.customer.id(),
        status: ReturnStatus::RefundDue,
        lines: vec![ReturnedLine {
            return_line_id: ReturnLineId::new(),
            order_line_id: line.id,
            variant_id: line.variant_id,
            quantity,
            restock: quantity,
            refund,
        }],
    };
    ReturnRefundDue { facts, amount: refund }
}

async fn credit_notes(shop: &Shop, order: &Order) -> Vec<CreditNote> {
    shop.customer.get(&format!("/api/v1/orders/{}/credit-notes", order.id)).await.is(200).read()
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_piece_by_piece_are_credited_to_the_last_paisa() {
    let shop = Shop::open().await;
    shop.state().coupon = Some(crate::world::COUPON.into());
    shop.state().variants[0].unit_price = Money::from_paise(33_333);
    let order = shop.paid_order().await;
    let line = &order.lines[0];
    let first = Money::from_paise(line.price.total.paise() / 2);
    let due = back(&shop, &order, 0, 1, first);
    let id = EventId::new();
    shop.service.deliver_as(id, due.facts.return_id, 4, &due).await;
    // Heard again, as the same event and as another one.
    shop.service.deliver_as(id, due.facts.return_id, 4, &due).await;
    shop.service.deliver(due.facts.return_id, 4, &due).await;
    let rest = back(&shop, &order, 0, 1, line.price.total - first);
    shop.service.deliver(rest.facts.return_id, 4, &rest).await;

    let notes = credit_notes(&shop, &order).await;
    assert_eq!(notes.len(), 2);
    assert_eq!(notes[0].return_id, Some(due.facts.return_id));
    assert_eq!(notes.iter().map(|note| note.total).sum::<Money>(), line.price.total);
    let sum = |part: fn(&CreditNote) -> Money| notes.iter().map(part).sum::<Money>();
    let tax = line.price.tax;
    assert_eq!(sum(|note| note.tax.taxable), tax.taxable);
    assert_eq!((sum(|note| note.tax.cgst), sum(|note| note.tax.sgst)), (tax.cgst, tax.sgst));
    let event = shop.service.publishes(|event: &CreditNoteIssued| event.return_id == Some(due.facts.return_id)).await;
    assert_eq!((event.data.total, &event.data.credit_note_number), (first, &notes[0].number));
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_credited_than_was_paid() {
    platform::telemetry::install_metrics();
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let paid = order.lines[1].price.total;
    let due = back(&shop, &order, 1, 1, paid);
    shop.service.deliver(due.facts.return_id, 4, &due).await;
    let more = back(&shop, &order, 1, 1, Money::from_paise(1));
    shop.service.publish(more.facts.return_id, 4, &more).await;
    // It fails, again and again, until staff find it among the dead letters.
    eventually(PATIENCE, async || {
        let metrics = shop.service.guest().get("/metrics").await;
        let metrics = String::from_utf8_lossy(&metrics.bytes).into_owned();
        let failed = |line: &str| {
            line.starts_with("events_handled_total") && line.contains("return.refund_due") && line.contains("failed")
        };
        if metrics.lines().any(failed) { Ok(()) } else { Err(metrics) }
    })
    .await;
    assert_eq!(credit_notes(&shop, &order).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_lists_every_line_with_its_tax() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let invoice: Invoice = shop.customer.get(&format!("/api/v1/orders/{}/invoice", order.id)).await.is(200).read();
    let described: Vec<_> = invoice.lines.iter().map(|line| (line.description.as_str(), line.hsn.as_str())).collect();
    // Delivery goes with the goods of the highest rate.
    assert_eq!(described, [("Kurta", "6204"), ("Phone case", "3926"), ("Delivery: Standard", "3926")]);
    assert_eq!(invoice.lines.iter().map(|line| line.total).sum::<Money>(), invoice.total);
    for line in &invoice.lines {
        let tax = line.tax;
        assert_eq!(tax.taxable + tax.cgst + tax.sgst + tax.igst, line.total);
        assert_eq!(tax.cgst, tax.sgst);
        assert_eq!(line.total, line.unit_price.times(line.quantity) - line.discount);
    }
    assert_eq!(invoice.place_of_supply_name, "Telangana");
    assert!(invoice.seller.gstin.starts_with("36"));
    assert_eq!(invoice.total, order.amounts.total);
}
