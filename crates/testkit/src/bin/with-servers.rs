//! `with-servers -- COMMAND ARGUMENTS`: runs a command with a private PostgreSQL, a cache and a Redis for streams, whose
//! addresses it finds in its environment, and ends with its exit code. The servers and their data go with it.

use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use testkit::OwnServers;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).skip_while(|argument| argument == "--");
    let program = arguments.next().ok_or("usage: with-servers -- COMMAND ARGUMENTS")?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let servers = tokio::select! {
        servers = OwnServers::start() => servers?,
        _ = interrupted.recv() => return Ok(ExitCode::from(130)),
        _ = terminated.recv() => return Ok(ExitCode::from(143)),
    };
    let mut command = Command::new(&program);
    command.args(arguments).envs(servers.servers.variables()).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            servers.end().await;
            return Err(format!("{}: {error}", program.display()).into());
        }
    };
    let code = tokio::select! {
        status = child.wait() => status.map(exit_code),
        // A terminal sends Ctrl-C to the command as well; whoever signals only us means both.
        _ = interrupted.recv() => end(&mut child, "INT").await,
        _ = terminated.recv() => end(&mut child, "TERM").await,
        error = servers.exited() => {
            tokio::io::AsyncWriteExt::write_all(&mut tokio::io::stderr(), format!("{error}\n").as_bytes()).await?;
            end(&mut child, "TERM").await.map(|_| ExitCode::FAILURE)
        }
    };
    servers.end().await;
    Ok(code?)
}

/// Asks the command to end, and kills it after ten seconds.
async fn end(child: &mut Child, signal: &str) -> std::io::Result<ExitCode> {
    if let Some(pid) = child.id() {
        Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().await?;
    }
    match tokio::time::timeout(Duration::from_secs(10), child.wait()).await {
        Ok(status) => status.map(exit_code),
        Err(_) => {
            child.kill().await?;
            child.wait().await.map(exit_code)
        }
    }
}

/// As a shell has it: 128 and the signal's number for a command that a signal ended.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
