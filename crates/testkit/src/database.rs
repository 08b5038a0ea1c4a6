//! A database for one test, copied from a template that has the migrations.

use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use local::{Database, Login, ensure_databases};
use platform::db::PLATFORM_MIGRATIONS;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::servers;

/// Shared by all tests' databases, as their templates have to belong to somebody. The servers are private.
const OWNER: &str = "test_owner";
const SERVICE: &str = "test_service";
const PASSWORD: &str = "test";

/// An empty, migrated database, dropped with this value.
pub struct TestDatabase {
    /// As the role that owns the tables and runs migrations.
    pub owner_url: String,
    /// As the role that a service works as: it reads and writes rows and nothing else.
    pub service_url: String,
    pub name: String,
    admin: PgConnectOptions,
}

impl TestDatabase {
    /// A new database on the shared server with these migrations applied.
    pub async fn create(migrator: &Migrator) -> Self {
        Self::create_on(&servers().await.postgres_url, migrator).await
    }

    /// As [`TestDatabase::create`], on another server, of which this is the superuser's address.
    pub async fn create_on(admin_url: &str, migrator: &Migrator) -> Self {
        let admin = PgConnectOptions::from_str(admin_url).expect("a PostgreSQL address");
        let mut connection = admin.connect().await.expect("the tests' PostgreSQL");
        let template = ensure_template(admin_url, &admin, &mut connection, migrator).await;
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        execute(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER} {COPY}")).await;
        // Privileges on a database are not copied with it.
        let rights =
            format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {SERVICE}");
        execute(&mut connection, rights).await;
        connection.close().await.expect("the connection closes");
        let url = |role: &str| url(&admin, role, &name);
        TestDatabase { owner_url: url(OWNER), service_url: url(SERVICE), name, admin }
    }
}

impl Drop for TestDatabase {
    /// Best effort: what is left goes with the server. Waited for, since the process may end with the test.
    fn drop(&mut self) {
        let (admin, sql) = (self.admin.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        let drop_it = async move {
            let mut connection = admin.connect().await?;
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await
        };
        // A thread, as a runtime may not be started within another.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .map(|runtime| runtime.block_on(async { tokio::time::timeout(Duration::from_secs(5), drop_it).await }))
        });
        let _ = thread.join();
    }
}

/// Without fsync, copying files is quicker than copying by the log (16 against 36 ms each).
const COPY: &str = "STRATEGY = FILE_COPY";

/// The template's name. Many processes may want the same one at once: the first makes it, the others wait.
async fn ensure_template(
    admin_url: &str,
    admin: &PgConnectOptions,
    connection: &mut PgConnection,
    migrator: &Migrator,
) -> String {
    let (name, key) = template_of(migrator);
    if is_ready(connection, &name).await {
        return name;
    }
    sqlx::query("SELECT pg_advisory_lock($1)").bind(key).execute(&mut *connection).await.expect("the template's lock");
    if !is_ready(connection, &name).await {
        // A process that was killed may have left it half made.
        execute(connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        let login = |role: &str| Login { role: role.to_owned(), password: PASSWORD.to_owned() };
        let template = Database { name: name.clone(), owner: login(OWNER), service: login(SERVICE) };
        ensure_databases(admin_url, &[template]).await.expect("the template database");
        let mut owner = PgConnection::connect(&url(admin, OWNER, &name)).await.expect("the template database");
        // The crate whose tests these are may be the platform itself, which has no tables of a service.
        PLATFORM_MIGRATIONS.run_direct(None, &mut owner, false).await.expect("the platform's migrations");
        if migrator.table_name != PLATFORM_MIGRATIONS.table_name {
            migrator.run_direct(None, &mut owner, false).await.expect("the migrations");
        }
        owner.close().await.expect("the connection closes");
        execute(connection, format!("ALTER DATABASE {name} IS_TEMPLATE true")).await;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)")
        .bind(key)
        .execute(&mut *connection)
        .await
        .expect("the template's lock");
    name
}

async fn is_ready(connection: &mut PgConnection, name: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)";
    sqlx::query_scalar(sql).bind(name).fetch_one(connection).await.expect("the list of databases")
}

/// The same for the same migrations only: a name, and a number for its lock.
fn template_of(migrator: &Migrator) -> (String, i64) {
    let mut hash = Context::new(&SHA256);
    hash.update(migrator.table_name.as_bytes());
    for migration in PLATFORM_MIGRATIONS.iter().chain(migrator.iter()) {
        hash.update(&migration.version.to_be_bytes());
        hash.update(&migration.checksum);
    }
    let digest = hash.finish();
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_ref()[..8]);
    let key = i64::from_be_bytes(first);
    (format!("template_{key:016x}"), key)
}

fn url(admin: &PgConnectOptions, role: &str, database: &str) -> String {
    let (host, port) = (admin.get_host(), admin.get_port());
    format!("postgres://{role}:{PASSWORD}@{host}:{port}/{database}?sslmode=disable")
}

async fn execute(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}
