//! What a checkout has to know: the cart, the address, the variants, the discounts, the ways to send it. Reads only.

use contracts::cart::{CheckoutCart, GetCheckoutCart};
use contracts::discount::{PriceBasket, PricedBasket};
use contracts::order::DeliveryAddress;
use contracts::product::LookUpVariants;
use contracts::shipping::{QuoteShipping, ShippingOption, ShippingQuote};
use contracts::user::{Address, FoundAddress, GetAddress};
use platform::{Problem, Result};
use types::{AddressId, Money, ShippingMethodId, UserId};

use crate::app::Orders;
use crate::domain::Supply;
use crate::domain::pricing::{self, Price, Unavailable, Wanted};

/// Where it goes.
#[derive(Clone)]
pub enum Destination {
    Saved(AddressId),
    Given(Address),
}

/// A cart with its price.
pub struct Gathered {
    pub cart: CheckoutCart,
    pub wanted: Vec<Wanted>,
    pub address: Address,
    pub discounts: PricedBasket,
    pub shipping: ShippingQuote,
    /// The way to send it that the price reckons with.
    pub chosen: ShippingOption,
    pub price: Price,
}

impl Destination {
    /// # Errors
    /// 422 unless exactly one of the two is there, and the address's PIN code can be in its state: that decides which taxes are
    /// due.
    pub fn of(address_id: Option<AddressId>, address: Option<DeliveryAddress>) -> Result<Self> {
        match (address_id, address) {
            (Some(id), None) => Ok(Destination::Saved(id)),
            (None, Some(address)) if !address.pin_code.can_lie_in(address.state) => {
                let rule = format!("is not a PIN code of {}", address.state.name());
                Err(Problem::invalid("address.pin_code", rule))
            }
            (None, Some(address)) => Ok(Destination::Given(address.into())),
            _ => Err(Problem::invalid("address_id", "give either address_id or address")),
        }
    }
}

/// Asks everybody and reckons. `method` is the way to send it; the cheapest if absent.
///
/// # Errors
/// 409 or 422, each of a kind of its own, if this cart cannot be ordered so.
pub async fn gather(
    app: &Orders,
    customer_id: UserId,
    destination: Destination,
    method: Option<ShippingMethodId>,
) -> Result<Gathered> {
    let (cart, address) = tokio::try_join!(cart(app, customer_id), address(app, customer_id, destination))?;
    let variant_ids = cart.lines.iter().map(|line| line.variant_id).collect();
    let found = app.client().call(&LookUpVariants { variant_ids }).await?;
    let wanted = pricing::wanted(&cart, &found.variants).map_err(unavailable)?;

    let mut basket = PriceBasket {
        customer_id: Some(customer_id),
        lines: pricing::basket(&wanted),
        coupon_code: cart.coupon_code.clone(),
        shipping: None,
    };
    let mut discounts = app.client().call(&basket).await?;
    let quote = QuoteShipping {
        pin_code: address.pin_code.clone(),
        weight_grams: pricing::weight(&wanted),
        value: pricing::value(&wanted, &discounts),
    };
    let shipping = app.client().call(&quote).await?;
    let chosen = choose(&shipping, method)?;
    // What free shipping is worth is known only now; where no rule was looked at, there is none that could give it.
    if chosen.charge.is_positive() && !discounts.receipt.is_empty() {
        basket.shipping = Some(chosen.charge);
        discounts = app.client().call(&basket).await?;
    }
    let price = pricing::price(&wanted, &discounts, chosen.charge, Supply::to(address.state))
        .map_err(|error| Problem::internal(format!("the discounts do not fit the basket: {error}")))?;
    Ok(Gathered { cart, wanted, address, discounts, shipping, chosen, price })
}

impl Gathered {
    /// What the cart's coupon takes off.
    pub fn coupon_amount(&self) -> Money {
        let code = self.cart.coupon_code.as_deref().unwrap_or_default();
        self.discounts.receipt.iter().filter(|rule| rule.applied && rule.rule == code).map(|rule| rule.amount).sum()
    }
}

async fn cart(app: &Orders, customer_id: UserId) -> Result<CheckoutCart> {
    Ok(app.client().call(&GetCheckoutCart { customer_id }).await?)
}

async fn address(app: &Orders, user_id: UserId, destination: Destination) -> Result<Address> {
    let address_id = match destination {
        Destination::Given(address) => return Ok(address),
        Destination::Saved(id) => id,
    };
    match app.client().call(&GetAddress { user_id, address_id }).await? {
        FoundAddress::Found(address) => Ok(address),
        FoundAddress::Absent => Err(Problem::invalid("address_id", "is not one of your addresses")),
    }
}

fn choose(shipping: &ShippingQuote, method: Option<ShippingMethodId>) -> Result<ShippingOption> {
    let Some(cheapest) = shipping.options.first() else {
        return Err(Problem::conflict("not-deliverable", "Nothing can be sent to this address"));
    };
    match method {
        None => Ok(cheapest.clone()),
        Some(id) => shipping.options.iter().find(|option| option.method_id == id).cloned().ok_or_else(|| {
            Problem::conflict("shipping-method-unavailable", "This parcel cannot be sent in this way")
                .with("shipping_options", &shipping.options)
        }),
    }
}

fn unavailable(cause: Unavailable) -> Problem {
    match cause {
        Unavailable::Empty => Problem::conflict("cart-empty", "There is nothing in the cart"),
        Unavailable::NotOnSale(variant_ids) => {
            Problem::conflict("items-unavailable", "Something in the cart is not on sale any more")
                .with("variant_ids", variant_ids)
        }
        Unavailable::TooMany { variant_id, most } => {
            Problem::conflict("quantity-limit", "More pieces than one order may have")
                .with("variant_id", variant_id)
                .with("most", most)
        }
    }
}
