//! The demonstration's rate card: parcels go out from Hyderabad to the whole of India.

use contracts::shipping::{
    RateCard, ShippingBlock, ShippingMethod, ShippingRate, ShippingZone, WeightSlab, WriteShippingBlock,
    WriteShippingRate, WriteShippingZone,
};
use sqlx::PgConnection;
use types::{Money, ShippingMethodId, StateCode, Timestamp};
use uuid::Uuid;

use crate::store;

pub const STANDARD: ShippingMethodId = method_id(1);
pub const EXPRESS: ShippingMethodId = method_id(2);

/// Writes the card if nobody has written one yet.
///
/// # Errors
/// The database's.
pub async fn seed(connection: &mut PgConnection, _: Timestamp) -> Result<(), sqlx::Error> {
    if !store::rate_card::load(connection).await?.zones.is_empty() {
        return Ok(());
    }
    let card = rate_card();
    for zone in &card.zones {
        store::rate_card::write_zone(connection, &zone.code, &zone.zone).await?;
        store::rate_card::write_prefixes(connection, &zone.code, &zone.zone.prefixes).await?;
        store::rate_card::write_states(connection, &zone.code, &zone.zone.states).await?;
    }
    for method in &card.methods {
        store::rate_card::add_method(connection, method).await?;
    }
    for rate in &card.rates {
        store::rate_card::write_rate(connection, &rate.zone, &rate.method, &rate.rate).await?;
    }
    for block in &card.blocks {
        store::rate_card::write_block(connection, &block.prefix, &block.block).await?;
    }
    Ok(())
}

/// Zones by distance from Hyderabad, in order of their charges. Mountains, the North-East and islands cost more and take
/// longer, and are sent less, or nothing, for cash.
pub fn rate_card() -> RateCard {
    RateCard {
        version: 0,
        zones: vec![
            zone("elsewhere", "Elsewhere", &[], &[], 0),
            zone("hyderabad", "Hyderabad", &["500", "501", "502"], &[], 5_000),
            zone("islands", "Islands", &[], &["31", "35"], 0),
            zone("metro", "Metropolitan cities", METROPOLITAN, &[], 5_000),
            zone("national", "Rest of India", &[], NATIONAL, 5_000),
            zone("remote", "North-East and the Himalaya", &[], REMOTE, 2_500),
            zone("south", "South India", &[], SOUTH, 5_000),
        ],
        methods: vec![
            ShippingMethod { id: STANDARD, code: "standard".to_owned(), name: "Standard delivery".to_owned() },
            ShippingMethod { id: EXPRESS, code: "express".to_owned(), name: "Express delivery".to_owned() },
        ],
        rates: vec![
            rate("elsewhere", "standard", (8, 15), None, 120),
            rate("hyderabad", "standard", (2, 3), Some(499), 40),
            rate("hyderabad", "express", (1, 1), None, 79),
            rate("islands", "standard", (8, 14), Some(1_999), 150),
            rate("metro", "standard", (3, 5), Some(499), 60),
            rate("metro", "express", (2, 2), None, 129),
            rate("national", "standard", (4, 7), Some(499), 70),
            rate("national", "express", (2, 4), None, 149),
            rate("remote", "standard", (7, 12), Some(999), 110),
            rate("remote", "express", (4, 7), None, 249),
            rate("south", "standard", (3, 5), Some(499), 50),
            rate("south", "express", (2, 3), None, 109),
        ],
        blocks: vec![
            block("19410", false, "Cash on delivery is not offered in Leh and Kargil."),
            block("7443", true, "No carrier goes to the Nicobar Islands."),
        ],
    }
}

/// Delhi and its neighbours, Ahmedabad, Mumbai, Pune, Bengaluru, Chennai, Kolkata.
const METROPOLITAN: &[&str] = &["11", "122", "201301", "380", "400", "411", "560", "600", "700"];
const SOUTH: &[&str] = &["29", "32", "33", "34", "36", "37"];
const NATIONAL: &[&str] =
    &["03", "04", "06", "07", "08", "09", "10", "19", "20", "21", "22", "23", "24", "26", "27", "30"];
/// Jammu and Kashmir, Himachal Pradesh, Uttarakhand, Ladakh, Sikkim, the North-East.
const REMOTE: &[&str] = &["01", "02", "05", "11", "12", "13", "14", "15", "16", "17", "18", "38"];

/// `cash` in rupees.
fn zone(code: &str, name: &str, prefixes: &[&str], states: &[&str], cash: i64) -> ShippingZone {
    let states = states.iter().filter_map(|code| code.parse::<StateCode>().ok()).collect();
    let zone = WriteShippingZone {
        name: name.to_owned(),
        prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        states,
        everywhere_else: code == "elsewhere",
        cash_on_delivery_limit: Money::from_rupees(cash),
    };
    ShippingZone { code: code.to_owned(), zone }
}

/// `first` in rupees, for the first 500 grams; `free_from` in rupees.
fn rate(zone: &str, method: &str, days: (u8, u8), free_from: Option<i64>, first: i64) -> ShippingRate {
    let slab = |up_to_grams, halves: i64| WeightSlab { up_to_grams, charge: Money::from_paise(first * 50 * halves) };
    let rate = WriteShippingRate {
        min_days: days.0,
        max_days: days.1,
        free_from: free_from.map(Money::from_rupees),
        slabs: vec![slab(500, 2), slab(1_000, 3), slab(2_000, 4), slab(5_000, 7), slab(10_000, 12), slab(30_000, 30)],
    };
    ShippingRate { zone: zone.to_owned(), method: method.to_owned(), rate }
}

fn block(prefix: &str, delivery: bool, reason: &str) -> ShippingBlock {
    ShippingBlock { prefix: prefix.to_owned(), block: WriteShippingBlock { delivery, reason: reason.to_owned() } }
}

/// UUIDs of version 7 that sort before all real ones.
const fn method_id(number: u128) -> ShippingMethodId {
    ShippingMethodId(Uuid::from_u128(0x018c_c251_f400_7000_8000_0009_0000_0000 + number))
}
