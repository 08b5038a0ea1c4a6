//! PostgreSQL's own benchmark, on the platform's PostgreSQL, in a database that is dropped afterwards.

use std::path::PathBuf;
use std::process::Stdio;

use local::PostgresBinaries;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::process::Command;

use crate::error::Error;
use crate::platform::Platform;

/// A million accounts, 160 MB: in memory on any machine.
const SCALE: u32 = 10;
const DATABASE: &str = "pgbench";

/// Which of its transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// `-S`: one row by its key.
    Select,
    /// `-N`: an update, a select and an insert in one transaction.
    Update,
}

impl Script {
    pub fn name(self) -> &'static str {
        match self {
            Script::Select => "pgbench -S",
            Script::Update => "pgbench -N",
        }
    }
}

pub struct Pgbench {
    program: PathBuf,
    options: PgConnectOptions,
    password: String,
}

impl Pgbench {
    /// Makes the database.
    ///
    /// # Errors
    /// Also if the server would lose a commit with the power: then there is nothing to compare with.
    pub async fn prepare(platform: &Platform) -> Result<Self, Error> {
        let beside = PostgresBinaries::find()?.initdb.with_file_name("pgbench");
        let program = if beside.is_file() { Some(beside) } else { super::program("pgbench") };
        let program = program.ok_or_else(|| Error::failed("there is no pgbench; PostgreSQL's packages have it"))?;
        let (mut administrator, options, password) = platform.administrator().await?;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value: String =
                sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut administrator).await?;
            if value != "on" {
                return Err(Error::failed(format!("the platform's PostgreSQL has {setting} {value}")));
            }
        }
        sqlx::query("DROP DATABASE IF EXISTS pgbench").execute(&mut administrator).await?;
        sqlx::query("CREATE DATABASE pgbench").execute(&mut administrator).await?;
        administrator.close().await?;
        let pgbench = Pgbench { program, options, password };
        pgbench.run(&["--initialize".to_owned(), format!("--scale={SCALE}"), "--quiet".to_owned()]).await?;
        Ok(pgbench)
    }

    /// Transactions in a second.
    pub async fn measure(&self, script: Script, clients: usize, seconds: u32) -> Result<f64, Error> {
        let script = match script {
            Script::Select => "--select-only",
            Script::Update => "--skip-some-updates",
        };
        let threads = clients.min(2);
        let output = self
            .run(&[
                script.to_owned(),
                format!("--client={clients}"),
                format!("--jobs={threads}"),
                format!("--time={seconds}"),
            ])
            .await?;
        rate(&output).ok_or_else(|| Error::failed(format!("pgbench tells no rate: {output}")))
    }

    pub async fn drop_database(self) -> Result<(), Error> {
        let mut administrator = PgConnection::connect_with(&self.options).await?;
        sqlx::query("DROP DATABASE pgbench").execute(&mut administrator).await?;
        administrator.close().await?;
        Ok(())
    }

    async fn run(&self, arguments: &[String]) -> Result<String, Error> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg(DATABASE).stdin(Stdio::null()).kill_on_drop(true);
        command.env_clear().env("PGHOST", self.options.get_host()).env("PGPORT", self.options.get_port().to_string());
        command.env("PGUSER", self.options.get_username()).env("PGPASSWORD", &self.password);
        let output = command.output().await.map_err(|error| Error::io(self.program.display(), error))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Error::failed(format!("pgbench ended with {}: {errors}", output.status)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// `tps = 12345.678 (without initial connection time)`
fn rate(output: &str) -> Option<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        let output = "number of failed transactions: 0 (0.000%)\ntps = 1234.5 (without initial connection time)\n";
        assert_eq!(rate(output), Some(1234.5));
        assert_eq!(rate("nothing"), None);
    }
}
