//! The signature of a request.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{Error, PrivateKey};

const BODY_DIGEST: HeaderName = HeaderName::from_static("x-content-sha256");

/// Who signs, for as long as the key is good.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    /// What the service finds the public key by: a user's key, or a session's token.
    pub key_id: String,
    pub key: PrivateKey,
    /// The exchange of a certificate for a token is signed without the host, everything else with it.
    pub signs_host: bool,
}

/// What of a request is signed.
pub(crate) struct Target<'a> {
    pub method: &'a Method,
    pub host: &'a str,
    pub path_and_query: &'a str,
    pub body: &'a [u8],
    /// By RFC 9110, section 5.6.7; the services refuse one that is five minutes off.
    pub date: &'a str,
}

impl Signer {
    /// Adds the headers that are signed, and the signature.
    pub fn sign(&self, target: &Target<'_>, headers: &mut HeaderMap) -> Result<(), Error> {
        headers.insert(DATE, value(target.date)?);
        headers.insert(HOST, value(target.host)?);
        let mut names = vec!["date", "(request-target)"];
        if self.signs_host {
            names.push("host");
        }
        // Oracle's rule: what carries a body is signed with it, also when the body is empty.
        if [Method::POST, Method::PUT, Method::PATCH].contains(target.method) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(target.body.len()));
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            headers.insert(BODY_DIGEST, value(&STANDARD.encode(digest::digest(&digest::SHA256, target.body)))?);
            names.extend(["content-length", "content-type", "x-content-sha256"]);
        }
        let mut lines = Vec::with_capacity(names.len());
        for name in &names {
            let text = match *name {
                "(request-target)" => format!("{} {}", target.method.as_str().to_lowercase(), target.path_and_query),
                name => headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned(),
            };
            lines.push(format!("{name}: {text}"));
        }
        let signature = STANDARD.encode(self.key.sign(&lines.join("\n"))?);
        let mut authorization = value(&format!(
            r#"Signature algorithm="rsa-sha256",headers="{}",keyId="{}",signature="{signature}",version="1""#,
            names.join(" "),
            self.key_id
        ))?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        Ok(())
    }
}

fn value(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|_| Error::Configuration("a header would have a sign that none may".to_owned()))
}
