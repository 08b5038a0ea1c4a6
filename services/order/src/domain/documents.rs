//! Invoices and credit notes: numbers, financial years, the seller.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::gst::SELLER_STATE;

/// Whose documents they are. Stored with each invoice, which must not change when the seller moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    pub name: String,
    pub gstin: Gstin,
    pub address: String,
}

/// A GST identification number: state code, PAN, number of the registration, `Z`, check character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Gstin(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GstinError {
    #[error(
        "a GSTIN has 15 characters: two digits, five letters, four digits, a letter, a digit or letter, Z, a check character"
    )]
    Form,
    #[error("the check character is wrong: it should be {0}")]
    Check(char),
    #[error("the seller must be registered in {SELLER_STATE}, on which the kind of tax depends")]
    State,
}

impl Gstin {
    /// Nobody's: for a developer's machine.
    pub fn demonstration() -> Self {
        Gstin("36AABCH1234A1ZD".to_owned())
    }
}

/// In which financial year (April to March) a day in India falls: `2627` is April 2026 to March 2027.
pub fn financial_year(day: Date) -> String {
    let first = if day.month() >= 4 { day.year() } else { day.year() - 1 };
    format!("{:02}{:02}", first.rem_euclid(100), (first + 1).rem_euclid(100))
}

/// The middle of an order's number: `2611` for November 2026.
pub fn order_month(day: Date) -> String {
    format!("{:02}{:02}", day.year().rem_euclid(100), day.month())
}

impl FromStr for Gstin {
    type Err = GstinError;

    fn from_str(text: &str) -> Result<Self, GstinError> {
        let bytes = text.as_bytes();
        let form: &[fn(&u8) -> bool] = &[u8::is_ascii_digit, u8::is_ascii_uppercase, is_base_36];
        let kinds = b"001111100001222"; // digit, letter, either; the last but one is checked below
        let well_formed = bytes.len() == kinds.len()
            && bytes.iter().zip(kinds).all(|(byte, kind)| form[usize::from(kind - b'0')](byte))
            && bytes[13] == b'Z';
        if !well_formed {
            return Err(GstinError::Form);
        }
        if !text.starts_with(&SELLER_STATE.to_string()) {
            return Err(GstinError::State);
        }
        let expected = check_character(&bytes[..14]);
        if char::from(bytes[14]) == expected { Ok(Gstin(text.to_owned())) } else { Err(GstinError::Check(expected)) }
    }
}

impl TryFrom<String> for Gstin {
    type Error = GstinError;
    fn try_from(text: String) -> Result<Self, GstinError> {
        text.parse()
    }
}

impl From<Gstin> for String {
    fn from(gstin: Gstin) -> String {
        gstin.0
    }
}

impl fmt::Display for Gstin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const BASE_36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn is_base_36(byte: &u8) -> bool {
    BASE_36.contains(byte)
}

/// The products of the characters' values with 1, 2, 1, 2 ..., their digits to the base 36 summed, complemented.
fn check_character(characters: &[u8]) -> char {
    let value = |byte: &u8| BASE_36.iter().position(|c| c == byte).unwrap_or(0);
    let sum: usize = characters
        .iter()
        .enumerate()
        .map(|(i, byte)| value(byte) * (1 + i % 2))
        .map(|product| product / 36 + product % 36)
        .sum();
    char::from(BASE_36[(36 - sum % 36) % 36])
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_financial_year_begins_in_april() {
        assert_eq!(financial_year(date(2026, 4, 1)), "2627");
        assert_eq!(financial_year(date(2027, 3, 31)), "2627");
        assert_eq!(financial_year(date(2027, 4, 1)), "2728");
        assert_eq!(financial_year(date(2099, 12, 1)), "9900");
        assert_eq!(order_month(date(2026, 11, 23)), "2611");
    }

    #[test]
    fn a_gstin_with_a_slip_is_refused() {
        // A published example of the check character: 27AAPFU0939F1ZV.
        assert_eq!(check_character(b"27AAPFU0939F1Z"), 'V');
        assert_eq!("27AAPFU0939F1ZV".parse::<Gstin>(), Err(GstinError::State));
        assert_eq!("36aabch1234a1z6".parse::<Gstin>(), Err(GstinError::Form));
        assert_eq!("".parse::<Gstin>(), Err(GstinError::Form));
        let right = Gstin::demonstration();
        assert_eq!(right.to_string().parse(), Ok(right.clone()));
        let slip = right.to_string().replace("1234", "1243");
        assert!(matches!(slip.parse::<Gstin>(), Err(GstinError::Check(_))));
    }
}
