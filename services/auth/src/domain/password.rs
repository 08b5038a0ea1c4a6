use std::fmt;

use super::Email;

/// A password that is good enough to be set (NIST SP 800-63B, 3.1.1.2): long, and not among those that are tried first.
/// Nothing is asked of its characters, as such rules make passwords worse.
#[derive(Clone)]
pub struct Password(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("must have at least {SHORTEST} characters")]
    TooShort,
    #[error("must have at most {LONGEST} characters")]
    TooLong,
    #[error("must not be the e-mail address or a part of it")]
    IsEmail,
    #[error("is among those that are tried first: choose another")]
    Common,
}

/// In characters.
pub const SHORTEST: usize = 8;
/// In characters.
pub const LONGEST: usize = 128;

impl Password {
    pub fn choose(text: &str, email: &Email) -> Result<Self, WeakPassword> {
        let length = text.chars().count();
        if length < SHORTEST {
            return Err(WeakPassword::TooShort);
        }
        if length > LONGEST {
            return Err(WeakPassword::TooLong);
        }
        let lower = text.to_lowercase();
        if email.as_str() == lower || email.local_part() == lower {
            return Err(WeakPassword::IsEmail);
        }
        let mut characters = lower.chars();
        let first = characters.next();
        if COMMON.contains(&lower.as_str()) || characters.all(|c| Some(c) == first) {
            return Err(WeakPassword::Common);
        }
        Ok(Password(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// In lower case; of those with eight characters or more that are found in every published list, and some of India's.
const COMMON: &[&str] = &[
    "0123456789",
    "123123123",
    "12341234",
    "12345678",
    "123456789",
    "1234567890",
    "1234qwer",
    "123qweasd",
    "147258369",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "87654321",
    "987654321",
    "9876543210",
    "a1b2c3d4",
    "aa123456",
    "abc12345",
    "abcd1234",
    "abcd@1234",
    "abcdefgh",
    "admin123",
    "admin@123",
    "administrator",
    "asdf1234",
    "asdfasdf",
    "asdfghjk",
    "asdfghjkl",
    "bangalore",
    "baseball",
    "basketball",
    "bismillah",
    "butterfly",
    "changeme",
    "charlie1",
    "chocolate",
    "computer",
    "corvette",
    "cricket1",
    "dragon123",
    "football",
    "ganesh123",
    "google123",
    "haathaat",
    "hello123",
    "hyderabad",
    "iloveyou",
    "iloveyou1",
    "india123",
    "india@123",
    "indian123",
    "internet",
    "jaimatadi",
    "jaishreeram",
    "krishna1",
    "krishna123",
    "lakshmi1",
    "letmein1",
    "liverpool",
    "lovely123",
    "master123",
    "michelle",
    "monkey123",
    "mustang1",
    "omsairam",
    "p@ssw0rd",
    "p@ssword",
    "pass1234",
    "pass@123",
    "passw0rd",
    "password",
    "password!",
    "password1",
    "password12",
    "password123",
    "password@1",
    "password@123",
    "princess",
    "q1w2e3r4",
    "qazwsxedc",
    "qwer1234",
    "qwerty12",
    "qwerty123",
    "qwertyui",
    "qwertyuiop",
    "radhe123",
    "sachin10",
    "samsung1",
    "secret123",
    "shadow123",
    "starwars",
    "sunshine",
    "superman",
    "test1234",
    "trustno1",
    "victoria",
    "welcome1",
    "welcome123",
    "welcome@123",
    "whatever",
    "zaq12wsx",
    "zxcvbnm1",
    "zxcvbnm123",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn choose(text: &str) -> Result<Password, WeakPassword> {
        Password::choose(text, &"asha.rao@example.in".parse().unwrap())
    }

    #[test]
    fn what_would_be_tried_first_is_refused() {
        assert_eq!(choose("short").unwrap_err(), WeakPassword::TooShort);
        assert_eq!(choose(&"x1".repeat(65)).unwrap_err(), WeakPassword::TooLong);
        assert_eq!(choose("Asha.Rao@Example.in").unwrap_err(), WeakPassword::IsEmail);
        assert_eq!(choose("ASHA.RAO").unwrap_err(), WeakPassword::IsEmail);
        assert_eq!(choose("Password@123").unwrap_err(), WeakPassword::Common);
        assert_eq!(choose("zzzzzzzzzz").unwrap_err(), WeakPassword::Common);
    }

    #[test]
    fn a_sentence_in_any_script_is_good_and_counted_in_characters() {
        assert_eq!(choose("नमस्ते दुनिया").unwrap().expose(), "नमस्ते दुनिया");
        assert_eq!(choose(&"é".repeat(127).replacen('é', "e", 1)).map(drop), Ok(()));
        assert_eq!(choose("नमस्ते").unwrap_err(), WeakPassword::TooShort, "six characters in eighteen bytes");
    }

    #[test]
    fn the_common_ones_could_be_chosen_otherwise() {
        for common in COMMON {
            assert!(common.len() >= SHORTEST && *common == common.to_lowercase(), "{common}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_taken_as_it_is_and_never_printed(text in "\\PC{0,140}") {
            if let Ok(password) = choose(&text) {
                prop_assert_eq!(password.expose(), &text);
                prop_assert!((SHORTEST..=LONGEST).contains(&text.chars().count()));
                prop_assert_eq!(format!("{password:?}"), "[secret]");
            }
        }
    }
}
