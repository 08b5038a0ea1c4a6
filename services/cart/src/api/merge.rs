use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use contracts::cart::MergedCart;
use http::StatusCode;
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::Customer;
use platform::problem::{Problem, Result};
use types::VariantId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{KEY_WORDS, TAG, no_such_cart};
use crate::domain::{self, MOST_PIECES, limit, merge};
use crate::owner::{GuestToken, Owner, TokenHash};
use crate::{Carts, pricing, store};

pub(super) fn routes() -> OpenApiRouter<Carts> {
    OpenApiRouter::new().routes(routes!(merge_carts))
}

/// Puts what a guest's cart has into the customer's, and tells what that changed. The guest's cart is gone afterwards: asked
/// again with another Idempotency-Key, there is nothing left to merge. Only what the customer's cart has no room for stays in it.
#[utoipa::path(post, path = "/api/v1/cart/merge", tag = TAG,
    params(("X-Cart-Token" = Option<String>, Header, description = "The guest's cart"),
           ("Idempotency-Key" = String, Header, description = KEY_WORDS)),
    responses(
        (status = 200, body = MergedCart),
        (status = 409, body = Problem, description = "`request-in-progress`"),
        (status = 422, body = Problem, description = "The Idempotency-Key was used for another request"),
        (status = 503, body = Problem, description = "The catalogue does not answer"),
    ),
    security(("user_token" = [])))]
async fn merge_carts(
    customer: Customer,
    token: GuestToken,
    State(app): State<Carts>,
    key: IdempotencyKey,
) -> Result<Response> {
    let request = token.0.as_ref().map(TokenHash::to_text);
    let (own, guest) = (Owner::Customer(customer.id), Owner::Guest(token.0));
    // Before the transaction: what comes into the guest's cart from now on has the general limit.
    let limits = limits(&app, &guest).await?;
    let limit = |variant| limits.get(&variant).copied().unwrap_or(MOST_PIECES);

    let mut tx = match key.begin(&app.db, customer.id, &request).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    // The customer's cart first: of two merges at once the second finds nothing left.
    let now = app.context.now();
    let id = store::touch_or_create(&mut tx, customer.id, now).await?;
    let guests = match store::lock(&mut tx, &guest).await? {
        true => store::find(&mut tx, &guest).await?,
        false => None,
    };
    let mut changes = Vec::new();
    let mut coupon_taken = false;
    if let Some(guests) = guests {
        let cart = store::find(&mut tx, &own).await?.ok_or_else(no_such_cart)?;
        let merged = merge(&cart.lines, &guests.lines, limit);
        store::put_lines(&mut tx, id, &merged.changed).await?;
        if let (None, Some(code)) = (&cart.coupon_code, &guests.coupon_code) {
            store::set_coupon(&mut tx, id, Some(code)).await?;
            coupon_taken = true;
        }
        if merged.left.is_empty() {
            store::delete(&mut tx, guests.id).await?;
        } else {
            store::touch(&mut tx, &guest, now).await?;
            store::keep_only(&mut tx, guests.id, &merged.left).await?;
        }
        changes = merged.changes;
    }
    let cart = store::find(&mut tx, &own).await?.ok_or_else(no_such_cart)?.summary();
    tx.answer(StatusCode::OK, &MergedCart { cart, changes, coupon_taken }).await
}

/// The most that one order may have of each variant in the guest's cart.
async fn limits(app: &Carts, guest: &Owner) -> Result<HashMap<VariantId, u32>> {
    let cart: Option<domain::Cart> = store::find(&mut *app.db.primary().await?, guest).await?;
    let Some(cart) = cart else { return Ok(HashMap::new()) };
    let variants = pricing::variants(app, &cart).await?;
    Ok(variants.into_iter().map(|variant| (variant.variant_id, limit(variant.max_per_order))).collect())
}
