//! Goods that come back.

use contracts::order::TimelineKind;
use contracts::returns::{
    ReturnApproved, ReturnClosed, ReturnReceived, ReturnRefundDue, ReturnRejected, ReturnRequested,
};
use platform::db::{Committed, Tx};
use platform::events::Received;
use platform::{Problem, Result};

use super::{note, unknown_order};
use crate::app::Orders;
use crate::domain::credit;
use crate::{lifecycle, store};

pub async fn requested(_: Orders, event: Received<ReturnRequested>, tx: Tx) -> Result<Committed> {
    note(tx, event.data.facts.order_id, event.time, TimelineKind::ReturnUpdate, "requested").await
}

pub async fn approved(_: Orders, event: Received<ReturnApproved>, tx: Tx) -> Result<Committed> {
    note(tx, event.data.facts.order_id, event.time, TimelineKind::ReturnUpdate, "approved").await
}

pub async fn rejected(_: Orders, event: Received<ReturnRejected>, tx: Tx) -> Result<Committed> {
    let detail = format!("rejected: {}", event.data.reason);
    note(tx, event.data.facts.order_id, event.time, TimelineKind::ReturnUpdate, detail).await
}

pub async fn received(_: Orders, event: Received<ReturnReceived>, tx: Tx) -> Result<Committed> {
    note(tx, event.data.facts.order_id, event.time, TimelineKind::ReturnUpdate, "received").await
}

/// Takes what is refunded back from the invoice, once per return.
pub async fn refund_due(app: Orders, event: Received<ReturnRefundDue>, mut tx: Tx) -> Result<Committed> {
    let facts = event.data.facts;
    let order = store::order::lock(&mut tx, facts.order_id).await?;
    let order = order.ok_or_else(|| unknown_order(facts.order_id, "a return"))?;
    if !store::documents::is_credited(&mut tx, facts.return_id).await? {
        let credits = credit::of_return(&order, &facts.lines)
            .map_err(|error| Problem::internal(format!("return {}: {error}", facts.return_id)))?;
        lifecycle::take_back(&mut tx, &order, Some(facts.return_id), &credits, app.now()).await?;
    }
    Ok(tx.commit().await?)
}

pub async fn closed(_: Orders, event: Received<ReturnClosed>, tx: Tx) -> Result<Committed> {
    // Closed, or cancelled.
    let facts = event.data.facts;
    note(tx, facts.order_id, event.time, TimelineKind::ReturnUpdate, facts.status.as_str()).await
}
