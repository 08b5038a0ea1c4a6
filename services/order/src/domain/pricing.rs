//! What a cart costs.

use contracts::cart::CheckoutCart;
use contracts::discount::{BasketLine, PricedBasket};
use contracts::product::VariantSnapshot;
use types::{Money, Rate, VariantId};

use super::gst::{Supply, Tax};

/// A line of the cart with what it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub variant: VariantSnapshot,
    pub quantity: u32,
}

/// Why this cart cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    Empty,
    /// These are not on sale any more.
    NotOnSale(Vec<VariantId>),
    /// More pieces than one order may have.
    TooMany {
        variant_id: VariantId,
        most: u32,
    },
}

/// The price of the lines of a cart and of their delivery, in paise, GST included.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// In the order of what is wanted.
    pub lines: Vec<LinePrice>,
    pub delivery: DeliveryPrice,
    pub total: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePrice {
    pub discount: Money,
    /// After the discount.
    pub total: Money,
    pub gst_rate: Rate,
    pub tax: Tax,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPrice {
    pub charge: Money,
    pub discount: Money,
    pub hsn: String,
    pub gst_rate: Rate,
    pub tax: Tax,
}

/// The discounts do not fit the basket: the discount service's mistake, not the customer's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscountError {
    #[error("{given} discounts for {lines} lines")]
    Count { given: usize, lines: usize },
    #[error("a discount of {discount} on {amount}")]
    Amount { discount: Money, amount: Money },
}

/// Puts the cart's lines together with what they name.
pub fn wanted(cart: &CheckoutCart, variants: &[VariantSnapshot]) -> Result<Vec<Wanted>, Unavailable> {
    if cart.lines.is_empty() {
        return Err(Unavailable::Empty);
    }
    let find = |id| variants.iter().find(|variant| variant.variant_id == id && variant.on_sale);
    let (mut lines, mut missing) = (Vec::with_capacity(cart.lines.len()), Vec::new());
    for line in &cart.lines {
        match find(line.variant_id) {
            Some(variant) => lines.push(Wanted { variant: variant.clone(), quantity: line.quantity }),
            None => missing.push(line.variant_id),
        }
    }
    if !missing.is_empty() {
        return Err(Unavailable::NotOnSale(missing));
    }
    match lines.iter().find(|line| line.quantity > line.variant.max_per_order) {
        Some(Wanted { variant, .. }) => {
            Err(Unavailable::TooMany { variant_id: variant.variant_id, most: variant.max_per_order })
        }
        None => Ok(lines),
    }
}

/// As the discount service wants it.
pub fn basket(wanted: &[Wanted]) -> Vec<BasketLine> {
    let line = |line: &Wanted| BasketLine {
        variant_id: line.variant.variant_id,
        product_id: line.variant.product_id,
        category_ids: line.variant.category_ids.clone(),
        quantity: line.quantity,
        unit_price: line.variant.unit_price,
    };
    wanted.iter().map(line).collect()
}

/// The parcel's weight, in grams.
pub fn weight(wanted: &[Wanted]) -> u32 {
    wanted.iter().fold(0u32, |sum, line| sum.saturating_add(line.variant.weight_grams.saturating_mul(line.quantity)))
}

/// What the goods cost after discounts.
pub fn value(wanted: &[Wanted], discounts: &PricedBasket) -> Money {
    let prices: Money = wanted.iter().map(subtotal).sum();
    prices - discounts.line_discounts.iter().sum::<Money>()
}

/// The whole price. Tax is within each line after its discount: one that the invoice tells of is no part of the value that is
/// taxed (CGST Act 2017, section 15 (3) (a)), and where the rate depends on the price, it is that of this value. The delivery
/// charge is part of the same supply as the goods and is taxed as they are (CGST Act 2017, section 8); where their rates differ, at
/// the highest of them, with that line's HSN code.
///
/// # Errors
/// The discounts are not those of this basket.
pub fn price(
    wanted: &[Wanted],
    discounts: &PricedBasket,
    charge: Money,
    supply: Supply,
) -> Result<Price, DiscountError> {
    let given = &discounts.line_discounts;
    if given.len() != wanted.len() {
        return Err(DiscountError::Count { given: given.len(), lines: wanted.len() });
    }
    let line = |(wanted, discount): (&Wanted, &Money)| {
        let total = less(subtotal(wanted), *discount)?;
        let gst_rate = rate_at(wanted, total);
        Ok(LinePrice { discount: *discount, total, gst_rate, tax: Tax::within(total, gst_rate, supply) })
    };
    let lines = wanted.iter().zip(given).map(line).collect::<Result<Vec<_>, _>>()?;

    let net_charge = less(charge, discounts.shipping_discount)?;
    let (gst_rate, hsn) = principal(wanted, &lines);
    let delivery = DeliveryPrice {
        charge,
        discount: discounts.shipping_discount,
        hsn,
        gst_rate,
        tax: Tax::within(net_charge, gst_rate, supply),
    };
    let total = lines.iter().map(|line| line.total).sum::<Money>() + net_charge;
    Ok(Price { lines, delivery, total })
}

/// The rate of a line that comes to `total`, by what that is for one piece.
fn rate_at(wanted: &Wanted, total: Money) -> Rate {
    let is_exceeded = |above: Money| above.times(wanted.quantity) < total;
    let steps = wanted.variant.gst_rates.iter();
    // What is given away has the lowest step's, of which nothing is due.
    let step = steps.filter(|step| is_exceeded(step.above) || step.above.is_zero()).max_by_key(|step| step.above);
    step.map_or(wanted.variant.gst_rate, |step| step.rate)
}

/// Before the discount.
pub fn subtotal(wanted: &Wanted) -> Money {
    wanted.variant.unit_price.times(wanted.quantity)
}

fn less(amount: Money, discount: Money) -> Result<Money, DiscountError> {
    if discount.is_negative() || discount > amount {
        return Err(DiscountError::Amount { discount, amount });
    }
    Ok(amount - discount)
}

/// Rate and HSN code of the goods that the delivery goes with: the highest rate's; among those the dearest line's. The codes
/// themselves break a tie, so that the order of the lines does not matter.
fn principal(wanted: &[Wanted], lines: &[LinePrice]) -> (Rate, String) {
    wanted
        .iter()
        .zip(lines)
        .max_by_key(|(wanted, line)| (line.gst_rate, line.total, std::cmp::Reverse(&wanted.variant.hsn)))
        .map_or((Rate::ZERO, String::new()), |(wanted, line)| (line.gst_rate, wanted.variant.hsn.clone()))
}
