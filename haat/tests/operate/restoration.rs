//! Runbook "restore a database to a point in time", with the database that it hurts most: the orders'.
//!
//! What was written after that moment is lost in this database alone. The other services still have what they did for the lost
//! orders: money taken, stock sold, parcels. So an operator has three things left to do when the database is back. Numbers that
//! customers have already seen must not be given out again (which leaves a gap in those of invoices, to be declared). Orders that are back to pending come right by themselves. The lost
//! ones, which `haat reconcile` names, are cancelled by the event that cancels an order: it makes every other service give back
//! what it holds, and tells the customer. What those services then report of the lost orders has no order to go to any more and
//! ends as dead letters of the order service, which are to be looked at and left.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use haat::services;
use local::{Database, Login, PostgresOptions, PostgresServer, Replication, Restore};
use testkit::{ScratchDirectory, TcpProxy, eventually};
use types::ServiceName;

use crate::PATIENCE;
use crate::buyers::{Market, Paid, Unpaid};
use crate::premises::{Premises, address, postgres, run, text, url_of};
use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn orders_restored_to_a_moment_are_all_there_and_what_was_lost_is_told_and_given_back() {
    let mut premises = Premises::of_a_shop().await;
    // A dead letter is one after two seconds, not half a minute.
    premises.variables.insert("EVENT_REST".to_owned(), "0.02".to_owned());
    let directory = ScratchDirectory::create();
    let archive = directory.join("archive");
    let orders = archived(&premises, directory.join("postgres"), &archive).await;
    let endpoint = TcpProxy::to(vec![address(orders.port())]);
    premises.lead(ServiceName::Order, endpoint.address.port());
    let url = url_of(&orders, "order");
    let backup = orders.back_up(&directory.join("backup")).await.unwrap();
    let mut shop = Shop::open(premises, |_| 1).await;

    let mut crowd = shop.market.crowd();
    crowd.buys(1).await;
    let before = crowd.go_home().await;
    let unpaid = ordered(&shop.market).await;
    shop.market.keeps_its_word(&before).await;
    let until = text(&url, "SELECT clock_timestamp()::text").await;
    let paid_since = unpaid.pay().await.unwrap();
    let mut since = Vec::new();
    for _ in 0..2 {
        since.push(ordered(&shop.market).await.pay().await.unwrap());
    }
    shop.market.keeps_its_word(&since).await;
    eventually(PATIENCE, || async { shop.reconcile() }).await;

    // Somebody's mistake; then no more harm is done, and the log's end is archived.
    run(&url, "DROP TABLE customer_order CASCADE").await;
    shop.close(ServiceName::Order).await;
    let end = text(&url, "SELECT pg_walfile_name(pg_switch_wal())").await;
    let archived = format!("SELECT 'yes' FROM pg_stat_archiver WHERE last_archived_wal >= '{end}'");
    eventually(PATIENCE, || async { text(&url, &archived).await == "yes" }).await;
    orders.kill().await;

    let replication = Replication::RestoredTo(Restore { backup, log: archive, until });
    let restored = PostgresOptions::new(directory.join("restored"));
    let restored = PostgresServer::start(PostgresOptions { replication, ..postgres(restored) }).await.unwrap();
    let url = url_of(&restored, "order");
    eventually(PATIENCE, || async { text(&url, "SELECT pg_is_in_recovery()::text").await == "false" }).await;
    leave_out_numbers(&shop, &url).await;
    endpoint.lead_to(vec![address(restored.port())]);
    shop.reopen(ServiceName::Order).await;

    // What was paid for after the moment is paid for still.
    let id = &paid_since.order;
    eventually(PATIENCE, || async {
        let order = paid_since.customer.get(&format!("/api/v1/orders/{id}")).await;
        if order["status"] == "confirmed" { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    let differences = shop.reconcile().unwrap_err();
    for Paid { order, .. } in &since {
        for held in ["its stock is committed", "was charged for it", "its parcel "] {
            let told =
                |line: &str| line.starts_with(&format!("order {order}: does not exist, but ")) && line.contains(held);
            assert!(differences.lines().any(told), "{order} {held}: {differences}");
        }
    }

    cancel_lost(&shop, &url).await;
    for Paid { customer, intent, .. } in &since {
        eventually(PATIENCE, || async {
            let payment = customer.get(&format!("/api/v1/payments/{intent}")).await;
            if payment["refunded"] == payment["amount"] { Ok(()) } else { Err(payment.to_string()) }
        })
        .await;
    }
    eventually(PATIENCE, || async {
        let found = shop.reconcile().err().unwrap_or_default();
        let remains = [" dead letters", "invoice-numbers-have-no-gap", "2 found"];
        let all_is_known = found.lines().all(|line| remains.iter().any(|known| line.contains(known)));
        if all_is_known && found.ends_with("2 found\n") { Ok(()) } else { Err(found) }
    })
    .await;
    assert_eq!(twice_given_out(&shop).await, "");
    let next = ordered(&shop.market).await.pay().await.unwrap();
    let bought: Vec<Paid> = before.into_iter().chain([next]).collect();
    shop.serves(&bought).await;
}

/// The first thing that is not sold out.
async fn ordered(market: &Market) -> Unpaid {
    for n in 0.. {
        if let Some(unpaid) = market.order(n).await {
            return unpaid;
        }
    }
    unreachable!("there is always something to buy")
}

/// Numbers go on after the last that a customer was told. The gap is for the tax return: documents that were issued and cancelled.
async fn leave_out_numbers(shop: &Shop, orders: &str) {
    let notifications = shop.premises.infrastructure.service_url(ServiceName::Notification);
    let last = "SELECT max(data->>'invoice_number') FROM notification WHERE kind = 'invoice_issued'";
    let last = text(&notifications, last).await;
    let (series, serial) = last.split_once('/').unwrap();
    let counter = format!(
        "UPDATE document_counter SET last = greatest(last, {serial}::bigint) WHERE series || financial_year = '{series}'"
    );
    run(orders, &counter).await;
    // Of order numbers a gap means nothing.
    run(orders, "SELECT setval('order_number', nextval('order_number') + 1000)").await;
}

/// What each other service holds for an order that the order service does not know any more goes back by this event.
async fn cancel_lost(shop: &Shop, orders: &str) {
    let paid = "SELECT json_agg(json_build_object('order_id', order_id, 'order_number', order_number, 'customer_id', customer_id,
                    'reason', 'checkout_failed', 'total', amount_paise))::text FROM intent";
    let payments = shop.premises.infrastructure.service_url(ServiceName::Payment);
    let paid = text(&payments, paid).await;
    let cancel = format!(
        "INSERT INTO outbox (id, stream, type, subject, version, correlation_id, data)
         SELECT gen_random_uuid(), 'order-events', 'order.cancelled.v1', lost->>'order_id', 1000, 'restoration', lost
         FROM jsonb_array_elements('{paid}') AS lost
         WHERE NOT EXISTS (SELECT FROM customer_order o WHERE o.id = (lost->>'order_id')::uuid)"
    );
    run(orders, &cancel).await;
}

/// Invoice numbers that two orders' customers were told.
async fn twice_given_out(shop: &Shop) -> String {
    let notifications = shop.premises.infrastructure.service_url(ServiceName::Notification);
    let twice = "SELECT string_agg(number, ' ') FROM (
                     SELECT data->>'invoice_number' AS number FROM notification
                     WHERE kind = 'invoice_issued' GROUP BY 1 HAVING count(DISTINCT about) > 1) AS twice";
    text(&notifications, twice).await
}

/// A server for the orders alone, as each service has one in the cloud, whose log goes to this directory.
async fn archived(premises: &Premises, state: PathBuf, archive: &Path) -> PostgresServer {
    std::fs::create_dir(archive).unwrap();
    // For whoever the server runs as.
    std::fs::set_permissions(archive, std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut options = postgres(PostgresOptions::new(state));
    let command = format!("cp \"%p\" \"{}/%f\"", archive.display());
    for (name, value) in [("archive_mode", "on"), ("archive_command", &command)] {
        options.settings.push((name.to_owned(), value.to_owned()));
    }
    let server = PostgresServer::start(options).await.unwrap();
    let order = ServiceName::Order;
    let secrets = premises.infrastructure.state().secrets.of(order).unwrap();
    let login = |role: &str, password: &str| Login { role: role.to_owned(), password: password.to_owned() };
    let owner = login("order_owner", &secrets.owner_password);
    let service = login("order", &secrets.service_password);
    let url = server.url(&owner.role, &owner.password, "order");
    server.ensure_databases(&[Database { name: "order".to_owned(), owner, service }]).await.unwrap();
    platform::db::migrate(&url, services::one(order).migrations.unwrap()).await.unwrap();
    server
}
