use std::fmt;
use std::str::FromStr;

/// An e-mail address in lower case: strictly the part before the `@` may distinguish cases (RFC 5321, 2.4), but no provider
/// of note does, and two accounts that differ only so would be one person's mistake or another's trap.
///
/// The grammar is that of HTML's `<input type=email>`, which is what people's addresses keep, with a dot in the domain.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address")]
pub struct MalformedEmail;

const LONGEST: usize = 254;
const LONGEST_LOCAL_PART: usize = 64;
const LONGEST_LABEL: usize = 63;

impl Email {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl FromStr for Email {
    type Err = MalformedEmail;
    fn from_str(text: &str) -> Result<Self, MalformedEmail> {
        let text = text.trim();
        let (local, domain) = text.split_once('@').ok_or(MalformedEmail)?;
        let good = text.len() <= LONGEST
            && local.len() <= LONGEST_LOCAL_PART
            && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_character))
            && domain.contains('.')
            && domain.split('.').all(is_label);
        if good { Ok(Email(text.to_ascii_lowercase())) } else { Err(MalformedEmail) }
    }
}

/// RFC 5322, 3.2.3.
fn is_atom_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_label(label: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_kept_in_lower_case_and_without_blanks_around() {
        let email: Email = " Asha.Rao+Haat@Example.IN ".parse().unwrap();
        assert_eq!(email.as_str(), "asha.rao+haat@example.in");
        assert_eq!(email.local_part(), "asha.rao+haat");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["", "@", "asha", "asha@", "@example.in", "asha@example", "a b@example.in", "a@b@example.in"] {
            assert_eq!(wrong.parse::<Email>(), Err(MalformedEmail), "{wrong}");
        }
        for wrong in
            [".asha@example.in", "asha..rao@example.in", "asha@-example.in", "asha@example..in", "asha@exa_mple.in"]
        {
            assert_eq!(wrong.parse::<Email>(), Err(MalformedEmail), "{wrong}");
        }
        assert_eq!("asha\r\nBcc: all@example.in".parse::<Email>(), Err(MalformedEmail));
        assert_eq!(format!("{}@example.in", "a".repeat(65)).parse::<Email>(), Err(MalformedEmail));
    }

    proptest! {
        #[test]
        fn a_good_address_parses_to_itself_and_prints_nothing(text in "[a-z0-9+_-]{1,20}(\\.[a-z0-9]{1,5}){0,2}@[a-z0-9]{1,10}(\\.[a-z]{2,6}){1,3}") {
            let email: Email = text.to_ascii_uppercase().parse().unwrap();
            prop_assert_eq!(email.as_str(), &text);
            let printed = format!("{email:?}");
            prop_assert!(!printed.contains(&text));
            prop_assert_eq!(email.as_str().parse::<Email>().unwrap(), email);
        }

        #[test]
        fn whatever_parses_has_one_at_sign_no_blank_and_no_upper_case(text in ".{0,80}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.as_str().matches('@').count(), 1);
                prop_assert!(email.as_str().bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()));
            }
        }
    }
}
