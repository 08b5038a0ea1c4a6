//! A mail server that keeps what it is given, as far as SMTP (RFC 5321) is needed for that.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
pub struct SmtpServer {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    /// The answer to every recipient, instead of taking it.
    refusal: Option<String>,
    is_down: bool,
    is_silent: bool,
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    pub recipient: String,
    /// With its encodings undone.
    pub content: String,
}

impl SmtpServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = SmtpServer { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.talk(connection).await });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.state.lock().unwrap().mails.clone()
    }

    /// Answers every recipient so: `550 5.1.1 <asha@example.in> is unknown`.
    pub fn refuse(&self, answer: Option<&str>) {
        self.state.lock().unwrap().refusal = answer.map(str::to_owned);
    }

    /// Hangs up on everybody.
    pub fn go_down(&self, is_down: bool) {
        self.state.lock().unwrap().is_down = is_down;
    }

    /// Takes every call and says nothing.
    pub fn fall_silent(&self) {
        self.state.lock().unwrap().is_silent = true;
    }

    async fn talk(&self, connection: TcpStream) -> Option<()> {
        if self.state.lock().unwrap().is_down {
            return None;
        }
        if self.state.lock().unwrap().is_silent {
            let _open = connection;
            return std::future::pending().await;
        }
        let (reader, mut writer) = connection.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut say = async |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).await.ok();
        let mut recipient = String::new();
        say("220 ready").await?;
        while let Some(line) = lines.next_line().await.ok()? {
            let command = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match command.as_str() {
                "EHLO" | "MAIL" | "RSET" | "NOOP" => say("250 fine").await?,
                "RCPT" => {
                    recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    let refusal = self.state.lock().unwrap().refusal.clone();
                    say(refusal.as_deref().unwrap_or("250 fine")).await?;
                }
                "DATA" => {
                    say("354 go on").await?;
                    let mut content = String::new();
                    while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                        content.push_str(line.strip_prefix('.').unwrap_or(&line));
                        content.push('\n');
                    }
                    let mail = Mail { recipient: recipient.clone(), content: undo_quoted_printable(&content) };
                    self.state.lock().unwrap().mails.push(mail);
                    say("250 taken").await?;
                }
                "QUIT" => return say("221 bye").await,
                _ => say("502 unknown").await?,
            }
        }
        Some(())
    }
}

/// RFC 2045, 6.7. Text that is not encoded comes through, but for an equals sign before two hexadecimal digits.
fn undo_quoted_printable(text: &str) -> String {
    let text = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, code) {
            (b'=', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
