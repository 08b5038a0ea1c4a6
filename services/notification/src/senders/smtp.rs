//! E-mail by SMTP (RFC 5321).

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::{Handed, Letter};

/// For each step of the conversation.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// # Errors
    /// The address cannot be read; the text does not repeat it, as it has a password.
    pub(super) fn new(url: &str, from: &str) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| "NOTIFICATION_SMTP_URL: not an address such as smtps://user:password@host".to_owned())?;
        let from = from.parse().map_err(|error| format!("NOTIFICATION_FROM: {error}"))?;
        Ok(Mailer { transport: transport.timeout(Some(TIMEOUT)).build(), from })
    }

    pub(super) async fn send(&self, letter: &Letter) -> Handed {
        let Ok(address) = letter.recipient.parse() else { return Handed::Refused("not an e-mail address".to_owned()) };
        let name = Some(letter.name.clone()).filter(|name| !name.is_empty());
        let builder = Message::builder()
            // The same with every try: a crash between sending and noting it must not look like two messages.
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(name, address))
            .subject(&letter.subject);
        let message = match &letter.html {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(letter.text.clone(), html.clone())),
            None => builder.singlepart(SinglePart::plain(letter.text.clone())),
        };
        let Ok(message) = message else { return Handed::Refused("the message cannot be written".to_owned()) };
        self.transport.send(message).await.map_or_else(|error| not_sent(&error), |_| Handed::Sent)
    }
}

/// The server's code only: its words may repeat the address.
fn not_sent(error: &Error) -> Handed {
    match error.status() {
        Some(code) if error.is_permanent() => Handed::Refused(format!("SMTP {code}")),
        Some(code) => Handed::NotNow(format!("SMTP {code}")),
        None if error.is_timeout() => Handed::NotNow("the mail server did not answer in time".to_owned()),
        None => Handed::NotNow("the mail server cannot be reached".to_owned()),
    }
}
