//! How many calls may be repeated: one in ten, and ten at once.

use std::sync::atomic::{AtomicI64, Ordering};

const ONE: i64 = 10;
const MOST: i64 = 10 * ONE;

/// Counted in tenths of a retry.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicI64);

impl Default for RetryBudget {
    fn default() -> Self {
        RetryBudget(AtomicI64::new(MOST))
    }
}

impl RetryBudget {
    pub fn earn(&self) {
        let _full = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |b| (b < MOST).then_some(b + 1));
    }

    pub fn spend(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |b| (b >= ONE).then_some(b - ONE)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_ten_may_be_repeated() {
        let budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 10);
        for _ in 0..25 {
            budget.earn();
        }
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 2);
    }
}
