//! What concerns the account.

use contracts::auth::{CodeRequested, EmailVerified, LoginSuspicious, MfaChanged, PasswordChanged, UserLocked};
use contracts::notification::NotificationKind as Kind;
use serde_json::{Value, json};
use types::UserId;

use super::Tells;
use crate::domain::Message;

impl Tells for EmailVerified {
    /// Only now: whoever registers with a stranger's address must not have mail sent there, but for the code.
    fn messages(&self) -> Vec<Message> {
        vec![about_account(Kind::Welcome, self.user_id, json!({}))]
    }
}

impl Tells for CodeRequested {
    fn messages(&self) -> Vec<Message> {
        let data = json!({ "purpose": self.purpose, "channel": self.channel });
        let message = about_account(Kind::VerificationCode, self.user_id, data);
        vec![Message { code: Some((self.reference, self.channel)), ..message }]
    }
}

impl Tells for PasswordChanged {
    fn messages(&self) -> Vec<Message> {
        vec![about_account(Kind::PasswordChanged, self.user_id, json!({}))]
    }
}

impl Tells for UserLocked {
    fn messages(&self) -> Vec<Message> {
        vec![about_account(Kind::AccountLocked, self.user_id, json!({ "until": self.until }))]
    }
}

impl Tells for MfaChanged {
    fn messages(&self) -> Vec<Message> {
        vec![about_account(Kind::MfaChanged, self.user_id, json!({ "enabled": self.enabled }))]
    }
}

impl Tells for LoginSuspicious {
    fn messages(&self) -> Vec<Message> {
        vec![about_account(Kind::SuspiciousLogin, self.user_id, json!({ "reason": self.reason }))]
    }
}

fn about_account(kind: Kind, user_id: UserId, data: Value) -> Message {
    Message { kind, user_id: Some(user_id), about: None, code: None, data }
}
