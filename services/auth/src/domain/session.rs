//! Sessions: one log-in on one device, kept alive by tokens of which each is good once.

use std::time::Duration;

use types::{Timestamp, text_enum};

use super::RefreshToken;

/// A session that is not refreshed for so long ends by itself.
pub const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Live ones per account; one more ends the one that was used longest ago.
pub const MOST: i64 = 20;
/// For so long after the log-in a session may change what protects the account.
pub const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long a log-in waits for its second factor.
pub const CHALLENGE_LIFE: Duration = Duration::from_secs(5 * 60);
/// The owner is told of a new device at most so often: the client chooses the device's name.
pub const NEW_DEVICE_REST: Duration = Duration::from_secs(60 * 60);
/// In characters.
const LONGEST_DEVICE: usize = 100;

text_enum! {
    /// Why a session has ended before its time.
    pub enum EndReason {
        LoggedOut = "logged_out",
        /// By its owner, from another session.
        Revoked = "revoked",
        /// A used refresh token came again: there is a copy of it.
        TokenReused = "token_reused",
        PasswordChanged = "password_changed",
        RolesChanged = "roles_changed",
        /// It was begun without the second factor that there is now.
        MfaEnabled = "mfa_enabled",
        TooMany = "too_many",
    }
}

/// What is known of a session when one of its tokens comes.
#[derive(Clone, Debug)]
pub struct Standing {
    pub family_hash: Vec<u8>,
    pub token_hash: Vec<u8>,
    pub expires_at: Timestamp,
    pub ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest token: the next may be made.
    Good,
    /// Not this session's, or the session is over.
    Refused,
    /// An earlier token of a live session. The session must end: whoever came second, the thief or the owner, cannot be told.
    ///
    /// This also meets a client whose answer got lost and that tries again; it has to log in. Answering a repeat with the
    /// same successor would serve a thief that is quick just as well.
    Reused,
}

impl Standing {
    pub fn verdict(&self, token: &RefreshToken, now: Timestamp) -> Verdict {
        if self.ended || now >= self.expires_at || !token.family_hash().is(&self.family_hash) {
            Verdict::Refused
        } else if token.hash().is(&self.token_hash) {
            Verdict::Good
        } else {
            Verdict::Reused
        }
    }
}

/// What the list of sessions calls a device: what the client says, or its `User-Agent`, without control characters and
/// not too long.
pub fn device(named: Option<&str>, user_agent: Option<&str>) -> String {
    let tidy = |text: &str| {
        let printable: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST_DEVICE).collect();
        Some(printable.trim().to_owned()).filter(|text| !text.is_empty())
    };
    named.and_then(tidy).or_else(|| user_agent.and_then(tidy)).unwrap_or_else(|| "unknown device".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::SessionId;

    #[test]
    fn only_the_newest_token_is_good_and_an_older_one_betrays_a_copy() {
        let now = Timestamp::from_microseconds(0);
        let first = RefreshToken::new(SessionId::new(), [[1; 16], [2; 16]]);
        let second = first.next([3; 16]);
        let standing = Standing {
            family_hash: second.family_hash().as_bytes().to_vec(),
            token_hash: second.hash().as_bytes().to_vec(),
            expires_at: now.plus(LIFE),
            ended: false,
        };
        assert_eq!(standing.verdict(&second, now), Verdict::Good);
        assert_eq!(standing.verdict(&first, now), Verdict::Reused);
        let guessed = RefreshToken::new(first.session, [[9; 16], [3; 16]]);
        assert_eq!(standing.verdict(&guessed, now), Verdict::Refused, "who only knows the id cannot end the session");
        assert_eq!(standing.verdict(&second, now.plus(LIFE)), Verdict::Refused);
        let ended = Standing { ended: true, ..standing };
        assert_eq!(ended.verdict(&second, now), Verdict::Refused);
        assert_eq!(ended.verdict(&first, now), Verdict::Refused);
    }

    #[test]
    fn a_device_has_a_name_that_can_be_shown() {
        assert_eq!(device(Some(" Asha's\u{7} phone "), Some("Firefox")), "Asha's phone");
        assert_eq!(device(Some("\n"), Some("Mozilla/5.0")), "Mozilla/5.0");
        assert_eq!(device(None, None), "unknown device");
        assert_eq!(device(None, Some(&"x".repeat(500))).len(), 100);
    }
}
