//! Which state a PIN code lies in.
//!
//! A PIN code's first digit is one of India Post's zones and its first two are a postal circle or a part of one; some circles
//! span several states, which the third digit, or more, tells apart. Source: Department of Posts, "All India Pincode
//! Directory" (data.gov.in) and the list of circles at indiapost.gov.in, held in November 2026 against published tables of the
//! first digits and, for the exceptions, against the towns' own codes. Where a post office serves villages beyond a border,
//! the district's headquarters decides: good enough for a charge, and never for tax, which goes by the address's state.

use types::{PinCode, StateCode};

/// Absent for the Army Postal Service (9...) and for digits that India Post has not given out.
pub fn state_of(pin_code: &PinCode) -> Option<StateCode> {
    let digits = pin_code.as_str();
    let longest_first = (2..=digits.len()).rev();
    longest_first
        .filter_map(|length| digits.get(..length))
        .find_map(|prefix| CIRCLES.iter().find(|(known, _)| *known == prefix))
        .and_then(|(_, state)| state.parse().ok())
}

/// First digits of PIN codes, and the GST code of the state they lie in. A longer prefix is an exception from a shorter one.
const CIRCLES: &[(&str, &str)] = &[
    // Delhi.
    ("11", "07"),
    // Haryana.
    ("12", "06"),
    ("13", "06"),
    // Punjab, and Chandigarh in it.
    ("14", "03"),
    ("15", "03"),
    ("160", "04"),
    // Mohali and Naya Gaon lie next to it, in Punjab.
    ("160055", "03"),
    ("160059", "03"),
    ("160062", "03"),
    ("160071", "03"),
    ("160103", "03"),
    // Himachal Pradesh.
    ("17", "02"),
    // Jammu and Kashmir, Ladakh.
    ("18", "01"),
    ("19", "01"),
    ("194", "38"),
    // Uttar Pradesh.
    ("20", "09"),
    ("21", "09"),
    ("22", "09"),
    ("23", "09"),
    ("24", "09"),
    ("25", "09"),
    ("26", "09"),
    ("27", "09"),
    ("28", "09"),
    // Uttarakhand, in the same circle's digits: Kashipur and Ramnagar; Garhwal but for Bijnor; Roorkee; Dehradun; Haridwar;
    // Khatima and Tanakpur but for Majhola and Neoria; Sitarganj; Pithoragarh; Kumaon.
    ("2447", "05"),
    ("246", "05"),
    ("2467", "09"),
    ("2476", "05"),
    ("248", "05"),
    ("249", "05"),
    ("2623", "05"),
    ("262302", "09"),
    ("262305", "09"),
    ("2624", "05"),
    ("2625", "05"),
    ("263", "05"),
    // Rajasthan.
    ("30", "08"),
    ("31", "08"),
    ("32", "08"),
    ("33", "08"),
    ("34", "08"),
    // Gujarat; Diu, Daman, Dadra and Nagar Haveli.
    ("36", "24"),
    ("37", "24"),
    ("38", "24"),
    ("39", "24"),
    ("362520", "26"),
    ("362540", "26"),
    ("362570", "26"),
    ("396193", "26"),
    ("39621", "26"),
    ("39622", "26"),
    ("39623", "26"),
    ("39624", "26"),
    // Maharashtra, Goa.
    ("40", "27"),
    ("41", "27"),
    ("42", "27"),
    ("43", "27"),
    ("44", "27"),
    ("403", "30"),
    // Madhya Pradesh, Chhattisgarh.
    ("45", "23"),
    ("46", "23"),
    ("47", "23"),
    ("48", "23"),
    ("49", "22"),
    // Telangana, Andhra Pradesh; Yanam is Puducherry's.
    ("50", "36"),
    ("51", "37"),
    ("52", "37"),
    ("53", "37"),
    ("533464", "34"),
    // Karnataka.
    ("56", "29"),
    ("57", "29"),
    ("58", "29"),
    ("59", "29"),
    // Tamil Nadu; Puducherry, Karaikal.
    ("60", "33"),
    ("61", "33"),
    ("62", "33"),
    ("63", "33"),
    ("64", "33"),
    ("60500", "34"),
    ("60501", "34"),
    ("605110", "34"),
    ("607402", "34"),
    ("6096", "34"),
    // Kerala; Mahe is Puducherry's; Lakshadweep.
    ("67", "32"),
    ("68", "32"),
    ("69", "32"),
    ("673310", "34"),
    ("68255", "31"),
    // West Bengal, Sikkim, the Andaman and Nicobar Islands.
    ("70", "19"),
    ("71", "19"),
    ("72", "19"),
    ("73", "19"),
    ("74", "19"),
    ("737", "11"),
    ("744", "35"),
    // Odisha.
    ("75", "21"),
    ("76", "21"),
    ("77", "21"),
    // Assam and its neighbours.
    ("78", "18"),
    ("790", "12"),
    ("791", "12"),
    ("792", "12"),
    ("793", "17"),
    ("794", "17"),
    ("795", "14"),
    ("796", "15"),
    ("797", "13"),
    ("798", "13"),
    ("799", "16"),
    // Bihar, Jharkhand.
    ("80", "10"),
    ("81", "10"),
    ("82", "10"),
    ("84", "10"),
    ("85", "10"),
    ("814", "20"),
    ("815", "20"),
    ("816", "20"),
    ("822", "20"),
    ("825", "20"),
    ("826", "20"),
    ("827", "20"),
    ("828", "20"),
    ("829", "20"),
    ("83", "20"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn state(pin_code: &str) -> Option<&'static str> {
        state_of(&pin_code.parse().unwrap()).map(StateCode::name)
    }

    #[test]
    fn capitals_lie_in_their_states() {
        let places = [
            ("500081", "Telangana"),
            ("400050", "Maharashtra"),
            ("403001", "Goa"),
            ("110001", "Delhi"),
            ("160017", "Chandigarh"),
            ("141001", "Punjab"),
            ("171001", "Himachal Pradesh"),
            ("122001", "Haryana"),
            ("302001", "Rajasthan"),
            ("380001", "Gujarat"),
            ("462001", "Madhya Pradesh"),
            ("522502", "Andhra Pradesh"),
            ("560001", "Karnataka"),
            ("600001", "Tamil Nadu"),
            ("695001", "Kerala"),
            ("700001", "West Bengal"),
            ("751001", "Odisha"),
            ("791111", "Arunachal Pradesh"),
            ("795001", "Manipur"),
            ("796001", "Mizoram"),
            ("797001", "Nagaland"),
            ("799001", "Tripura"),
            ("396230", "Dadra and Nagar Haveli and Daman and Diu"),
            ("190001", "Jammu and Kashmir"),
            ("194101", "Ladakh"),
            ("248001", "Uttarakhand"),
            ("226001", "Uttar Pradesh"),
            ("492001", "Chhattisgarh"),
            ("605001", "Puducherry"),
            ("682555", "Lakshadweep"),
            ("682001", "Kerala"),
            ("737101", "Sikkim"),
            ("744101", "Andaman and Nicobar Islands"),
            ("781001", "Assam"),
            ("793001", "Meghalaya"),
            ("834001", "Jharkhand"),
            ("800001", "Bihar"),
        ];
        for (pin_code, name) in places {
            assert_eq!(state(pin_code), Some(name), "{pin_code}");
        }
    }

    #[test]
    fn towns_beyond_a_border_lie_in_their_own_state() {
        let places = [
            // Kashipur, Kotdwar, Bijnor, Roorkee, Saharanpur, Khatima, Neoria, Pilibhit, Haldwani.
            ("244713", "Uttarakhand"),
            ("246149", "Uttarakhand"),
            ("246701", "Uttar Pradesh"),
            ("247667", "Uttarakhand"),
            ("247001", "Uttar Pradesh"),
            ("262308", "Uttarakhand"),
            ("262305", "Uttar Pradesh"),
            ("262001", "Uttar Pradesh"),
            ("263139", "Uttarakhand"),
            // Mohali; Diu and Ghoghla; Vapi.
            ("160062", "Punjab"),
            ("362520", "Dadra and Nagar Haveli and Daman and Diu"),
            ("362540", "Dadra and Nagar Haveli and Daman and Diu"),
            ("396191", "Gujarat"),
            // Villianur, Karaikal, Mahe, Yanam.
            ("605110", "Puducherry"),
            ("609602", "Puducherry"),
            ("673310", "Puducherry"),
            ("533464", "Puducherry"),
            // Gaya and Hazaribagh, Bhagalpur and Deoghar.
            ("823001", "Bihar"),
            ("825301", "Jharkhand"),
            ("812001", "Bihar"),
            ("814112", "Jharkhand"),
        ];
        for (pin_code, name) in places {
            assert_eq!(state(pin_code), Some(name), "{pin_code}");
        }
    }

    /// The numbers that India Post has given to its circles.
    #[test]
    fn every_first_two_digits_are_of_a_circle_or_of_none() {
        let given = [11..=19, 20..=28, 30..=34, 36..=39, 40..=49, 50..=53, 56..=59, 60..=64, 67..=69, 70..=79, 80..=85];
        let is_given = |digits: u32| given.iter().any(|range| range.contains(&digits));
        for digits in 10..=99 {
            let known = CIRCLES.iter().any(|(prefix, _)| prefix.starts_with(&digits.to_string()));
            assert_eq!(known, is_given(digits), "{digits}");
        }
    }

    #[test]
    fn the_army_and_what_is_not_given_out_lie_in_none() {
        assert_eq!(state("900056"), None);
        assert_eq!(state("290001"), None);
    }

    #[test]
    fn every_state_has_pin_codes() {
        for (code, name) in StateCode::ALL {
            assert!(CIRCLES.iter().any(|(_, state)| state.parse() == Ok(*code)), "{name}");
        }
    }

    #[test]
    fn no_prefix_stands_twice() {
        let prefixes: std::collections::BTreeSet<_> = CIRCLES.iter().map(|(prefix, _)| prefix).collect();
        assert_eq!(prefixes.len(), CIRCLES.len());
    }
}
