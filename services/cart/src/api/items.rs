use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use contracts::cart::{AddToCart, CART_TOKEN, CartSummary, SetQuantity};
use contracts::product::VariantSnapshot;
use http::{HeaderValue, StatusCode};
use platform::http::{Body, Path};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::Visitor;
use platform::problem::{Problem, Result};
use sqlx::PgConnection;
use types::{Money, VariantId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{KEY_WORDS, TAG, TOKEN_WORDS, begin, finish, no_such_line};
use crate::Carts;
use crate::domain::{Cart, MOST_LINES, limit};
use crate::owner::{GuestToken, Owner, Token};
use crate::store::{self, Addition};

pub(super) fn routes() -> OpenApiRouter<Carts> {
    OpenApiRouter::new()
        .routes(routes!(add_item))
        .routes(routes!(set_quantity, remove_item))
        .routes(routes!(save_for_later))
        .routes(routes!(move_to_cart))
}

/// Adds pieces to the cart. A guest's first addition makes the cart and answers its token. Repeated with the same
/// Idempotency-Key it adds nothing more; a guest who repeats without a token gets a new cart, which has the pieces once.
#[utoipa::path(post, path = "/api/v1/cart/items", tag = TAG, request_body = AddToCart,
    params(("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS),
           ("Idempotency-Key" = String, Header, description = KEY_WORDS)),
    responses(
        (status = 200, body = CartSummary, headers(("X-Cart-Token" = String, description = "Of a guest's cart that was made"))),
        (status = 409, body = Problem, description = "`out-of-stock`, `cart-full`, `request-in-progress`"),
        (status = 422, body = Problem, description = "A field breaks a rule: more than one order may have, or not sold (any more)"),
        (status = 503, body = Problem, description = "The catalogue does not answer"),
    ))]
async fn add_item(
    visitor: Visitor,
    token: GuestToken,
    State(app): State<Carts>,
    key: IdempotencyKey,
    Body(new): Body<AddToCart>,
) -> Result<Response> {
    let owner = Owner::of(visitor, token);
    let offer = offer(&app, &new).await;
    let Some(keys) = owner_of_keys(&app, &owner).await? else { return add_to_new_cart(&app, &new, offer?).await };
    // The first answer counts, whatever has become of the offer since.
    let mut tx = match key.begin(&app.db, keys, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let cart = add(&mut tx, &app, &owner, &Token::new(), &new, offer?).await?;
    tx.answer(StatusCode::OK, &cart.summary()).await
}

/// Sets how many pieces of a variant are in the cart.
#[utoipa::path(put, path = "/api/v1/cart/items/{variant_id}", tag = TAG, request_body = SetQuantity,
    params(("variant_id" = VariantId, Path), ("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS)),
    responses(
        (status = 200, body = CartSummary),
        (status = 404, body = Problem, description = "It is not in the cart"),
        (status = 422, body = Problem, description = "More than one order may have"),
    ))]
async fn set_quantity(
    visitor: Visitor,
    token: GuestToken,
    State(app): State<Carts>,
    Path(variant): Path<VariantId>,
    Body(SetQuantity { quantity }): Body<SetQuantity>,
) -> Result<Json<CartSummary>> {
    let owner = Owner::of(visitor, token);
    let found = app.variant(variant).await?;
    // What is sold no longer can still be made less, or taken out.
    if let Some(most) = found.as_ref().as_ref().map(|variant| limit(variant.max_per_order))
        && quantity > most
    {
        return Err(too_many(most));
    }
    let (mut tx, cart) = begin(&app, &owner).await?;
    if !store::set_quantity(&mut tx, cart, variant, quantity).await? {
        return Err(no_such_line());
    }
    finish(tx, &owner).await.map(Json)
}

/// Takes a variant out of the cart, or out of what is saved for later. That it is not there (any more) is no error.
#[utoipa::path(delete, path = "/api/v1/cart/items/{variant_id}", tag = TAG,
    params(("variant_id" = VariantId, Path), ("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS)),
    responses((status = 200, body = CartSummary), (status = 404, body = Problem, description = "There is no cart")))]
async fn remove_item(
    visitor: Visitor,
    token: GuestToken,
    State(app): State<Carts>,
    Path(variant): Path<VariantId>,
) -> Result<Json<CartSummary>> {
    let owner = Owner::of(visitor, token);
    let (mut tx, cart) = begin(&app, &owner).await?;
    store::remove(&mut tx, cart, variant).await?;
    finish(tx, &owner).await.map(Json)
}

/// Keeps a line for another day: it is no longer priced or ordered.
#[utoipa::path(post, path = "/api/v1/cart/items/{variant_id}/save-for-later", tag = TAG,
    params(("variant_id" = VariantId, Path), ("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS)),
    responses((status = 200, body = CartSummary), (status = 404, body = Problem)))]
async fn save_for_later(
    visitor: Visitor,
    token: GuestToken,
    State(app): State<Carts>,
    Path(variant): Path<VariantId>,
) -> Result<Json<CartSummary>> {
    set_saved(&app, Owner::of(visitor, token), variant, true).await
}

/// Puts a line that was saved for later back into the cart.
#[utoipa::path(post, path = "/api/v1/cart/items/{variant_id}/move-to-cart", tag = TAG,
    params(("variant_id" = VariantId, Path), ("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS)),
    responses((status = 200, body = CartSummary), (status = 404, body = Problem)))]
async fn move_to_cart(
    visitor: Visitor,
    token: GuestToken,
    State(app): State<Carts>,
    Path(variant): Path<VariantId>,
) -> Result<Json<CartSummary>> {
    set_saved(&app, Owner::of(visitor, token), variant, false).await
}

async fn set_saved(app: &Carts, owner: Owner, variant: VariantId, saved: bool) -> Result<Json<CartSummary>> {
    let (mut tx, cart) = begin(app, &owner).await?;
    if !store::set_saved(&mut tx, cart, variant, saved).await? {
        return Err(no_such_line());
    }
    finish(tx, &owner).await.map(Json)
}

/// What is to be added, as it is sold now.
struct Offer {
    /// Pieces that a cart may have.
    most: u32,
    price: Money,
}

async fn offer(app: &Carts, new: &AddToCart) -> Result<Offer> {
    let found = app.variant(new.variant_id).await?;
    let snapshot = sold(found.as_ref().as_ref())?;
    if snapshot.available == 0 {
        return Err(Problem::conflict("out-of-stock", "It is out of stock").field("variant_id", "is out of stock"));
    }
    let most = limit(snapshot.max_per_order);
    if new.quantity > most {
        return Err(too_many(most));
    }
    Ok(Offer { most, price: snapshot.unit_price })
}

/// Whose Idempotency-Keys they are: none's, if there is no cart yet. Its token would have to be kept for the repeats.
async fn owner_of_keys(app: &Carts, owner: &Owner) -> Result<Option<String>> {
    Ok(match owner {
        Owner::Customer(id) => Some(id.to_string()),
        Owner::Guest(None) => None,
        Owner::Guest(Some(hash)) => {
            store::exists(&mut *app.db.primary().await?, hash).await?.then(|| format!("guest {}", hash.to_text()))
        }
    })
}

/// A guest's first addition.
async fn add_to_new_cart(app: &Carts, new: &AddToCart, offer: Offer) -> Result<Response> {
    let token = Token::new();
    let mut connection = app.db.primary().await?;
    let cart = add(&mut connection, app, &Owner::Guest(None), &token, new, offer).await?;
    let mut response = Json(cart.summary()).into_response();
    if let Ok(value) = HeaderValue::from_str(&token.to_text()) {
        response.headers_mut().insert(CART_TOKEN, value);
    }
    Ok(response)
}

async fn add(
    connection: &mut PgConnection,
    app: &Carts,
    owner: &Owner,
    new_token: &Token,
    new: &AddToCart,
    Offer { most, price }: Offer,
) -> Result<Cart> {
    let (new_token, now) = (new_token.hash(), app.context.now());
    let AddToCart { variant_id: variant, quantity } = *new;
    let addition = Addition { owner, new_token: &new_token, variant, quantity, most, price, now };
    if let Some(cart) = store::add(connection, &addition).await? {
        return Ok(cart);
    }
    // What stands in the way is worth another look: this is not what customers do most.
    let cart = store::find(connection, owner).await?;
    let has_line = cart.is_some_and(|cart| cart.lines.iter().any(|line| line.variant_id == variant));
    Err(if has_line { too_many(most) } else { full() })
}

fn sold(variant: Option<&VariantSnapshot>) -> Result<&VariantSnapshot> {
    variant.filter(|variant| variant.on_sale).ok_or_else(|| Problem::invalid("variant_id", "is nothing that is sold"))
}

fn too_many(most: u32) -> Problem {
    Problem::invalid("quantity", format!("must be at most {most} in all, the most that one order may have"))
        .with("most", most)
}

fn full() -> Problem {
    Problem::conflict("cart-full", "The cart is full").detail(format!("A cart can have {MOST_LINES} lines at most."))
}
