//! The services that give tokens: to machines for their certificate, to pods for their account.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use axum::extract::{Path as Segment, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use platform::clock::Clock;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;

use super::faults::{Faults, body, refusal};
use super::signature::Keys;
use super::{TENANCY, tls};

/// Cheap to clone; clones share what was given.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    clock: Clock,
    keys: Arc<Keys>,
    directory: PathBuf,
    /// What sessions are signed by: a token is good as long as its name stands among the keys.
    current: Mutex<Vec<String>>,
    given: AtomicUsize,
    /// Seconds.
    lifetime: AtomicU64,
    faults: Faults,
}

impl Tokens {
    pub(super) fn new(clock: &Clock, keys: &Arc<Keys>, directory: &Path) -> Self {
        let machine = CertificateDer::from_pem_file(directory.join("machine.pem")).expect("the machine's certificate");
        let fingerprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &machine);
        let fingerprint: Vec<String> = fingerprint.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        let key_id = format!("{TENANCY}/fed-x509/{}", fingerprint.join(":"));
        keys.add(&key_id, &tls::public_key(&directory.join("machine.key")));
        Tokens(Arc::new(Inner {
            clock: clock.clone(),
            keys: Arc::clone(keys),
            directory: directory.to_owned(),
            current: Mutex::default(),
            given: AtomicUsize::new(0),
            lifetime: AtomicU64::new(1200),
            faults: Faults::default(),
        }))
    }

    /// How many have been given.
    pub fn given(&self) -> usize {
        self.0.given.load(Ordering::Relaxed)
    }

    /// How long those are good that are given from now on; 20 minutes if nobody says otherwise.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.0.lifetime.store(lifetime.as_secs(), Ordering::Relaxed);
    }

    /// No token that was given is good any more.
    pub fn revoke_all(&self) {
        for key_id in self.0.current.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            self.0.keys.remove(&key_id);
        }
    }

    /// What befalls the next who ask for one.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// The pod's account has another token from now on.
    pub fn rotate_account(&self, token: &str) {
        std::fs::write(self.0.directory.join("account"), token).expect("the account's file");
    }

    /// For machines; requests are signed with the certificate's key.
    pub(super) fn authentication(&self) -> Router {
        Router::new().route("/v1/x509", post(for_certificate)).with_state(self.clone())
    }

    /// What a machine learns of itself.
    pub(super) fn metadata(&self) -> Router {
        Router::new().route("/opc/v2/{kind}/{file}", get(metadata)).with_state(self.clone())
    }

    /// For pods; not signed, but with the account's token.
    pub(super) fn exchange(&self) -> Router {
        Router::new().route("/resourcePrincipalSessionTokens", post(for_account)).with_state(self.clone())
    }

    /// A token whose requests are signed with the private half of `public_key`, DER in base64.
    fn give(&self, public_key: &str) -> Result<String, Response> {
        let invalid = |message: &str| refusal(StatusCode::BAD_REQUEST, "InvalidParameter", message);
        let key = STANDARD.decode(public_key).map_err(|_| invalid("the public key is not in base64"))?;
        let now = self.0.clock.now().as_seconds();
        let number = self.0.given.fetch_add(1, Ordering::Relaxed);
        let lifetime = i64::try_from(self.0.lifetime.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims =
            json!({ "sub": format!("session-{number}"), "iat": now, "exp": now + lifetime, "tenant": TENANCY });
        // Nobody but the cloud checks its signature.
        let token =
            format!("{}.{}.{}", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims), part(json!(number)));
        let key_id = format!("ST${token}");
        self.0.keys.add(&key_id, &key);
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner).push(key_id);
        Ok(token)
    }
}

async fn metadata(
    State(tokens): State<Tokens>,
    Segment((kind, file)): Segment<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if headers.get("authorization").is_none_or(|value| value != "Bearer Oracle") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let file = match (kind.as_str(), file.as_str()) {
        ("identity", "cert.pem") => "machine.pem",
        ("identity", "key.pem") => "machine.key",
        ("identity", "intermediate.pem") => "ca.pem",
        ("instance", "region") => return "ap-hyderabad-1".into_response(),
        ("instance", "regionInfo") => {
            let region = json!({
                "realmDomainComponent": "oraclecloud.com", "realmKey": "oc1",
                "regionIdentifier": "ap-hyderabad-1", "regionKey": "HYD",
            });
            return Json(region).into_response();
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    std::fs::read(tokens.0.directory.join(file)).expect("the machine's files").into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Certificate {
    certificate: String,
    public_key: String,
    #[serde(default)]
    intermediate_certificates: Vec<String>,
}

async fn for_certificate(State(tokens): State<Tokens>, request: Request) -> Result<Response, Response> {
    tokens.0.faults.strike(request.method()).await?;
    let details: Certificate = body(request).await?;
    let directory = &tokens.0.directory;
    let expected = |file: &str| {
        let der = CertificateDer::from_pem_file(directory.join(file)).expect("a certificate");
        STANDARD.encode(der)
    };
    if details.certificate != expected("machine.pem") || details.intermediate_certificates != [expected("ca.pem")] {
        return Err(refusal(StatusCode::UNAUTHORIZED, "NotAuthenticated", "the certificate is not a machine's"));
    }
    Ok(Json(json!({ "token": tokens.give(&details.public_key)? })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Pod {
    pod_key: String,
}

async fn for_account(State(tokens): State<Tokens>, headers: HeaderMap, request: Request) -> Result<Response, Response> {
    tokens.0.faults.strike(request.method()).await?;
    let account = std::fs::read_to_string(tokens.0.directory.join("account")).expect("the account's file");
    if headers.get("authorization").is_none_or(|value| *value != format!("Bearer {account}")) {
        return Err(refusal(StatusCode::UNAUTHORIZED, "NotAuthenticated", "the account's token is not good"));
    }
    let pod: Pod = body(request).await?;
    let answer = json!({ "token": format!("ST${}", tokens.give(&pod.pod_key)?) });
    Ok(STANDARD.encode(answer.to_string()).into_response())
}
