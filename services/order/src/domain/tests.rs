//! Prices and credit notes of baskets of all kinds.

use contracts::cart::{CartLine, CheckoutCart};
use contracts::discount::PricedBasket;
use contracts::order::OrderStatus;
use contracts::payment::PaymentMethod;
use contracts::product::{RateAbove, VariantSnapshot};
use contracts::returns::ReturnedLine;
use contracts::user::Address;
use jiff::civil::date;
use proptest::prelude::*;
use types::{
    Money, OrderId, OrderLineId, ProductId, Rate, ReturnLineId, ShippingMethodId, StateCode, Timestamp, UserId,
    VariantId,
};

use super::credit::{CreditError, DELIVERY, of_cancellation, of_return};
use super::gst::{Supply, Tax};
use super::order::{Delivery, Line, Order};
use super::pricing::{DiscountError, Price, Unavailable, Wanted, price, wanted};

fn variant(unit_price: i64, rate: i32, hsn: &str) -> VariantSnapshot {
    VariantSnapshot {
        variant_id: VariantId::new(),
        product_id: ProductId::new(),
        category_ids: Vec::new(),
        sku: "SKU".into(),
        title: "Kurta".into(),
        options: "Blue".into(),
        image: None,
        unit_price: Money::from_paise(unit_price),
        mrp: Money::from_paise(unit_price),
        hsn: hsn.into(),
        gst_rate: Rate::from_basis_points(rate),
        gst_rates: Vec::new(),
        weight_grams: 300,
        available: 10,
        max_per_order: 10,
        return_days: 30,
        on_sale: true,
    }
}

/// Lines with their discounts: up to the whole price, seldom more than a part.
fn any_lines() -> impl Strategy<Value = Vec<(Wanted, Money)>> {
    let line = (1i64..500_000, prop::sample::select(vec![0, 500, 1200, 1800, 2800]), 1u32..10, "[0-9]{4}", 0u32..=100)
        .prop_map(|(unit_price, rate, quantity, hsn, percent)| {
            let line = Wanted { variant: variant(unit_price, rate, &hsn), quantity };
            let discount = Money::from_paise(unit_price).times(quantity).at(Rate::from_percent(percent));
            (line, discount)
        });
    prop::collection::vec(line, 1..8)
}

fn any_supply() -> impl Strategy<Value = Supply> {
    prop::sample::select(vec![Supply::IntraState, Supply::InterState])
}

fn discounts(lines: &[(Wanted, Money)], shipping: Money) -> PricedBasket {
    PricedBasket {
        line_discounts: lines.iter().map(|(_, discount)| *discount).collect(),
        shipping_discount: shipping,
        coupon: None,
        receipt: Vec::new(),
    }
}

fn priced(lines: &[(Wanted, Money)], charge: Money, free: bool, supply: Supply) -> Price {
    let wanted: Vec<Wanted> = lines.iter().map(|(wanted, _)| wanted.clone()).collect();
    let shipping_discount = if free { charge } else { Money::ZERO };
    price(&wanted, &discounts(lines, shipping_discount), charge, supply).unwrap()
}

fn order(lines: &[(Wanted, Money)], charge: Money, supply: Supply) -> Order {
    let price = priced(lines, charge, false, supply);
    let line = |(i, ((wanted, discount), priced)): (usize, (&(Wanted, Money), &super::pricing::LinePrice))| Line {
        position: i16::try_from(i).unwrap() + 1,
        id: OrderLineId::new(),
        variant_id: wanted.variant.variant_id,
        product_id: wanted.variant.product_id,
        category_ids: Vec::new(),
        sku: wanted.variant.sku.clone(),
        title: wanted.variant.title.clone(),
        options: wanted.variant.options.clone(),
        image: None,
        quantity: wanted.quantity,
        unit_price: wanted.variant.unit_price,
        mrp: wanted.variant.mrp,
        discount: *discount,
        total: priced.total,
        hsn: wanted.variant.hsn.clone(),
        gst_rate: priced.gst_rate,
        tax: priced.tax,
        weight_grams: 1,
        return_days: 30,
        credited: Money::ZERO,
    };
    let time = Timestamp::from_microseconds(0);
    let place: StateCode = if supply == Supply::IntraState { StateCode::TELANGANA } else { "29".parse().unwrap() };
    Order {
        id: OrderId::new(),
        number: "HT-2611-000001".into(),
        customer_id: UserId::new(),
        status: OrderStatus::Delivered,
        version: 1,
        cancel_reason: None,
        cart_id: None,
        coupon_code: None,
        notes: None,
        address: Address {
            name: "Asha Rao".into(),
            phone: "+919876543210".into(),
            line1: "1".into(),
            line2: String::new(),
            landmark: String::new(),
            city: "Hyderabad".into(),
            state: place,
            pin_code: "500081".parse().unwrap(),
        },
        place_of_supply: place,
        lines: lines.iter().zip(&price.lines).enumerate().map(line).collect(),
        delivery: Delivery {
            method_id: ShippingMethodId::new(),
            method: "Standard".into(),
            promised_from: date(2026, 11, 25),
            promised_to: date(2026, 11, 27),
            weight_grams: 1,
            charge,
            discount: Money::ZERO,
            hsn: price.delivery.hsn.clone(),
            gst_rate: price.delivery.gst_rate,
            tax: price.delivery.tax,
        },
        total: price.total,
        payment_method: PaymentMethod::Upi,
        intent_id: None,
        expires_at: time,
        paid_at: Some(time),
        refunded: Money::ZERO,
        parcel: None,
        created_at: time,
        confirmed_at: Some(time),
        shipped_at: None,
        delivered_at: None,
        cancelled_at: None,
    }
}

fn back(line: &Line, quantity: u32, refund: Money) -> ReturnedLine {
    ReturnedLine {
        return_line_id: ReturnLineId::new(),
        order_line_id: line.id,
        variant_id: line.variant_id,
        quantity,
        restock: quantity,
        refund,
    }
}

proptest! {
    #[test]
    fn lines_and_delivery_make_the_total_with_the_tax_inside(
        lines in any_lines(), charge in 0i64..20_000, free in any::<bool>(), supply in any_supply()
    ) {
        let price = priced(&lines, Money::from_paise(charge), free, supply);
        let goods: Money = price.lines.iter().map(|line| line.total).sum();
        let charged = price.delivery.charge - price.delivery.discount;
        prop_assert_eq!(goods + charged, price.total);
        let tax = price.lines.iter().map(|line| line.tax).sum::<Tax>() + price.delivery.tax;
        prop_assert_eq!(tax.total(), price.total);
        prop_assert!(!price.total.is_negative());
        for ((wanted, discount), line) in lines.iter().zip(&price.lines) {
            prop_assert_eq!(wanted.variant.unit_price.times(wanted.quantity), line.total + *discount);
            prop_assert_eq!(line.tax.total(), line.total);
        }
    }

    #[test]
    fn the_price_does_not_depend_on_the_order_of_the_lines(
        (lines, shuffled) in any_lines().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        charge in 0i64..20_000, supply in any_supply()
    ) {
        let charge = Money::from_paise(charge);
        let (one, other) = (priced(&lines, charge, false, supply), priced(&shuffled, charge, false, supply));
        prop_assert_eq!(one.total, other.total);
        prop_assert_eq!(&one.delivery, &other.delivery);
        for ((wanted, _), line) in lines.iter().zip(&one.lines) {
            let there = shuffled.iter().position(|(other, _)| other == wanted).unwrap();
            prop_assert_eq!(line, &other.lines[there]);
        }
    }

    #[test]
    fn delivery_is_taxed_as_the_goods_of_the_highest_rate(lines in any_lines(), supply in any_supply()) {
        let price = priced(&lines, Money::from_rupees(50), false, supply);
        let highest = lines.iter().map(|(wanted, _)| wanted.variant.gst_rate).max().unwrap();
        prop_assert_eq!(price.delivery.gst_rate, highest);
        prop_assert_eq!(price.delivery.tax, Tax::within(Money::from_rupees(50), highest, supply));
    }

    /// Each piece comes back by itself, in any order of the lines, with the refund that a running allocation gives it.
    #[test]
    fn credit_notes_of_single_pieces_sum_to_the_invoice(
        (lines, turns) in any_lines().prop_flat_map(|lines| {
            let pieces: Vec<usize> = lines.iter().enumerate().flat_map(|(i, (l, _))| vec![i; l.quantity as usize]).collect();
            (Just(lines), Just(pieces).prop_shuffle())
        }),
        supply in any_supply()
    ) {
        let mut order = order(&lines, Money::from_rupees(40), supply);
        let mut sums = vec![(0u32, Money::ZERO, Tax::default()); lines.len()];
        for i in turns {
            let line = order.lines[i].clone();
            let (sent_back, refunded, _) = sums[i];
            let pieces = i64::from(sent_back + 1);
            let running = line.total.allocate(&[pieces, i64::from(line.quantity) - pieces])[0];
            let credits = of_return(&order, &[back(&line, 1, running - refunded)]).unwrap();
            sums[i].0 += 1;
            sums[i].1 = running;
            for credit in credits {
                prop_assert_eq!(credit.tax.total(), credit.total);
                prop_assert_eq!(credit.tax.cgst, credit.tax.sgst);
                sums[i].2 = sums[i].2 + credit.tax;
                order.lines[i].credited += credit.total;
            }
        }
        for (line, (_, refunded, tax)) in order.lines.iter().zip(sums) {
            prop_assert_eq!(refunded, line.total);
            prop_assert_eq!(tax, line.tax);
        }
        // Only the delivery is left.
        let rest = of_cancellation(&order);
        prop_assert!(rest.iter().all(|credit| credit.position == DELIVERY));
    }

    #[test]
    fn a_cancellation_takes_back_the_whole_invoice(lines in any_lines(), supply in any_supply()) {
        let order = order(&lines, Money::from_rupees(40), supply);
        let credits = of_cancellation(&order);
        prop_assert_eq!(credits.iter().map(|credit| credit.total).sum::<Money>(), order.total);
        prop_assert_eq!(credits.iter().map(|credit| credit.tax).sum::<Tax>(), order.tax());
    }
}

#[test]
fn no_more_than_was_paid_is_credited() {
    let lines = [(Wanted { variant: variant(10_000, 1800, "6109"), quantity: 2 }, Money::ZERO)];
    let order = order(&lines, Money::ZERO, Supply::IntraState);
    let line = &order.lines[0];
    let half = Money::from_paise(10_000);
    // Two entries of one return count together.
    let twice = [back(line, 1, half), back(line, 1, half)];
    let credits = of_return(&order, &twice).unwrap();
    assert_eq!((credits.len(), credits[0].quantity, credits[0].tax), (1, 2, line.tax));
    let thrice = [back(line, 1, half), back(line, 1, half), back(line, 1, Money::from_paise(1))];
    let refused = CreditError::MoreThanPaid { line: line.id, left: Money::ZERO, refund: Money::from_paise(1) };
    assert_eq!(of_return(&order, &thrice), Err(refused));
}

#[test]
fn a_return_of_another_orders_line_is_refused() {
    let lines = [(Wanted { variant: variant(10_000, 1800, "6109"), quantity: 2 }, Money::ZERO)];
    let (one, other) = (order(&lines, Money::ZERO, Supply::IntraState), order(&lines, Money::ZERO, Supply::IntraState));
    let line = &other.lines[0];
    assert_eq!(of_return(&one, &[back(line, 1, line.total)]), Err(CreditError::UnknownLine(line.id)));
}

#[test]
fn discounts_that_do_not_fit_are_refused() {
    let wanted = [Wanted { variant: variant(10_000, 1800, "6109"), quantity: 1 }];
    let with = |line_discounts: Vec<i64>, shipping: i64| {
        let discounts = PricedBasket {
            line_discounts: line_discounts.into_iter().map(Money::from_paise).collect(),
            shipping_discount: Money::from_paise(shipping),
            coupon: None,
            receipt: Vec::new(),
        };
        price(&wanted, &discounts, Money::from_paise(4_000), Supply::IntraState).map(|price| price.total.paise())
    };
    assert_eq!(with(vec![2_500], 1_000), Ok(10_500));
    assert_eq!(with(vec![], 0), Err(DiscountError::Count { given: 0, lines: 1 }));
    for (line, shipping) in [(10_001, 0), (-1, 0), (0, 4_001), (0, -1)] {
        assert!(matches!(with(vec![line], shipping), Err(DiscountError::Amount { .. })), "{line} {shipping}");
    }
}

#[test]
fn the_rate_is_that_of_what_is_paid_for_a_piece() {
    let above = |rupees, percent| RateAbove { above: Money::from_rupees(rupees), rate: Rate::from_percent(percent) };
    let kurta = VariantSnapshot { gst_rates: vec![above(0, 5), above(2625, 18)], ..variant(280_000, 1800, "6204") };
    let rate = |kurta: &VariantSnapshot, quantity, discount| {
        let wanted = [Wanted { variant: kurta.clone(), quantity }];
        let discounts = discounts(&[(wanted[0].clone(), Money::from_rupees(discount))], Money::ZERO);
        let price = price(&wanted, &discounts, Money::from_rupees(50), Supply::InterState).unwrap();
        assert_eq!(price.delivery.gst_rate, price.lines[0].gst_rate, "the delivery goes with it");
        assert_eq!(price.lines[0].tax, Tax::within(price.lines[0].total, price.lines[0].gst_rate, Supply::InterState));
        price.lines[0].gst_rate
    };
    let (low, high) = (Rate::from_percent(5), Rate::from_percent(18));
    assert_eq!(rate(&kurta, 1, 0), high);
    assert_eq!(rate(&kurta, 1, 174), high, "Rs 2,626");
    assert_eq!(rate(&kurta, 1, 175), low, "Rs 2,625 is not above it");
    assert_eq!(rate(&kurta, 3, 524), high, "all three for Rs 7,876");
    assert_eq!(rate(&kurta, 3, 525), low);
    assert_eq!(rate(&kurta, 1, 2_800), low, "given away");
    // A product service that is a version behind tells of one rate.
    assert_eq!(rate(&VariantSnapshot { gst_rates: Vec::new(), ..kurta }, 1, 560), high);
}

#[test]
fn a_cart_with_what_cannot_be_bought_is_refused() {
    let shirt = variant(10_000, 1800, "6109");
    let gone = VariantSnapshot { on_sale: false, ..variant(10_000, 1800, "6109") };
    let unknown = VariantId::new();
    let cart = |lines: &[(VariantId, u32)]| CheckoutCart {
        cart_id: None,
        version: 1,
        lines: lines
            .iter()
            .map(|(variant_id, quantity)| CartLine { variant_id: *variant_id, quantity: *quantity })
            .collect(),
        coupon_code: None,
    };
    let known = [shirt.clone(), gone.clone()];
    let of = |lines: &[(VariantId, u32)]| wanted(&cart(lines), &known);
    assert_eq!(of(&[]), Err(Unavailable::Empty));
    let all = [(shirt.variant_id, 1), (gone.variant_id, 1), (unknown, 1)];
    assert_eq!(of(&all), Err(Unavailable::NotOnSale(vec![gone.variant_id, unknown])));
    let too_many = Unavailable::TooMany { variant_id: shirt.variant_id, most: 10 };
    assert_eq!(of(&[(shirt.variant_id, 11)]), Err(too_many));
    assert_eq!(of(&[(shirt.variant_id, 10)]).unwrap()[0].quantity, 10);
}
