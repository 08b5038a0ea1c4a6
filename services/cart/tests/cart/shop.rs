//! A shop whose shelves the test fills: the services that the cart calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use contracts::cart::{CART_TOKEN, CartSummary, CartView, CheckoutCart, GetCheckoutCart};
use contracts::discount::{CouponVerdict, PriceBasket, PricedBasket};
use contracts::product::{FoundVariants, LookUpVariants, PriceChanged, VariantSnapshot};
use contracts::shipping::{CashOnDelivery, QuoteShipping, ShippingOption, ShippingQuote};
use serde_json::json;
use testkit::{Answer, Person, TestService};
use types::{Money, ProductId, Rate, ServiceName, ShippingMethodId, UserId, VariantId};

pub struct Shop {
    pub cart: TestService,
    shelves: Arc<Mutex<BTreeMap<VariantId, VariantSnapshot>>>,
}

pub const CART: &str = "/api/v1/cart";
pub const ITEMS: &str = "/api/v1/cart/items";
pub const COUPON: &str = "/api/v1/cart/coupon";
pub const MERGE: &str = "/api/v1/cart/merge";

impl Shop {
    /// The coupon `FLAT50` is for ₹50, `FREESHIP` for the shipping charge, and there are no others.
    pub async fn open() -> Self {
        let shop = Shop { cart: TestService::start(cart_service::service()).await, shelves: Arc::default() };
        let shelves = shop.shelves.clone();
        shop.cart.stubs.answer::<LookUpVariants>(move |call| {
            let shelves = shelves.lock().unwrap();
            FoundVariants { variants: call.variant_ids.iter().filter_map(|id| shelves.get(id).cloned()).collect() }
        });
        shop.offers_work();
        shop.cart.stubs.answer::<QuoteShipping>(|call| {
            let option = |code: &str, rupees| ShippingOption {
                method_id: ShippingMethodId::new(),
                code: code.to_owned(),
                name: code.to_owned(),
                charge: Money::from_rupees(rupees),
                promised_from: jiff::civil::date(2026, 12, 1),
                promised_to: jiff::civil::date(2026, 12, 3),
            };
            let served = call.pin_code.as_str().starts_with('5');
            let options = if served { vec![option("standard", 49), option("express", 99)] } else { Vec::new() };
            ShippingQuote { options, cash_on_delivery: CashOnDelivery { allowed: true, reason: String::new() } }
        });
        shop
    }

    pub fn offers_work(&self) {
        self.cart.stubs.answer::<PriceBasket>(|call| {
            let mut priced = PricedBasket {
                line_discounts: vec![Money::ZERO; call.lines.len()],
                shipping_discount: Money::ZERO,
                coupon: None,
                receipt: Vec::new(),
            };
            if let Some(code) = call.coupon_code {
                let code = code.to_uppercase();
                let applies = !call.lines.is_empty() && ["FLAT50", "FREESHIP"].contains(&code.as_str());
                if applies && code == "FLAT50" {
                    priced.line_discounts[0] = Money::from_rupees(50);
                } else if applies {
                    priced.shipping_discount = call.shipping.unwrap_or_default();
                }
                let reason = if applies { "It applies." } else { "There is no such coupon." };
                priced.coupon = Some(CouponVerdict { code, applies, reason: reason.to_owned() });
            }
            priced
        });
    }

    /// Puts something on the shelves: ten pieces for ₹100 each, five per order.
    pub fn stock(&self) -> VariantId {
        let variant_id = VariantId::new();
        let variant = VariantSnapshot {
            variant_id,
            product_id: ProductId::new(),
            category_ids: Vec::new(),
            sku: "KURTA-1".to_owned(),
            title: "A kurta".to_owned(),
            options: "Blue, M".to_owned(),
            image: None,
            unit_price: Money::from_rupees(100),
            mrp: Money::from_rupees(150),
            hsn: "6211".to_owned(),
            gst_rate: Rate::from_percent(5),
            gst_rates: Vec::new(),
            weight_grams: 250,
            available: 10,
            max_per_order: 5,
            return_days: 30,
            on_sale: true,
        };
        self.shelves.lock().unwrap().insert(variant_id, variant);
        variant_id
    }

    pub fn change(&self, variant: VariantId, change: impl FnOnce(&mut VariantSnapshot)) {
        change(self.shelves.lock().unwrap().get_mut(&variant).unwrap());
    }

    /// The service is told that the variant is another now than what it remembers.
    pub async fn forget(&self, variant: VariantId) {
        let (old_price, new_price) = (Money::from_rupees(100), Money::from_rupees(100));
        let changed = PriceChanged { product_id: ProductId::new(), variant_id: variant, old_price, new_price };
        self.cart.deliver(variant, 2, &changed).await;
    }

    /// A guest with something in the cart.
    pub async fn guest_with(&self, variant: VariantId, quantity: u32) -> Person {
        let guest = self.cart.guest();
        let answer = add(&guest, variant, quantity).await.is(200);
        guest.with(CART_TOKEN, answer.header(CART_TOKEN))
    }

    pub async fn customer_with(&self, variant: VariantId, quantity: u32) -> Person {
        let customer = self.cart.customer();
        add(&customer, variant, quantity).await.is(200);
        customer
    }

    pub async fn checkout(&self, customer_id: UserId) -> CheckoutCart {
        self.cart.call(ServiceName::Order, &GetCheckoutCart { customer_id }).await
    }
}

pub async fn add(person: &Person, variant: VariantId, quantity: u32) -> Answer {
    person.post(ITEMS, &json!({ "variant_id": variant, "quantity": quantity })).await
}

pub async fn view(person: &Person) -> CartView {
    person.get(CART).await.is(200).read()
}

pub fn line_of(variant: VariantId) -> String {
    format!("{ITEMS}/{variant}")
}

/// Variants and quantities in the cart.
pub fn lines(summary: &CartSummary) -> Vec<(VariantId, u32)> {
    summary.lines.iter().map(|line| (line.variant_id, line.quantity)).collect()
}

pub fn seen(view: &CartView) -> Vec<(VariantId, u32)> {
    view.lines.iter().map(|line| (line.variant_id, line.quantity)).collect()
}
