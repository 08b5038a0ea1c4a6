//! Identifiers: a UUID v7 (RFC 9562) in a type of its own, so that a user's cannot stand where an order's is asked for.

/// Lets a newtype stand in queries wherever its inner type can.
#[cfg(feature = "sqlx")]
macro_rules! transparent_column {
    ($name:ty, $inner:ty) => {
        impl sqlx::Type<sqlx::Postgres> for $name {
            fn type_info() -> sqlx::postgres::PgTypeInfo {
                <$inner as sqlx::Type<sqlx::Postgres>>::type_info()
            }
            fn compatible(ty: &sqlx::postgres::PgTypeInfo) -> bool {
                <$inner as sqlx::Type<sqlx::Postgres>>::compatible(ty)
            }
        }
        impl sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> sqlx::postgres::PgTypeInfo {
                <$inner as sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }
        impl<'q> sqlx::Encode<'q, sqlx::Postgres> for $name {
            fn encode_by_ref(
                &self,
                buffer: &mut sqlx::postgres::PgArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <$inner as sqlx::Encode<'q, sqlx::Postgres>>::encode_by_ref(&self.0, buffer)
            }
        }
        impl<'r> sqlx::Decode<'r, sqlx::Postgres> for $name {
            fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                <$inner as sqlx::Decode<'r, sqlx::Postgres>>::decode(value).map(Self)
            }
        }
    };
}
#[cfg(feature = "sqlx")]
pub(crate) use transparent_column;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = uuid::Uuid)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A new identifier; later ones sort after earlier ones (UUID v7).
            #[allow(clippy::new_without_default, reason = "each is different, so there is no default")]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        #[cfg(feature = "sqlx")]
        transparent_column!($name, uuid::Uuid);
    )*};
}

id! {
    /// An account, and the person's profile under the same identifier.
    UserId,
    /// A refresh-token family: one log-in on one device.
    SessionId,
    /// A one-time code's reference: what an event carries in the code's place.
    CodeReference,
    AddressId,
    CategoryId,
    ProductId,
    /// A stock unit: one choice of a product's options.
    VariantId,
    ReviewId,
    /// A place that keeps stock.
    LocationId,
    CartId,
    OrderId,
    OrderLineId,
    InvoiceId,
    /// What a customer is to pay for one order.
    IntentId,
    /// One try to pay an intent.
    AttemptId,
    RefundId,
    CouponId,
    PromotionId,
    ShipmentId,
    ShippingMethodId,
    ReturnId,
    ReturnLineId,
    NotificationId,
    EventId,
}
