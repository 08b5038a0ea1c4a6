//! Places in India.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    #[error("a PIN code has six digits and does not start with 0")]
    PinCode,
    #[error("not a GST state code")]
    StateCode,
}

/// A Postal Index Number of India Post: six digits, the first of them 1 to 9 (9 is the Army Postal Service).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[1-9][0-9]{5}$", example = "500081")]
pub struct PinCode(String);

/// The states (by GST code) of each postal zone, which is a PIN code's first digit: India Post, "PIN code" (nine zones, of
/// which 9 is the Army Postal Service and lies anywhere). Yanam belongs to Puducherry (34) and lies in zone 5.
const ZONES: [(char, &[u8]); 8] = [
    ('1', &[1, 2, 3, 4, 6, 7, 38]),
    ('2', &[5, 9]),
    ('3', &[8, 24, 26]),
    ('4', &[22, 23, 27, 30]),
    ('5', &[29, 34, 36, 37]),
    ('6', &[31, 32, 33, 34]),
    ('7', &[11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 35]),
    ('8', &[10, 20]),
];

impl PinCode {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Can it be in a state, going by its postal zone?
    pub fn can_lie_in(&self, state: StateCode) -> bool {
        let zone = ZONES.iter().find(|(digit, _)| self.0.starts_with(*digit));
        zone.is_none_or(|(_, states)| states.contains(&state.0))
    }
}

impl FromStr for PinCode {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        if digits { Ok(PinCode(text.to_owned())) } else { Err(PlaceError::PinCode) }
    }
}

impl TryFrom<String> for PinCode {
    type Error = PlaceError;
    fn try_from(text: String) -> Result<Self, PlaceError> {
        text.parse()
    }
}

impl From<PinCode> for String {
    fn from(pin: PinCode) -> String {
        pin.0
    }
}

impl fmt::Display for PinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_column!(PinCode);

/// A state or union territory by the code that the GST law gives it (the first two digits of a GSTIN).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-9]{2}$", example = "36")]
pub struct StateCode(u8);

impl StateCode {
    pub const TELANGANA: StateCode = StateCode(36);

    /// Every code in use, with the state's name. 25 (Daman and Diu) was merged into 26 and 28 became 37 (Andhra Pradesh).
    pub const ALL: &'static [(StateCode, &'static str)] = &[
        (StateCode(1), "Jammu and Kashmir"),
        (StateCode(2), "Himachal Pradesh"),
        (StateCode(3), "Punjab"),
        (StateCode(4), "Chandigarh"),
        (StateCode(5), "Uttarakhand"),
        (StateCode(6), "Haryana"),
        (StateCode(7), "Delhi"),
        (StateCode(8), "Rajasthan"),
        (StateCode(9), "Uttar Pradesh"),
        (StateCode(10), "Bihar"),
        (StateCode(11), "Sikkim"),
        (StateCode(12), "Arunachal Pradesh"),
        (StateCode(13), "Nagaland"),
        (StateCode(14), "Manipur"),
        (StateCode(15), "Mizoram"),
        (StateCode(16), "Tripura"),
        (StateCode(17), "Meghalaya"),
        (StateCode(18), "Assam"),
        (StateCode(19), "West Bengal"),
        (StateCode(20), "Jharkhand"),
        (StateCode(21), "Odisha"),
        (StateCode(22), "Chhattisgarh"),
        (StateCode(23), "Madhya Pradesh"),
        (StateCode(24), "Gujarat"),
        (StateCode(26), "Dadra and Nagar Haveli and Daman and Diu"),
        (StateCode(27), "Maharashtra"),
        (StateCode(29), "Karnataka"),
        (StateCode(30), "Goa"),
        (StateCode(31), "Lakshadweep"),
        (StateCode(32), "Kerala"),
        (StateCode(33), "Tamil Nadu"),
        (StateCode(34), "Puducherry"),
        (StateCode(35), "Andaman and Nicobar Islands"),
        (StateCode(36), "Telangana"),
        (StateCode(37), "Andhra Pradesh"),
        (StateCode(38), "Ladakh"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(code, _)| *code == self).map_or("", |(_, name)| name)
    }
}

impl FromStr for StateCode {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        let code = text.parse().ok().filter(|_| digits).map(StateCode).ok_or(PlaceError::StateCode)?;
        if code.name().is_empty() { Err(PlaceError::StateCode) } else { Ok(code) }
    }
}

impl TryFrom<String> for StateCode {
    type Error = PlaceError;
    fn try_from(text: String) -> Result<Self, PlaceError> {
        text.parse()
    }
}

impl From<StateCode> for String {
    fn from(code: StateCode) -> String {
        code.to_string()
    }
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

crate::text_column!(StateCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_pin_code() {
        assert!("500081".parse::<PinCode>().is_ok());
        for wrong in ["", "50008", "5000811", "050008", "50008a", "५०००८१"] {
            assert_eq!(wrong.parse::<PinCode>(), Err(PlaceError::PinCode), "{wrong}");
        }
    }

    fn lies(pin: &str, state: &str) -> bool {
        pin.parse::<PinCode>().unwrap().can_lie_in(state.parse().unwrap())
    }

    #[test]
    fn a_pin_code_lies_in_the_states_of_its_zone_only() {
        for (pin, state) in [
            ("110001", "07"),
            ("160017", "04"),
            ("226001", "09"),
            ("302001", "08"),
            ("396210", "26"),
            ("400050", "27"),
            ("500081", "36"),
            ("520001", "37"),
            ("560001", "29"),
            ("533464", "34"),
            ("605001", "34"),
            ("682555", "31"),
            ("744101", "35"),
            ("800001", "10"),
        ] {
            assert!(lies(pin, state), "{pin} in {state}");
        }
        for (pin, state) in [("500081", "27"), ("400050", "36"), ("110001", "33"), ("834001", "21")] {
            assert!(!lies(pin, state), "{pin} in {state}");
        }
    }

    #[test]
    fn the_army_can_be_anywhere_and_every_state_has_a_zone() {
        for (state, name) in StateCode::ALL {
            assert!(lies("900056", &state.to_string()), "{name}");
            let zones = (1..=8).filter(|zone| lies(&format!("{zone}00001"), &state.to_string())).count();
            assert!((1..=2).contains(&zones), "{name} lies in {zones} zones");
        }
    }

    #[test]
    fn knows_the_states_by_their_gst_code() {
        assert_eq!("36".parse::<StateCode>().unwrap().name(), "Telangana");
        assert_eq!("01".parse::<StateCode>().unwrap().to_string(), "01");
        for wrong in ["", "1", "25", "28", "00", "99", "+7"] {
            assert_eq!(wrong.parse::<StateCode>(), Err(PlaceError::StateCode), "{wrong}");
        }
    }
}
