//! What the service hears: what was bought, what changed in the catalogue, who is to be forgotten.

use contracts::cart::CartConverted;
use contracts::order::OrderConfirmed;
use contracts::product::{PriceChanged, ProductCreated, ProductDeleted, ProductUpdated};
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;
use types::{ServiceName, VariantId};

use crate::store::event;
use crate::{Carts, variant_key};

/// Takes what was bought out of the cart that it was ordered from.
pub async fn order_confirmed(app: Carts, event: Received<OrderConfirmed>, mut tx: Tx) -> Result<Committed> {
    let OrderConfirmed { order_id, customer_id, cart_id, lines, coupon_code, .. } = event.data;
    if let Some(cart_id) = cart_id
        && event::remember_converted(&mut tx, order_id, app.context.now()).await?
        && let Some(version) = event::take_out(&mut tx, cart_id, customer_id, &lines, coupon_code.as_deref()).await?
    {
        tx.publish(cart_id, version, &CartConverted { cart_id, customer_id, order_id })?;
    }
    Ok(tx.commit().await?)
}

/// Changes nothing: nobody has what is new in a cart.
pub async fn product_created(_: Carts, _: Received<ProductCreated>, tx: Tx) -> Result<Committed> {
    Ok(tx.commit().await?)
}

pub async fn product_updated(app: Carts, event: Received<ProductUpdated>, tx: Tx) -> Result<Committed> {
    forget_variants(&app, &event.data.variant_ids, tx).await
}

pub async fn product_deleted(app: Carts, event: Received<ProductDeleted>, tx: Tx) -> Result<Committed> {
    forget_variants(&app, &event.data.variant_ids, tx).await
}

pub async fn price_changed(app: Carts, event: Received<PriceChanged>, tx: Tx) -> Result<Committed> {
    forget_variants(&app, &[event.data.variant_id], tx).await
}

pub async fn erasure_requested(_: Carts, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let user_id = event.data.user_id;
    event::delete_of_customer(&mut tx, user_id).await?;
    tx.publish(user_id, event.version, &ErasureCompleted { user_id, service: ServiceName::Cart })?;
    Ok(tx.commit().await?)
}

async fn forget_variants(app: &Carts, variants: &[VariantId], tx: Tx) -> Result<Committed> {
    let committed = tx.commit().await?;
    let keys: Vec<_> = variants.iter().map(|id| variant_key(*id)).collect();
    app.context.cache().invalidate(&keys).await;
    Ok(committed)
}
