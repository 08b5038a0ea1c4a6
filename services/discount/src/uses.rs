//! Taking a use of a coupon for an order, and giving it back.

use contracts::discount::{CouponReservation, ReserveCoupon};
use platform::Result;
use platform::db::{Db, Tx};
use types::{OrderId, Timestamp};

use crate::domain::{self, refusal};
use crate::store::coupon as coupons;
use crate::store::usage::{self, NewUse, Use, UseState};

/// Takes a use within the limits. The first answer to an order stands: also a refusal is kept, so that a late repeat cannot
/// take what the order has gone on without.
pub async fn reserve(db: &Db, call: &ReserveCoupon, now: Timestamp) -> Result<CouponReservation> {
    let mut tx = db.begin().await?;
    let coupon = coupons::find(&mut tx, &domain::canonical_code(&call.code)).await?;
    let refusal = match &coupon {
        None => Some(domain::UNKNOWN.to_owned()),
        Some(coupon) => {
            if coupon.first_order_only {
                usage::lock_first_order(&mut tx, call.customer_id).await?;
            }
            let standing = coupons::standing(&mut tx, coupon.id, call.customer_id).await?;
            refusal(coupon, standing, now)
        }
    };
    let coupon_id = coupon.as_ref().map(|coupon| coupon.id);
    let new =
        NewUse { order: call.order_id, coupon: coupon_id, customer: call.customer_id, amount: call.amount, refusal };
    if !usage::insert(&mut tx, &new, now).await? {
        let before = usage::find(&mut tx, call.order_id).await?;
        tx.rollback().await?;
        return Ok(repeated(before, &new));
    }
    let reservation = match (coupon, new.refusal) {
        (Some(coupon), None) => {
            let limit = coupon.limit_per_customer;
            if !usage::count_for_customer(&mut tx, coupon.id, call.customer_id, limit).await? {
                refuse(&mut tx, call.order_id, domain::USED_BY_CUSTOMER).await?
            } else if !usage::count(&mut tx, coupon.id).await? {
                usage::uncount_for_customer(&mut tx, coupon.id, call.customer_id).await?;
                refuse(&mut tx, call.order_id, domain::USED_UP).await?
            } else {
                CouponReservation::Held { coupon_id: coupon.id }
            }
        }
        (_, reason) => CouponReservation::Refused { reason: reason.unwrap_or_default() },
    };
    let _committed = tx.commit().await?;
    Ok(reservation)
}

/// Gives the order's use back, if it has one, and closes it for others. Once or many times, before or after the use was taken.
pub async fn release(tx: &mut Tx, order: OrderId, now: Timestamp) -> Result<()> {
    if let Some((coupon, customer)) = usage::close(tx, order, now).await? {
        if let Some(customer) = customer {
            usage::uncount_for_customer(tx, coupon, customer).await?;
        }
        usage::uncount(tx, coupon).await?;
    }
    Ok(())
}

async fn refuse(tx: &mut Tx, order: OrderId, reason: &str) -> Result<CouponReservation> {
    usage::refuse(tx, order, reason).await?;
    Ok(CouponReservation::Refused { reason: reason.to_owned() })
}

/// What the first request of the order was told.
fn repeated(before: Option<Use>, new: &NewUse) -> CouponReservation {
    match before {
        Some(Use { coupon: Some(coupon_id), state: UseState::Held | UseState::Redeemed, .. }) => {
            if new.coupon == Some(coupon_id) {
                CouponReservation::Held { coupon_id }
            } else {
                CouponReservation::Refused { reason: "The order uses another coupon.".to_owned() }
            }
        }
        Some(Use { reason: Some(reason), .. }) => CouponReservation::Refused { reason },
        _ => CouponReservation::Released,
    }
}
