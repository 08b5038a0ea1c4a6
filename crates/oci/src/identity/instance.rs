//! A machine's identity: the cloud gives each a certificate, which is exchanged for a token.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::session::Exchange;
use crate::client::{self, Now, Request, answer, chain, http_client};
use crate::signature::Signer;
use crate::{Error, PrivateKey};

/// Where a machine finds what it needs; the default is where the cloud puts it.
#[derive(Clone, Debug)]
pub struct InstancePrincipal {
    /// The metadata service, which only the machine itself can reach.
    pub metadata: String,
    /// The service that gives tokens, without a path; the region's own if there is none.
    pub authentication: Option<String>,
}

const WITHIN: Duration = Duration::from_secs(10);
/// Keeps requests out that a page made somebody else's browser send.
const GUARD: &str = "Bearer Oracle";

impl Default for InstancePrincipal {
    fn default() -> Self {
        InstancePrincipal { metadata: "http://169.254.169.254/opc/v2".to_owned(), authentication: None }
    }
}

impl Exchange for InstancePrincipal {
    async fn token(&self, key: &PrivateKey, now: &Now) -> Result<String, Error> {
        let http = http_client().build().map_err(|error| Error::Token(chain(&error)))?;
        // The certificate is renewed several times a day, so nothing of it is kept.
        let certificate = pem(&self.ask(&http, "identity/cert.pem").await?.unwrap_or_default())?;
        let machine = PrivateKey::from_pem(&self.ask(&http, "identity/key.pem").await?.unwrap_or_default())
            .map_err(|error| Error::Token(error.to_string()))?;
        let mut body = serde_json::json!({
            "certificate": STANDARD.encode(&certificate),
            "publicKey": STANDARD.encode(key.public_key()?),
        });
        if let Some(intermediate) = self.ask(&http, "identity/intermediate.pem").await? {
            body["intermediateCertificates"] = serde_json::json!([STANDARD.encode(pem(&intermediate)?)]);
        }
        let signer = Signer {
            key_id: format!("{}/fed-x509/{}", tenancy(&certificate)?, fingerprint(&certificate)),
            key: machine,
            signs_host: false,
        };
        let url = format!("{}/v1/x509", self.authentication(&http).await?);
        let url = Url::parse(&url).map_err(|error| Error::Token(format!("{url}: {error}")))?;
        let request = Request::new(Method::POST, url, WITHIN).json(&body)?;
        let response = client::send(&http, &signer, now, &request).await;
        let response = response.map_err(|error| Error::Token(error.to_string()))?;
        #[derive(Deserialize)]
        struct Answer {
            token: String,
        }
        let answer: Answer = response.json().map_err(|error| Error::Token(error.to_string()))?;
        Ok(answer.token)
    }
}

impl InstancePrincipal {
    /// A file of the metadata service, if it has it.
    async fn ask(&self, http: &reqwest::Client, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let url = format!("{}/{path}", self.metadata);
        let asking = http.get(&url).header(http::header::AUTHORIZATION, GUARD);
        match answer(asking, &self.metadata, WITHIN).await {
            Ok(response) => Ok(Some(response.body.to_vec())),
            Err(Error::Service { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(Error::Token(format!("{url}: {error}"))),
        }
    }

    async fn authentication(&self, http: &reqwest::Client) -> Result<String, Error> {
        if let Some(authentication) = &self.authentication {
            return Ok(authentication.clone());
        }
        let region = self.ask(http, "instance/region").await?.unwrap_or_default();
        let region = String::from_utf8_lossy(&region).trim().to_owned();
        Ok(format!("https://auth.{region}.oraclecloud.com"))
    }
}

fn pem(pem: &[u8]) -> Result<Vec<u8>, Error> {
    let certificate = CertificateDer::from_pem_slice(pem);
    let certificate = certificate.map_err(|_| Error::Token("the machine has no certificate in PEM".to_owned()))?;
    Ok(certificate.to_vec())
}

/// The tenancy stands in the subject, as `opc-tenant:OCID`, or `opc-identity:OCID` in older certificates.
fn tenancy(der: &[u8]) -> Result<String, Error> {
    let wrong = |reason: &str| Error::Token(format!("the machine's certificate: {reason}"));
    let certificate = Certificate::from_der(der).map_err(|error| wrong(&error.to_string()))?;
    certificate
        .tbs_certificate()
        .subject()
        .iter()
        .filter_map(|attribute| std::str::from_utf8(attribute.value.value()).ok())
        .find_map(|value| value.strip_prefix("opc-tenant:").or_else(|| value.strip_prefix("opc-identity:")))
        .map(str::to_owned)
        .ok_or_else(|| wrong("its subject names no tenancy"))
}

/// The SHA-1 of a certificate, as the exchange names it.
fn fingerprint(der: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der);
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
