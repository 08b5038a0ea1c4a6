use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::Page;
use contracts::discount::{ChangePromotion, NewPromotion, Promotion, PromotionOffers};
use http::{HeaderMap, StatusCode};
use platform::http::{Body, IfMatch, PageQuery, Path, Query, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{PromotionEditor, Visitor};
use platform::problem::{Problem, Result};
use sqlx::PgConnection;
use types::{PromotionId, Timestamp};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TAG, check_schedule};
use crate::Discounts;
use crate::domain::{out_of_schedule, promotion_offer};
use crate::store::promotion as stored;

pub(super) fn routes() -> OpenApiRouter<Discounts> {
    OpenApiRouter::new()
        .routes(routes!(list_offers, add_promotion))
        .routes(routes!(list_promotions))
        .routes(routes!(get_promotion, change_promotion))
}

/// The promotions that run now, in words.
#[utoipa::path(get, path = "/api/v1/promotions", tag = TAG, responses((status = 200, body = PromotionOffers)))]
async fn list_offers(_: Visitor, State(app): State<Discounts>) -> Result<Json<PromotionOffers>> {
    let (promotions, now) = (app.promotions().await?, app.context.now());
    let running = promotions.iter().filter(|p| out_of_schedule(p.active, p.starts_at, p.ends_at, now).is_none());
    Ok(Json(PromotionOffers { promotions: running.map(promotion_offer).collect() }))
}

/// All promotions as they were entered, the newest first.
#[utoipa::path(get, path = "/api/v1/promotions/all", tag = TAG, params(PageQuery),
    responses((status = 200, body = Page<Promotion>)), security(("user_token" = [])))]
async fn list_promotions(
    _: PromotionEditor,
    State(app): State<Discounts>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Promotion>>> {
    let after = query.after::<PromotionId>()?;
    let rows = stored::list(&mut *app.db.primary().await?, after, query.rows()).await?;
    Ok(Json(query.page(rows, |promotion| promotion.id)))
}

/// A promotion as it was entered.
#[utoipa::path(get, path = "/api/v1/promotions/{id}", tag = TAG, params(("id" = PromotionId, Path)),
    responses((status = 200, body = Promotion), (status = 304, description = "The version of If-None-Match is the current one"),
        (status = 404, body = Problem)),
    security(("user_token" = [])))]
async fn get_promotion(
    _: PromotionEditor,
    State(app): State<Discounts>,
    Path(id): Path<PromotionId>,
    headers: HeaderMap,
) -> Result<Response> {
    let promotion = stored::find(&mut *app.db.primary().await?, id).await?.ok_or_else(no_such_promotion)?;
    Ok(Versioned(promotion.version, promotion).unless_known(&headers))
}

/// Adds a promotion.
#[utoipa::path(post, path = "/api/v1/promotions", tag = TAG, request_body = NewPromotion,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new promotion")),
    responses((status = 201, body = Promotion), (status = 409, body = Problem, description = "`too-many-promotions`"),
        (status = 422, body = Problem, description = "A field breaks a rule")),
    security(("user_token" = [])))]
async fn add_promotion(
    editor: PromotionEditor,
    State(app): State<Discounts>,
    key: IdempotencyKey,
    Body(new): Body<NewPromotion>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, editor.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let now = app.context.now();
    let promotion = promotion(new, now)?;
    if is_open(&promotion, now) {
        check_room(&mut tx, now).await?;
    }
    let _new = stored::insert_unless_there(&mut tx, &promotion).await?;
    let answer = tx.answer(StatusCode::CREATED, &promotion).await?;
    app.forget_promotions().await;
    Ok(answer)
}

/// Changes when and with what else a promotion applies.
#[utoipa::path(patch, path = "/api/v1/promotions/{id}", tag = TAG, request_body = ChangePromotion,
    params(("id" = PromotionId, Path), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = 200, body = Promotion),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`too-many-promotions`"),
        (status = 412, body = Problem, description = "`stale-version`"),
        (status = 422, body = Problem, description = "A field breaks a rule"),
        (status = 428, body = Problem, description = "`version-required`"),
    ),
    security(("user_token" = [])))]
async fn change_promotion(
    _: PromotionEditor,
    State(app): State<Discounts>,
    Path(id): Path<PromotionId>,
    version: IfMatch,
    Body(change): Body<ChangePromotion>,
) -> Result<Versioned<Promotion>> {
    let (mut tx, now) = (app.db.begin().await?, app.context.now());
    let mut promotion = stored::find(&mut tx, id).await?.ok_or_else(no_such_promotion)?;
    version.check(promotion.version)?;
    let was_open = is_open(&promotion, now);
    apply(&mut promotion, change);
    check_schedule(promotion.starts_at, promotion.ends_at)?;
    if is_open(&promotion, now) && !was_open {
        check_room(&mut tx, now).await?;
    }
    stored::update(&mut tx, &promotion).await?;
    let _committed = tx.commit().await?;
    app.forget_promotions().await;
    promotion.version += 1;
    Ok(Versioned(promotion.version, promotion))
}

fn promotion(new: NewPromotion, now: Timestamp) -> Result<Promotion> {
    let starts_at = new.starts_at.unwrap_or(now);
    check_schedule(starts_at, new.ends_at)?;
    Ok(Promotion {
        id: PromotionId::new(),
        name: new.name,
        benefit: new.benefit,
        scope: new.scope,
        starts_at,
        ends_at: new.ends_at,
        priority: new.priority,
        stackable: new.stackable,
        active: true,
        version: 1,
    })
}

fn apply(promotion: &mut Promotion, change: ChangePromotion) {
    let ChangePromotion { active, starts_at, ends_at, priority, stackable } = change;
    promotion.active = active.unwrap_or(promotion.active);
    promotion.starts_at = starts_at.unwrap_or(promotion.starts_at);
    promotion.ends_at = ends_at.unwrap_or(promotion.ends_at);
    promotion.priority = priority.unwrap_or(promotion.priority);
    promotion.stackable = stackable.unwrap_or(promotion.stackable);
}

/// Is it switched on and not over, so that every basket is held against it?
fn is_open(promotion: &Promotion, now: Timestamp) -> bool {
    promotion.active && promotion.ends_at.is_none_or(|end| end > now)
}

/// What did not fit would be left out of baskets without a word.
async fn check_room(connection: &mut PgConnection, now: Timestamp) -> Result<()> {
    if stored::has_room(connection, now).await? {
        return Ok(());
    }
    let detail = format!("{} are switched on and not over. Switch one off first.", stored::MOST_OPEN);
    Err(Problem::conflict("too-many-promotions", "There are too many promotions").detail(detail))
}

fn no_such_promotion() -> Problem {
    Problem::not_found("promotion")
}
