//! `haat healthcheck`: what an image's health check and a probe are told.

use std::process::Stdio;
use std::time::{Duration, Instant};

use platform::db::PLATFORM_MIGRATIONS;
use testkit::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::doctor::Shipping;
use crate::process::{STOP, ended, free_base, haat, refusal};

/// Something that listens on a port and treats each connection in its own way.
struct Stub {
    port: u16,
}

impl Stub {
    async fn new<F: Future<Output = ()> + Send + 'static>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(treat(stream));
            }
        });
        Stub { port }
    }

    /// Answers a request for this path, and hangs up on others.
    async fn answering(path: &'static str, answer: &'static str) -> Self {
        Stub::new(move |mut stream| async move {
            let mut request = vec![0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            if request[..length].starts_with(format!("GET {path} HTTP/1.1\r\n").as_bytes()) {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        })
        .await
    }

    fn check(&self, arguments: &[&str]) -> Command {
        let mut command = haat(["healthcheck"].iter().chain(arguments));
        command.env("PORT", self.port.to_string());
        command
    }
}

const WELL: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_running_service_is_alive_ready_once_it_is_migrated_and_a_stopped_one_neither() {
    for (shipping, ready) in [
        (Shipping::migrated().await, Ok(())),
        (Shipping::new(&PLATFORM_MIGRATIONS).await, Err("migrations cannot be read")),
    ] {
        let port = free_base().to_string();
        let variables = [("SHIPPING_PORT", port.as_str()), ("PORT", "1"), ("SERVICE_NAME", "shipping")];
        let mut serve = haat(["serve", "shipping"]);
        serve.envs(shipping.variables()).envs(variables).stdout(Stdio::null());
        let mut serve = serve.spawn().unwrap();
        let check = |question: Option<&'static str>| {
            let mut command = haat(["healthcheck"].into_iter().chain(question));
            command.envs(variables);
            command
        };
        eventually(STOP, || async { ended(check(None)).await.code == Some(0) }).await;
        let begin = Instant::now();
        let alive = ended(check(Some("alive"))).await;
        assert_eq!((alive.code, alive.out.as_str(), alive.err.as_str()), (Some(0), "", ""));
        // The image's health check and a probe give it three seconds.
        assert!(begin.elapsed() < Duration::from_secs(3), "it took {:?}", begin.elapsed());
        match ready {
            Ok(()) => eventually(STOP, || async { ended(check(Some("ready"))).await.code == Some(0) }).await,
            Err(lacks) => assert_eq!(
                refusal(check(Some("ready"))).await,
                format!("/ready on 127.0.0.1:{port} is answered with 503: {lacks}")
            ),
        }
        serve.kill().await.unwrap();
        let refused = refusal(check(None)).await;
        assert!(refused.starts_with(&format!("nothing answers on 127.0.0.1:{port}: Connection refused")), "{refused}");
    }
}

#[tokio::test]
async fn each_question_has_its_path() {
    let (health, ready) = (Stub::answering("/health", WELL).await, Stub::answering("/ready", WELL).await);
    for (stub, arguments, code) in [
        (&health, &[][..], 0),
        (&health, &["alive"], 0),
        (&health, &["ready"], 1),
        (&ready, &["ready"], 0),
        (&ready, &[], 1),
    ] {
        let found = ended(stub.check(arguments)).await;
        assert_eq!(found.code, Some(code), "{arguments:?}: {found:?}");
    }
}

#[tokio::test]
async fn what_a_service_lacks_is_said_in_one_line() {
    let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\r\n\
        {\"ready\":false,\"parts\":{\"cache\":\"cannot be reached; not needed\",\"database\":\"cannot be reached\",\
        \"migrations\":\"cannot be read\",\"streams\":\"ok\"}}";
    let stub = Stub::answering("/ready", answer).await;
    assert_eq!(
        refusal(stub.check(&["ready"])).await,
        format!(
            "/ready on 127.0.0.1:{} is answered with 503: database cannot be reached, migrations cannot be read",
            stub.port
        )
    );
    let stub = Stub::answering("/health", "HTTP/1.1 404 Not Found\r\n\r\n").await;
    assert_eq!(refusal(stub.check(&[])).await, format!("/health on 127.0.0.1:{} is answered with 404", stub.port));
}

#[tokio::test]
async fn who_does_not_answer_in_time_fails_also_if_something_comes() {
    let silent = Stub::new(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let slow = Stub::new(|mut stream| async move {
        // The pace of the answer is what is tested.
        let mut pace = tokio::time::interval(Duration::from_millis(300));
        for byte in WELL.bytes() {
            pace.tick().await;
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    });
    for stub in [silent.await, slow.await] {
        let begin = Instant::now();
        assert_eq!(refusal(stub.check(&[])).await, format!("no answer from 127.0.0.1:{} within 2 s", stub.port));
        let took = begin.elapsed();
        assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(6), "{took:?}");
    }
}

#[tokio::test]
async fn whatever_else_listens_there_is_no_service() {
    let flood = Stub::new(|mut stream| async move { while stream.write_all(&[b'x'; 4096]).await.is_ok() {} });
    let redis = Stub::answering("/health", "-ERR unknown command 'GET'\r\n");
    for stub in [flood.await, redis.await] {
        assert_eq!(refusal(stub.check(&[])).await, format!("127.0.0.1:{} does not speak HTTP", stub.port));
    }
}

#[tokio::test]
async fn the_port_is_the_one_that_the_service_listens_on() {
    let check = |variables: &[(&str, &str)]| {
        let mut command = haat(["healthcheck"]);
        command.envs(variables.iter().copied());
        refusal(command)
    };
    assert_eq!(check(&[]).await, "the port is not known: name a service, or set SERVICE_NAME or PORT");
    assert_eq!(
        check(&[("SERVICE_NAME", "cart"), ("PORT", "0")]).await,
        "the service takes any free port (PORT is 0), which cannot be known"
    );
    let unknown = check(&[("SERVICE_NAME", "trolley")]).await;
    assert!(unknown.starts_with("SERVICE_NAME: unknown service 'trolley', one of gateway, "), "{unknown}");
    assert!(check(&[("CART_PORT", "many"), ("SERVICE_NAME", "cart")]).await.starts_with("CART_PORT: "));
    // An address that nobody has here, so that nothing else can answer on the map's port.
    let at = |address| [("SERVICE_NAME", "cart"), ("BIND_ADDRESS", address)];
    assert!(check(&at("127.0.0.77")).await.starts_with("nothing answers on 127.0.0.77:3004: "));
    let port = free_base().to_string();
    let on = |address| [("PORT", port.as_str()), ("BIND_ADDRESS", address)];
    assert!(check(&on("0.0.0.0")).await.starts_with(&format!("nothing answers on 127.0.0.1:{port}: ")));
    assert!(check(&on("::")).await.starts_with(&format!("nothing answers on [::1]:{port}: ")));
    let mut named = haat(["healthcheck", "--service", "cart"]);
    named.envs([("SERVICE_NAME", "order"), ("BIND_ADDRESS", "127.0.0.77")]);
    assert!(refusal(named).await.starts_with("nothing answers on 127.0.0.77:3004: "));
}
