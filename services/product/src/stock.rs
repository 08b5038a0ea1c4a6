//! The life of an order's stock: set aside, sold, given back. Each step changes the stock, says what it has changed, and may be
//! asked for again.

use std::collections::BTreeMap;

use contracts::order::OrderedLine;
use contracts::product::{
    BackInStock, StockCommitment, StockCommitted, StockExpired, StockLine, StockLow, StockReason, StockReleased,
    StockReservation, StockReserved,
};
use contracts::returns::ReturnedLine;
use platform::Result;
use platform::db::Tx;
use types::{OrderId, ReturnId, Timestamp, UserId, VariantId};

use crate::counters;
use crate::domain::stock::{Asked, Demand, Level, Move, OrderStock, Portion, lines_of};
use crate::store::stock::Cause;
use crate::store::{alerts, catalogue, reservations, stock};

/// One event names at most so many subscribers, to stay far below what a stream takes.
const SUBSCRIBERS_PER_EVENT: usize = 500;

/// Sets all of `demand` aside for the order until `expires_at`, or nothing.
pub async fn reserve(tx: &mut Tx, order: OrderId, demand: &Demand, expires_at: Timestamp) -> Result<StockReservation> {
    let Some((version, asked)) = reservations::reserve(tx, order, demand, expires_at, &[]).await? else {
        return repeated(tx, order).await;
    };
    let shortages: Vec<_> = asked.iter().filter_map(Asked::shortage).collect();
    if !shortages.is_empty() {
        reservations::mark_short(tx, order, &shortages).await?;
        tx.count(counters::shortages(counters::AT_RESERVATION), 1);
        return Ok(StockReservation::Short { shortages });
    }
    tx.publish(order, version, &StockReserved { order_id: order, lines: demand.lines().to_vec() })?;
    tell(tx, asked.iter().map(Asked::granted).collect()).await?;
    Ok(StockReservation::Held)
}

/// What the first request was answered, as far as it still holds.
async fn repeated(tx: &mut Tx, order: OrderId) -> Result<StockReservation> {
    let state = reservations::state(tx, order).await?;
    Ok(match state {
        Some((OrderStock::Held | OrderStock::Committed, _)) => StockReservation::Held,
        Some((OrderStock::Short, shortages)) => StockReservation::Short { shortages },
        Some((OrderStock::Released | OrderStock::Expired, _)) | None => StockReservation::Released,
    })
}

/// Sells what is set aside for the order. If nothing is any more (its time was over), sets it aside again, if it is there.
pub async fn commit(tx: &mut Tx, order: OrderId, demand: &Demand, now: Timestamp) -> Result<StockCommitment> {
    if sell(tx, order, now).await? {
        return Ok(StockCommitment::Committed);
    }
    let reserved = reservations::reserve(tx, order, demand, now, OrderStock::RECLAIMABLE).await?;
    let Some((_, asked)) = reserved else {
        // Sold or released; or a reservation has just come before us.
        let closed = matches!(reservations::state(tx, order).await?, Some((OrderStock::Released, _)));
        if closed {
            return Ok(StockCommitment::Released);
        }
        sell(tx, order, now).await?;
        return Ok(StockCommitment::Committed);
    };
    let shortages: Vec<_> = asked.iter().filter_map(Asked::shortage).collect();
    if !shortages.is_empty() {
        reservations::mark_short(tx, order, &shortages).await?;
        tx.count(counters::shortages(counters::AT_PAYMENT), 1);
        return Ok(StockCommitment::Short { shortages });
    }
    tell(tx, asked.iter().map(Asked::granted).collect()).await?;
    sell(tx, order, now).await?;
    Ok(StockCommitment::Committed)
}

/// False if nothing is set aside for the order.
async fn sell(tx: &mut Tx, order: OrderId, now: Timestamp) -> Result<bool> {
    let changed = reservations::change(tx, order, OrderStock::COMMITTABLE, OrderStock::Committed).await?;
    let Some(changed) = changed else { return Ok(false) };
    let moves: Vec<Move> = changed.portions.iter().map(Portion::sold).collect();
    // What could be had by others does not change, so there is nothing to tell of the levels.
    stock::apply(tx, &moves, &Cause::of_order(StockReason::Sale, order, now)).await?;
    tx.publish(order, changed.version, &StockCommitted { order_id: order, lines: lines_of(&changed.portions) })?;
    Ok(true)
}

/// Gives the order's stock back, set aside or sold, and closes the order, even before anything was asked for.
pub async fn release(tx: &mut Tx, order: OrderId, now: Timestamp) -> Result<()> {
    let changed = match change_to_released(tx, order).await? {
        Some(changed) => changed,
        None if reservations::close_unseen(tx, order).await? => return Ok(()),
        // A reservation has just come before us, or it is released already.
        None => match change_to_released(tx, order).await? {
            Some(changed) => changed,
            None => return Ok(()),
        },
    };
    if changed.portions.is_empty() {
        return Ok(());
    }
    let back = if changed.was == OrderStock::Committed { Portion::stocked } else { Portion::unreserved };
    let moves: Vec<Move> = changed.portions.iter().map(back).collect();
    let levels = stock::apply(tx, &moves, &Cause::of_order(StockReason::Cancellation, order, now)).await?;
    reservations::forget(tx, &[order]).await?;
    tx.publish(order, changed.version, &StockReleased { order_id: order, lines: lines_of(&changed.portions) })?;
    tell(tx, levels).await
}

async fn change_to_released(tx: &mut Tx, order: OrderId) -> Result<Option<reservations::Changed>> {
    Ok(reservations::change(tx, order, OrderStock::RELEASABLE, OrderStock::Released).await?)
}

/// Ends up to `limit` reservations whose time is over. Returns how many.
pub async fn expire(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<usize> {
    let expired = reservations::expire(tx, now, limit).await?;
    if expired.is_empty() {
        return Ok(0);
    }
    let moves: Vec<Move> =
        expired.iter().flat_map(|(_, _, portions)| portions.iter().map(Portion::unreserved)).collect();
    let cause =
        Cause { reason: StockReason::Correction, order_id: None, return_id: None, actor_id: None, note: "", at: now };
    let levels = stock::apply(tx, &moves, &cause).await?;
    let orders: Vec<OrderId> = expired.iter().map(|(order, ..)| *order).collect();
    reservations::forget(tx, &orders).await?;
    for (order, version, portions) in &expired {
        tx.publish(order, *version, &StockExpired { order_id: *order, lines: lines_of(portions) })?;
    }
    tell(tx, levels).await?;
    Ok(expired.len())
}

/// Puts the pieces of a return that can be sold again back on the shelf, once: also if the event comes when the inbox has
/// forgotten it.
pub async fn restock(
    tx: &mut Tx,
    order: OrderId,
    return_id: ReturnId,
    lines: &[ReturnedLine],
    now: Timestamp,
) -> Result<()> {
    if stock::has_come_back(tx, return_id).await? {
        return Ok(());
    }
    let mut moves = Vec::with_capacity(lines.len());
    for line in lines.iter().filter(|line| line.restock > 0) {
        let Some(location_id) = stock::home(tx, order, line.variant_id).await? else { continue };
        stock::open(tx, line.variant_id, location_id).await?;
        let quantity = i32::try_from(line.restock).unwrap_or(i32::MAX);
        moves.push(Portion { variant_id: line.variant_id, location_id, quantity }.stocked());
    }
    if moves.is_empty() {
        return Ok(());
    }
    let cause = Cause { return_id: Some(return_id), ..Cause::of_order(StockReason::Return, order, now) };
    let levels = stock::apply(tx, &moves, &cause).await?;
    tell(tx, levels).await
}

/// Changes what is on hand because somebody says so.
///
/// # Errors
/// The database's: see [`stock::open`] and [`stock::apply`].
pub async fn adjust(
    tx: &mut Tx,
    change: Move,
    reason: StockReason,
    actor: UserId,
    note: &str,
    now: Timestamp,
) -> sqlx::Result<Vec<Level>> {
    stock::open(tx, change.variant_id, change.location_id).await?;
    let cause = Cause { reason, order_id: None, return_id: None, actor_id: Some(actor), note, at: now };
    stock::apply(tx, &[change], &cause).await
}

/// Tells what a change of levels means: that a variant runs low, or is back; and brings lists up to date.
pub async fn tell(tx: &mut Tx, levels: Vec<Level>) -> Result<()> {
    let telling: Vec<&Level> = levels.iter().filter(|l| l.ran_low() || l.ran_out() || l.came_back()).collect();
    if telling.is_empty() {
        return Ok(());
    }
    let variants: Vec<VariantId> = telling.iter().map(|level| level.variant_id).collect();
    let facts = stock::facts(tx, &variants).await?;
    let mut products: Vec<_> = facts.iter().map(|facts| facts.product_id).collect();
    products.sort_unstable();
    products.dedup();
    catalogue::refresh_cards(tx, &products).await?;

    let back: Vec<VariantId> = telling.iter().filter(|l| l.came_back()).map(|l| l.variant_id).collect();
    let mut waiting = BTreeMap::<VariantId, Vec<UserId>>::new();
    if !back.is_empty() {
        for (variant, customer) in alerts::take(tx, &back).await? {
            waiting.entry(variant).or_default().push(customer);
        }
    }
    for facts in facts {
        let Some(level) = telling.iter().find(|level| level.variant_id == facts.variant_id) else { continue };
        if level.ran_low() {
            let low = StockLow {
                variant_id: facts.variant_id,
                sku: facts.sku,
                title: facts.title.clone(),
                available: level.after.unsigned_abs(),
                threshold: level.low_at.unsigned_abs(),
            };
            tx.publish(facts.variant_id, facts.version, &low)?;
        }
        for subscribers in waiting.remove(&facts.variant_id).unwrap_or_default().chunks(SUBSCRIBERS_PER_EVENT) {
            let back = BackInStock {
                variant_id: facts.variant_id,
                product_id: facts.product_id,
                title: facts.title.clone(),
                subscribers: subscribers.to_vec(),
            };
            tx.publish(facts.variant_id, facts.version, &back)?;
        }
    }
    Ok(())
}

/// The stock that an order's lines are about.
pub fn ordered(lines: &[OrderedLine]) -> Vec<StockLine> {
    lines.iter().map(|line| StockLine { variant_id: line.variant_id, quantity: line.quantity }).collect()
}
