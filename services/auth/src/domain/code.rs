//! One-time codes: computed, not stored. What goes by SMS is six digits and may be tried five times. What goes by e-mail is long
//! enough that nobody need count: whoever has only an address could use up the attempts of its owner otherwise.

use std::time::Duration;

use contracts::auth::CodePurpose;
use types::Timestamp;

use super::backup_code::ALPHABET;

/// Wrong codes before the right one is no longer accepted: with [`PER_DAY`], fifty guesses a day at one of a million.
pub const MOST_ATTEMPTS: i16 = 5;
/// Codes of one purpose to one address or number.
pub const PER_HOUR: i64 = 5;
pub const PER_DAY: i64 = 10;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Letters of a code that goes by e-mail, 5 bits each.
const LETTERS: usize = 12;
const GROUP: usize = 4;

/// Does it go by e-mail? By SMS otherwise.
pub fn is_mailed(purpose: CodePurpose) -> bool {
    match purpose {
        CodePurpose::VerifyEmail | CodePurpose::ResetPassword => true,
        CodePurpose::VerifyPhone | CodePurpose::LogIn => false,
    }
}

/// How long a code is good.
pub fn life(purpose: CodePurpose) -> Duration {
    if is_mailed(purpose) { HOUR } else { Duration::from_secs(10 * 60) }
}

/// Where a code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub attempts: i16,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl Standing {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.attempts < MOST_ATTEMPTS && now < self.expires_at
    }
}

/// May another code be sent to where `in_hour` and `in_day` of this purpose were sent in the last hour and day? By e-mail one
/// always may if none of the last hour is left: nobody can keep an address's owner waiting by asking before them.
///
/// # Errors
/// How long to wait at most.
pub fn may_send(purpose: CodePurpose, in_hour: i64, in_day: i64) -> Result<(), Duration> {
    if is_mailed(purpose) && in_hour == 0 {
        Ok(())
    } else if in_hour >= PER_HOUR || (is_mailed(purpose) && in_day >= PER_DAY) {
        Err(HOUR)
    } else if in_day >= PER_DAY {
        Err(HOUR * 24)
    } else {
        Ok(())
    }
}

/// The code that a MAC yields.
pub fn written(mac: &[u8; 32], purpose: CodePurpose) -> String {
    if is_mailed(purpose) { letters(mac) } else { digits(mac) }
}

/// What somebody has typed, as all ways to type the same code are compared.
pub fn compact(typed: &str) -> String {
    typed.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect()
}

/// Three groups of four letters and digits: `K7M2-Q6XW-TA4B`, one of 2^60.
fn letters(mac: &[u8; 32]) -> String {
    // 256 is a multiple of 32: each letter is as likely as any other.
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    let groups: Vec<String> = mac[..LETTERS].chunks(GROUP).map(|group| group.iter().map(letter).collect()).collect();
    groups.join("-")
}

/// Six digits of a MAC (RFC 4226, 5.3: dynamic truncation).
fn digits(mac: &[u8; 32]) -> String {
    let offset = usize::from(mac[31] & 0x0f);
    let number = u32::from_be_bytes([mac[offset] & 0x7f, mac[offset + 1], mac[offset + 2], mac[offset + 3]]);
    format!("{:06}", number % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_are_taken_as_rfc_4226_takes_them() {
        // Its example (5.4): the four bytes 0x50ef7f19 at the offset that the last nibble names.
        let mut mac = [0; 32];
        mac[10..14].copy_from_slice(&[0x50, 0xef, 0x7f, 0x19]);
        mac[31] = 0x5a;
        assert_eq!(digits(&mac), "872921");
    }

    #[test]
    fn a_code_is_good_until_it_is_used_guessed_at_or_old() {
        let now = Timestamp::from_microseconds(0);
        let expires_at = now.plus(life(CodePurpose::LogIn));
        let code = Standing { attempts: 4, expires_at, used_at: None };
        assert!(code.is_live(now));
        assert!(!Standing { attempts: 5, ..code }.is_live(now));
        assert!(!Standing { used_at: Some(now), ..code }.is_live(now));
        assert!(!code.is_live(expires_at));
    }

    #[test]
    fn a_number_gets_five_an_hour_and_ten_a_day() {
        assert_eq!(may_send(CodePurpose::LogIn, 4, 9), Ok(()));
        assert_eq!(may_send(CodePurpose::LogIn, 5, 5), Err(HOUR));
        assert_eq!(may_send(CodePurpose::LogIn, 0, 10), Err(HOUR * 24));
    }

    #[test]
    fn a_mailbox_gets_no_more_but_never_has_to_wait_with_none_that_is_good() {
        assert_eq!(may_send(CodePurpose::ResetPassword, 4, 9), Ok(()));
        assert_eq!(may_send(CodePurpose::ResetPassword, 5, 5), Err(HOUR));
        assert_eq!(may_send(CodePurpose::ResetPassword, 1, 10), Err(HOUR));
        assert_eq!(may_send(CodePurpose::ResetPassword, 0, 500), Ok(()));
        assert_eq!(life(CodePurpose::ResetPassword), HOUR, "so that none is good when none is of the last hour");
    }

    proptest! {
        #[test]
        fn every_mac_has_six_digits(mac: [u8; 32]) {
            let digits = digits(&mac);
            prop_assert!(digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()));
        }

        #[test]
        fn a_code_is_known_again_however_it_is_typed(mac: [u8; 32]) {
            let code = letters(&mac);
            prop_assert_eq!(code.len(), 14);
            for typed in [code.clone(), code.to_lowercase(), code.replace('-', " "), code.replace('-', "")] {
                prop_assert_eq!(compact(&typed), compact(&code));
            }
        }
    }
}
