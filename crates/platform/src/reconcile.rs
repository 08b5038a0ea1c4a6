//! What a service's own books say that must not be: one type for all of them, read by `haat reconcile`.

use std::fmt;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule, in `kebab-case`: a sentence of what must hold.
    pub rule: String,
    /// What breaks it: an order's id, a coupon's code, a series of documents ...
    pub subject: String,
    /// What holds instead.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { rule, subject, detail } = self;
        write!(f, "{rule} {subject}: {detail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_is_told_in_one_line() {
        let violation = Violation {
            rule: "coupon-uses-are-counted".to_owned(),
            subject: "DIWALI".to_owned(),
            detail: "counted 5, held or redeemed by 4 orders".to_owned(),
        };
        assert_eq!(violation.to_string(), "coupon-uses-are-counted DIWALI: counted 5, held or redeemed by 4 orders");
    }
}
