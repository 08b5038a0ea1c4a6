use contracts::discount::{CouponReservation, PriceBasket, PricedBasket, ReleaseCoupon, ReserveCoupon};
use contracts::product::Done;
use platform::Result;

use crate::domain::{CouponCase, Pricing, Standing, canonical_code, price};
use crate::store::coupon as coupons;
use crate::{Discounts, uses};

pub async fn price_basket(app: Discounts, call: PriceBasket) -> Result<PricedBasket> {
    let promotions = app.promotions().await?;
    let coupon = match &call.coupon_code {
        None => None,
        Some(code) => {
            let code = canonical_code(code);
            let mut connection = app.db.primary().await?;
            Some(match coupons::find(&mut connection, &code).await? {
                None => CouponCase::Unknown { code },
                Some(coupon) => {
                    let standing = match call.customer_id {
                        Some(customer) => coupons::standing(&mut connection, coupon.id, customer).await?,
                        None => Standing::default(),
                    };
                    CouponCase::Known { coupon: Box::new(coupon), standing }
                }
            })
        }
    };
    let (lines, shipping, now) = (&call.lines, call.shipping, app.context.now());
    Ok(price(Pricing { lines, shipping, promotions: &promotions, coupon: coupon.as_ref(), now }))
}

pub async fn reserve_coupon(app: Discounts, call: ReserveCoupon) -> Result<CouponReservation> {
    uses::reserve(&app.db, &call, app.context.now()).await
}

pub async fn release_coupon(app: Discounts, call: ReleaseCoupon) -> Result<Done> {
    let mut tx = app.db.begin().await?;
    uses::release(&mut tx, call.order_id, app.context.now()).await?;
    let _committed = tx.commit().await?;
    Ok(Done {})
}
