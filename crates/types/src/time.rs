//! Points in time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A point in time, to the microsecond (PostgreSQL's `timestamptz`); RFC 3339 in UTC on the wire, and so of the years 0000 to
/// 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, example = "2026-11-01T09:30:00Z")]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Rounds down to the microsecond, so that a time read back from the database equals the one that was written.
    pub fn new(time: jiff::Timestamp) -> Self {
        Self::from_microseconds(time.as_microsecond())
    }

    /// Microseconds since 1970-01-01T00:00:00Z; out of range becomes the nearest bound.
    pub fn from_microseconds(microseconds: i64) -> Self {
        let bound = if microseconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Timestamp(jiff::Timestamp::from_microsecond(microseconds).unwrap_or(bound))
    }

    pub fn as_microseconds(self) -> i64 {
        self.0.as_microsecond()
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn as_seconds(self) -> i64 {
        self.0.as_second()
    }

    pub fn plus(self, duration: Duration) -> Self {
        let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_microseconds(self.as_microseconds().saturating_add(microseconds))
    }

    pub fn minus(self, duration: Duration) -> Self {
        let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_microseconds(self.as_microseconds().saturating_sub(microseconds))
    }

    /// How long ago `earlier` was; zero if it is in the future.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.as_microseconds() - earlier.as_microseconds()).unwrap_or(0))
    }

    /// The moment on the clock of India (UTC+05:30, no summer time), for dates on documents and promises.
    pub fn in_india(self) -> jiff::Zoned {
        const OFFSET_SECONDS: i32 = (5 * 60 + 30) * 60;
        let offset = jiff::tz::Offset::from_seconds(OFFSET_SECONDS).unwrap_or(jiff::tz::Offset::UTC);
        self.0.to_zoned(jiff::tz::TimeZone::fixed(offset))
    }

    /// The calendar date in India.
    pub fn date_in_india(self) -> jiff::civil::Date {
        self.in_india().date()
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// 0000-01-01T00:00:00Z, in seconds since 1970.
        const YEAR_ZERO: i64 = -62_167_219_200;
        let time = jiff::Timestamp::deserialize(deserializer)?;
        if time.as_second() < YEAR_ZERO {
            return Err(serde::de::Error::custom("a time before the year 0000 is not RFC 3339"));
        }
        Ok(Timestamp::new(time))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "sqlx")]
mod column {
    use super::Timestamp;
    use sqlx::encode::IsNull;
    use sqlx::error::BoxDynError;
    use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
    use sqlx::{Decode, Encode, Postgres, Type};

    /// PostgreSQL counts microseconds from 2000-01-01T00:00:00Z.
    const POSTGRES_EPOCH: i64 = 946_684_800_000_000;
    const TIMESTAMPTZ: sqlx::postgres::types::Oid = sqlx::postgres::types::Oid(1184);
    const TIMESTAMPTZ_ARRAY: sqlx::postgres::types::Oid = sqlx::postgres::types::Oid(1185);

    impl Type<Postgres> for Timestamp {
        fn type_info() -> PgTypeInfo {
            PgTypeInfo::with_oid(TIMESTAMPTZ)
        }
    }

    impl PgHasArrayType for Timestamp {
        fn array_type_info() -> PgTypeInfo {
            PgTypeInfo::with_oid(TIMESTAMPTZ_ARRAY)
        }
    }

    impl Encode<'_, Postgres> for Timestamp {
        fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
            Encode::<Postgres>::encode(self.as_microseconds() - POSTGRES_EPOCH, buffer)
        }
    }

    impl<'r> Decode<'r, Postgres> for Timestamp {
        fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
            match value.format() {
                PgValueFormat::Binary => {
                    let microseconds = <i64 as Decode<Postgres>>::decode(value)?;
                    Ok(Timestamp::from_microseconds(microseconds.saturating_add(POSTGRES_EPOCH)))
                }
                PgValueFormat::Text => Ok(Timestamp::new(value.as_str()?.parse()?)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_read_is_one_that_the_database_holds() {
        let read = |text: &str| serde_json::from_value::<Timestamp>(text.into());
        assert_eq!(read("2026-11-01T09:30:00.1234567Z").unwrap().to_string(), "2026-11-01T09:30:00.123456Z");
        assert_eq!(read("0000-01-01T00:00:00Z").unwrap().as_seconds(), -62_167_219_200);
        for wrong in ["-009999-06-01T00:00:00Z", "-000001-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "now"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
