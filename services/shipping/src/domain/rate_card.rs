//! What it costs to send something somewhere, and by when it arrives.

use contracts::shipping::{
    CashOnDelivery, RateCard, ShippingBlock, ShippingOption, ShippingRate, ShippingZone, WriteShippingRate,
};
use types::{Money, PinCode, Timestamp};

use super::{postal, promise};

/// The answer to where, how heavy and how dear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The cheapest first; empty if nothing can be sent.
    pub options: Vec<ShippingOption>,
    pub cash_on_delivery: CashOnDelivery,
    /// Why nothing can be sent, in words for the customer; empty if something can.
    pub refusal: String,
}

/// The one zone of a PIN code: that of its longest prefix, else that of its state, else that of everywhere else.
pub fn zone_of<'card>(card: &'card RateCard, pin_code: &PinCode) -> Option<&'card ShippingZone> {
    let longest = |zone: &&ShippingZone| longest_prefix(zone.zone.prefixes.iter().map(String::as_str), pin_code);
    let by_prefix = card.zones.iter().filter(|zone| longest(zone) > 0).max_by_key(longest);
    let by_state = || {
        let state = postal::state_of(pin_code)?;
        card.zones.iter().find(|zone| zone.zone.states.contains(&state))
    };
    by_prefix.or_else(by_state).or_else(|| card.zones.iter().find(|zone| zone.zone.everywhere_else))
}

pub fn quote(card: &RateCard, pin_code: &PinCode, weight_grams: u32, value: Money, now: Timestamp) -> Quote {
    let block = block_of(card, pin_code);
    let zone = zone_of(card, pin_code);
    let cash_on_delivery = cash_on_delivery(zone, block, value);
    let refused = |reason: &str| Quote {
        options: Vec::new(),
        cash_on_delivery: CashOnDelivery { allowed: false, reason: reason.to_owned() },
        refusal: reason.to_owned(),
    };
    if let Some(block) = block.filter(|block| block.block.delivery) {
        return refused(&block.block.reason);
    }
    let Some(zone) = zone else { return refused("We do not deliver to this PIN code yet.") };
    let options = options(card, zone, weight_grams, value, now);
    if options.is_empty() {
        return refused("This is too heavy to be sent to this PIN code.");
    }
    Quote { options, cash_on_delivery, refusal: String::new() }
}

/// What the parcel costs; `None` if it is too heavy.
pub fn charge(rate: &WriteShippingRate, weight_grams: u32, value: Money) -> Option<Money> {
    let slab = rate.slabs.iter().find(|slab| weight_grams <= slab.up_to_grams)?;
    let free = rate.free_from.is_some_and(|from| value >= from);
    Some(if free { Money::ZERO } else { slab.charge })
}

/// What is wrong with a rate: the field and the rule it breaks.
pub fn fault(rate: &WriteShippingRate) -> Option<(String, &'static str)> {
    if rate.max_days < rate.min_days {
        return Some(("max_days".to_owned(), "must not be less than min_days"));
    }
    let pairs = rate.slabs.iter().zip(rate.slabs.iter().skip(1));
    pairs.enumerate().find_map(|(before, (lighter, heavier))| {
        let slab = format!("slabs[{}]", before + 1);
        if heavier.up_to_grams <= lighter.up_to_grams {
            Some((format!("{slab}.up_to_grams"), "must be more than the slab's before"))
        } else if heavier.charge < lighter.charge {
            Some((format!("{slab}.charge"), "must not be less than the slab's before"))
        } else {
            None
        }
    })
}

fn options(
    card: &RateCard,
    zone: &ShippingZone,
    weight_grams: u32,
    value: Money,
    now: Timestamp,
) -> Vec<ShippingOption> {
    let dispatch = promise::dispatch_day(now);
    let option = |rate: &ShippingRate| {
        let method = card.methods.iter().find(|method| method.code == rate.method)?;
        Some(ShippingOption {
            method_id: method.id,
            code: method.code.clone(),
            name: method.name.clone(),
            charge: charge(&rate.rate, weight_grams, value)?,
            promised_from: promise::arrival(dispatch, rate.rate.min_days),
            promised_to: promise::arrival(dispatch, rate.rate.max_days),
        })
    };
    let mut options: Vec<_> = card.rates.iter().filter(|rate| rate.zone == zone.code).filter_map(option).collect();
    options.sort_by(|a, b| (a.charge, a.promised_to, &a.code).cmp(&(b.charge, b.promised_to, &b.code)));
    options
}

fn cash_on_delivery(zone: Option<&ShippingZone>, block: Option<&ShippingBlock>, value: Money) -> CashOnDelivery {
    let limit = zone.map_or(Money::ZERO, |zone| zone.zone.cash_on_delivery_limit);
    let reason = match block {
        Some(block) => block.block.reason.clone(),
        None if limit.is_zero() => "Cash on delivery is not offered for this PIN code.".to_owned(),
        None if value > limit => format!("Cash on delivery is offered up to {limit}."),
        None => String::new(),
    };
    CashOnDelivery { allowed: reason.is_empty(), reason }
}

/// A block of all delivery counts before one of cash only, and then the more particular one.
fn block_of<'card>(card: &'card RateCard, pin_code: &PinCode) -> Option<&'card ShippingBlock> {
    let holds = |block: &&ShippingBlock| pin_code.as_str().starts_with(&block.prefix);
    card.blocks.iter().filter(holds).max_by_key(|block| (block.block.delivery, block.prefix.len()))
}

/// 0 if none of them is a prefix.
fn longest_prefix<'a>(prefixes: impl Iterator<Item = &'a str>, pin_code: &PinCode) -> usize {
    prefixes.filter(|prefix| pin_code.as_str().starts_with(prefix)).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo;
    use contracts::shipping::WeightSlab;
    use jiff::civil::Weekday;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::new("2026-11-23T10:00:00+05:30".parse().unwrap())
    }

    fn pin(text: &str) -> PinCode {
        text.parse().unwrap()
    }

    fn zone(text: &str) -> String {
        zone_of(&demo::rate_card(), &pin(text)).unwrap().code.clone()
    }

    #[test]
    fn the_longest_prefix_counts_then_the_state_then_everywhere_else() {
        assert_eq!(zone("500081"), "hyderabad");
        assert_eq!(zone("506001"), "south");
        assert_eq!(zone("560001"), "metro");
        assert_eq!(zone("403001"), "national");
        assert_eq!(zone("793001"), "remote");
        assert_eq!(zone("744101"), "islands");
        assert_eq!(zone("900056"), "elsewhere");
    }

    #[test]
    fn every_state_lies_in_a_zone() {
        let card = demo::rate_card();
        for (state, name) in types::StateCode::ALL {
            assert_eq!(card.zones.iter().filter(|zone| zone.zone.states.contains(state)).count(), 1, "{name}");
        }
    }

    #[test]
    fn islands_cost_more_take_longer_and_pay_first() {
        let card = demo::rate_card();
        let (near, far) = (
            quote(&card, &pin("500081"), 400, Money::from_rupees(300), now()),
            quote(&card, &pin("744101"), 400, Money::from_rupees(300), now()),
        );
        assert!(far.options[0].charge > near.options[0].charge);
        assert!(far.options[0].promised_to > near.options[0].promised_to);
        assert!(near.cash_on_delivery.allowed);
        assert_eq!(far.cash_on_delivery.reason, "Cash on delivery is not offered for this PIN code.");
    }

    #[test]
    fn a_blocked_pin_code_says_why() {
        let refused = quote(&demo::rate_card(), &pin("744301"), 400, Money::from_rupees(300), now());
        assert!(refused.options.is_empty());
        assert_eq!(refused.refusal, "No carrier goes to the Nicobar Islands.");
        assert!(!refused.cash_on_delivery.allowed);
    }

    #[test]
    fn cash_is_taken_up_to_the_limit() {
        let allowed =
            |rupees| quote(&demo::rate_card(), &pin("500081"), 400, Money::from_rupees(rupees), now()).cash_on_delivery;
        assert!(allowed(5_000).allowed);
        let refused = allowed(5_001);
        assert_eq!((refused.allowed, refused.reason.as_str()), (false, "Cash on delivery is offered up to ₹5,000.00."));
    }

    #[test]
    fn dear_parcels_go_free_and_heavy_ones_do_not_go() {
        let card = demo::rate_card();
        let standard = |weight, rupees| quote(&card, &pin("500081"), weight, Money::from_rupees(rupees), now());
        assert!(standard(400, 498).options[0].charge.is_positive());
        assert!(standard(400, 499).options[0].charge.is_zero());
        assert_eq!(standard(99_000, 499).refusal, "This is too heavy to be sent to this PIN code.");
    }

    #[test]
    fn a_heavier_slab_must_not_cost_less() {
        let slab = |up_to_grams, paise| WeightSlab { up_to_grams, charge: Money::from_paise(paise) };
        let rate = |slabs| WriteShippingRate { min_days: 1, max_days: 2, free_from: None, slabs };
        assert_eq!(fault(&rate(vec![slab(500, 100), slab(1000, 100)])), None);
        assert_eq!(fault(&rate(vec![slab(500, 100), slab(1000, 99)])).unwrap().0, "slabs[1].charge");
        assert_eq!(fault(&rate(vec![slab(500, 100), slab(500, 200)])).unwrap().0, "slabs[1].up_to_grams");
        assert_eq!(fault(&WriteShippingRate { min_days: 3, ..rate(vec![slab(1, 1)]) }).unwrap().0, "max_days");
    }

    #[test]
    fn the_card_survives_the_cache() {
        let card = demo::rate_card();
        let stored = serde_json::to_string(&card).unwrap();
        assert_eq!(serde_json::from_str::<RateCard>(&stored).unwrap(), card);
        assert!(card.rates.iter().all(|rate| fault(&rate.rate).is_none()));
    }

    proptest! {
        #[test]
        fn every_pin_code_lies_in_one_zone(number in 100_000u32..=999_999) {
            let (card, pin_code) = (demo::rate_card(), pin(&number.to_string()));
            let found = zone_of(&card, &pin_code);
            prop_assert!(found.is_some());
            // Whatever order the zones are read in.
            let turned = RateCard { zones: card.zones.iter().rev().cloned().collect(), ..card.clone() };
            prop_assert_eq!(zone_of(&turned, &pin_code), found);
        }

        #[test]
        fn a_heavier_parcel_never_costs_less(number in 100_000u32..=999_999, light in 1u32..25_000, more in 0u32..5_000, paise in 0i64..1_000_000) {
            let (card, pin_code, value) = (demo::rate_card(), pin(&number.to_string()), Money::from_paise(paise));
            let (light, heavy) = (quote(&card, &pin_code, light, value, now()), quote(&card, &pin_code, light + more, value, now()));
            for option in &heavy.options {
                let lighter = light.options.iter().find(|o| o.code == option.code).unwrap();
                prop_assert!(lighter.charge <= option.charge);
            }
        }

        #[test]
        fn a_promise_is_in_the_future_and_no_sunday(number in 100_000u32..=999_999, seconds in 1_700_000_000i64..4_000_000_000) {
            let now = Timestamp::from_microseconds(seconds * 1_000_000);
            for option in quote(&demo::rate_card(), &pin(&number.to_string()), 500, Money::ZERO, now).options {
                prop_assert!(option.promised_from > now.date_in_india());
                prop_assert!(option.promised_from <= option.promised_to);
                prop_assert_ne!(option.promised_from.weekday(), Weekday::Sunday);
                prop_assert_ne!(option.promised_to.weekday(), Weekday::Sunday);
            }
        }
    }
}
