use std::fmt;
use std::str::FromStr;

/// A phone number in E.164 (`+919876543210`). Ten digits alone are an Indian mobile number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a mobile number of ten digits, or one with + and its country's code")]
pub struct MalformedPhone;

const INDIA: &str = "91";
/// E.164: at most 15 digits; no country has complete numbers of fewer than 8.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

impl Phone {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = MalformedPhone;
    fn from_str(text: &str) -> Result<Self, MalformedPhone> {
        let compact: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
        let international = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"));
        let digits = match international {
            Some(digits) => digits.to_owned(),
            // As it is dialled within India: ten digits, with or without the trunk prefix.
            None => format!("{INDIA}{}", compact.strip_prefix('0').unwrap_or(&compact)),
        };
        let number =
            digits.bytes().all(|b| b.is_ascii_digit()) && DIGITS.contains(&digits.len()) && !digits.starts_with('0');
        let possible = digits.strip_prefix(INDIA).is_none_or(is_indian_mobile);
        if number && possible { Ok(Phone(format!("+{digits}"))) } else { Err(MalformedPhone) }
    }
}

/// National Numbering Plan 2003: ten digits, the first 6 to 9.
fn is_indian_mobile(digits: &str) -> bool {
    digits.len() == 10 && matches!(digits.as_bytes().first(), Some(b'6'..=b'9'))
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_number_in_many_spellings_is_one_number() {
        for text in ["9876543210", "09876543210", "+91 98765 43210", "0091-9876543210", " (+91) 98765-43210 "] {
            assert_eq!(text.parse::<Phone>().map(|p| p.as_str().to_owned()), Ok("+919876543210".to_owned()), "{text}");
        }
        assert_eq!("+1 212 555 0123".parse::<Phone>().unwrap().as_str(), "+12125550123");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in [
            "",
            "+",
            "12345",
            "5876543210",
            "987654321",
            "98765432101",
            "+91123",
            "+0123456789",
            "98765x3210",
            "+1234567890123456",
        ] {
            assert_eq!(wrong.parse::<Phone>(), Err(MalformedPhone), "{wrong}");
        }
        assert_eq!("९८७६५४३२१०".parse::<Phone>(), Err(MalformedPhone), "digits of another script");
    }

    proptest! {
        #[test]
        fn a_number_parses_to_itself_and_prints_nothing(national in "[6-9][0-9]{9}") {
            let phone: Phone = national.parse().unwrap();
            prop_assert_eq!(phone.as_str(), format!("+91{national}"));
            let printed = format!("{phone:?}");
            prop_assert!(!printed.contains(&national));
            prop_assert_eq!(phone.as_str().parse::<Phone>().unwrap(), phone);
        }

        #[test]
        fn whatever_parses_is_what_the_column_accepts(text in "[-+() 0-9a-z.]{0,24}") {
            if let Ok(phone) = text.parse::<Phone>() {
                let digits = phone.as_str().strip_prefix('+').unwrap();
                prop_assert!((8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
                prop_assert!(!digits.starts_with('0'));
            }
        }
    }
}
