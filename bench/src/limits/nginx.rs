//! nginx, serving answers from files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::Canned;
use crate::error::Error;

pub fn find() -> Option<PathBuf> {
    super::program("nginx")
}

pub fn spawn(
    binary: &Path,
    directory: &Path,
    address: SocketAddr,
    answers: &BTreeMap<String, Canned>,
) -> Result<Child, Error> {
    let directory = directory.join("nginx");
    let write = |name: &str, text: &str| {
        let file = directory.join(name);
        fs::write(&file, text).map_err(|error| Error::io(file.display(), error))
    };
    fs::create_dir_all(&directory).map_err(|error| Error::io(directory.display(), error))?;
    for (n, canned) in answers.values().enumerate() {
        write(&format!("answer-{n}"), &canned.body)?;
    }
    write("nginx.conf", &configuration(&directory, address, answers))?;
    let output = fs::File::create(directory.join("log")).map_err(|error| Error::io("nginx's log", error))?;
    let mut command = Command::new(binary);
    command.arg("-p").arg(&directory).arg("-c").arg(directory.join("nginx.conf")).arg("-e").arg("stderr");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
    command.spawn().map_err(|error| Error::io(binary.display(), error))
}

/// As fast as nginx is: no log, files kept open, connections never closed for having served enough.
fn configuration(directory: &Path, address: SocketAddr, answers: &BTreeMap<String, Canned>) -> String {
    let directory = directory.display();
    let mut locations = String::new();
    for (n, (path, canned)) in answers.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(locations, "location = {} {{", quoted(path));
        let _ = writeln!(
            locations,
            "alias {}; etag off; default_type \"\"; types {{ }}",
            quoted(&format!("{directory}/answer-{n}"))
        );
        for (name, value) in &canned.headers {
            let _ = writeln!(locations, "add_header {name} {};", quoted(value));
        }
        locations.push_str("}\n");
    }
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path \"{directory}/temporary\";\n"))
        .collect();
    // Debian's root hands the workers over to an account that need not be able to read this directory.
    let account = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    format!(
        "{account}daemon off;
worker_processes auto;
pid \"{directory}/nginx.pid\";
events {{ worker_connections 1024; }}
http {{
access_log off;
server_tokens off;
{temporary}
sendfile on;
tcp_nopush on;
keepalive_requests 1000000000;
open_file_cache max=16;
if_modified_since off;
server {{
listen {address};
{locations}}}
}}
"
    )
}

/// nginx has no way to write a dollar sign in a value; none of ours has one.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_place_and_its_headers() {
        let canned = Canned { headers: vec![("etag".to_owned(), "\"v1\"".to_owned())], body: "{}".to_owned() };
        let answers = BTreeMap::from([("/detail".to_owned(), canned)]);
        let text = configuration(Path::new("/srv/bench"), ([127, 0, 0, 1], 21_011).into(), &answers);
        assert!(text.contains("listen 127.0.0.1:21011;"), "{text}");
        assert!(text.contains("location = \"/detail\" {\nalias \"/srv/bench/answer-0\";"), "{text}");
        assert!(text.contains("add_header etag \"\\\"v1\\\"\";"), "{text}");
    }
}
