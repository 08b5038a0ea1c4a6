//! The services around the order service: each stub behaves as its service promises, and its state can be looked at.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use contracts::Call;
use contracts::cart::{CartLine, CheckoutCart, GetCheckoutCart};
use contracts::discount::{
    CouponReservation, CouponVerdict, PriceBasket, PricedBasket, ReleaseCoupon, ReserveCoupon, RuleVerdict,
};
use contracts::payment::{CreateIntent, FoundIntent, Intent, IntentStatus, PaymentMethod, SyncIntent};
use contracts::product::{
    CommitStock, Done, FoundVariants, LookUpVariants, ReleaseStock, ReserveStock, Shortage, StockCommitment, StockLine,
    StockReservation, VariantSnapshot,
};
use contracts::shipping::{CashOnDelivery, QuoteShipping, ShippingOption, ShippingQuote};
use contracts::user::{Address, FoundAddress, GetAddress};
use jiff::civil::date;
use testkit::TestService;
use types::{AddressId, CartId, IntentId, Money, OrderId, ProductId, Rate, ShippingMethodId, UserId, VariantId};

pub const COUPON: &str = "WELCOME10";

/// What the other services know.
pub struct World {
    state: Mutex<State>,
    gate: Mutex<Gate>,
    changed: Condvar,
}

pub struct State {
    pub cart: Vec<CartLine>,
    pub coupon: Option<String>,
    pub variants: Vec<VariantSnapshot>,
    pub shipping: Vec<ShippingOption>,
    pub cash_on_delivery: CashOnDelivery,
    pub address_id: AddressId,
    pub address: Address,
    /// What became of the stock of each order.
    pub stock: HashMap<OrderId, Holding>,
    pub coupons: HashMap<OrderId, Holding>,
    pub coupon_refused: Option<String>,
    /// As if the reservations had run out and others had bought everything.
    pub sold_out: bool,
    pub intents: HashMap<OrderId, Intent>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    Reserved(Vec<StockLine>),
    Sold,
    Released,
}

#[derive(Default)]
struct Gate {
    /// Answers of this call are held back.
    closed: Option<&'static str>,
    /// One is.
    reached: bool,
}

impl World {
    pub fn new() -> Self {
        let option = |code: &str, charge: i64| ShippingOption {
            method_id: ShippingMethodId::new(),
            code: code.to_lowercase(),
            name: code.to_owned(),
            charge: Money::from_rupees(charge),
            promised_from: date(2026, 11, 25),
            promised_to: date(2026, 11, 27),
        };
        let variants = vec![variant("Kurta", 99_900, 500, "6204"), variant("Phone case", 49_950, 1800, "3926")];
        let state = State {
            cart: variants
                .iter()
                .zip([2, 1])
                .map(|(v, n)| CartLine { variant_id: v.variant_id, quantity: n })
                .collect(),
            coupon: None,
            variants,
            shipping: vec![option("Standard", 50), option("Express", 120)],
            cash_on_delivery: CashOnDelivery { allowed: true, reason: String::new() },
            address_id: AddressId::new(),
            address: Address {
                name: "Asha Rao".into(),
                phone: "+919876543210".into(),
                line1: "12-2-417, Street 4".into(),
                line2: String::new(),
                landmark: "Behind the temple".into(),
                city: "Hyderabad".into(),
                state: "36".parse().unwrap(),
                pin_code: "500028".parse().unwrap(),
            },
            stock: HashMap::new(),
            coupons: HashMap::new(),
            coupon_refused: None,
            sold_out: false,
            intents: HashMap::new(),
        };
        World { state: Mutex::new(state), gate: Mutex::default(), changed: Condvar::new() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Holds back the next answer of the call with this path.
    pub fn close(&self, path: &'static str) {
        *self.gate.lock().unwrap() = Gate { closed: Some(path), reached: false };
    }

    pub fn is_reached(&self) -> bool {
        self.gate.lock().unwrap().reached
    }

    pub fn open(&self) {
        *self.gate.lock().unwrap() = Gate::default();
        self.changed.notify_all();
    }

    /// A stub whose answer may be held back.
    fn answers<C: Call>(
        self: &Arc<Self>,
        service: &TestService,
        answer: impl Fn(&mut State, C) -> C::Reply + Send + Sync + 'static,
    ) {
        let world = self.clone();
        service.stubs.answer(move |call: C| {
            let reply = answer(&mut world.state(), call);
            world.pass(C::PATH);
            reply
        });
    }

    fn pass(&self, path: &'static str) {
        let mut gate = self.gate.lock().unwrap();
        if gate.closed == Some(path) {
            gate.reached = true;
            tokio::task::block_in_place(|| {
                let _open = self.changed.wait_while(gate, |gate| gate.closed == Some(path)).unwrap();
            });
        }
    }

    /// Answers every call of the order service.
    pub fn stand_in_for_all(self: &Arc<Self>, service: &TestService, customer: UserId) {
        let cart_id = CartId::new();
        self.answers(service, move |state, call: GetCheckoutCart| CheckoutCart {
            cart_id: Some(cart_id),
            version: 1,
            lines: if call.customer_id == customer { state.cart.clone() } else { Vec::new() },
            coupon_code: state.coupon.clone(),
        });
        self.answers(service, |state, call: GetAddress| {
            if call.address_id == state.address_id {
                FoundAddress::Found(state.address.clone())
            } else {
                FoundAddress::Absent
            }
        });
        self.answers(service, |state, call: LookUpVariants| FoundVariants {
            variants: state.variants.iter().filter(|v| call.variant_ids.contains(&v.variant_id)).cloned().collect(),
        });
        self.answers(service, |_, call: PriceBasket| priced(&call));
        self.answers(service, |state, _: QuoteShipping| ShippingQuote {
            options: state.shipping.clone(),
            cash_on_delivery: state.cash_on_delivery.clone(),
        });
        self.answers(service, State::reserve_stock);
        self.answers(service, State::commit_stock);
        self.answers(service, |state, call: ReleaseStock| {
            state.stock.insert(call.order_id, Holding::Released);
            Done {}
        });
        self.answers(service, State::reserve_coupon);
        self.answers(service, |state, call: ReleaseCoupon| {
            state.coupons.insert(call.order_id, Holding::Released);
            Done {}
        });
        self.answers(service, State::create_intent);
        self.answers(service, |state, call: SyncIntent| {
            state.intents.get(&call.order_id).cloned().map_or(FoundIntent::Absent, FoundIntent::Found)
        });
    }
}

impl State {
    fn reserve_stock(&mut self, call: ReserveStock) -> StockReservation {
        match self.stock.get(&call.order_id) {
            Some(Holding::Released) => return StockReservation::Released,
            Some(_) => return StockReservation::Held,
            None => {}
        }
        let short = |line: &StockLine| {
            let available = self.variants.iter().find(|v| v.variant_id == line.variant_id).map_or(0, |v| v.available);
            let shortage = Shortage { variant_id: line.variant_id, requested: line.quantity, available };
            (line.quantity > available).then_some(shortage)
        };
        let shortages: Vec<Shortage> = call.lines.iter().filter_map(short).collect();
        if !shortages.is_empty() {
            return StockReservation::Short { shortages };
        }
        self.stock.insert(call.order_id, Holding::Reserved(call.lines));
        StockReservation::Held
    }

    fn commit_stock(&mut self, call: CommitStock) -> StockCommitment {
        if self.sold_out {
            let short = |l: &StockLine| Shortage { variant_id: l.variant_id, requested: l.quantity, available: 0 };
            return StockCommitment::Short { shortages: call.lines.iter().map(short).collect() };
        }
        match self.stock.get(&call.order_id) {
            Some(Holding::Released) => StockCommitment::Released,
            _ => {
                self.stock.insert(call.order_id, Holding::Sold);
                StockCommitment::Committed
            }
        }
    }

    fn reserve_coupon(&mut self, call: ReserveCoupon) -> CouponReservation {
        if let Some(reason) = self.coupon_refused.clone() {
            return CouponReservation::Refused { reason };
        }
        match self.coupons.get(&call.order_id) {
            Some(Holding::Released) => CouponReservation::Released,
            _ => {
                self.coupons.insert(call.order_id, Holding::Reserved(Vec::new()));
                CouponReservation::Held { coupon_id: types::CouponId::new() }
            }
        }
    }

    fn create_intent(&mut self, call: CreateIntent) -> Intent {
        let cash = call.method == PaymentMethod::CashOnDelivery;
        let intent = self.intents.entry(call.order_id).or_insert_with(|| Intent {
            intent_id: IntentId::new(),
            order_id: call.order_id,
            status: if cash { IntentStatus::CashDue } else { IntentStatus::Open },
            amount: call.amount,
            captured: Money::ZERO,
            refunded: Money::ZERO,
        });
        assert_eq!(intent.amount, call.amount, "an order has one amount");
        intent.clone()
    }
}

/// Ten per cent off the lines with the coupon.
fn priced(call: &PriceBasket) -> PricedBasket {
    let percent = if call.coupon_code.as_deref() == Some(COUPON) { 10 } else { 0 };
    let discount = |unit_price: Money, quantity| unit_price.times(quantity).at(Rate::from_percent(percent));
    let line_discounts: Vec<Money> = call.lines.iter().map(|line| discount(line.unit_price, line.quantity)).collect();
    let amount = line_discounts.iter().sum();
    let verdict = call.coupon_code.clone().map(|code| CouponVerdict {
        applies: code == COUPON,
        reason: if code == COUPON { "10 % off".into() } else { "It has expired".into() },
        code,
    });
    let rule = |verdict: &CouponVerdict| RuleVerdict {
        rule: verdict.code.clone(),
        applied: verdict.applies,
        reason: verdict.reason.clone(),
        amount,
    };
    PricedBasket {
        line_discounts,
        shipping_discount: Money::ZERO,
        receipt: verdict.iter().map(rule).collect(),
        coupon: verdict,
    }
}

pub fn variant(title: &str, unit_price: i64, rate: i32, hsn: &str) -> VariantSnapshot {
    VariantSnapshot {
        variant_id: VariantId::new(),
        product_id: ProductId::new(),
        category_ids: Vec::new(),
        sku: title.to_uppercase(),
        title: title.into(),
        options: String::new(),
        image: None,
        unit_price: Money::from_paise(unit_price),
        mrp: Money::from_paise(unit_price + 10_000),
        hsn: hsn.into(),
        gst_rate: Rate::from_basis_points(rate),
        gst_rates: Vec::new(),
        weight_grams: 300,
        available: 10,
        max_per_order: 5,
        return_days: 30,
        on_sale: true,
    }
}
