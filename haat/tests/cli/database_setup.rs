//! `haat database-setup`, by an administrator who is no superuser, as on Oracle's servers.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use testkit::servers;
use tokio::process::Command;

use crate::process::{Ended, ended, haat, refusal};

const ADMINISTRATOR_PASSWORD: &str = "administrators-secret";
const OWNER_PASSWORD: &str = "owners-s3cret'\"$$";
const SERVICE_PASSWORD: &str = "services-s3cret\\ /%@";

/// An administrator, and the names of what is to be made; gone with this value's server.
struct Server {
    superuser: PgConnectOptions,
    /// Part of each name, so that tests can share a server.
    mark: String,
}

impl Server {
    async fn new() -> Self {
        let superuser = PgConnectOptions::from_str(&servers().await.postgres_url).unwrap();
        // Names that need quoting, in SQL and in an address.
        let server = Server { superuser, mark: format!("Shop \"{}\"", uuid::Uuid::new_v4().simple()) };
        let role = quoted(&server.administrator());
        let sql = format!("CREATE ROLE {role} LOGIN CREATEROLE CREATEDB PASSWORD '{ADMINISTRATOR_PASSWORD}'");
        execute(&server.superuser, &sql).await.unwrap();
        server
    }

    fn administrator(&self) -> String {
        format!("{} admin", self.mark)
    }

    fn url(&self, role: &str, password: &str, database: &str) -> String {
        let (host, port) = (self.superuser.get_host(), self.superuser.get_port());
        let [role, password, database] = [role, password, database].map(encoded);
        format!("postgres://{role}:{password}@{host}:{port}/{database}?sslmode=disable")
    }

    fn administrators(&self) -> String {
        self.url(&self.administrator(), ADMINISTRATOR_PASSWORD, "postgres")
    }

    fn owners(&self, password: &str) -> String {
        self.url(&format!("{} owner", self.mark), password, &self.mark)
    }

    fn services(&self, password: &str) -> String {
        self.url(&format!("{} service", self.mark), password, &self.mark)
    }

    fn command(&self, arguments: &[&str], owner_password: &str, service_password: &str) -> Command {
        let mut command = haat(arguments);
        command
            .env("DATABASE_ADMIN_URL", self.administrators())
            .env("DATABASE_OWNER_URL", self.owners(owner_password))
            .env("DATABASE_URL", self.services(service_password));
        command
    }

    fn set_up(&self) -> Command {
        self.command(&["database-setup", "shipping"], OWNER_PASSWORD, SERVICE_PASSWORD)
    }

    /// The number of roles and databases that bear this server's mark, without the administrator.
    async fn made(&self) -> i64 {
        let sql = "SELECT (SELECT count(*) FROM pg_roles WHERE rolname LIKE $1 || '%')
                        + (SELECT count(*) FROM pg_database WHERE datname LIKE $1 || '%') - 1";
        let mut connection = self.superuser.connect().await.unwrap();
        sqlx::query_scalar(sql).bind(&self.mark).fetch_one(&mut connection).await.unwrap()
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn encoded(text: &str) -> String {
    let encode = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}

async fn execute(options: &PgConnectOptions, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}

async fn refused(url: &str, sql: &str) -> String {
    let options = PgConnectOptions::from_str(url).unwrap();
    execute(&options, sql).await.expect_err(sql).to_string()
}

async fn number(url: &str, sql: &'static str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

#[track_caller]
fn succeeded(done: &Ended) {
    assert_eq!(done.code, Some(0), "{done:?}");
    tells_no_secret(&format!("{}{}", done.out, done.err));
}

#[track_caller]
fn tells_no_secret(text: &str) {
    for secret in ["secret", "s3cret", "SCRAM"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn a_service_gets_a_database_that_its_migrations_and_it_itself_can_use() {
    let server = Server::new().await;
    let done = ended(server.set_up()).await;
    succeeded(&done);
    assert!(done.err.contains("set up"), "{done:?}");
    succeeded(&ended(server.command(&["migrate", "shipping"], OWNER_PASSWORD, SERVICE_PASSWORD)).await);
    let service = server.services(SERVICE_PASSWORD);
    assert_eq!(number(&service, "SELECT count(*) FROM shipment").await, 0);
    let options = PgConnectOptions::from_str(&service).unwrap();
    execute(&options, "DELETE FROM shipment").await.unwrap();
    for sql in [
        "CREATE TABLE other (n int)",
        "CREATE TEMPORARY TABLE other (n int)",
        "CREATE SCHEMA other",
        "DROP TABLE shipment",
        "TRUNCATE shipment",
        "ALTER TABLE shipment ADD COLUMN n int",
        "CREATE ROLE other",
        "CREATE DATABASE other",
    ] {
        let error = refused(&service, sql).await;
        assert!(error.contains("permission denied") || error.contains("must be owner"), "{sql}: {error}");
    }
    let collation = "SELECT count(*) FROM pg_database WHERE datname = current_database() AND datcollate = 'C'";
    assert_eq!(number(&service, collation).await, 1);
}

#[tokio::test]
async fn nobody_else_may_connect_and_no_role_has_more_than_it_needs() {
    let (one, other) = (Server::new().await, Server::new().await);
    succeeded(&ended(one.set_up()).await);
    succeeded(&ended(other.set_up()).await);
    for role in ["owner", "service"] {
        let password = if role == "owner" { OWNER_PASSWORD } else { SERVICE_PASSWORD };
        let url = one.url(&format!("{} {role}", other.mark), password, &one.mark);
        let error = refused(&url, "SELECT 1").await;
        assert!(error.contains("permission denied for database"), "{error}");
        let sql = format!(
            "SELECT count(*) FROM pg_roles WHERE rolname = '{} {role}'
                AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)",
            one.mark
        );
        let mut connection = one.superuser.connect().await.unwrap();
        let plain: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
        assert_eq!(plain, 1, "{role}");
    }
}

#[tokio::test]
async fn repeated_it_keeps_the_data_and_changes_the_passwords() {
    let server = Server::new().await;
    succeeded(&ended(server.set_up()).await);
    let owner = PgConnectOptions::from_str(&server.owners(OWNER_PASSWORD)).unwrap();
    execute(&owner, "CREATE TABLE kept AS SELECT 7::bigint AS n").await.unwrap();
    succeeded(&ended(server.set_up()).await);
    assert_eq!(number(&server.services(SERVICE_PASSWORD), "SELECT n FROM kept").await, 7);

    succeeded(
        &ended(server.command(&["database-setup", "shipping"], "owners-new-s3cret", "services-new-s3cret")).await,
    );
    assert_eq!(number(&server.services("services-new-s3cret"), "SELECT n FROM kept").await, 7);
    assert_eq!(number(&server.owners("owners-new-s3cret"), "SELECT n FROM kept").await, 7);
    for before in [server.services(SERVICE_PASSWORD), server.owners(OWNER_PASSWORD)] {
        let error = refused(&before, "SELECT 1").await;
        assert!(error.contains("password authentication failed"), "{error}");
    }
}

#[tokio::test]
async fn passwords_are_kept_as_the_server_keeps_them_and_are_not_told_it() {
    let server = Server::new().await;
    // What it is told as it is it would now keep in another way.
    let sql = format!("ALTER ROLE {} SET password_encryption = 'md5'", quoted(&server.administrator()));
    execute(&server.superuser, &sql).await.unwrap();
    succeeded(&ended(server.set_up()).await);
    let sql = format!(
        "SELECT count(*) FROM pg_authid WHERE rolname IN ('{0} owner', '{0} service') AND rolpassword LIKE 'SCRAM-SHA-256$4096:%'",
        server.mark
    );
    let mut connection = server.superuser.connect().await.unwrap();
    let kept: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
    assert_eq!(kept, 2);
}

#[tokio::test]
async fn a_refusal_says_why_and_no_password_and_makes_nothing() {
    let server = Server::new().await;
    let with = |variable: &str, url: String| {
        let mut command = server.set_up();
        command.env(variable, url);
        refusal(command)
    };
    let guess = with("DATABASE_ADMIN_URL", server.url(&server.administrator(), "guessed-s3cret", "postgres")).await;
    assert!(guess.starts_with("shipping: PostgreSQL does not let the administrator set the database up: "), "{guess}");
    assert!(guess.contains("password authentication failed for user"), "{guess}");
    let other = with("DATABASE_OWNER_URL", server.url("somebody", OWNER_PASSWORD, "another")).await;
    let mark = &server.mark;
    assert_eq!(
        other,
        format!("shipping: DATABASE_OWNER_URL and DATABASE_URL name different databases, another and {mark}")
    );
    let one_role = with("DATABASE_OWNER_URL", server.services(OWNER_PASSWORD)).await;
    assert_eq!(
        one_role,
        format!(
            "shipping: the administrator, the owner and the service must be three roles, and {mark} service is named twice"
        )
    );
    let without = with("DATABASE_URL", server.services("")).await;
    assert_eq!(without, "shipping: DATABASE_URL: the password is missing");
    let silent = with("DATABASE_ADMIN_URL", "postgres://admin:s3cret@127.0.0.1:1/postgres".to_owned()).await;
    assert!(silent.contains("Connection refused"), "{silent}");
    let mut two = server.set_up();
    two.arg("cart");
    let two = refusal(two).await;
    assert_eq!(
        two,
        "shipping and cart have the same database; each needs its own variables, such as CART_DATABASE_URL"
    );
    for text in [guess, other, one_role, without, silent, two] {
        tells_no_secret(&text);
    }
    assert_eq!(server.made().await, 0);
}

#[tokio::test]
async fn a_role_that_may_not_make_others_is_told_so() {
    let server = Server::new().await;
    let sql = format!("ALTER ROLE {} NOCREATEROLE", quoted(&server.administrator()));
    execute(&server.superuser, &sql).await.unwrap();
    let error = refusal(server.set_up()).await;
    assert!(error.contains("permission denied to create role"), "{error}");
    tells_no_secret(&error);
}

#[tokio::test]
async fn a_service_without_a_database_needs_nothing() {
    let mut command = haat(["database-setup", "gateway"]);
    command.env("APP_ENV", "local");
    let done = ended(command).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.err.contains("has no database"), "{done:?}");
}
