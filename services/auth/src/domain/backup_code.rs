use std::fmt;
use std::str::FromStr;

use super::Hash;

/// Stands in for the authenticator once: 80 bits as four groups of four letters and digits, without those that are mistaken
/// for one another (RFC 4648's base 32).
#[derive(Clone, PartialEq, Eq)]
pub struct BackupCode(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a backup code")]
pub struct MalformedBackupCode;

/// How many an account has.
pub const COUNT: usize = 10;
/// 32 letters and digits that are not mistaken for one another.
pub(super) const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LENGTH: usize = 16;
const GROUP: usize = 4;

impl BackupCode {
    pub fn new(randomness: [u8; LENGTH]) -> Self {
        // 256 is a multiple of 32: each letter is as likely as any other.
        BackupCode(randomness.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
    }

    pub fn hash(&self) -> Hash {
        Hash::of(self.0.as_bytes())
    }

    /// As it is shown: `ABCD-EFGH-IJKL-MNOP`.
    pub fn expose(&self) -> String {
        let groups: Vec<&str> = (0..LENGTH).step_by(GROUP).filter_map(|at| self.0.get(at..at + GROUP)).collect();
        groups.join("-")
    }
}

impl FromStr for BackupCode {
    type Err = MalformedBackupCode;
    fn from_str(text: &str) -> Result<Self, MalformedBackupCode> {
        let compact: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect::<String>().to_ascii_uppercase();
        let good = compact.len() == LENGTH && compact.bytes().all(|b| ALPHABET.contains(&b));
        if good { Ok(BackupCode(compact)) } else { Err(MalformedBackupCode) }
    }
}

impl fmt::Debug for BackupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_code_is_known_again_however_it_is_typed(randomness: [u8; LENGTH]) {
            let code = BackupCode::new(randomness);
            let shown = code.expose();
            prop_assert_eq!(shown.len(), 19);
            for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('-', "")] {
                prop_assert_eq!(typed.parse::<BackupCode>().unwrap().hash(), code.hash());
            }
        }
    }

    #[test]
    fn six_digits_are_no_backup_code() {
        assert_eq!("123456".parse::<BackupCode>(), Err(MalformedBackupCode));
        assert_eq!("ABCD-EFGH-IJKL-MNO1".parse::<BackupCode>(), Err(MalformedBackupCode));
    }
}
