//! What other services ask.

use contracts::user::{Contact, FoundAddress, FoundContact, GetAddress, GetContact};
use platform::Result;

use crate::Users;
use crate::store::address;

pub(crate) async fn get_contact(app: Users, call: GetContact) -> Result<FoundContact> {
    Ok(match app.person(call.user_id).await? {
        Some(person) if !person.erased => FoundContact::Found(Contact {
            user_id: call.user_id,
            name: person.profile.name,
            email: person.profile.email,
            email_verified: person.profile.email_verified,
            phone: person.profile.phone,
            locale: person.preferences.locale.to_string(),
            marketing_consent: person.marketing_consent,
            muted_channels: person.preferences.muted_channels.iter().map(ToString::to_string).collect(),
            quiet_hours: person.preferences.quiet_hours.map(|quiet| (quiet.from, quiet.to)),
        }),
        _ => FoundContact::Absent,
    })
}

/// From the primary: an order is often placed with an address that was saved a moment ago.
pub(crate) async fn get_address(app: Users, call: GetAddress) -> Result<FoundAddress> {
    let found = address::find(&mut *app.db.primary().await?, call.user_id, call.address_id).await?;
    Ok(found.map_or(FoundAddress::Absent, |saved| FoundAddress::Found(saved.address)))
}
