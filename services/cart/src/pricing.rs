//! Asking the other services what a cart comes to.

use contracts::cart::CartView;
use contracts::discount::{CouponVerdict, PriceBasket};
use contracts::product::{LookUpVariants, VariantSnapshot};
use contracts::shipping::QuoteShipping;
use platform::client::CallError;
use platform::problem::{Problem, Result};
use types::{Money, PinCode, UserId, VariantId};

use crate::Carts;
use crate::domain::{self, Cart, Facts, Offers, Shipping};

/// The cart with today's prices, and what a customer who sees it has seen of each line.
pub struct Seen {
    pub view: CartView,
    /// Prices that are different from those seen before.
    pub prices: Vec<(VariantId, Money)>,
    pub coupon_applied: bool,
}

/// Without the catalogue there is no cart to show; without the offers or the shipping charge there is.
pub async fn view(app: &Carts, cart: &Cart, customer: Option<UserId>, pin_code: Option<PinCode>) -> Result<Seen> {
    let variants = variants(app, cart).await?;
    let mut offers = offers(app, cart, &variants, customer, None).await?;
    let mut shipping = Shipping::NotAsked;
    if let Some(pin_code) = pin_code {
        shipping = quote(app, cart, &variants, &offers, pin_code).await?;
        // Only a coupon can be for free shipping.
        if let (Shipping::Quoted { quote, .. }, Some(_)) = (&shipping, &cart.coupon_code)
            && let Some(cheapest) = quote.options.first()
        {
            offers = self::offers(app, cart, &variants, customer, Some(cheapest.charge)).await?;
        }
    }
    let different = cart.lines.iter().filter_map(|line| {
        let variant = variants.iter().find(|v| v.variant_id == line.variant_id && v.on_sale)?;
        (variant.unit_price != line.seen_price).then_some((line.variant_id, variant.unit_price))
    });
    let prices = different.collect();
    let known = matches!(offers, Offers::Priced(_));
    let view = domain::compose(cart, Facts { variants, offers, shipping });
    let applies = view.coupon.as_ref().is_some_and(|coupon| coupon.applies);
    Ok(Seen { prices, coupon_applied: if known { applies } else { cart.coupon_applied }, view })
}

/// Would this coupon apply to the cart?
pub async fn try_coupon(app: &Carts, cart: &Cart, customer: Option<UserId>, code: &str) -> Result<CouponVerdict> {
    let variants = variants(app, cart).await?;
    let call = PriceBasket {
        customer_id: customer,
        lines: domain::basket(cart, &variants),
        coupon_code: Some(code.to_owned()),
        shipping: None,
    };
    let priced = app.context.client().call(&call).await?;
    priced.coupon.ok_or_else(|| Problem::internal("discount has no verdict on a coupon"))
}

pub async fn variants(app: &Carts, cart: &Cart) -> Result<Vec<VariantSnapshot>> {
    if cart.lines.is_empty() {
        return Ok(Vec::new());
    }
    let variant_ids = cart.lines.iter().map(|line| line.variant_id).collect();
    Ok(app.context.client().call(&LookUpVariants { variant_ids }).await?.variants)
}

async fn offers(
    app: &Carts,
    cart: &Cart,
    variants: &[VariantSnapshot],
    customer_id: Option<UserId>,
    shipping: Option<Money>,
) -> Result<Offers> {
    let lines = domain::basket(cart, variants);
    let call = PriceBasket { customer_id, lines, coupon_code: cart.coupon_code.clone(), shipping };
    match app.context.client().call(&call).await {
        Ok(priced) => Ok(Offers::Priced(priced)),
        Err(error @ CallError::Unavailable { .. }) => {
            tracing::warn!(%error, "a cart is shown without offers");
            Ok(Offers::Unknown)
        }
        Err(error) => Err(error.into()),
    }
}

async fn quote(
    app: &Carts,
    cart: &Cart,
    variants: &[VariantSnapshot],
    offers: &Offers,
    pin_code: PinCode,
) -> Result<Shipping> {
    let goods: Money = domain::basket(cart, variants).iter().map(|line| line.unit_price.times(line.quantity)).sum();
    let discount = match offers {
        Offers::Priced(priced) => priced.line_discounts.iter().sum(),
        Offers::Unknown => Money::ZERO,
    };
    if goods.is_zero() {
        return Ok(Shipping::NotAsked);
    }
    let weight_grams = domain::weight_grams(cart, variants);
    let call = QuoteShipping { pin_code: pin_code.clone(), weight_grams, value: goods - discount };
    match app.context.client().call(&call).await {
        Ok(quote) => Ok(Shipping::Quoted { pin_code, quote }),
        Err(error @ CallError::Unavailable { .. }) => {
            tracing::warn!(%error, "a cart is shown without a shipping charge");
            Ok(Shipping::Unknown { pin_code })
        }
        Err(error) => Err(error.into()),
    }
}
