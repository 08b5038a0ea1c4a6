//! Why a call fails. Of the call itself librdkafka says only that it took too long or that no broker is there; the reason, a refused
//! token or a certificate of somebody else, it tells apart, when it happens, and for the next 30 s not again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::bus::BusError;

/// What the connections of one client suffer from.
pub struct Diagnosis {
    /// Shown to nobody, even if a broker repeats it.
    secret: Option<String>,
    trouble: Mutex<Option<Trouble>>,
}

struct Trouble {
    /// The brokers do not want these credentials.
    refused: bool,
    reason: String,
}

/// Listens to librdkafka for a client without a context of its own.
pub struct Listener(pub Arc<Diagnosis>);

impl ClientContext for Listener {
    fn error(&self, error: KafkaError, reason: &str) {
        self.0.note(&error, reason);
    }
}

impl ConsumerContext for Listener {}

impl Diagnosis {
    pub fn new(secret: Option<&str>) -> Arc<Self> {
        let secret = secret.filter(|secret| !secret.is_empty()).map(str::to_owned);
        Arc::new(Diagnosis { secret, trouble: Mutex::default() })
    }

    pub fn note(&self, error: &KafkaError, reason: &str) {
        let reason = self.without_secret(reason);
        tracing::warn!(%error, reason, "Kafka");
        let code = error.rdkafka_error_code();
        let mut trouble = self.trouble();
        // "All brokers are down" follows the reason why.
        if trouble.is_none() || code != Some(Code::AllBrokersDown) {
            *trouble = Some(Trouble { refused: refuses_credentials(code, &reason), reason });
        }
    }

    /// Something succeeded.
    pub fn all_is_well(&self) {
        *self.trouble() = None;
    }

    pub fn is_ill(&self) -> bool {
        self.trouble().is_some()
    }

    pub fn is_refused(&self) -> bool {
        self.trouble().as_ref().is_some_and(|trouble| trouble.refused)
    }

    /// A call's failure, with the reason if it is one of connections.
    pub fn explain(&self, error: KafkaError) -> BusError {
        match self.trouble().as_ref() {
            Some(trouble) if is_of_connections(&error) => trouble.explain(&error.to_string()),
            _ => failure(error),
        }
    }

    /// A call that did not end within `within`.
    pub fn explain_silence(&self, within: Duration) -> BusError {
        match self.trouble().as_ref() {
            Some(trouble) => trouble.explain(&format!("no answer within {within:?}")),
            None => BusError::Timeout(within),
        }
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn without_secret(&self, text: &str) -> String {
        self.secret.as_deref().map_or_else(|| text.to_owned(), |secret| text.replace(secret, "(hidden)"))
    }
}

impl Trouble {
    fn explain(&self, outcome: &str) -> BusError {
        if self.refused {
            BusError::Refused(self.reason.clone())
        } else {
            BusError::Unavailable(format!("{outcome}; {}", self.reason))
        }
    }
}

/// Does the error say nothing but that a connection failed, which librdkafka makes again by itself?
pub fn is_of_connections(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(
        code,
        Some(
            Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::Resolve
                | Code::SSL
                | Code::Authentication
                | Code::MessageTimedOut
                | Code::OperationTimedOut
                | Code::TimedOutQueue
                | Code::RequestTimedOut
                | Code::NetworkException
                | Code::WaitingForCoordinator
                | Code::CoordinatorNotAvailable
                | Code::CoordinatorLoadInProgress
                | Code::NotCoordinator
        )
    ) || refuses_credentials(code, "")
}

/// The code alone does not say it: a connection that is cut during the handshake is a failed authentication to librdkafka,
/// with a "Local: Broker transport failure" in the text.
fn refuses_credentials(code: Option<Code>, reason: &str) -> bool {
    let of_authentication = matches!(
        code,
        Some(
            Code::Authentication
                | Code::SaslAuthenticationFailed
                | Code::UnsupportedSASLMechanism
                | Code::IllegalSASLState
        )
    );
    of_authentication && !reason.contains("Local: ")
}

pub fn failure(error: KafkaError) -> BusError {
    let refused = [
        Code::MessageSizeTooLarge,
        Code::InvalidMessage,
        Code::UnknownTopic,
        Code::UnknownTopicOrPartition,
        Code::UnknownPartition,
        Code::TopicAuthorizationFailed,
        Code::GroupAuthorizationFailed,
        Code::ClusterAuthorizationFailed,
        Code::SaslAuthenticationFailed,
    ];
    match error {
        // Their texts name the setting and its value, which may be the password.
        KafkaError::ClientConfig(_, reason, setting, _) => BusError::Configuration(format!("{setting}: {reason}")),
        KafkaError::ClientCreation(reason) => BusError::Configuration(reason),
        error => match error.rdkafka_error_code() {
            Some(code) if refused.contains(&code) => BusError::Refused(error.to_string()),
            _ => BusError::Unavailable(error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnosis(told: &[(Code, &str)]) -> Arc<Diagnosis> {
        let diagnosis = Diagnosis::new(Some("hunter2"));
        for (code, reason) in told {
            diagnosis.note(&KafkaError::Global(*code), reason);
        }
        diagnosis
    }

    fn timed_out() -> KafkaError {
        KafkaError::MetadataFetch(Code::BrokerTransportFailure)
    }

    #[test]
    fn a_refusal_outlasts_what_follows_from_it_and_hides_the_password() {
        let told = [(Code::Authentication, "hunter2 is wrong"), (Code::AllBrokersDown, "1/1 brokers are down")];
        let diagnosis = diagnosis(&told);
        let error = diagnosis.explain(timed_out());
        assert!(matches!(&error, BusError::Refused(reason) if reason == "(hidden) is wrong"), "{error}");
        let error = diagnosis.explain_silence(Duration::from_secs(1));
        assert!(matches!(error, BusError::Refused(_)), "{error}");
    }

    #[test]
    fn a_handshake_that_was_cut_is_no_refusal() {
        let reason = "SASL PLAIN mechanism handshake failed: Local: Broker transport failure";
        let diagnosis = diagnosis(&[(Code::Authentication, reason)]);
        let error = diagnosis.explain(timed_out());
        assert!(error.is_transient() && error.to_string().contains("handshake failed"), "{error}");
    }

    #[test]
    fn an_answer_ends_the_trouble() {
        let diagnosis = diagnosis(&[(Code::Authentication, "wrong")]);
        diagnosis.all_is_well();
        assert!(!diagnosis.is_ill() && !diagnosis.is_refused());
        assert!(matches!(diagnosis.explain_silence(Duration::ZERO), BusError::Timeout(_)));
    }

    #[test]
    fn what_a_broker_says_of_a_call_itself_needs_no_other_reason() {
        let diagnosis = diagnosis(&[(Code::SSL, "certificate verify failed")]);
        let error = diagnosis.explain(KafkaError::MessageProduction(Code::MessageSizeTooLarge));
        assert!(matches!(&error, BusError::Refused(reason) if !reason.contains("certificate")), "{error}");
    }
}
