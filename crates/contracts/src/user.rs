//! Profiles, addresses, preferences.

use garde::Validate;
use serde::{Deserialize, Serialize};
use types::{AddressId, PinCode, ProductId, ServiceName, StateCode, Timestamp, UserId, VariantId, text_enum};
use utoipa::ToSchema;

use crate::{call, event};

/// A postal address in India.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    /// Who receives it.
    #[schema(example = "Asha Rao")]
    pub name: String,
    /// E.164.
    #[schema(example = "+919876543210")]
    pub phone: String,
    #[schema(example = "12-2-417, Street 4, Mehdipatnam")]
    pub line1: String,
    #[serde(default)]
    pub line2: String,
    #[serde(default)]
    pub landmark: String,
    #[schema(example = "Hyderabad")]
    pub city: String,
    pub state: StateCode,
    pub pin_code: PinCode,
}

/// How to reach a customer, and what they want to hear.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GetContact {
    pub user_id: UserId,
}
call!(GetContact => FoundContact, User, "get-contact");

#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum FoundContact {
    Found(Contact),
    /// Not there (yet: the profile is made from `user.registered`), or erased.
    Absent,
}

#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    pub user_id: UserId,
    pub name: String,
    pub email: String,
    pub email_verified: bool,
    /// E.164.
    pub phone: Option<String>,
    /// BCP 47.
    pub locale: String,
    pub marketing_consent: bool,
    /// Channels that the customer turned off for messages that are not required (`email`, `sms`, `push`).
    pub muted_channels: Vec<String>,
    /// Minutes after midnight in India between which only urgent messages are sent; from > to spans midnight.
    pub quiet_hours: Option<(u16, u16)>,
}

/// An address of a customer, to be copied into an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GetAddress {
    pub user_id: UserId,
    pub address_id: AddressId,
}
call!(GetAddress => FoundAddress, User, "get-address");

#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum FoundAddress {
    Found(Address),
    /// Not there, or another customer's.
    Absent,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserUpdated {
    pub user_id: UserId,
}
event!(UserUpdated, User, "user.updated.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsentChanged {
    pub user_id: UserId,
    pub consent: String,
    pub granted: bool,
}
event!(ConsentChanged, User, "user.consent_changed.v1");

/// The customer wants to be forgotten (Digital Personal Data Protection Act 2023, section 12): each service erases what the
/// law does not make it keep, and answers with [`ErasureCompleted`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErasureRequested {
    pub user_id: UserId,
}
event!(ErasureRequested, User, "user.erasure_requested.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErasureCompleted {
    pub user_id: UserId,
    pub service: ServiceName,
}
event!(ErasureCompleted, User, "user.erasure_completed.v1");

// The public API: `/api/v1/users`.

/// A customer's profile. The version that `If-Match` asks for is its `ETag`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Profile {
    pub user_id: UserId,
    #[schema(example = "Asha Rao")]
    pub name: String,
    pub email: String,
    pub email_verified: bool,
    /// E.164.
    pub phone: Option<String>,
    pub updated_at: Timestamp,
}

/// What to change of a profile; what is left out stays (JSON Merge Patch, RFC 7396).
#[derive(Clone, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ChangeProfile {
    #[garde(inner(length(chars, max = 100), pattern(r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")))]
    #[schema(max_length = 100, pattern = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E.164; `null` takes it away.
    #[garde(inner(inner(pattern(r"^\+[1-9][0-9]{7,14}$"))))]
    #[schema(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{7,14}$")]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub phone: Option<Option<String>>,
}

/// A field that is there, be it `null`.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// An address as a customer writes it down.
#[derive(Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WriteAddress {
    /// What the customer calls it.
    #[garde(length(chars, max = 40), pattern(r"^[^\x00-\x1f\x7f]*$"))]
    #[schema(max_length = 40, pattern = r"^[^\x00-\x1f\x7f]*$", example = "Home")]
    #[serde(default)]
    pub label: String,
    /// Who receives it.
    #[garde(length(chars, max = 100), pattern(r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"))]
    #[schema(
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        example = "Asha Rao"
    )]
    pub name: String,
    /// E.164.
    #[garde(pattern(r"^\+[1-9][0-9]{7,14}$"))]
    #[schema(pattern = r"^\+[1-9][0-9]{7,14}$", example = "+919876543210")]
    pub phone: String,
    #[garde(length(chars, max = 200), pattern(r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"))]
    #[schema(
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        example = "12-2-417, Street 4, Mehdipatnam"
    )]
    pub line1: String,
    #[garde(length(chars, max = 200), pattern(r"^[^\x00-\x1f\x7f]*$"))]
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f]*$")]
    #[serde(default)]
    pub line2: String,
    #[garde(length(chars, max = 100), pattern(r"^[^\x00-\x1f\x7f]*$"))]
    #[schema(max_length = 100, pattern = r"^[^\x00-\x1f\x7f]*$")]
    #[serde(default)]
    pub landmark: String,
    #[garde(length(chars, max = 100), pattern(r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"))]
    #[schema(
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        example = "Hyderabad"
    )]
    pub city: String,
    #[garde(skip)]
    pub state: StateCode,
    /// Its first digit must be one of the state's postal zone.
    #[garde(skip)]
    pub pin_code: PinCode,
}

/// An address in a customer's address book.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedAddress {
    pub id: AddressId,
    pub label: String,
    #[serde(flatten)]
    pub address: Address,
    /// Exactly one of a customer's addresses is.
    pub is_default: bool,
    pub updated_at: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddressBook {
    /// The default first, then the newest.
    pub addresses: Vec<SavedAddress>,
}

text_enum! {
    /// The languages that messages are written in (BCP 47).
    pub enum Locale {
        English = "en-IN",
        Hindi = "hi-IN",
        Telugu = "te-IN",
    }
}

text_enum! {
    /// A way to reach a customer outside of the shop.
    pub enum Channel {
        Email = "email",
        Sms = "sms",
        Push = "push",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    #[garde(skip)]
    pub locale: Locale,
    /// Channels that are turned off for messages that are not required; what concerns the account's safety, money or an
    /// order's outcome is sent all the same.
    #[garde(length(max = 3))]
    #[schema(max_items = 3)]
    #[serde(default)]
    pub muted_channels: Vec<Channel>,
    #[garde(dive)]
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
}

impl Default for Preferences {
    /// English, everything on.
    fn default() -> Self {
        Preferences { locale: Locale::English, muted_channels: Vec::new(), quiet_hours: None }
    }
}

/// When only urgent messages are sent; `from` later than `to` spans midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// Minutes after midnight in India.
    #[garde(range(max = 1439))]
    #[schema(maximum = 1439, example = 1320)]
    pub from: u16,
    /// Minutes after midnight in India, another than `from`.
    #[garde(range(max = 1439))]
    #[schema(maximum = 1439, example = 420)]
    pub to: u16,
}

/// A product that the customer may want one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wish {
    pub product_id: ProductId,
    /// The choice of options, if one was made.
    pub variant_id: Option<VariantId>,
    pub added_at: Timestamp,
}

/// Which choice of a product's options goes on the wish-list; `{}` leaves it open.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WriteWish {
    #[garde(skip)]
    #[serde(default)]
    pub variant_id: Option<VariantId>,
}

text_enum! {
    /// What a customer may agree to (Digital Personal Data Protection Act 2023, section 6).
    pub enum ConsentKind {
        /// Offers and reminders.
        Marketing = "marketing",
        /// Recommendations from what was looked at and bought.
        Personalisation = "personalisation",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consent {
    pub consent: ConsentKind,
    pub granted: bool,
    /// Absent if the customer never said anything: that is no consent.
    pub changed_at: Option<Timestamp>,
}

/// Each consent as it stands, and how it came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consents {
    pub consents: Vec<Consent>,
    /// Every change, the oldest first.
    pub history: Vec<Consent>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WriteConsent {
    #[garde(skip)]
    pub granted: bool,
}

/// Where a request to be forgotten stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    pub requested_at: Timestamp,
    /// Absent until every service has answered.
    pub completed_at: Option<Timestamp>,
    pub services: Vec<ServiceErasure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceErasure {
    pub service: ServiceName,
    pub completed_at: Option<Timestamp>,
}

/// All that the user service keeps of a customer (Digital Personal Data Protection Act 2023, section 11).
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct UserData {
    pub exported_at: Timestamp,
    /// Absent while the account is being made, and after it was erased.
    pub profile: Option<Profile>,
    pub addresses: Vec<SavedAddress>,
    pub preferences: Preferences,
    pub wishes: Vec<Wish>,
    pub consents: Consents,
    pub erasure: Option<Erasure>,
}
