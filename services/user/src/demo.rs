//! The demonstration's customers: profiles for all, and an address each for the two who shop.

use contracts::auth::UserRegistered;
use contracts::demo::{DEMO_ACCOUNTS, DemoAccount};
use contracts::user::{Address, Locale, SavedAddress};
use sqlx::PgConnection;
use types::{AddressId, Timestamp, UserId};
use uuid::Uuid;

use crate::store::{address, preference, profile};

/// Asha's home in Hyderabad: the seller's own state, so CGST and SGST.
pub const ASHAS_ADDRESS: AddressId = address_id(1);
/// Ravi's home in Mumbai: another state, so IGST.
pub const RAVIS_ADDRESS: AddressId = address_id(2);

/// Adds what is not there yet.
pub async fn seed(connection: &mut PgConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    for account in DEMO_ACCOUNTS {
        let DemoAccount { user_id, name, email, phone, locale, .. } = *account;
        let user = UserRegistered {
            user_id,
            name: name.to_owned(),
            email: email.to_owned(),
            phone: Some(phone.to_owned()),
            locale: locale.to_owned(),
        };
        if profile::register(connection, &user, now).await? {
            preference::start_with(connection, user_id, locale.parse().unwrap_or(Locale::English)).await?;
            profile::verify_email(connection, user_id, now).await?;
        }
    }
    for (user, home) in homes(now) {
        if address::find(connection, user, home.id).await?.is_none() {
            address::insert(connection, user, &home).await?;
        }
    }
    Ok(())
}

/// The first two accounts', where they are from.
fn homes(now: Timestamp) -> Vec<(UserId, SavedAddress)> {
    let places = [
        (ASHAS_ADDRESS, "12-2-417, Street 4, Madhapur", "Hyderabad", "36", "500081"),
        (RAVIS_ADDRESS, "7 Hill Road, Bandra West", "Mumbai", "27", "400050"),
    ];
    let home = |(account, (id, line1, city, state, pin_code)): (&DemoAccount, (AddressId, &str, &str, &str, &str))| {
        let address = Address {
            name: account.name.to_owned(),
            phone: account.phone.to_owned(),
            line1: line1.to_owned(),
            line2: String::new(),
            landmark: String::new(),
            city: city.to_owned(),
            state: state.parse().ok()?,
            pin_code: pin_code.parse().ok()?,
        };
        let saved = SavedAddress { id, label: "Home".to_owned(), address, is_default: true, updated_at: now };
        Some((account.user_id, saved))
    };
    DEMO_ACCOUNTS.iter().zip(places).filter_map(home).collect()
}

/// UUIDs of version 7 that sort before all real ones.
const fn address_id(number: u128) -> AddressId {
    AddressId(Uuid::from_u128(0x018c_c251_f400_7000_8000_0000_0000_0100 + number))
}
