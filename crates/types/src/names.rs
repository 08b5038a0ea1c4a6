//! The names in `topology.yaml`, as types: a test in `platform` holds the two against each other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} '{name}', one of {known} is expected")]
pub struct UnknownName {
    pub kind: &'static str,
    pub name: String,
    pub known: String,
}

macro_rules! names {
    ($(#[$doc:meta])* $kind:literal $type:ident { $($variant:ident = $text:tt),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        pub enum $type {
            $(#[serde(rename = $text)] $variant),*
        }

        impl $type {
            pub const ALL: &'static [$type] = &[$($type::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $($type::$variant => $text),* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;
            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|n| n.as_str() == text).ok_or_else(|| UnknownName {
                    kind: $kind,
                    name: text.to_owned(),
                    known: Self::ALL.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }

        #[cfg(feature = "sqlx")]
        $crate::text_column!($type);
    };
}

/// Lets a type that is printed by `Display` and parsed by `FromStr` stand in a `text` column.
#[cfg(feature = "sqlx")]
#[macro_export]
macro_rules! text_column {
    ($type:ty) => {
        impl $crate::sqlx::Type<$crate::sqlx::Postgres> for $type {
            fn type_info() -> $crate::sqlx::postgres::PgTypeInfo {
                <str as $crate::sqlx::Type<$crate::sqlx::Postgres>>::type_info()
            }
            fn compatible(ty: &$crate::sqlx::postgres::PgTypeInfo) -> bool {
                <str as $crate::sqlx::Type<$crate::sqlx::Postgres>>::compatible(ty)
            }
        }
        impl $crate::sqlx::postgres::PgHasArrayType for $type {
            fn array_type_info() -> $crate::sqlx::postgres::PgTypeInfo {
                <String as $crate::sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }
        impl $crate::sqlx::Encode<'_, $crate::sqlx::Postgres> for $type {
            fn encode_by_ref(
                &self,
                buffer: &mut $crate::sqlx::postgres::PgArgumentBuffer,
            ) -> Result<$crate::sqlx::encode::IsNull, $crate::sqlx::error::BoxDynError> {
                <String as $crate::sqlx::Encode<$crate::sqlx::Postgres>>::encode(self.to_string(), buffer)
            }
        }
        impl<'r> $crate::sqlx::Decode<'r, $crate::sqlx::Postgres> for $type {
            fn decode(value: $crate::sqlx::postgres::PgValueRef<'r>) -> Result<Self, $crate::sqlx::error::BoxDynError> {
                Ok(<&str as $crate::sqlx::Decode<$crate::sqlx::Postgres>>::decode(value)?.parse()?)
            }
        }
    };
}

/// Without the `sqlx` feature there is no column to stand in.
#[cfg(not(feature = "sqlx"))]
#[macro_export]
macro_rules! text_column {
    ($type:ty) => {};
}

names! {
    "service" ServiceName {
        Gateway = "gateway",
        Auth = "auth",
        User = "user",
        Product = "product",
        Cart = "cart",
        Order = "order",
        Payment = "payment",
        Notification = "notification",
        Discount = "discount",
        Shipping = "shipping",
        Return = "return",
    }
}

names! {
    "stream" StreamName {
        User = "user-events",
        Order = "order-events",
        Payment = "payment-events",
        Product = "product-events",
    }
}

names! {
    "queue" QueueName {
        User = "user-service-events",
        Order = "order-service-events",
        Payment = "payment-service-events",
        Product = "product-service-events",
        Notification = "notification-service-events",
    }
}

names! {
    /// What a person may do. Every account is a customer's; the others are staff. An admin may do whatever a member of staff may.
    "role" Role {
        Customer = "customer",
        Support = "support",
        Merchandiser = "merchandiser",
        Operator = "operator",
        Admin = "admin",
    }
}

/// Declares an enum of states or kinds with its names in `snake_case`, as they stand on the wire and in `text` columns.
///
/// ```
/// types::text_enum! {
///     /// Where a parcel is.
///     pub enum Whereabouts { Packed = "packed", UnderWay = "under_way" }
/// }
/// assert_eq!(Whereabouts::UnderWay.to_string(), "under_way");
/// assert_eq!("packed".parse(), Ok(Whereabouts::Packed));
/// ```
#[macro_export]
macro_rules! text_enum {
    // The names are `tt`, not `literal`: a derive sees a captured literal wrapped in a group, and utoipa then overlooks it.
    ($(#[$doc:meta])* pub enum $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:tt),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, $crate::serde::Serialize, $crate::serde::Deserialize, $crate::utoipa::ToSchema)]
        #[serde(crate = "types::serde")]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),*
        }

        impl $type {
            pub const ALL: &'static [$type] = &[$($type::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $($type::$variant => $text),* }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::names::UnknownName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|n| n.as_str() == text).ok_or_else(|| $crate::names::UnknownName {
                    kind: stringify!($type),
                    name: text.to_owned(),
                    known: Self::ALL.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }

        $crate::text_column!($type);
    };
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn the_schema_has_the_names_of_the_wire() {
        for (schema, names) in [
            (Role::schema(), Role::ALL.iter().map(|n| n.as_str()).collect::<Vec<_>>()),
            (ServiceName::schema(), ServiceName::ALL.iter().map(|n| n.as_str()).collect()),
        ] {
            assert_eq!(serde_json::to_value(schema).unwrap()["enum"], serde_json::to_value(names).unwrap());
        }
    }
}
