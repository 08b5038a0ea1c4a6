//! One-time codes: six digits that are computed, not stored.

use std::time::Duration;

use types::Timestamp;

pub const LIFE: Duration = Duration::from_secs(10 * 60);
/// Wrong codes before the right one is no longer accepted: with [`PER_HOUR`] and [`PER_DAY`], fifty guesses a day at one of a
/// million.
pub const MOST_ATTEMPTS: i16 = 5;
/// Codes to one address or number.
pub const PER_HOUR: i64 = 5;
pub const PER_DAY: i64 = 10;

/// Where a code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub attempts: i16,
    pub expires_at: Timestamp,
    /// Used, or replaced by a newer one.
    pub used_at: Option<Timestamp>,
}

impl Standing {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.attempts < MOST_ATTEMPTS && now < self.expires_at
    }
}

/// May another code be sent to where `in_hour` and `in_day` were sent in the last hour and day?
///
/// # Errors
/// How long to wait at most.
pub fn may_send(in_hour: i64, in_day: i64) -> Result<(), Duration> {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    if in_day >= PER_DAY {
        Err(HOUR * 24)
    } else if in_hour >= PER_HOUR {
        Err(HOUR)
    } else {
        Ok(())
    }
}

/// Six digits of a MAC (RFC 4226, 5.3: dynamic truncation).
pub fn digits(mac: &[u8; 32]) -> String {
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
        let expires_at = now.plus(LIFE);
        let code = Standing { attempts: 4, expires_at, used_at: None };
        assert!(code.is_live(now));
        assert!(!Standing { attempts: 5, ..code }.is_live(now));
        assert!(!Standing { used_at: Some(now), ..code }.is_live(now));
        assert!(!code.is_live(expires_at));
    }

    #[test]
    fn an_address_gets_five_an_hour_and_ten_a_day() {
        assert_eq!(may_send(4, 9), Ok(()));
        assert_eq!(may_send(5, 5), Err(Duration::from_secs(3600)));
        assert_eq!(may_send(0, 10), Err(Duration::from_secs(86400)));
    }

    proptest! {
        #[test]
        fn every_mac_has_six_digits(mac: [u8; 32]) {
            let digits = digits(&mac);
            prop_assert!(digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()));
        }
    }
}
