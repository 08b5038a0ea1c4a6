//! The invoice on paper, and the month's GST return.

use contracts::payment::PaymentMethod;
use serde_json::{Value, json};
use types::Role;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_can_be_had_as_pdf() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let path = format!("/api/v1/orders/{}/invoice", order.id);
    let pdf = shop.customer.with("accept", "application/pdf").get(&path).await.is(200);
    assert_eq!(pdf.header("content-type"), "application/pdf");
    let number = shop.customer.get(&path).await.is(200).json["number"].as_str().unwrap().to_owned();
    let name = format!("inline; filename=\"{}.pdf\"", number.replace('/', "-"));
    assert_eq!(pdf.header("content-disposition"), name);
    assert!(pdf.bytes.starts_with(b"%PDF-1.") && pdf.bytes.trim_ascii_end().ends_with(b"%%EOF"));
    // The same each time, so that copies can be compared.
    let again = shop.customer.with("accept", "application/pdf;q=0.9, text/html").get(&path).await.is(200);
    assert_eq!(again.bytes, pdf.bytes);
    for json in ["application/json", "*/*", "application/pdf, application/json"] {
        let answer = shop.customer.with("accept", json).get(&path).await.is(200);
        assert_eq!((answer.header("content-type"), answer.header("vary")), ("application/json", "accept"), "{json}");
    }
    let other = shop.service.customer().with("accept", "application/pdf");
    other.get(&path).await.is(404).problem("not-found");
}

fn month_of(shop: &Shop) -> String {
    shop.service.clock.now().date_in_india().strftime("%Y-%m").to_string()
}

async fn gst_return(shop: &Shop, month: &str) -> Value {
    let staff = shop.service.as_staff(Role::Operator);
    staff.get(&format!("/api/v1/orders/desk/gst-return?month={month}")).await.is(200).json
}

/// Of all rows, in paise.
fn sum(rows: &Value, field: &str) -> i64 {
    let paise = |row: &Value| {
        let text = row[field].to_string();
        let (rupees, paise) = text.split_once('.').unwrap();
        format!("{rupees}{paise:0<2}").parse::<i64>().unwrap()
    };
    rows.as_array().unwrap().iter().map(paise).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_months_return_is_the_sum_of_its_documents() {
    let shop = Shop::open().await;
    let (kept, cancelled) = (shop.paid_order().await, shop.paid_order().await);
    shop.order(PaymentMethod::Upi).await;
    let before = gst_return(&shop, &month_of(&shop)).await;
    let of = |id| format!("/api/v1/orders/{id}/invoice");
    let (kept, other) =
        (shop.customer.get(&of(kept.id)).await.is(200).json, shop.customer.get(&of(cancelled.id)).await.is(200).json);
    let total = |part: &str| {
        let paise = |invoice: &Value| invoice["tax"][part].as_i64().unwrap();
        paise(&kept) + paise(&other)
    };
    for rows in [&before["b2cs"], &before["hsn"]["hsn_b2c"]] {
        let sums = ["txval", "camt", "samt", "iamt"].map(|field| sum(rows, field));
        assert_eq!(sums, [total("taxable"), total("cgst"), total("sgst"), 0]);
    }
    let first = &before["b2cs"][0];
    assert_eq!((&first["sply_ty"], &first["pos"], &first["typ"]), (&json!("INTRA"), &json!("36"), &json!("OE")));
    let pieces: i64 = before["hsn"]["hsn_b2c"].as_array().unwrap().iter().map(|row| row["qty"].as_i64().unwrap()).sum();
    assert_eq!(pieces, 2 * 3, "a delivery is no piece");
    let documents = &before["doc_issue"]["doc_det"];
    assert_eq!((&documents[0]["doc_num"], &documents[0]["docs"][0]["totnum"]), (&json!(1), &json!(2)));
    assert_eq!(documents[0]["docs"][0]["from"], kept["number"]);
    assert_eq!(documents.as_array().unwrap().len(), 1);

    // What is taken back is no supply any more, and its credit note is counted.
    shop.customer.post(&format!("/api/v1/orders/{}/cancel", cancelled.id), &json!({})).await.is(200);
    let after = gst_return(&shop, &month_of(&shop)).await;
    for rows in [&after["b2cs"], &after["hsn"]["hsn_b2c"]] {
        assert_eq!(sum(rows, "txval") * 2, total("taxable"), "two equal orders");
    }
    let notes = &after["doc_issue"]["doc_det"][1];
    assert_eq!((&notes["doc_num"], &notes["docs"][0]["net_issue"]), (&json!(5), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_indias_and_for_staff() {
    let shop = Shop::open().await;
    shop.paid_order().await;
    // The last second of October, and the first of November, in India.
    for (time, october) in [("2026-10-31T18:29:59Z", 1), ("2026-10-31T18:30:00Z", 0)] {
        let mut moment = shop.service.harmed("ALTER TABLE invoice DISABLE TRIGGER written_once").await;
        sqlx::query("UPDATE invoice SET issued_at = $1::timestamptz")
            .bind(time.parse::<jiff::Timestamp>().map(types::Timestamp::new).unwrap())
            .execute(&mut *moment)
            .await
            .unwrap();
        for (first_day, invoices) in [("2026-10-01", october), ("2026-11-01", 1 - october)] {
            let day = first_day.parse().unwrap();
            let supplies = order_service::store::gst_return::supplies(&mut moment, day).await.unwrap();
            assert_eq!(supplies.invoices.map_or(0, |series| series.count), invoices, "{time} {first_day}");
        }
    }
    let empty = gst_return(&shop, "2020-01").await;
    assert_eq!((&empty["fp"], &empty["b2cs"], &empty["hsn"]["hsn_b2c"]), (&json!("012020"), &json!([]), &json!([])));
    let path = "/api/v1/orders/desk/gst-return?month=";
    shop.customer.get(&format!("{path}2026-11")).await.is(403);
    let staff = shop.service.as_staff(Role::Support);
    for month in ["2026-13", "november", ""] {
        staff.get(&format!("{path}{month}")).await.is(400).problem("malformed-request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_invoice_to_another_state_is_told_of_by_itself_and_what_is_exempt_apart() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let month = shop.service.clock.now().date_in_india().first_of_month();
    let mut moment = shop
        .service
        .harmed(
            "ALTER TABLE invoice DISABLE TRIGGER written_once;
             UPDATE invoice SET total_paise = 10000001;
             UPDATE customer_order SET place_of_supply = '27'",
        )
        .await;
    let supplies = order_service::store::gst_return::supplies(&mut moment, month).await.unwrap();
    assert!(supplies.small.is_empty());
    assert_eq!(supplies.large.len(), 2, "at 5 and at 18 per cent");
    assert!(supplies.large.iter().all(|large| large.place == "27" && !large.is_credit));
    drop(moment);

    let exempt = format!(
        "UPDATE order_line SET gst_rate = 0, taxable_paise = total_paise, cgst_paise = 0, sgst_paise = 0
         WHERE order_id = '{}' AND gst_rate = 500",
        order.id
    );
    let mut moment = shop.service.harmed(exempt).await;
    let supplies = order_service::store::gst_return::supplies(&mut moment, month).await.unwrap();
    assert_eq!(supplies.exempt.len(), 1);
    assert!(!supplies.exempt[0].between_states && supplies.exempt[0].value.is_positive());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_months_return_does_not_gather_the_documents_of_all_time() {
    let shop = Shop::open().await;
    let mut connection = shop.service.pool.acquire().await.unwrap();
    // As where the tables are large.
    sqlx::query("SET enable_seqscan = off").execute(&mut *connection).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT * FROM gst_line WHERE issued_at >= india_day('2026-11-01') AND issued_at < india_day('2026-11-01', 1)",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(!plan.contains("CTE Scan"), "{plan}");
    // Each of the three kinds of lines is found by its document's date: an invoice's, its delivery's, a credit note's.
    let by_age = (plan.matches("invoice_by_age").count(), plan.matches("credit_note_by_age").count());
    assert_eq!(by_age, (2, 1), "{plan}");
}
