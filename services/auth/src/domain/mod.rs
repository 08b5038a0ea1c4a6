//! The rules: what an address, a password, a code, a token is, and when each is good.

pub mod attempt;
pub mod backup_code;
pub mod code;
pub mod email;
pub mod password;
pub mod phone;
pub mod role;
pub mod session;
pub mod token;
pub mod totp;

pub use attempt::Lock;
pub use backup_code::BackupCode;
pub use email::Email;
pub use password::Password;
pub use phone::Phone;
pub use session::EndReason;
pub use token::{ChallengeToken, Hash, RefreshToken};
