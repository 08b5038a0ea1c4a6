//! The public endpoints and the call of the order service.

mod coupon;
mod items;
mod merge;
mod view;

use contracts::cart::{CartLine, CartSummary, CheckoutCart, GetCheckoutCart};
use platform::db::Tx;
use platform::problem::{Problem, Result};
use types::CartId;
use utoipa_axum::router::OpenApiRouter;

use crate::owner::Owner;
use crate::{Carts, store};

const TAG: &str = "cart";
const TOKEN_WORDS: &str = "A guest's cart; a customer who is logged in needs none";
const KEY_WORDS: &str = "A new random value for each new request";

pub fn routes() -> OpenApiRouter<Carts> {
    view::routes().merge(items::routes()).merge(coupon::routes()).merge(merge::routes())
}

pub async fn checkout_cart(app: Carts, call: GetCheckoutCart) -> Result<CheckoutCart> {
    let owner = Owner::Customer(call.customer_id);
    let Some(cart) = store::find(&mut *app.db.primary().await?, &owner).await? else {
        return Ok(CheckoutCart { cart_id: None, version: 0, lines: Vec::new(), coupon_code: None });
    };
    let lines = cart.active().map(|line| CartLine { variant_id: line.variant_id, quantity: line.quantity });
    let lines = lines.collect();
    Ok(CheckoutCart { cart_id: Some(cart.id), version: cart.version, lines, coupon_code: cart.coupon_code })
}

/// Begins a change of the owner's cart, which nobody else changes until it is committed.
///
/// # Errors
/// 404 if there is no cart.
async fn begin(app: &Carts, owner: &Owner) -> Result<(Tx, CartId)> {
    let mut tx = app.db.begin().await?;
    let cart = store::touch(&mut tx, owner, app.context.now()).await?.ok_or_else(no_such_cart)?;
    Ok((tx, cart))
}

/// Commits and answers what is in the cart now.
async fn finish(mut tx: Tx, owner: &Owner) -> Result<CartSummary> {
    let cart = store::find(&mut tx, owner).await?.ok_or_else(no_such_cart)?;
    let _committed = tx.commit().await?;
    Ok(cart.summary())
}

fn no_such_cart() -> Problem {
    Problem::not_found("cart")
}

fn no_such_line() -> Problem {
    Problem::not_found("line in the cart")
}
