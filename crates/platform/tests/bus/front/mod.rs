//! A front for librdkafka's mock broker, which itself speaks plaintext to anybody: real TLS, and the SASL handshake that a broker
//! demands before everything else. Behind it the mock never sees a client that was not let in. It fails on demand as OCI's front does:
//! connections are cut, answers are lost, connections fall silent, a token stops to be good.

mod wire;

use std::collections::HashMap;
use std::future::pending;
use std::io::{self, Error, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use self::wire::{Answer, Request, api, read_frame, write_frame};

/// As OCI wants it: tenancy, identity domain, user, stream pool.
pub const USER: &str = "haat/Default/ecommerce-order-kafka/ocid1.streampool.oc1..pool";
pub const TOKEN: &str = "hunter2;>[an auth token]";

const UNSUPPORTED_SASL_MECHANISM: i16 = 33;
const SASL_AUTHENTICATION_FAILED: i16 = 58;

pub struct Front {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// Which handshake the front says that it understands.
#[derive(Clone, Copy, PartialEq)]
pub enum Handshake {
    /// Version 0: tokens travel bare, as before Kafka 1.0.
    Bare,
    /// Version 1: tokens travel in SaslAuthenticate, which can say why not.
    Framed,
}

/// How many clients were let in, how many had wrong credentials, and how many asked for something before they were let in.
#[derive(Default)]
pub struct Callers {
    pub admitted: AtomicUsize,
    pub refused: AtomicUsize,
    pub strangers: AtomicUsize,
    /// The largest request to publish, in bytes.
    pub largest: AtomicUsize,
}

struct Shared {
    port: u16,
    upstream: SocketAddr,
    handshake: Handshake,
    token: Mutex<String>,
    moment: watch::Sender<Moment>,
    /// Answers to an API that are still to be lost.
    to_lose: Mutex<Option<(i16, usize)>>,
    /// An API whose requests are answered never.
    muted: Mutex<Option<i16>>,
    callers: Callers,
}

/// Connections count the cuts and silences that they have not seen.
#[derive(Clone, Copy, Default)]
struct Moment {
    cuts: u64,
    silences: u64,
}

impl Front {
    /// In front of the broker at `upstream`, with the certificate `name`.pem and its key in `directory`.
    pub async fn start(upstream: &str, directory: &Path, name: &str, handshake: Handshake) -> Self {
        let certificates = CertificateDer::pem_file_iter(directory.join(format!("{name}.pem"))).unwrap();
        let key = PrivateKeyDer::from_pem_file(directory.join(format!("{name}.key"))).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_no_client_auth().with_single_cert(certificates.map(Result::unwrap).collect(), key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            port: address.port(),
            upstream: upstream.parse().unwrap(),
            handshake,
            token: Mutex::new(TOKEN.to_owned()),
            moment: watch::Sender::default(),
            to_lose: Mutex::default(),
            muted: Mutex::default(),
            callers: Callers::default(),
        });
        let accepting = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(tls)), Arc::clone(&shared)));
        Front { address, shared, accepting }
    }

    pub fn callers(&self) -> &Callers {
        &self.shared.callers
    }

    /// Closes every connection; new ones are welcome.
    pub fn cut(&self) {
        self.shared.moment.send_modify(|moment| moment.cuts += 1);
    }

    /// From now on nothing passes on the connections that there are, and nobody is told.
    pub fn fall_silent(&self) {
        self.shared.moment.send_modify(|moment| moment.silences += 1);
    }

    /// The next requests to publish are done, but instead of an answer their connections end.
    pub fn lose_answers_to_publish(&self, count: usize) {
        *self.shared.to_lose.lock().unwrap() = Some((api::PRODUCE, count));
    }

    pub fn has_lost_all(&self) -> bool {
        self.shared.to_lose.lock().unwrap().is_none_or(|(_, left)| left == 0)
    }

    /// Nobody is told what a group has committed.
    pub fn keep_commits_to_itself(&self, mute: bool) {
        *self.shared.muted.lock().unwrap() = mute.then_some(api::OFFSET_FETCH);
    }

    /// Who comes from now on must have this token; who is in stays in.
    pub fn replace_token(&self, token: &str) {
        token.clone_into(&mut self.shared.token.lock().unwrap());
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        let mut moments = shared.moment.subscribe();
        tokio::spawn(async move {
            let born = *moments.borrow();
            let serve = async {
                let _ = client.set_nodelay(true);
                if let Ok(client) = tls.accept(client).await {
                    // However it ends, the client learns of it by the end of its connection.
                    let _ = serve(client, &shared, born).await;
                }
            };
            tokio::select! {
                _ = moments.wait_for(|now| now.cuts != born.cuts) => {}
                () = serve => {}
            }
        });
    }
}

async fn serve(mut client: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared, born: Moment) -> io::Result<()> {
    let mut broker = TcpStream::connect(shared.upstream).await?;
    broker.set_nodelay(true)?;
    shared.admit(&mut client, &mut broker).await?;
    let passing = Passing { shared, born, asked: Mutex::default() };
    let (from_client, to_client) = split(client);
    let (from_broker, to_broker) = broker.split();
    tokio::try_join!(passing.requests(from_client, to_broker), passing.answers(from_broker, to_client)).map(|_| ())
}

/// What passes on the connection of a client that was let in.
struct Passing<'s> {
    shared: &'s Shared,
    born: Moment,
    /// The API of each request without an answer, by its correlation id.
    asked: Mutex<HashMap<i32, i16>>,
}

impl Passing<'_> {
    async fn requests(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
        loop {
            let frame = read_frame(&mut from).await?;
            self.while_heard().await;
            let request = Request::parse(&frame)?;
            if request.api == api::PRODUCE {
                self.shared.callers.largest.fetch_max(frame.len(), Ordering::SeqCst);
            }
            if *self.shared.muted.lock().unwrap() != Some(request.api) {
                self.asked.lock().unwrap().insert(request.correlation, request.api);
                write_frame(&mut to, &frame).await?;
            }
        }
    }

    async fn answers(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
        loop {
            let mut frame = read_frame(&mut from).await?;
            self.while_heard().await;
            let api = self.asked.lock().unwrap().remove(&wire::correlation(&frame)?);
            if api.is_some_and(|api| self.shared.loses(api)) {
                return Err(Error::new(ErrorKind::ConnectionReset, "an answer was lost"));
            }
            if matches!(api, Some(api::METADATA | api::FIND_COORDINATOR)) {
                wire::readdress(&mut frame, self.shared.upstream.port(), self.shared.port);
            }
            write_frame(&mut to, &frame).await?;
        }
    }

    /// Never ends once the connection has fallen silent.
    async fn while_heard(&self) {
        let silent = self.shared.moment.borrow().silences != self.born.silences;
        if silent {
            pending::<()>().await;
        }
    }
}

impl Shared {
    /// Talks to a client until it has shown who it is. Before that it may ask which APIs there are, and nothing else.
    async fn admit(
        &self,
        client: &mut (impl AsyncRead + AsyncWrite + Unpin),
        broker: &mut TcpStream,
    ) -> io::Result<()> {
        let newest = if self.handshake == Handshake::Framed { 1 } else { 0 };
        let mut agreed = None;
        loop {
            let frame = read_frame(client).await?;
            if agreed == Some(0) {
                // Wrong credentials have no answer here but the end of the connection.
                self.check(&frame)?;
                return write_frame(client, &[]).await;
            }
            let request = Request::parse(&frame)?;
            let mut body = request.body;
            match request.api {
                api::API_VERSIONS => {
                    write_frame(broker, &frame).await?;
                    let mut answer = read_frame(broker).await?;
                    let framed = [(api::SASL_HANDSHAKE, 0, newest), (api::SASL_AUTHENTICATE, 0, 1)];
                    wire::advertise(&mut answer, &framed[..=usize::from(self.handshake == Handshake::Framed)])?;
                    write_frame(client, &answer).await?;
                }
                api::SASL_HANDSHAKE if agreed.is_none() && request.version <= newest => {
                    let known = wire::take_text(&mut body)? == "PLAIN";
                    let error = if known { 0 } else { UNSUPPORTED_SASL_MECHANISM };
                    write_frame(client, &Answer::to(&request).i16(error).i32(1).text("PLAIN").frame()).await?;
                    if !known {
                        return Err(denied("another mechanism"));
                    }
                    agreed = Some(request.version);
                }
                api::SASL_AUTHENTICATE if agreed == Some(1) => {
                    let credentials = wire::take_bytes(&mut body)?;
                    let checked = self.check(credentials);
                    let answer = match &checked {
                        Ok(()) => Answer::to(&request).i16(0).i16(-1),
                        Err(why) => Answer::to(&request).i16(SASL_AUTHENTICATION_FAILED).text(&why.to_string()),
                    };
                    let nothing_more = if request.version >= 1 { answer.i32(0).i64(0) } else { answer.i32(0) };
                    write_frame(client, &nothing_more.frame()).await?;
                    return checked;
                }
                _ => {
                    self.callers.strangers.fetch_add(1, Ordering::SeqCst);
                    return Err(denied("asked before it was let in"));
                }
            }
        }
    }

    /// Who acts for whom, the user and the token, with NUL between them (RFC 4616). The refusal repeats the token, as none should.
    fn check(&self, credentials: &[u8]) -> io::Result<()> {
        let credentials = String::from_utf8_lossy(credentials);
        if credentials == format!("\0{USER}\0{}", self.token.lock().unwrap()) {
            self.callers.admitted.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        self.callers.refused.fetch_add(1, Ordering::SeqCst);
        let token = credentials.rsplit('\0').next().unwrap_or_default();
        Err(denied(&format!("Authentication failed: Invalid username or password: {token}")))
    }

    fn loses(&self, api: i16) -> bool {
        match &mut *self.to_lose.lock().unwrap() {
            Some((unlucky, left)) if *unlucky == api && *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

/// Cuts all connections every so often, until it is dropped.
pub struct Recycling {
    cuts: Arc<AtomicUsize>,
    cutting: JoinHandle<()>,
}

impl Recycling {
    pub fn of(front: &Front, every: Duration) -> Self {
        let cuts = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (Arc::clone(&front.shared), Arc::clone(&cuts));
        let cutting = tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                shared.moment.send_modify(|moment| moment.cuts += 1);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Recycling { cuts, cutting }
    }

    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Recycling {
    fn drop(&mut self) {
        self.cutting.abort();
    }
}

fn denied(why: &str) -> Error {
    Error::new(ErrorKind::PermissionDenied, why)
}
