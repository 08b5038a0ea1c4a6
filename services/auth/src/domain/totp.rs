//! The second factor: time-based one-time passwords (RFC 6238) with what every authenticator understands: SHA-1, six digits,
//! steps of 30 seconds, one step of tolerance.

use totp_rs::{Builder, Secret, TotpError};
use types::Timestamp;

use super::Email;

/// 160 bits, as RFC 4226 (4, R6) recommends.
pub const SECRET_BYTES: usize = 20;
const ISSUER: &str = "Haat";

/// The time step whose code this is, if it is the code of now or of a step before or after. A step's code must not be
/// accepted twice (RFC 6238, 5.2): the caller remembers the newest step.
///
/// # Errors
/// The secret is too short to be one of ours.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Result<Option<i64>, TotpError> {
    let totp = Builder::new().with_secret(Secret::from(secret)).build()?;
    let now = u64::try_from(now.as_seconds()).unwrap_or(0);
    Ok(totp.check(code, now).and_then(|step| i64::try_from(step).ok()))
}

/// The secret as it is typed in (base 32), and as a QR code holds it.
pub fn shown(secret: &[u8], email: &Email) -> (String, String) {
    let base32 = Secret::from(secret).to_base32();
    let account = percent_encoded(email.as_str());
    let uri =
        format!("otpauth://totp/{ISSUER}:{account}?secret={base32}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30");
    (base32, uri)
}

/// RFC 3986: everything but the unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; SECRET_BYTES] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_microseconds(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1, the last six of its eight digits.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step_of(SECRET, code, at(seconds)).unwrap(), Some(seconds / 30), "{code}");
        }
    }

    #[test]
    fn a_clock_may_be_half_a_minute_off_and_not_more() {
        assert_eq!(step_of(SECRET, "287082", at(59 + 30)).unwrap(), Some(1));
        assert_eq!(step_of(SECRET, "287082", at(59 - 30)).unwrap(), Some(1));
        assert_eq!(step_of(SECRET, "287082", at(59 + 60)).unwrap(), None);
        assert_eq!(step_of(SECRET, "287083", at(59)).unwrap(), None);
    }

    #[test]
    fn an_authenticator_can_read_the_enrolment() {
        let (secret, uri) = shown(SECRET, &"asha+haat@example.in".parse().unwrap());
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let expected = "otpauth://totp/Haat:asha%2Bhaat%40example.in?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert!(uri.starts_with(expected), "{uri}");
    }
}
