use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use testkit::{TcpProxy, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::SOON;

/// Sends back what it receives, and remembers it.
struct Echo {
    address: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = Arc::new(Mutex::new(Vec::new()));
        let all = received.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let all = all.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        all.lock().unwrap().extend_from_slice(&buffer[..length]);
                        if stream.write_all(&buffer[..length]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Echo { address, received }
    }
}

async fn echo(stream: &mut TcpStream, text: &str) -> std::io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; text.len()];
    tokio::time::timeout(SOON, stream.read_exact(&mut answer)).await??;
    Ok(String::from_utf8(answer).unwrap())
}

async fn end_of(stream: &mut TcpStream) -> std::io::Result<usize> {
    tokio::time::timeout(SOON, stream.read(&mut [0; 16])).await.expect("the connection must end")
}

#[tokio::test]
async fn it_passes_bytes_and_the_end_of_them() {
    let upstream = Echo::start().await;
    let proxy = TcpProxy::start(&upstream.address).await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(echo(&mut stream, "hello").await.unwrap(), "hello");
    let long = "x".repeat(1 << 20);
    let (mut reader, mut writer) = stream.into_split();
    let written = tokio::spawn(async move {
        writer.write_all(long.as_bytes()).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let mut all = Vec::new();
    tokio::time::timeout(SOON, reader.read_to_end(&mut all)).await.unwrap().unwrap();
    written.await.unwrap();
    assert_eq!(all.len(), 1 << 20);
}

#[tokio::test]
async fn cut_resets_and_refuses_until_it_is_restored_at_the_same_address() {
    let upstream = Echo::start().await;
    let proxy = TcpProxy::start(&upstream.address).await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    echo(&mut stream, "before").await.unwrap();
    proxy.cut().await;
    assert_eq!(end_of(&mut stream).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let refused = TcpStream::connect(proxy.address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.restore();
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(echo(&mut stream, "after").await.unwrap(), "after");
}

#[tokio::test]
async fn reset_connections_leaves_the_door_open() {
    let upstream = Echo::start().await;
    let proxy = TcpProxy::start(&upstream.address).await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    echo(&mut stream, "before").await.unwrap();
    proxy.reset_connections();
    assert_eq!(end_of(&mut stream).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(echo(&mut stream, "after").await.unwrap(), "after");
}

#[tokio::test]
async fn a_silent_connection_says_nothing_and_does_not_end_while_new_ones_work() {
    let upstream = Echo::start().await;
    let proxy = TcpProxy::start(&upstream.address).await;
    let mut silent = TcpStream::connect(proxy.address).await.unwrap();
    echo(&mut silent, "before").await.unwrap();
    proxy.fall_silent();
    silent.write_all(b"lost").await.unwrap();
    let mut other = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(echo(&mut other, "after").await.unwrap(), "after");
    let answer = tokio::time::timeout(Duration::from_millis(200), silent.read(&mut [0; 16])).await;
    answer.expect_err("neither an answer nor an end");
    assert_eq!(*upstream.received.lock().unwrap(), b"beforeafter");
    proxy.reset_connections();
    assert_eq!(end_of(&mut silent).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_delay_is_felt_each_way() {
    let upstream = Echo::start().await;
    let proxy = TcpProxy::start(&upstream.address).await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    proxy.delay(Duration::from_millis(100));
    let begin = Instant::now();
    echo(&mut stream, "slow").await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
    proxy.restore();
    assert_eq!(echo(&mut stream, "quick").await.unwrap(), "quick");
}

#[tokio::test]
async fn dropped_responses_are_lost_although_the_request_arrived() {
    let upstream = Echo::start().await;
    let proxy = TcpProxy::start(&upstream.address).await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    proxy.drop_responses();
    stream.write_all(b"request").await.unwrap();
    eventually(SOON, || async { *upstream.received.lock().unwrap() == b"request" }).await;
    let answer = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut [0; 16])).await;
    assert!(answer.is_err(), "an answer came: {answer:?}");
    // What lost an answer does not go on as if nothing had been.
    proxy.restore();
    assert_eq!(end_of(&mut stream).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(echo(&mut stream, "after").await.unwrap(), "after");
}

#[tokio::test]
async fn an_upstream_that_is_gone_resets_the_client() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TcpProxy::start(&listener.local_addr().unwrap().to_string()).await;
    drop(listener);
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    assert_eq!(end_of(&mut stream).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn it_leads_connections_in_turn_to_those_that_it_is_told() {
    let [first, second, third] = [Echo::start().await, Echo::start().await, Echo::start().await];
    let address = |echo: &Echo| echo.address.parse().unwrap();
    let proxy = TcpProxy::to(vec![address(&first), address(&second)]);
    let mut streams = Vec::new();
    for text in ["a", "b", "c", "d"] {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        echo(&mut stream, text).await.unwrap();
        streams.push(stream);
    }
    assert_eq!(first.received.lock().unwrap().as_slice(), b"ac");
    assert_eq!(second.received.lock().unwrap().as_slice(), b"bd");
    proxy.lead_to(vec![address(&third)]);
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    echo(&mut stream, "new").await.unwrap();
    echo(&mut streams[0], "old").await.unwrap();
    assert_eq!(third.received.lock().unwrap().as_slice(), b"new");
    assert_eq!(first.received.lock().unwrap().as_slice(), b"acold");
}
