use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::Page;
use contracts::discount::{ChangeCoupon, Coupon, CouponOffer, NewCoupon};
use http::StatusCode;
use platform::http::{Body, IfMatch, PageQuery, Path, Query, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{PromotionEditor, Visitor};
use platform::problem::{Problem, Result};
use types::{CouponId, Timestamp};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TAG, check_schedule};
use crate::Discounts;
use crate::domain::{canonical_code, coupon_offer};
use crate::store::coupon as stored;

pub(super) fn routes() -> OpenApiRouter<Discounts> {
    OpenApiRouter::new().routes(routes!(list_coupons, add_coupon)).routes(routes!(get_coupon, change_coupon))
}

/// Is a coupon valid now, and what does it give and ask for? Whether it applies to a basket, the basket's price says.
#[utoipa::path(get, path = "/api/v1/coupons/{code}", tag = TAG, params(("code" = String, Path)),
    responses((status = 200, body = CouponOffer), (status = 404, body = Problem)))]
async fn get_coupon(_: Visitor, State(app): State<Discounts>, Path(code): Path<String>) -> Result<Json<CouponOffer>> {
    let found = stored::find(&mut *app.db.read().await?, &canonical_code(&code)).await?;
    found.map(|coupon| Json(coupon_offer(&coupon, app.context.now()))).ok_or_else(no_such_coupon)
}

/// All coupons, the newest first.
#[utoipa::path(get, path = "/api/v1/coupons", tag = TAG, params(PageQuery), responses((status = 200, body = Page<Coupon>)),
    security(("user_token" = [])))]
async fn list_coupons(
    _: PromotionEditor,
    State(app): State<Discounts>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Coupon>>> {
    let after = query.after::<CouponId>()?;
    let rows = stored::list(&mut *app.db.primary().await?, after, query.rows()).await?;
    Ok(Json(query.page(rows, |coupon| coupon.id)))
}

/// Adds a coupon.
#[utoipa::path(post, path = "/api/v1/coupons", tag = TAG, request_body = NewCoupon,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new coupon")),
    responses(
        (status = 201, body = Coupon),
        (status = 409, body = Problem, description = "`code-taken`: there is a coupon of this code"),
        (status = 422, body = Problem, description = "A field breaks a rule"),
    ),
    security(("user_token" = [])))]
async fn add_coupon(
    editor: PromotionEditor,
    State(app): State<Discounts>,
    key: IdempotencyKey,
    Body(new): Body<NewCoupon>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, editor.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let coupon = coupon(new, app.context.now())?;
    stored::insert(&mut tx, &coupon).await?;
    tx.answer(StatusCode::CREATED, &coupon).await
}

/// Changes when, how often and with what else a coupon can be used.
#[utoipa::path(patch, path = "/api/v1/coupons/{code}", tag = TAG, request_body = ChangeCoupon,
    params(("code" = String, Path), ("If-Match" = String, Header, description = "The coupon's version, `\"v3\"`")),
    responses(
        (status = 200, body = Coupon),
        (status = 404, body = Problem),
        (status = 412, body = Problem, description = "`stale-version`"),
        (status = 422, body = Problem, description = "A field breaks a rule, such as a limit below the uses so far"),
        (status = 428, body = Problem, description = "`version-required`"),
    ),
    security(("user_token" = [])))]
async fn change_coupon(
    _: PromotionEditor,
    State(app): State<Discounts>,
    Path(code): Path<String>,
    version: IfMatch,
    Body(change): Body<ChangeCoupon>,
) -> Result<Versioned<Coupon>> {
    let mut tx = app.db.begin().await?;
    let mut coupon = stored::find(&mut tx, &canonical_code(&code)).await?.ok_or_else(no_such_coupon)?;
    version.check(coupon.version)?;
    apply(&mut coupon, change);
    check_schedule(coupon.starts_at, coupon.ends_at)?;
    stored::update(&mut tx, &coupon).await?;
    let _committed = tx.commit().await?;
    coupon.version += 1;
    Ok(Versioned(coupon.version, coupon))
}

fn coupon(new: NewCoupon, now: Timestamp) -> Result<Coupon> {
    let starts_at = new.starts_at.unwrap_or(now);
    check_schedule(starts_at, new.ends_at)?;
    Ok(Coupon {
        id: CouponId::new(),
        code: canonical_code(&new.code),
        benefit: new.benefit,
        scope: new.scope,
        minimum_basket: new.minimum_basket,
        first_order_only: new.first_order_only,
        starts_at,
        ends_at: new.ends_at,
        total_limit: new.total_limit,
        limit_per_customer: if new.first_order_only { Some(1) } else { new.limit_per_customer },
        priority: new.priority,
        stackable: new.stackable,
        active: true,
        used: 0,
        version: 1,
    })
}

fn apply(coupon: &mut Coupon, change: ChangeCoupon) {
    let ChangeCoupon { active, starts_at, ends_at, total_limit, priority, stackable } = change;
    coupon.active = active.unwrap_or(coupon.active);
    coupon.starts_at = starts_at.unwrap_or(coupon.starts_at);
    coupon.ends_at = ends_at.unwrap_or(coupon.ends_at);
    coupon.total_limit = total_limit.unwrap_or(coupon.total_limit);
    coupon.priority = priority.unwrap_or(coupon.priority);
    coupon.stackable = stackable.unwrap_or(coupon.stackable);
}

fn no_such_coupon() -> Problem {
    Problem::not_found("coupon")
}
