//! The cart as its owner sees it: what today's prices, offers and stock make of it, and what is different from the last time.

use contracts::cart::{CartItem, CartNotice, CartTotals, CartView, CartViewLine, NoticeKind};
use contracts::discount::{BasketLine, PricedBasket};
use contracts::product::VariantSnapshot;
use contracts::shipping::ShippingQuote;
use types::{Money, PinCode, VariantId};

use super::{Cart, Line, limit};

/// What the other services say.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Of the cart's lines, as far as the catalogue knows them.
    pub variants: Vec<VariantSnapshot>,
    pub offers: Offers,
    pub shipping: Shipping,
}

#[derive(Clone, Debug)]
pub enum Offers {
    Priced(PricedBasket),
    /// The discount service does not answer: the cart is shown without offers.
    Unknown,
}

#[derive(Clone, Debug)]
pub enum Shipping {
    NotAsked,
    Quoted {
        pin_code: PinCode,
        quote: ShippingQuote,
    },
    /// The shipping service does not answer.
    Unknown {
        pin_code: PinCode,
    },
}

/// What discount is asked to price: the lines that can be ordered, in the cart's order.
pub fn basket(cart: &Cart, variants: &[VariantSnapshot]) -> Vec<BasketLine> {
    let priced = cart.active().filter_map(|line| Some((line, sellable(line.variant_id, variants)?)));
    priced
        .map(|(line, variant)| BasketLine {
            variant_id: line.variant_id,
            product_id: variant.product_id,
            category_ids: variant.category_ids.clone(),
            quantity: line.quantity,
            unit_price: variant.unit_price,
        })
        .collect()
}

/// Of all that can be ordered.
pub fn weight_grams(cart: &Cart, variants: &[VariantSnapshot]) -> u32 {
    let weights = cart
        .active()
        .filter_map(|line| Some(sellable(line.variant_id, variants)?.weight_grams.saturating_mul(line.quantity)));
    weights.fold(0, u32::saturating_add)
}

pub fn compose(cart: &Cart, facts: Facts) -> CartView {
    let Facts { variants, offers, shipping } = facts;
    let mut notices = Vec::new();
    for line in &cart.lines {
        notices.extend(line_notices(line, variants.iter().find(|v| v.variant_id == line.variant_id)));
    }
    let (priced, offers_known) = match offers {
        Offers::Priced(priced) => (Some(priced), true),
        Offers::Unknown => (None, false),
    };
    let discounts = priced.as_ref().map(|priced| priced.line_discounts.clone()).unwrap_or_default();
    let lines = active_lines(cart, &variants, discounts);
    if !offers_known {
        notices.push(notice(NoticeKind::OffersUnknown, None, "Offers cannot be reckoned at the moment."));
    }
    let (coupon, receipt, off_shipping) = match priced {
        Some(priced) => (priced.coupon, priced.receipt, priced.shipping_discount),
        None => (None, Vec::new(), Money::ZERO),
    };
    if let Some(verdict) = coupon.as_ref().filter(|verdict| !verdict.applies) {
        let since = if cart.coupon_applied { "no longer applies" } else { "does not apply" };
        let message = format!("{} {since}. {}", verdict.code, verdict.reason);
        notices.push(notice(NoticeKind::CouponNotApplied, None, message));
    }
    let (pin_code, quote) = match shipping {
        Shipping::NotAsked => (None, None),
        Shipping::Quoted { pin_code, quote } => {
            if quote.options.is_empty() {
                let message = format!("Nothing can be sent to {pin_code}.");
                notices.push(notice(NoticeKind::NotServiceable, None, message));
            }
            (Some(pin_code), Some(quote))
        }
        Shipping::Unknown { pin_code } => {
            let message = "What shipping costs cannot be reckoned at the moment.";
            notices.push(notice(NoticeKind::ShippingUnknown, None, message));
            (Some(pin_code), None)
        }
    };
    let totals = totals(&lines, quote.as_ref(), off_shipping);
    let hindrances = [
        NoticeKind::LessStock,
        NoticeKind::OutOfStock,
        NoticeKind::Gone,
        NoticeKind::OverLimit,
        NoticeKind::NotServiceable,
    ];
    let is_active = |id: VariantId| cart.active().any(|line| line.variant_id == id);
    let hindered = notices.iter().any(|n| hindrances.contains(&n.kind) && n.variant_id.is_none_or(is_active));
    let saved = cart.lines.iter().filter(|line| line.saved_for_later);
    CartView {
        cart_id: Some(cart.id),
        version: cart.version,
        saved_for_later: saved.map(|line| view_line(line, &variants, Money::ZERO, Money::ZERO)).collect(),
        coupon_code: cart.coupon_code.clone(),
        coupon,
        offers: receipt,
        totals,
        shipping: quote,
        pin_code,
        can_check_out: !lines.is_empty() && !hindered,
        lines,
        notices,
    }
}

/// The lines to be ordered, with the discounts that were reckoned for [`basket`], in its order.
fn active_lines(cart: &Cart, variants: &[VariantSnapshot], discounts: Vec<Money>) -> Vec<CartViewLine> {
    let mut discounts = discounts.into_iter();
    let view = |line: &Line| match sellable(line.variant_id, variants) {
        Some(variant) => {
            let discount = discounts.next().unwrap_or_default();
            view_line(line, variants, variant.unit_price.times(line.quantity), discount)
        }
        None => view_line(line, variants, Money::ZERO, Money::ZERO),
    };
    cart.active().map(view).collect()
}

fn view_line(line: &Line, variants: &[VariantSnapshot], subtotal: Money, discount: Money) -> CartViewLine {
    let variant = variants.iter().find(|v| v.variant_id == line.variant_id && v.on_sale);
    let item = variant.map(|variant| CartItem {
        product_id: variant.product_id,
        sku: variant.sku.clone(),
        title: variant.title.clone(),
        options: variant.options.clone(),
        image: variant.image.clone(),
        unit_price: variant.unit_price,
        mrp: variant.mrp,
        available: variant.available,
        max_per_order: limit(variant.max_per_order),
    });
    let (variant_id, quantity) = (line.variant_id, line.quantity);
    CartViewLine { variant_id, item, quantity, subtotal, discount, total: subtotal - discount }
}

fn totals(lines: &[CartViewLine], quote: Option<&ShippingQuote>, off_shipping: Money) -> CartTotals {
    let goods: Money = lines.iter().map(|line| line.subtotal).sum();
    let discount: Money = lines.iter().map(|line| line.discount).sum();
    let shipping = quote.and_then(|quote| quote.options.first()).map(|option| option.charge);
    let shipping_discount = shipping.map_or(Money::ZERO, |charge| off_shipping.min(charge));
    let total = goods - discount + shipping.unwrap_or_default() - shipping_discount;
    CartTotals { goods, discount, shipping, shipping_discount, total }
}

fn sellable(id: VariantId, variants: &[VariantSnapshot]) -> Option<&VariantSnapshot> {
    variants.iter().find(|variant| variant.variant_id == id && variant.on_sale && variant.available > 0)
}

fn line_notices(line: &Line, variant: Option<&VariantSnapshot>) -> Vec<CartNotice> {
    let about = |kind, message: String| notice(kind, Some(line.variant_id), message);
    let Some(variant) = variant.filter(|variant| variant.on_sale) else {
        let title = variant.map_or("An article", |variant| variant.title.as_str());
        return vec![about(NoticeKind::Gone, format!("{title} is sold no longer."))];
    };
    let (title, price, seen) = (&variant.title, variant.unit_price, line.seen_price);
    let mut notices = Vec::new();
    if price > seen {
        notices.push(about(NoticeKind::PriceUp, format!("{title} costs {price} now, not {seen}.")));
    } else if price < seen {
        notices.push(about(NoticeKind::PriceDown, format!("{title} costs only {price} now, not {seen}.")));
    }
    let (available, most) = (variant.available, limit(variant.max_per_order));
    if available == 0 {
        notices.push(about(NoticeKind::OutOfStock, format!("{title} is out of stock.")));
    } else if available < line.quantity {
        notices.push(about(NoticeKind::LessStock, format!("Only {available} of {title} are left.")));
    }
    if most < line.quantity {
        notices.push(about(NoticeKind::OverLimit, format!("One order can have {most} of {title} at most.")));
    }
    notices
}

fn notice(kind: NoticeKind, variant_id: Option<VariantId>, message: impl Into<String>) -> CartNotice {
    CartNotice { kind, variant_id, message: message.into() }
}
