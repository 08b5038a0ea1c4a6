//! Profiles, addresses, preferences.

use serde::{Deserialize, Serialize};
use types::{AddressId, PinCode, ServiceName, StateCode, UserId};
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
