//! Roles of an account.

use types::Role;

/// All roles that are asked for, in their order and each once; every account is also a customer's.
pub fn complete(asked: &[Role]) -> Vec<Role> {
    Role::ALL.iter().copied().filter(|role| *role == Role::Customer || asked.contains(role)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_stays_a_customer_and_has_each_role_once() {
        assert_eq!(complete(&[Role::Admin, Role::Support, Role::Admin]), [Role::Customer, Role::Support, Role::Admin]);
        assert_eq!(complete(&[]), [Role::Customer]);
    }
}
