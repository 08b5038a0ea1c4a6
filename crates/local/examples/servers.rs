//! Starts a PostgreSQL and a Redis for streams in the directory that it is given, prints where they are, and stops them
//! when its input ends. Killed, it takes them with it.
//!
//!     cargo run -p local --example servers -- /tmp/servers

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use local::{PostgresOptions, PostgresServer, RedisOptions, RedisServer};
use tokio::io::AsyncReadExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(std::env::args_os().nth(1).ok_or("a directory is expected")?);
    let postgres = PostgresServer::start(PostgresOptions::new(directory.join("postgres"))).await?;
    let streams = RedisServer::start(RedisOptions::streams(directory.join("streams"))).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} {}", postgres.pid(), postgres.admin_url())?;
    writeln!(out, "{} {}", streams.pid(), streams.url())?;
    out.flush()?;
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    streams.stop().await;
    postgres.stop().await;
    Ok(())
}
