//! What is refused before anything is started.

use std::net::TcpListener;

use testkit::ScratchDirectory;

use crate::process::{ended, free_base, haat, refusal, shell, up};

#[tokio::test]
async fn ports_in_use_are_named_with_their_services_and_with_others_to_take() {
    let scratch = ScratchDirectory::create();
    let state = scratch.join("state");
    let base = free_base();
    let up = || {
        let mut command = haat(["up", "--port-base", &base.to_string(), "--state"]);
        command.arg(&state);
        command
    };
    let _cart = TcpListener::bind(("127.0.0.1", base + 4)).unwrap();
    let one = refusal(up()).await;
    let start = format!(
        "port {} (cart) is in use: stop what listens there (another `haat up`?), or take eleven other ports with --port-base ",
        base + 4
    );
    let free: u16 = one.strip_prefix(&start).unwrap_or_else(|| panic!("{one}")).parse().unwrap();
    for port in free..free + 11 {
        TcpListener::bind(("127.0.0.1", port)).unwrap_or_else(|error| panic!("{port} is not free: {error}"));
    }
    let _gateway = TcpListener::bind(("127.0.0.1", base)).unwrap();
    let two = refusal(up()).await;
    assert!(two.starts_with(&format!("ports {base} (gateway), {} (cart) are in use: ", base + 4)), "{two}");
    assert!(!state.join("postgres").exists(), "no server was made");
}

#[tokio::test]
async fn ports_that_do_not_exist_are_refused() {
    for base in ["65530", "70000", "-1", "http"] {
        let refused = ended(haat(["up", &format!("--port-base={base}")])).await;
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains(&format!("invalid value '{base}' for '--port-base <N>'")), "{refused:?}");
    }
}

#[tokio::test]
async fn an_unknown_flag_is_refused_with_the_one_that_was_meant() {
    let refused = ended(haat(["up", "--port", "4000"])).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("unexpected argument '--port'"), "{refused:?}");
    assert!(refused.err.contains("'--port-base'"), "{refused:?}");
    let refused = ended(haat(["start"])).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("unrecognized subcommand 'start'"), "{refused:?}");
}

#[tokio::test]
async fn a_wrong_variable_is_named_before_anything_is_started() {
    let scratch = ScratchDirectory::create();
    let state = scratch.join("state");
    for (name, value, sentence) in [
        ("HAAT_STATE", "/tmp", "unknown variable HAAT_STATE: nothing reads it; correct its name or unset it"),
        ("ORDER_PAYMENT_WINDOW", "soon", "ORDER_PAYMENT_WINDOW: 'soon' is not a number of seconds"),
        ("GATEWAY_LIMIT_PER_USER", "many", "GATEWAY_LIMIT_PER_USER: invalid digit found in string"),
        ("LOG_LEVEL", "info,=,", "LOG_LEVEL: invalid filter directive"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT: auto, human or json is expected"),
        ("APP_ENV", "laptop", "APP_ENV: "),
    ] {
        let mut command = up(&state);
        command.env(name, value);
        let refused = refusal(command).await;
        assert!(refused.starts_with(sentence), "{name}: {refused}");
        assert!(!state.join("postgres").exists(), "{name}: a server was made");
    }
}

#[tokio::test]
async fn too_few_open_files_are_named_with_how_many_it_takes() {
    let refused = refusal(shell(r#"ulimit -n 256; exec "$0" up"#, [""; 0])).await;
    assert_eq!(
        refused,
        "only 256 files may be open at once, and at least 1024 are needed: raise the limit (`ulimit -n 1024`)"
    );
}

#[tokio::test]
async fn a_service_says_which_variable_it_misses() {
    let mut command = haat(["serve", "order"]);
    command.env("ORDER_PORT", "0").env("LOG_LEVEL", "error");
    assert_eq!(refusal(command).await, "STREAMS_URL is not set; a Redis URL, redis://host:port is expected");
    assert_eq!(
        refusal(haat(["tour", "--gateway", "http://127.0.0.1:1"])).await.split(" (").next(),
        Some("http://127.0.0.1:1 cannot be reached")
    );
}
