//! Exact percentages.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A percentage in basis points (1/100 of a per cent), so exact to two decimals: 1800 is 18 %, 25 is 0.25 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = i32, minimum = 0, maximum = 10000, example = 1800)]
pub struct Rate(i32);

impl Rate {
    pub const ZERO: Rate = Rate(0);

    pub const fn from_basis_points(basis_points: i32) -> Self {
        Rate(basis_points)
    }

    #[allow(clippy::cast_possible_wrap, reason = "a percentage is far below the bound")]
    pub const fn from_percent(percent: u32) -> Self {
        Rate(percent as i32 * 100)
    }

    pub const fn basis_points(self) -> i32 {
        self.0
    }

    /// 18 for 18 %.
    pub fn percent(self) -> Decimal {
        Decimal::new(i64::from(self.0), 2)
    }

    /// 0.18 for 18 %.
    pub fn fraction(self) -> Decimal {
        Decimal::new(i64::from(self.0), 4)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent().normalize())
    }
}

#[cfg(feature = "sqlx")]
crate::ids::transparent_column!(Rate, i32);
