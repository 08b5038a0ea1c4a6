//! A role's password as PostgreSQL keeps it, so that it is told that and not the password.

use std::num::NonZeroU32;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use aws_lc_rs::{hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Rounds make it slow to try out passwords that people choose; those of a private server are random, and everybody who connects
/// has to go through all of them. The usual number takes sqlx, which does five at a time between its runtime's other work,
/// seconds on a busy one.
pub const FEWEST_ROUNDS: NonZeroU32 = NonZeroU32::MIN;
/// PostgreSQL's own default, and the fewest that RFC 7677 allows.
pub const USUAL_ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4095);
const SALT: usize = 16;

/// A SCRAM-SHA-256 secret (RFC 5803 has its parts, PostgreSQL their order). The password is ASCII.
pub fn secret(password: &str, rounds: NonZeroU32) -> String {
    secret_with(password, &rand::random::<[u8; SALT]>(), rounds)
}

fn secret_with(password: &str, salt: &[u8], rounds: NonZeroU32) -> String {
    let mut salted = [0; SHA256_OUTPUT_LEN];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password.as_bytes(), &mut salted);
    let salted = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let stored = digest(&SHA256, hmac::sign(&salted, b"Client Key").as_ref());
    let server = hmac::sign(&salted, b"Server Key");
    let [salt, stored, server] = [salt, stored.as_ref(), server.as_ref()].map(|bytes| STANDARD.encode(bytes));
    format!("SCRAM-SHA-256${rounds}:{salt}${stored}:{server}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_a_server_makes_of_the_password() {
        // The salt and the password of RFC 7677's example; what PostgreSQL 15 makes of them.
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        assert_eq!(
            secret_with("pencil", &salt, USUAL_ROUNDS),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }
}
