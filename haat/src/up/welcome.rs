//! What `haat up` says when everything runs.

use std::time::Duration;

use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};

use super::LocalPlatform;

pub(super) fn text(platform: &LocalPlatform, demo: bool, took: Duration) -> String {
    let url = platform.url();
    let services: Vec<String> = platform.ports.iter().map(|(service, port)| format!("{service} {port}")).collect();
    let accounts: Vec<String> = DEMO_ACCOUNTS
        .iter()
        .map(|account| {
            let roles: Vec<&str> = account.roles.iter().map(|role| role.as_str()).collect();
            format!("  {:<28} {}", account.email, roles.join(", "))
        })
        .collect();
    let try_it = if demo {
        format!(
            "Try, in another terminal:
  haat tour --gateway {url}
  curl -s '{url}/api/v1/products/search?q=kurta'"
        )
    } else {
        "The shop is empty: the merchandiser fills it.".to_owned()
    };
    format!(
        "
Haat is ready after {:.1} s.

  {url}        the services, the demo accounts, where to go
  {url}/docs/  the API, to try

Demo accounts (password {DEMO_PASSWORD}):
{}

Services: {}

{try_it}

Ctrl-C stops everything.",
        took.as_secs_f64(),
        accounts.join("\n"),
        services.join(", ")
    )
}
