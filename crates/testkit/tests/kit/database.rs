use std::time::Instant;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use testkit::{TestDatabase, private_postgres};

static MIGRATOR: Migrator = sqlx::migrate!("tests/kit/migrations");

async fn number(url: &str, sql: &'static str) -> Result<i64, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query_scalar(sql).fetch_one(&mut connection).await
}

#[tokio::test]
async fn each_test_has_a_migrated_database_of_its_own() {
    let (one, two) = tokio::join!(TestDatabase::create(&MIGRATOR), TestDatabase::create(&MIGRATOR));
    let insert = "INSERT INTO notes VALUES (2) RETURNING n";
    assert_eq!(number(&one.service_url, insert).await.unwrap(), 2);
    assert_eq!(number(&one.service_url, "SELECT count(*) FROM notes").await.unwrap(), 2);
    assert_eq!(number(&two.service_url, "SELECT count(*) FROM notes").await.unwrap(), 1);
}

#[tokio::test]
async fn the_service_role_may_not_do_what_the_owner_may() {
    let database = TestDatabase::create(&MIGRATOR).await;
    let alter = async |url: &str| {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql("ALTER TABLE notes ADD COLUMN text text").execute(&mut connection).await
    };
    let refusal = alter(&database.service_url).await.unwrap_err().to_string();
    assert!(refusal.contains("must be owner of table notes"), "{refusal}");
    alter(&database.owner_url).await.unwrap();
}

#[tokio::test]
async fn a_dropped_database_is_gone_also_while_somebody_is_connected() {
    let database = TestDatabase::create(&MIGRATOR).await;
    let _connected = PgConnection::connect(&database.service_url).await.unwrap();
    let url = database.service_url.clone();
    drop(database);
    let refusal = number(&url, "SELECT 1::bigint").await.unwrap_err().to_string();
    assert!(refusal.contains("does not exist"), "{refusal}");
}

#[tokio::test]
async fn many_at_once_share_one_template() {
    let server = private_postgres().await;
    let admin = server.admin_url();
    let created = (0..8).map(|_| {
        let admin = admin.clone();
        tokio::spawn(async move { TestDatabase::create_on(&admin, &MIGRATOR).await })
    });
    let mut databases = Vec::new();
    for task in created.collect::<Vec<_>>() {
        databases.push(task.await.unwrap());
    }
    let templates = "SELECT count(*) FROM pg_database WHERE datname LIKE 'template\\_%'";
    assert_eq!(number(&admin, templates).await.unwrap(), 1);
    for database in &databases {
        assert_eq!(number(&database.service_url, "SELECT count(*) FROM notes").await.unwrap(), 1);
    }
    let begin = Instant::now();
    databases.push(TestDatabase::create_on(&admin, &MIGRATOR).await);
    println!("one more database in {:?}", begin.elapsed());
}

#[tokio::test]
async fn a_template_left_half_made_is_made_again() {
    let server = private_postgres().await;
    let admin = server.admin_url();
    let name = {
        let database = TestDatabase::create_on(&admin, &MIGRATOR).await;
        assert!(database.name.starts_with("test_"));
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        let sql = "SELECT datname::text FROM pg_database WHERE datname LIKE 'template\\_%'";
        sqlx::query_scalar::<_, String>(sql).fetch_one(&mut connection).await.unwrap()
    };
    // As a process leaves it that was killed before it had applied the migrations.
    let mut connection = PgConnection::connect(&admin).await.unwrap();
    for sql in [
        format!("ALTER DATABASE {name} IS_TEMPLATE false"),
        format!("DROP DATABASE {name}"),
        format!("CREATE DATABASE {name}"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    let database = TestDatabase::create_on(&admin, &MIGRATOR).await;
    assert_eq!(number(&database.service_url, "SELECT count(*) FROM notes").await.unwrap(), 1);
}
