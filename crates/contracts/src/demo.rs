//! The people of the demonstration: auth makes their accounts, user their profiles, from this one list.

use types::{Role, UserId};
use uuid::Uuid;

/// The password of every demonstration account. They exist only where demonstration data was asked for.
pub const DEMO_PASSWORD: &str = "haat-demo-2026";

#[derive(Clone, Copy, Debug)]
pub struct DemoAccount {
    pub user_id: UserId,
    pub name: &'static str,
    pub email: &'static str,
    /// E.164.
    pub phone: &'static str,
    /// BCP 47.
    pub locale: &'static str,
    pub roles: &'static [Role],
}

pub const DEMO_ACCOUNTS: &[DemoAccount] = &[
    account(1, "Asha Rao", "asha@haat.example", "+919000000001", "en-IN", &[Role::Customer]),
    account(2, "Ravi Kumar", "ravi@haat.example", "+919000000002", "hi-IN", &[Role::Customer]),
    account(3, "Sunita Reddy", "support@haat.example", "+919000000003", "en-IN", &[Role::Customer, Role::Support]),
    account(
        4,
        "Meera Nair",
        "merchandiser@haat.example",
        "+919000000004",
        "en-IN",
        &[Role::Customer, Role::Merchandiser],
    ),
    account(5, "Omar Khan", "operator@haat.example", "+919000000005", "en-IN", &[Role::Customer, Role::Operator]),
    account(6, "Anjali Iyer", "admin@haat.example", "+919000000006", "en-IN", &[Role::Customer, Role::Admin]),
];

/// UUIDs of version 7 that sort before all real ones.
const fn account(
    number: u128,
    name: &'static str,
    email: &'static str,
    phone: &'static str,
    locale: &'static str,
    roles: &'static [Role],
) -> DemoAccount {
    let user_id = UserId(Uuid::from_u128(0x018c_c251_f400_7000_8000_0000_0000_0000 + number));
    DemoAccount { user_id, name, email, phone, locale, roles }
}
