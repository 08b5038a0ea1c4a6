//! The demonstration's coupons and promotions.

use contracts::discount::{Coupon, CouponBenefit, Promotion, PromotionBenefit, RuleScope, ValueTier, VolumeTier};
use sqlx::PgConnection;
use types::{CategoryId, CouponId, Money, PromotionId, Rate, Timestamp};
use uuid::Uuid;

use crate::store::{coupon as coupons, promotion as promotions};

/// Masalas and spices in the product service's demonstration: of three pieces the cheapest is free.
pub const MASALAS: CategoryId = CategoryId(Uuid::from_u128(FIRST_ID + (3 << 40) + 9));

/// Adds what is not there yet.
pub async fn seed(connection: &mut PgConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    for coupon in demo_coupons(now) {
        let _new = coupons::insert_unless_there(connection, &coupon).await?;
    }
    for promotion in demo_promotions(now) {
        let _new = promotions::insert_unless_there(connection, &promotion).await?;
    }
    Ok(())
}

fn demo_coupons(now: Timestamp) -> Vec<Coupon> {
    let coupon = |code: &str, benefit| Coupon {
        id: CouponId::new(),
        code: code.to_owned(),
        benefit,
        scope: RuleScope::default(),
        minimum_basket: Money::ZERO,
        first_order_only: false,
        starts_at: now,
        ends_at: None,
        total_limit: None,
        limit_per_customer: None,
        priority: 0,
        stackable: true,
        active: true,
        used: 0,
        version: 1,
    };
    let off = |rupees| CouponBenefit::FixedAmount { amount: Money::from_rupees(rupees) };
    let ten_per_cent = CouponBenefit::Percentage { rate: Rate::from_percent(10), cap: Some(Money::from_rupees(200)) };
    vec![
        Coupon {
            first_order_only: true,
            limit_per_customer: Some(1),
            stackable: false,
            ..coupon("WELCOME10", ten_per_cent)
        },
        Coupon { minimum_basket: Money::from_rupees(999), ..coupon("FLAT100", off(100)) },
        coupon("FREESHIP", CouponBenefit::FreeShipping {}),
        Coupon { total_limit: Some(1), ..coupon("ONCE", off(50)) },
        Coupon { total_limit: Some(10), ..coupon("TENUSES", off(50)) },
    ]
}

fn demo_promotions(now: Timestamp) -> Vec<Promotion> {
    let promotion = |number, name: &str, benefit| Promotion {
        id: id(number),
        name: name.to_owned(),
        benefit,
        scope: RuleScope::default(),
        starts_at: now,
        ends_at: None,
        priority: 0,
        stackable: true,
        active: true,
        version: 1,
    };
    let value = vec![ValueTier { from: Money::from_rupees(4999), amount: Money::from_rupees(250) }];
    let volume = vec![VolumeTier { pieces: 10, rate: Rate::from_percent(5) }];
    vec![
        Promotion {
            scope: RuleScope { category_ids: vec![MASALAS], product_ids: Vec::new() },
            priority: 20,
            stackable: false,
            ..promotion(1, "Masalas: buy 2, get 1 free", PromotionBenefit::BuyGet { buy: 2, get: 1 })
        },
        Promotion { priority: 10, ..promotion(2, "Ten or more", PromotionBenefit::Volume { tiers: volume }) },
        promotion(3, "₹250 off from ₹4,999 on", PromotionBenefit::BasketValue { tiers: value }),
    ]
}

/// UUIDs of version 7 from here on sort before all real ones; fixed, so that seeding again finds what is there.
const FIRST_ID: u128 = 0x018c_c251_f400_7000_8000_0000_0000_0000;

const fn id(number: u128) -> PromotionId {
    PromotionId(Uuid::from_u128(FIRST_ID + number))
}
