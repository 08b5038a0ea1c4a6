//! The rules of addresses, preferences and consents.

use contracts::user::{
    Address, ChangeProfile, Channel, Consent, ConsentKind, Consents, Preferences, Profile, WriteAddress,
};
use platform::problem::Problem;

/// The most addresses in a customer's address book.
pub const MOST_ADDRESSES: i64 = 20;
/// The most wishes on a customer's wish-list.
pub const MOST_WISHES: i64 = 200;

/// The address that was written down, without spaces around its parts, and what the customer calls it.
///
/// # Errors
/// 422 if the PIN code cannot be in the state.
pub fn read_address(written: &WriteAddress) -> Result<(String, Address), Problem> {
    if !written.pin_code.can_lie_in(written.state) {
        let rule = format!("is not a PIN code of {}", written.state.name());
        return Err(Problem::invalid("pin_code", rule));
    }
    let trimmed = |text: &str| text.trim().to_owned();
    let address = Address {
        name: trimmed(&written.name),
        phone: written.phone.clone(),
        line1: trimmed(&written.line1),
        line2: trimmed(&written.line2),
        landmark: trimmed(&written.landmark),
        city: trimmed(&written.city),
        state: written.state,
        pin_code: written.pin_code.clone(),
    };
    Ok((trimmed(&written.label), address))
}

/// Applies a change to a profile. False if nothing is different.
pub fn change_profile(profile: &mut Profile, change: &ChangeProfile) -> bool {
    let before = (profile.name.clone(), profile.phone.clone());
    if let Some(name) = &change.name {
        profile.name = name.trim().to_owned();
    }
    if let Some(phone) = &change.phone {
        profile.phone.clone_from(phone);
    }
    (&profile.name, &profile.phone) != (&before.0, &before.1)
}

/// Preferences with each muted channel once and in a fixed order.
///
/// # Errors
/// 422 if the quiet hours begin when they end: that could mean none or all day.
pub fn read_preferences(mut written: Preferences) -> Result<Preferences, Problem> {
    if written.quiet_hours.is_some_and(|quiet| quiet.from == quiet.to) {
        return Err(Problem::invalid("quiet_hours.to", "must be another time than from"));
    }
    written.muted_channels = Channel::ALL.iter().copied().filter(|c| written.muted_channels.contains(c)).collect();
    Ok(written)
}

/// How each consent stands after a history, the oldest change first. What was never granted is not granted.
pub fn consents(history: Vec<Consent>) -> Consents {
    let standing = |kind: &ConsentKind| {
        let never = Consent { consent: *kind, granted: false, changed_at: None };
        history.iter().rev().find(|change| change.consent == *kind).cloned().unwrap_or(never)
    };
    Consents { consents: ConsentKind::ALL.iter().map(standing).collect(), history }
}

#[cfg(test)]
mod tests {
    use contracts::user::QuietHours;
    use proptest::prelude::*;
    use types::{Timestamp, UserId};

    use super::*;

    #[test]
    fn a_wrong_pin_code_is_named_with_the_state() {
        let written = WriteAddress {
            label: String::new(),
            name: "  Asha Rao ".into(),
            phone: "+919876543210".into(),
            line1: "1".into(),
            line2: String::new(),
            landmark: String::new(),
            city: "Hyderabad".into(),
            state: "36".parse().unwrap(),
            pin_code: "400050".parse().unwrap(),
        };
        let problem = read_address(&written).err().unwrap();
        assert_eq!(problem.errors[0].field, "pin_code");
        assert_eq!(problem.errors[0].rule, "is not a PIN code of Telangana");
        let right = WriteAddress { pin_code: "500081".parse().unwrap(), ..written };
        assert_eq!(read_address(&right).unwrap().1.name, "Asha Rao");
    }

    #[test]
    fn a_change_touches_only_what_it_names() {
        let mut profile = Profile {
            user_id: UserId::new(),
            name: "Asha".into(),
            email: "asha@example.in".into(),
            email_verified: true,
            phone: Some("+919876543210".into()),
            updated_at: Timestamp::from_microseconds(0),
        };
        let change = |text: &str| serde_json::from_str::<ChangeProfile>(text).unwrap();
        assert!(!change_profile(&mut profile, &change("{}")));
        assert!(!change_profile(&mut profile, &change(r#"{"name": "Asha "}"#)));
        assert!(change_profile(&mut profile, &change(r#"{"name": "Asha Rao"}"#)));
        assert_eq!(profile.phone.as_deref(), Some("+919876543210"));
        assert!(change_profile(&mut profile, &change(r#"{"phone": null}"#)));
        assert_eq!((profile.name.as_str(), profile.phone), ("Asha Rao", None));
    }

    #[test]
    fn quiet_hours_that_begin_when_they_end_are_refused() {
        let at = |from, to| Preferences { quiet_hours: Some(QuietHours { from, to }), ..Preferences::default() };
        assert!(read_preferences(at(1320, 420)).is_ok());
        assert_eq!(read_preferences(at(60, 60)).unwrap_err().errors[0].field, "quiet_hours.to");
    }

    proptest! {
        #[test]
        fn a_consent_stands_as_it_was_last_changed(changes in prop::collection::vec((any::<bool>(), any::<bool>()), 0..12)) {
            let history: Vec<Consent> = changes
                .iter()
                .enumerate()
                .map(|(n, (marketing, granted))| Consent {
                    consent: if *marketing { ConsentKind::Marketing } else { ConsentKind::Personalisation },
                    granted: *granted,
                    changed_at: Some(Timestamp::from_microseconds(i64::try_from(n).unwrap())),
                })
                .collect();
            let standing = consents(history.clone());
            prop_assert_eq!(standing.consents.len(), ConsentKind::ALL.len());
            for consent in &standing.consents {
                let last = history.iter().rfind(|change| change.consent == consent.consent);
                prop_assert_eq!(consent.granted, last.is_some_and(|change| change.granted));
            }
        }

        #[test]
        fn muted_channels_are_a_set(muted in prop::collection::vec(prop::sample::select(Channel::ALL), 0..6)) {
            let read = read_preferences(Preferences { muted_channels: muted.clone(), ..Preferences::default() }).unwrap();
            prop_assert!(read.muted_channels.is_sorted());
            for channel in Channel::ALL {
                prop_assert_eq!(read.muted_channels.iter().filter(|c| *c == channel).count(), usize::from(muted.contains(channel)));
            }
        }
    }
}
