//! Accounts, log-in, sessions.

use serde::{Deserialize, Serialize};
use types::{CodeReference, Timestamp, UserId, text_enum};
use utoipa::ToSchema;

use crate::{call, event};

text_enum! {
    /// What a one-time code is good for.
    pub enum CodePurpose {
        VerifyEmail = "verify_email",
        LogIn = "log_in",
        ResetPassword = "reset_password",
    }
}

text_enum! {
    pub enum CodeChannel {
        Email = "email",
        Sms = "sms",
    }
}

/// Asks for a one-time code by the reference that `user.code_requested` carries, to send it to its owner.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RevealCode {
    pub reference: CodeReference,
}
call!(RevealCode => RevealedCode, Auth, "reveal-code");

#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RevealedCode {
    /// `destination` is the e-mail address or the phone number (E.164) to send it to.
    Live { code: String, purpose: CodePurpose, channel: CodeChannel, destination: String, expires_at: Timestamp },
    /// It was used, replaced or has expired: there is nothing to send.
    Gone,
}

/// A new account. Carries the personal data because the user service makes the profile from it.
#[derive(Clone, Serialize, Deserialize)]
pub struct UserRegistered {
    pub user_id: UserId,
    pub name: String,
    pub email: String,
    /// E.164.
    pub phone: Option<String>,
    /// BCP 47, such as `en-IN` or `hi-IN`.
    pub locale: String,
}
event!(UserRegistered, User, "user.registered.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EmailVerified {
    pub user_id: UserId,
}
event!(EmailVerified, User, "user.email_verified.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordChanged {
    pub user_id: UserId,
}
event!(PasswordChanged, User, "user.password_changed.v1");

/// Too many failed log-ins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserLocked {
    pub user_id: UserId,
    pub until: Timestamp,
}
event!(UserLocked, User, "user.locked.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MfaChanged {
    pub user_id: UserId,
    pub enabled: bool,
}
event!(MfaChanged, User, "user.mfa_changed.v1");

text_enum! {
    pub enum Suspicion {
        /// A refresh token was used twice: it, or the device, was stolen. The whole family was ended.
        RefreshTokenReused = "refresh_token_reused",
        NewDevice = "new_device",
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginSuspicious {
    pub user_id: UserId,
    pub reason: Suspicion,
}
event!(LoginSuspicious, User, "user.login_suspicious.v1");

/// A one-time code is to be sent. Carries a reference, never the code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodeRequested {
    pub user_id: UserId,
    pub reference: CodeReference,
    pub purpose: CodePurpose,
    pub channel: CodeChannel,
}
event!(CodeRequested, User, "user.code_requested.v1");
