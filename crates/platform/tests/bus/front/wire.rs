//! As much of Kafka's protocol as a front must read (<https://kafka.apache.org/protocol>): frames, the head of a request, the list of
//! APIs, the SASL handshake, and the addresses of brokers in answers.

use std::io::{self, Error, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// In bytes; the largest that a client here sends or gets has about 1 MB.
const LARGEST_FRAME: usize = 16 << 20;

pub mod api {
    pub const PRODUCE: i16 = 0;
    pub const METADATA: i16 = 3;
    pub const OFFSET_FETCH: i16 = 9;
    pub const FIND_COORDINATOR: i16 = 10;
    pub const SASL_HANDSHAKE: i16 = 17;
    pub const API_VERSIONS: i16 = 18;
    pub const SASL_AUTHENTICATE: i16 = 36;
}

/// A request's head, and where its body begins.
pub struct Request<'f> {
    pub api: i16,
    pub version: i16,
    pub correlation: i32,
    pub body: &'f [u8],
}

impl<'f> Request<'f> {
    /// Its body is right only for versions whose head has no tags, which are those that are read here.
    pub fn parse(frame: &'f [u8]) -> io::Result<Self> {
        let mut rest = frame;
        let (api, version) = (take_i16(&mut rest)?, take_i16(&mut rest)?);
        let correlation = take_i32(&mut rest)?;
        let client = usize::try_from(take_i16(&mut rest)?).unwrap_or(0);
        take(&mut rest, client)?;
        Ok(Request { api, version, correlation, body: rest })
    }
}

/// An answer, begun with its correlation id.
pub struct Answer(Vec<u8>);

impl Answer {
    pub fn to(request: &Request<'_>) -> Self {
        Answer(request.correlation.to_be_bytes().to_vec())
    }

    pub fn i16(mut self, value: i16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn i32(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn i64(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub fn text(mut self, text: &str) -> Self {
        self.0.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    pub fn frame(self) -> Vec<u8> {
        self.0
    }
}

pub async fn read_frame(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let length = usize::try_from(from.read_i32().await?).ok().filter(|length| *length <= LARGEST_FRAME);
    let mut frame = vec![0; length.ok_or_else(|| malformed("a frame of that length"))?];
    from.read_exact(&mut frame).await?;
    Ok(frame)
}

pub async fn write_frame(to: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    let mut all = i32::try_from(frame.len()).unwrap().to_be_bytes().to_vec();
    all.extend(frame);
    to.write_all(&all).await?;
    to.flush().await
}

/// The correlation id of an answer.
pub fn correlation(answer: &[u8]) -> io::Result<i32> {
    take_i32(&mut { answer })
}

/// A string with its length before it.
pub fn take_text(rest: &mut &[u8]) -> io::Result<String> {
    let length = usize::try_from(take_i16(rest)?).map_err(|_| malformed("no text"))?;
    String::from_utf8(take(rest, length)?.to_vec()).map_err(|_| malformed("a text that is none"))
}

/// Bytes with their length before them.
pub fn take_bytes<'f>(rest: &mut &'f [u8]) -> io::Result<&'f [u8]> {
    let length = usize::try_from(take_i32(rest)?).map_err(|_| malformed("no bytes"))?;
    take(rest, length)
}

/// Adds APIs, with their oldest and newest versions, to an answer to ApiVersions 0 to 2. One that says no stays as it is.
pub fn advertise(answer: &mut Vec<u8>, apis: &[(i16, i16, i16)]) -> io::Result<()> {
    const ERROR: usize = 4;
    const COUNT: usize = 6;
    const LIST: usize = 10;
    let mut rest = answer.get(ERROR..).ok_or_else(|| malformed("no list of APIs"))?;
    if take_i16(&mut rest)? != 0 {
        return Ok(());
    }
    let count = take_i32(&mut rest)? + i32::try_from(apis.len()).unwrap();
    answer[COUNT..LIST].copy_from_slice(&count.to_be_bytes());
    let entries = apis.iter().flat_map(|(api, oldest, newest)| [*api, *oldest, *newest]).flat_map(i16::to_be_bytes);
    answer.splice(LIST..LIST, entries);
    Ok(())
}

/// Puts another port for every place where a broker at 127.0.0.1 has `port`. Host and port follow one another in every version, and
/// no length changes.
pub fn readdress(answer: &mut [u8], port: u16, other: u16) {
    let place = |port: u16| [&b"127.0.0.1"[..], &i32::from(port).to_be_bytes()].concat();
    let (from, to) = (place(port), place(other));
    for at in 0..answer.len().saturating_sub(from.len() - 1) {
        if answer[at..].starts_with(&from) {
            answer[at..at + to.len()].copy_from_slice(&to);
        }
    }
}

fn take<'f>(rest: &mut &'f [u8], length: usize) -> io::Result<&'f [u8]> {
    let (taken, left) = rest.split_at_checked(length).ok_or_else(|| malformed("the end"))?;
    *rest = left;
    Ok(taken)
}

fn take_i16(rest: &mut &[u8]) -> io::Result<i16> {
    Ok(i16::from_be_bytes(take(rest, 2)?.try_into().unwrap()))
}

fn take_i32(rest: &mut &[u8]) -> io::Result<i32> {
    Ok(i32::from_be_bytes(take(rest, 4)?.try_into().unwrap()))
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
