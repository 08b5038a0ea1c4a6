//! Rules in words.

use contracts::discount::{Coupon, CouponBenefit, CouponOffer, Promotion, PromotionBenefit, PromotionOffer, RuleScope};
use types::{Money, Timestamp};

use super::Standing;
use super::coupon::refusal;

/// The coupon as anybody may see it.
pub fn coupon_offer(coupon: &Coupon, now: Timestamp) -> CouponOffer {
    let refusal = refusal(coupon, Standing::default(), now);
    let mut terms = vec![match &coupon.benefit {
        CouponBenefit::Percentage { rate, cap: None } => format!("{rate} off."),
        CouponBenefit::Percentage { rate, cap: Some(cap) } => format!("{rate} off, at most {cap}."),
        CouponBenefit::FixedAmount { amount } => format!("{amount} off."),
        CouponBenefit::FreeShipping {} => "Free shipping.".to_owned(),
    }];
    if coupon.minimum_basket > Money::ZERO {
        terms.push(format!("For goods worth {} or more.", coupon.minimum_basket));
    }
    if coupon.first_order_only {
        terms.push("For your first order.".to_owned());
    }
    terms.extend(limited(&coupon.scope));
    if let Some(limit) = coupon.limit_per_customer.filter(|_| !coupon.first_order_only) {
        terms.push(if limit == 1 { "Once per customer.".to_owned() } else { format!("{limit} times per customer.") });
    }
    if !coupon.stackable {
        terms.push("Not together with other offers that stand alone: the best one counts.".to_owned());
    }
    CouponOffer {
        code: coupon.code.clone(),
        valid: refusal.is_none(),
        reason: refusal.unwrap_or_else(|| "It can be used now.".to_owned()),
        terms,
    }
}

pub fn promotion_offer(promotion: &Promotion) -> PromotionOffer {
    let mut terms = match &promotion.benefit {
        PromotionBenefit::BuyGet { buy, get } => vec![format!("Buy {buy}, get {get} free: the cheapest.")],
        PromotionBenefit::Bundle { product_ids, price } => {
            vec![format!("{} products together for {price}.", product_ids.len())]
        }
        PromotionBenefit::Volume { tiers } => {
            tiers.iter().map(|tier| format!("{} off from {} pieces on.", tier.rate, tier.pieces)).collect()
        }
        PromotionBenefit::BasketValue { tiers } => {
            tiers.iter().map(|tier| format!("{} off from {} on.", tier.amount, tier.from)).collect()
        }
    };
    terms.extend(limited(&promotion.scope));
    PromotionOffer {
        id: promotion.id,
        name: promotion.name.clone(),
        terms,
        scope: promotion.scope.clone(),
        ends_at: promotion.ends_at,
    }
}

fn limited(scope: &RuleScope) -> Option<String> {
    let all = scope.category_ids.is_empty() && scope.product_ids.is_empty();
    (!all).then(|| "On selected products.".to_owned())
}
