use std::time::Instant;

use local::{Database, Login, PostgresOptions, PostgresServer, ensure_databases};

use crate::{Scratch, execute, number};

/// Named as the services are: two of the names are words of SQL.
const NAMES: [&str; 10] =
    ["auth", "user", "product", "cart", "order", "payment", "notification", "discount", "shipping", "return"];

fn database(name: &str) -> Database {
    let login = |role: String| Login { password: format!("{role}'s \"word\""), role };
    Database { name: name.to_owned(), owner: login(format!("{name}_owner")), service: login(name.to_owned()) }
}

struct Fixture {
    server: PostgresServer,
    order: Database,
    _scratch: Scratch,
}

impl Fixture {
    async fn new() -> Self {
        let scratch = Scratch::new();
        let options = PostgresOptions { durable: false, ..PostgresOptions::new(scratch.join("postgres")) };
        let server = PostgresServer::start(options).await.unwrap();
        server.ensure_databases(&[database("order"), database("user")]).await.unwrap();
        let fixture = Fixture { server, order: database("order"), _scratch: scratch };
        execute(&fixture.owner(), "CREATE TABLE lines (id bigserial, n bigint)").await.unwrap();
        fixture
    }

    fn owner(&self) -> String {
        self.server.url(&self.order.owner.role, &self.order.owner.password, "order")
    }

    fn service(&self) -> String {
        self.server.url(&self.order.service.role, &self.order.service.password, "order")
    }
}

async fn refusal(url: &str, sql: &str) -> String {
    execute(url, sql).await.expect_err(sql).to_string()
}

#[tokio::test]
async fn a_password_is_kept_as_a_secret_that_is_quick_to_prove() {
    let fixture = Fixture::new().await;
    let kept = "SELECT count(*) FROM pg_authid WHERE rolname LIKE 'order%' AND rolpassword LIKE 'SCRAM-SHA-256$1:%'";
    assert_eq!(number(&fixture.server.admin_url(), kept).await, 2);
    let wrong = fixture.server.url(&fixture.order.service.role, "guess", "order");
    assert!(refusal(&wrong, "SELECT 1").await.contains("password authentication failed"));
}

#[tokio::test]
async fn a_service_reads_and_writes_rows_and_nothing_else() {
    let fixture = Fixture::new().await;
    let service = fixture.service();
    execute(
        &service,
        "INSERT INTO lines (n) VALUES (1), (2); UPDATE lines SET n = n + 1; DELETE FROM lines WHERE n = 2",
    )
    .await
    .unwrap();
    assert_eq!(number(&service, "SELECT n FROM lines").await, 3);
    for sql in [
        "TRUNCATE lines",
        "DROP TABLE lines",
        "ALTER TABLE lines ADD COLUMN m int",
        "CREATE TABLE others (n int)",
        "CREATE TEMPORARY TABLE others (n int)",
        "CREATE SCHEMA others",
        "CREATE ROLE others",
        "SELECT setval('lines_id_seq', 1)",
    ] {
        let refusal = refusal(&service, sql).await;
        assert!(refusal.contains("permission denied") || refusal.contains("must be owner"), "{sql}: {refusal}");
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn no_other_service_may_connect() {
    let fixture = Fixture::new().await;
    let user = database("user");
    for login in [&user.service, &user.owner] {
        let url = fixture.server.url(&login.role, &login.password, "order");
        let refusal = refusal(&url, "SELECT 1").await;
        assert!(refusal.contains("permission denied for database \"order\""), "{refusal}");
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn repeating_it_keeps_the_data_and_sets_the_password() {
    let mut fixture = Fixture::new().await;
    execute(&fixture.service(), "INSERT INTO lines (n) VALUES (5)").await.unwrap();
    let before = fixture.service();
    fixture.order.service.password = "another".to_owned();
    let again = [fixture.order.clone()];
    let admin = fixture.server.admin_url();
    let (one, two) = tokio::join!(ensure_databases(&admin, &again), ensure_databases(&admin, &again));
    one.unwrap();
    two.unwrap();
    assert_eq!(number(&fixture.service(), "SELECT n FROM lines").await, 5);
    assert!(refusal(&before, "SELECT 1").await.contains("password authentication failed"));
    fixture.server.stop().await;
}

#[tokio::test]
async fn the_ten_databases_of_the_services_are_made_together() {
    let scratch = Scratch::new();
    let begin = Instant::now();
    let server = PostgresServer::start(PostgresOptions::new(scratch.join("postgres"))).await.unwrap();
    let started = begin.elapsed();
    server.ensure_databases(&NAMES.map(database)).await.unwrap();
    // For who changes something here.
    println!("started after {started:?}, ten databases after {:?} more", begin.elapsed() - started);
    for database in NAMES.map(database) {
        let url = server.url(&database.service.role, &database.service.password, &database.name);
        assert_eq!(number(&url, "SELECT 1::bigint").await, 1);
    }
    server.stop().await;
}
