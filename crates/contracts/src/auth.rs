//! Accounts, log-in, sessions.
//!
//! What carries a password, a token, a code or somebody's address has no `Debug`, so that it cannot get into a log.

use garde::Validate;
use serde::{Deserialize, Serialize};
use types::{CodeReference, Role, SessionId, Timestamp, UserId, text_enum};
use utoipa::ToSchema;

use crate::{call, event};

text_enum! {
    /// What a one-time code is good for.
    pub enum CodePurpose {
        VerifyEmail = "verify_email",
        VerifyPhone = "verify_phone",
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

/// Asks for the number that a customer has shown to be theirs: what concerns the account's safety goes to no other, as anybody
/// can type in a stranger's.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GetConfirmedPhone {
    pub user_id: UserId,
}
call!(GetConfirmedPhone => ConfirmedPhone, Auth, "get-confirmed-phone");

#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ConfirmedPhone {
    /// E.164; null if there is none.
    pub phone: Option<String>,
}

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

/// A new account. Its owner then confirms the e-mail address with the code that was sent there.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "Asha Rao")]
    pub name: String,
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = "email", example = "asha@example.in")]
    pub email: String,
    /// E.164, or the ten digits of an Indian mobile number. Good for log-in once it is confirmed.
    #[garde(inner(length(chars, min = 8, max = 20)))]
    #[schema(min_length = 8, max_length = 20, example = "+919876543210")]
    #[serde(default)]
    pub phone: Option<String>,
    /// Neither the e-mail address nor one of the most common passwords. Any character counts, also a space.
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128, format = "password")]
    pub password: String,
    /// BCP 47; `en-IN` if absent.
    #[garde(inner(length(chars, min = 2, max = 35), pattern(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")))]
    #[schema(min_length = 2, max_length = 35, pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", example = "hi-IN")]
    #[serde(default)]
    pub locale: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Registered {
    pub user_id: UserId,
    pub email: String,
    pub email_verified: bool,
}

/// The code that was sent to the e-mail address.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailConfirmation {
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = "email")]
    pub email: String,
    /// Upper or lower case, with or without its hyphens.
    #[garde(length(chars, min = 6, max = 20))]
    #[schema(min_length = 6, max_length = 20, example = "K7M2-Q6XW-TA4B")]
    pub code: String,
}

/// An e-mail address that a code is to be sent to.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailOnly {
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = "email")]
    pub email: String,
}

/// A phone number that a code is to be sent to.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneOnly {
    /// E.164, or the ten digits of an Indian mobile number.
    #[garde(length(chars, min = 8, max = 20))]
    #[schema(min_length = 8, max_length = 20, example = "+919876543210")]
    pub phone: String,
}

/// A code is on its way, if there is somebody to send it to: this answer does not tell.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CodeSent {
    /// To be sent back with the code.
    pub reference: CodeReference,
    pub expires_at: Timestamp,
}

/// A code and the reference it was announced with.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneConfirmation {
    #[garde(skip)]
    pub reference: CodeReference,
    #[garde(length(chars, min = 6, max = 6))]
    #[schema(min_length = 6, max_length = 6, example = "493827")]
    pub code: String,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = "email")]
    pub email: String,
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, format = "password")]
    pub password: String,
    /// What the list of sessions calls this device; by default what `User-Agent` says.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[schema(min_length = 1, max_length = 100, example = "Asha's phone")]
    #[serde(default)]
    pub device: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneLogin {
    #[garde(skip)]
    pub reference: CodeReference,
    #[garde(length(chars, min = 6, max = 6))]
    #[schema(min_length = 6, max_length = 6, example = "493827")]
    pub code: String,
    /// What the list of sessions calls this device; by default what `User-Agent` says.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[schema(min_length = 1, max_length = 100)]
    #[serde(default)]
    pub device: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum LoginOutcome {
    LoggedIn(Tokens),
    /// The account has a second factor: send its code with the token to `/api/v1/auth/login/mfa`.
    MfaRequired {
        mfa_token: String,
        expires_at: Timestamp,
    },
}

/// A session's tokens.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer`; good for 15 minutes.
    pub access_token: String,
    pub expires_at: Timestamp,
    /// Good once, for 7 days: each refresh answers with the next one. Keep it where no script can read it.
    pub refresh_token: String,
    pub refresh_expires_at: Timestamp,
    pub session_id: SessionId,
    pub user_id: UserId,
    pub roles: Vec<Role>,
    pub email_verified: bool,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MfaLogin {
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub mfa_token: String,
    /// Six digits of the authenticator, or a backup code.
    #[garde(length(chars, min = 6, max = 24))]
    #[schema(min_length = 6, max_length = 24, example = "493827")]
    pub code: String,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub refresh_token: String,
}

/// One log-in on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionDetails {
    pub id: SessionId,
    pub device: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// Unless it is refreshed before.
    pub expires_at: Timestamp,
    /// Is it the one that asks?
    pub current: bool,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = "email")]
    pub email: String,
    /// Upper or lower case, with or without its hyphens.
    #[garde(length(chars, min = 6, max = 20))]
    #[schema(min_length = 6, max_length = 20, example = "K7M2-Q6XW-TA4B")]
    pub code: String,
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128, format = "password")]
    pub new_password: String,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, format = "password")]
    pub current_password: String,
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128, format = "password")]
    pub new_password: String,
}

/// An account as its owner sees it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Account {
    pub user_id: UserId,
    pub email: String,
    pub email_verified: bool,
    /// E.164.
    pub phone: Option<String>,
    pub phone_verified: bool,
    pub roles: Vec<Role>,
    pub mfa_enabled: bool,
    pub backup_codes_left: u32,
    pub created_at: Timestamp,
}

/// An account as an administrator sees it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ManagedAccount {
    #[serde(flatten)]
    pub account: Account,
    /// Too many failed log-ins: no further one before this.
    pub locked_until: Option<Timestamp>,
}

/// What an authenticator needs. Nothing is protected until a first code was confirmed.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TotpEnrolment {
    /// Base32, to be typed in.
    pub secret: String,
    /// `otpauth://totp/...`, to be shown as a QR code.
    pub uri: String,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirmation {
    #[garde(length(chars, min = 6, max = 6))]
    #[schema(min_length = 6, max_length = 6, example = "493827")]
    pub code: String,
}

/// Each is good once, in the place of the authenticator's code. They are shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct BackupCodes {
    pub codes: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoles {
    /// All of them; `customer` is always one.
    #[garde(length(min = 1, max = 5))]
    #[schema(min_items = 1, max_items = 5)]
    pub roles: Vec<Role>,
}
