//! A TCP proxy between the code under test and a server, which fails on demand and can lead elsewhere.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes bytes both ways until told otherwise. Runs in the test's runtime; dropped, it resets every connection.
pub struct TcpProxy {
    /// What the code under test connects to; stays the same also while it refuses.
    pub address: SocketAddr,
    upstreams: Arc<Upstreams>,
    /// Bound and never listening: while nothing listens, nobody else gets the port and clients are refused.
    _reserved: TcpSocket,
    behaviour: Arc<watch::Sender<Behaviour>>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// Those that new connections are led to, each in its turn.
struct Upstreams {
    all: Mutex<Vec<SocketAddr>>,
    turn: AtomicUsize,
}

#[derive(Clone, Copy, Default)]
struct Behaviour {
    /// Connections of an earlier one are reset.
    generation: u64,
    /// On connections of an earlier one nothing passes any more.
    silences: u64,
    delay: Duration,
    drop_responses: bool,
}

impl TcpProxy {
    /// `upstream` is a host and a port.
    pub async fn start(upstream: &str) -> Self {
        let upstream = tokio::net::lookup_host(upstream).await.expect("the upstream's address").next();
        Self::to(vec![upstream.expect("an upstream address")])
    }

    /// In front of several servers, as a Service of Kubernetes is: each connection goes to the next of them.
    pub fn to(upstreams: Vec<SocketAddr>) -> Self {
        let upstreams = Arc::new(Upstreams { all: Mutex::new(upstreams), turn: AtomicUsize::default() });
        let reserved = socket(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = reserved.local_addr().expect("the proxy's address");
        let behaviour = Arc::new(watch::Sender::new(Behaviour::default()));
        let listening = Mutex::new(None);
        let proxy = TcpProxy { address, upstreams, _reserved: reserved, behaviour, listening };
        proxy.listen();
        proxy
    }

    /// New connections go to these servers from now on; those there are stay where they are.
    pub fn lead_to(&self, upstreams: Vec<SocketAddr>) {
        *self.upstreams.all.lock().unwrap() = upstreams;
    }

    /// Resets every connection and refuses new ones, as a server that is gone does.
    pub async fn cut(&self) {
        let task = self.listening.lock().unwrap().take();
        if let Some(task) = task {
            task.abort();
            // The listener is closed when the task is gone, so that nobody gets in after this.
            let _ = task.await;
        }
        self.reset_connections();
    }

    /// Back to passing bytes. Connections that lost a response are reset: what came next would be taken for it.
    pub fn restore(&self) {
        self.behaviour.send_modify(|behaviour| {
            let generation = behaviour.generation + u64::from(behaviour.drop_responses);
            *behaviour = Behaviour { generation, silences: behaviour.silences, ..Behaviour::default() };
        });
        if self.listening.lock().unwrap().is_none() {
            self.listen();
        }
    }

    /// Holds what is sent back for this long, each way: a round trip takes twice as much longer.
    pub fn delay(&self, delay: Duration) {
        self.behaviour.send_modify(|behaviour| behaviour.delay = delay);
    }

    /// Resets every connection; new ones are welcome.
    pub fn reset_connections(&self) {
        self.behaviour.send_modify(|behaviour| behaviour.generation += 1);
    }

    /// Nothing passes any more on the connections that there are, and neither side is told: the server lost its power, or the address
    /// leads elsewhere by now. New connections are welcome.
    pub fn fall_silent(&self) {
        self.behaviour.send_modify(|behaviour| behaviour.silences += 1);
    }

    /// From now on requests reach the server, but its answers are lost, on old and new connections.
    pub fn drop_responses(&self) {
        self.behaviour.send_modify(|behaviour| behaviour.drop_responses = true);
    }

    fn listen(&self) {
        let listener = socket(self.address).listen(1024).expect("the proxy listens");
        let task = tokio::spawn(accept(listener, self.upstreams.clone(), self.behaviour.clone()));
        *self.listening.lock().unwrap() = Some(task);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        if let Some(task) = self.listening.lock().unwrap().take() {
            task.abort();
        }
        self.reset_connections();
    }
}

impl Upstreams {
    fn next(&self) -> Option<SocketAddr> {
        let all = self.all.lock().unwrap();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        all.get(turn % all.len().max(1)).copied()
    }
}

/// Two sockets have the same port: the one that reserves it and the one that listens.
fn socket(address: SocketAddr) -> TcpSocket {
    let bound = || {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        socket.bind(address)?;
        Ok::<_, io::Error>(socket)
    };
    bound().expect("the proxy's port")
}

async fn accept(listener: TcpListener, upstreams: Arc<Upstreams>, behaviour: Arc<watch::Sender<Behaviour>>) {
    while let Ok((client, _)) = listener.accept().await {
        let receiver = behaviour.subscribe();
        let Some(upstream) = upstreams.next() else { continue };
        tokio::spawn(async move {
            // Either side's failure is the other's: a reset.
            let _ = connect(client, upstream, receiver).await;
        });
    }
}

async fn connect(
    mut client: TcpStream,
    upstream: SocketAddr,
    mut behaviour: watch::Receiver<Behaviour>,
) -> io::Result<()> {
    let Behaviour { generation, silences, .. } = *behaviour.borrow();
    client.set_zero_linger()?;
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(upstream).await?;
    server.set_zero_linger()?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let (requests, responses, mut silence) = (behaviour.clone(), behaviour.clone(), behaviour.clone());
    let ended_in_peace = tokio::select! {
        // Closed by the sender's drop as well, with the proxy.
        _ = behaviour.wait_for(|now| now.generation != generation) => false,
        passed = async {
            tokio::select! {
                biased;
                // Both ends stay open.
                _silent = async { silence.wait_for(|now| now.silences != silences).await.is_ok() } => pending().await,
                passed = async { tokio::try_join!(pass(from_client, to_server, requests, false), pass(from_server, to_client, responses, true)) } => passed,
            }
        } => passed.is_ok(),
    };
    if ended_in_peace {
        // Both sides have said goodbye and got everything; a reset now could overtake the last bytes.
        #[allow(deprecated, reason = "this only takes the reset back; it blocks no more than a plain close")]
        {
            client.set_linger(None)?;
            server.set_linger(None)?;
        }
    }
    Ok(())
}

async fn pass(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    behaviour: watch::Receiver<Behaviour>,
    responses: bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = from.read(&mut buffer).await?;
        let now = *behaviour.borrow();
        if length == 0 {
            return to.shutdown().await;
        }
        if !now.delay.is_zero() {
            tokio::time::sleep(now.delay).await;
        }
        if !(responses && now.drop_responses) {
            to.write_all(&buffer[..length]).await?;
        }
    }
}
