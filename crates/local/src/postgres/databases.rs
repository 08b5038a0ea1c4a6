//! A database for each service, with the role that owns it and the role that the service works as.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::num::NonZeroU32;
use std::str::FromStr;

use futures::future::try_join_all;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::scram;
use crate::error::LocalError;

/// A role that may log in, and its password, which is ASCII.
#[derive(Clone)]
pub struct Login {
    pub role: String,
    pub password: String,
}

/// A database as it should be.
#[derive(Clone)]
pub struct Database {
    pub name: String,
    /// Owns the database and runs its migrations.
    pub owner: Login,
    /// Reads and writes rows of the tables in `public` and nothing else: it can neither change nor empty a table.
    pub service: Login,
}

/// Makes what is missing of these databases and their roles on a private server, and sets their roles' passwords, which must be
/// random. Nobody else may connect to them. Safe to repeat; several processes may do so at once.
///
/// # Errors
/// [`LocalError::Database`] if the server cannot be reached or refuses.
pub async fn ensure_databases(admin_url: &str, wanted: &[Database]) -> Result<(), LocalError> {
    let admin = PgConnectOptions::from_str(admin_url)?.disable_statement_logging();
    Ok(ensure(&admin, wanted, scram::FEWEST_ROUNDS).await?)
}

/// As [`ensure_databases`], on a server that is not ours (PostgreSQL 15 or newer): the administrator need be no superuser but may
/// make roles and databases, and becomes a member of the owners' roles; and passwords are kept as that server would keep them.
/// Both logins have been tried when it returns.
///
/// # Errors
/// If the server cannot be reached or refuses. No error has a password in it.
pub async fn set_up_databases(admin_url: &str, wanted: &[Database]) -> Result<(), sqlx::Error> {
    let admin = PgConnectOptions::from_str(admin_url)?.disable_statement_logging();
    ensure(&admin, wanted, scram::USUAL_ROUNDS).await?;
    for database in wanted {
        for Login { role, password } in [&database.owner, &database.service] {
            let login = admin.clone().username(role).password(password).database(&database.name);
            login.connect().await?.close().await?;
        }
    }
    Ok(())
}

async fn ensure(admin: &PgConnectOptions, wanted: &[Database], rounds: NonZeroU32) -> Result<(), sqlx::Error> {
    let mut connection = admin.connect().await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(ADVISORY_LOCK).execute(&mut connection).await?;
    ensure_roles(&mut connection, wanted, rounds).await?;
    ensure_existence(&mut connection, wanted).await?;
    try_join_all(wanted.iter().map(|database| grant_inside(admin, database))).await?;
    connection.close().await
}

pub(super) async fn checkpoint(admin_url: String) -> Result<(), LocalError> {
    // As slow as the disk, which is nothing to warn of.
    let mut connection = PgConnectOptions::from_str(&admin_url)?.disable_statement_logging().connect().await?;
    sqlx::query("CHECKPOINT").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Of no meaning; the lock ends with the connection.
const ADVISORY_LOCK: i64 = 0x6861_6174_6462;

async fn ensure_roles(
    connection: &mut PgConnection,
    wanted: &[Database],
    rounds: NonZeroU32,
) -> Result<(), sqlx::Error> {
    let existing: Vec<String> =
        sqlx::query_scalar("SELECT rolname::text FROM pg_roles").fetch_all(&mut *connection).await?;
    let superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
    let superuser: bool = sqlx::query_scalar(superuser).fetch_one(&mut *connection).await?;
    let mut known: BTreeSet<&str> = existing.iter().map(String::as_str).collect();
    let mut sql = String::new();
    // Only a superuser may say who is none, and PostgreSQL lets nobody else change a role that is one.
    let attributes = if superuser { "NOSUPERUSER NOCREATEDB NOCREATEROLE" } else { "NOCREATEDB NOCREATEROLE" };
    for login in wanted.iter().flat_map(|database| [&database.owner, &database.service]) {
        let verb = if known.insert(&login.role) { "CREATE" } else { "ALTER" };
        let _ = writeln!(
            sql,
            "{verb} ROLE {} LOGIN {attributes} PASSWORD {};",
            identifier(&login.role),
            literal(&scram::secret(&login.password, rounds))
        );
    }
    if !superuser {
        // Only a member of a role may make a database that belongs to it, and grant what is in there.
        for database in wanted {
            let _ = writeln!(sql, "GRANT {} TO CURRENT_USER;", identifier(&database.owner.role));
        }
    }
    execute(connection, sql).await
}

async fn ensure_existence(connection: &mut PgConnection, wanted: &[Database]) -> Result<(), sqlx::Error> {
    let existing: Vec<String> =
        sqlx::query_scalar("SELECT datname::text FROM pg_database").fetch_all(&mut *connection).await?;
    let strategy = strategy(connection).await?;
    for database in wanted.iter().filter(|database| !existing.contains(&database.name)) {
        let (name, owner) = (identifier(&database.name), identifier(&database.owner.role));
        // Not as the server's own databases are: text has the same order everywhere, and an index serves a prefix.
        let kind = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'";
        execute(connection, format!("CREATE DATABASE {name} OWNER {owner} {kind} {strategy}")).await?;
    }
    let mut sql = String::new();
    for database in wanted {
        let (name, service) = (identifier(&database.name), identifier(&database.service.role));
        let _ =
            writeln!(sql, "REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {service};");
    }
    execute(connection, sql).await
}

/// How to copy the template. Measured for ten databases on PostgreSQL 15: without fsync 0.16 s by file, 0.36 s by the log;
/// with it 0.4 s either way on an idle disk, but 9 to 22 s against 0.7 to 3 s on a busy one, as by file each of some 300
/// files is synced.
async fn strategy(connection: &mut PgConnection) -> Result<&'static str, sqlx::Error> {
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('fsync')::bool";
    let (version, synced): (i32, bool) = sqlx::query_as(sql).fetch_one(connection).await?;
    Ok(match (version, synced) {
        (..150_000, _) => "",
        (_, true) => "STRATEGY = WAL_LOG",
        (_, false) => "STRATEGY = FILE_COPY",
    })
}

/// Everything that only a connection to the database itself can do.
async fn grant_inside(admin: &PgConnectOptions, database: &Database) -> Result<(), sqlx::Error> {
    let mut connection = admin.clone().database(&database.name).connect().await?;
    let (owner, service) = (identifier(&database.owner.role), identifier(&database.service.role));
    let sql = format!(
        "ALTER SCHEMA public OWNER TO {owner};
         REVOKE ALL ON SCHEMA public FROM PUBLIC;
         GRANT USAGE ON SCHEMA public TO {service};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
             GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {service};
         ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {service};"
    );
    execute(&mut connection, sql).await?;
    connection.close().await
}

pub(super) fn url(port: u16, user: &str, password: &str, database: &str) -> String {
    let [user, password, database] = [user, password, database].map(percent_encoded);
    // Over loopback, asking for TLS first would only cost a round trip.
    format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
}

/// Several statements at once, which PostgreSQL runs as one transaction.
async fn execute(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    // Names and passwords are quoted where they are put in; DDL takes no parameters.
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// RFC 3986: everything but the unreserved characters.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_survive_their_way_into_a_url() {
        let url = url(4711, "order", "p@ss/w?rd%", "order");
        assert_eq!(url, "postgres://order:p%40ss%2Fw%3Frd%25@127.0.0.1:4711/order?sslmode=disable");
        assert_eq!(PgConnectOptions::from_str(&url).unwrap().get_username(), "order");
    }

    #[test]
    fn quotes_cannot_end_a_name_or_a_password() {
        assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal("a'; DROP"), "'a''; DROP'");
    }
}
