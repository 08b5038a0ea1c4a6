//! The calls of other services.

use contracts::product::{
    CommitStock, Done, FoundVariants, LookUpVariants, ReleaseStock, ReserveStock, StockCommitment, StockReservation,
};
use platform::service::App;
use platform::{Problem, Result};

use crate::domain::stock::Demand;
use crate::store::catalogue;
use crate::{Products, stock};

/// The most variants that one call may ask for.
const MOST_VARIANTS: usize = 500;

pub async fn look_up_variants(app: Products, call: LookUpVariants) -> Result<FoundVariants> {
    at_most(MOST_VARIANTS, call.variant_ids.len(), "variant_ids")?;
    // From the primary: the caller goes on to reserve what it reads here.
    let mut connection = app.db.primary().await?;
    let variants = catalogue::look_up(&mut connection, &call.variant_ids, app.context().now()).await?;
    Ok(FoundVariants { variants })
}

pub async fn reserve_stock(app: Products, call: ReserveStock) -> Result<StockReservation> {
    let demand = demand(&call.lines)?;
    let mut tx = app.db.begin().await?;
    let reservation = stock::reserve(&mut tx, call.order_id, &demand, call.expires_at).await?;
    let _committed = tx.commit().await?;
    Ok(reservation)
}

pub async fn commit_stock(app: Products, call: CommitStock) -> Result<StockCommitment> {
    let demand = demand(&call.lines)?;
    let mut tx = app.db.begin().await?;
    let commitment = stock::commit(&mut tx, call.order_id, &demand, app.context().now()).await?;
    let _committed = tx.commit().await?;
    Ok(commitment)
}

pub async fn release_stock(app: Products, call: ReleaseStock) -> Result<Done> {
    let mut tx = app.db.begin().await?;
    stock::release(&mut tx, call.order_id, app.context().now()).await?;
    let _committed = tx.commit().await?;
    Ok(Done {})
}

fn demand(lines: &[contracts::product::StockLine]) -> Result<Demand> {
    at_most(MOST_VARIANTS, lines.len(), "lines")?;
    Demand::of(lines).map_err(|wrong| Problem::invalid("lines", wrong.to_string()))
}

fn at_most(most: usize, items: usize, field: &str) -> Result<()> {
    if items <= most { Ok(()) } else { Err(Problem::invalid(field, format!("must have at most {most} items"))) }
}
