//! The month's supplies as GSTR-1 wants them.

use std::collections::BTreeMap;

use contracts::order::{
    ConsumerSupplies, DocumentItem, DocumentRange, DocumentSeries, DocumentsIssued, GstReturn, HsnRow, HsnSummary,
    ItemDetails, LargeCreditNote, LargeInvoice, LargeInvoices, NilSupplies, NilSupply, Percent, Rupees, TaxedValue,
};
use jiff::civil::Date;
use types::{Money, Rate};

use super::{Gstin, Tax};

/// What the books say of a month. Credit notes count negative, but for the large ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supplies {
    pub small: Vec<Small>,
    pub large: Vec<Large>,
    pub exempt: Vec<Exempt>,
    pub by_hsn: Vec<ByHsn>,
    pub invoices: Option<Series>,
    pub credit_notes: Option<Series>,
}

/// To consumers at a place, at one rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Small {
    pub place: String,
    pub between_states: bool,
    pub rate: Rate,
    pub tax: Tax,
}

/// What a large invoice, or a credit note of one, says at one rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Large {
    pub number: String,
    pub date: Date,
    pub is_credit: bool,
    pub place: String,
    /// The document's, with tax.
    pub value: Money,
    pub rate: Rate,
    pub tax: Tax,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exempt {
    pub between_states: bool,
    pub value: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHsn {
    pub hsn: String,
    pub rate: Rate,
    pub pieces: i64,
    pub tax: Tax,
}

/// The documents of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub first: String,
    pub last: String,
    pub count: i64,
}

/// `month` is any day of it.
pub fn gst_return(seller: &Gstin, month: Date, supplies: Supplies) -> GstReturn {
    let (credits, invoices): (Vec<Large>, Vec<Large>) = supplies.large.into_iter().partition(|large| large.is_credit);
    let series = |doc_num, series: Option<Series>| {
        let Series { first, last, count } = series?;
        let range = DocumentRange { num: 1, from: first, to: last, totnum: count, cancel: 0, net_issue: count };
        Some(DocumentSeries { doc_num, docs: vec![range] })
    };
    let numbered = |(num, row): (u32, ByHsn)| HsnRow {
        num,
        hsn_sc: row.hsn,
        uqc: "NOS",
        qty: row.pieces,
        rt: Percent(row.rate),
        value: value(row.tax),
    };
    GstReturn {
        gstin: seller.to_string(),
        fp: month.strftime("%m%Y").to_string(),
        b2cs: supplies.small.into_iter().map(consumers).collect(),
        b2cl: by_place(invoices),
        cdnur: documents(credits).into_values().filter_map(credit_note).collect(),
        nil: NilSupplies { inv: supplies.exempt.into_iter().map(exempt).collect() },
        hsn: HsnSummary { hsn_b2c: (1..).zip(supplies.by_hsn).map(numbered).collect() },
        doc_issue: DocumentsIssued {
            doc_det: [series(1, supplies.invoices), series(5, supplies.credit_notes)].into_iter().flatten().collect(),
        },
    }
}

fn consumers(small: Small) -> ConsumerSupplies {
    ConsumerSupplies {
        sply_ty: if small.between_states { "INTER" } else { "INTRA" },
        typ: "OE",
        pos: small.place,
        rt: Percent(small.rate),
        value: value(small.tax),
    }
}

fn by_place(invoices: Vec<Large>) -> Vec<LargeInvoices> {
    let mut places: BTreeMap<String, Vec<LargeInvoice>> = BTreeMap::new();
    for rows in documents(invoices).into_values() {
        let Some(first) = rows.first() else { continue };
        let (place, inum, idt, val) = (first.place.clone(), first.number.clone(), day(first.date), first.value);
        let invoice = LargeInvoice { inum, idt, val: Rupees(val), itms: items(&rows) };
        places.entry(place).or_default().push(invoice);
    }
    places.into_iter().map(|(pos, inv)| LargeInvoices { pos, inv }).collect()
}

fn credit_note(rows: Vec<Large>) -> Option<LargeCreditNote> {
    let first = rows.first()?;
    Some(LargeCreditNote {
        typ: "B2CL",
        ntty: "C",
        nt_num: first.number.clone(),
        nt_dt: day(first.date),
        pos: first.place.clone(),
        val: Rupees(first.value),
        itms: items(&rows),
    })
}

fn documents(rows: Vec<Large>) -> BTreeMap<String, Vec<Large>> {
    let mut documents: BTreeMap<String, Vec<Large>> = BTreeMap::new();
    for row in rows {
        documents.entry(row.number.clone()).or_default().push(row);
    }
    documents
}

fn items(rows: &[Large]) -> Vec<DocumentItem> {
    let item = |(num, row): (u32, &Large)| DocumentItem {
        num,
        itm_det: ItemDetails { rt: Percent(row.rate), value: value(row.tax) },
    };
    (1..).zip(rows).map(item).collect()
}

fn exempt(exempt: Exempt) -> NilSupply {
    NilSupply {
        sply_ty: if exempt.between_states { "INTRB2C" } else { "INTRAB2C" },
        nil_amt: Rupees(Money::ZERO),
        expt_amt: Rupees(exempt.value),
        ngsup_amt: Rupees(Money::ZERO),
    }
}

fn value(tax: Tax) -> TaxedValue {
    let Tax { taxable, cgst, sgst, igst } = tax;
    TaxedValue {
        txval: Rupees(taxable),
        iamt: Rupees(igst),
        camt: Rupees(cgst),
        samt: Rupees(sgst),
        csamt: Rupees(Money::ZERO),
    }
}

fn day(date: Date) -> String {
    date.strftime("%d-%m-%Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tax(taxable: i64, igst: i64) -> Tax {
        let rupees = Money::from_rupees;
        Tax { taxable: rupees(taxable), cgst: Money::ZERO, sgst: Money::ZERO, igst: rupees(igst) }
    }

    fn large(number: &str, is_credit: bool, place: &str, rate: u32) -> Large {
        Large {
            number: number.to_owned(),
            date: jiff::civil::date(2026, 11, 23),
            is_credit,
            place: place.to_owned(),
            value: Money::from_rupees(120_000),
            rate: Rate::from_percent(rate),
            tax: tax(1_000, 50),
        }
    }

    #[test]
    fn large_invoices_stand_by_place_and_have_an_item_for_each_rate() {
        let supplies = Supplies {
            large: vec![
                large("INV2627/00000001", false, "27", 5),
                large("INV2627/00000001", false, "27", 18),
                large("INV2627/00000002", false, "27", 5),
                large("INV2627/00000003", false, "29", 5),
                large("CRN2627/00000001", true, "27", 5),
            ],
            ..Supplies::default()
        };
        let seller: Gstin = "36AABCH1234A1ZD".parse().unwrap();
        let told = gst_return(&seller, jiff::civil::date(2026, 11, 1), supplies);
        assert_eq!((told.gstin.as_str(), told.fp.as_str()), ("36AABCH1234A1ZD", "112026"));
        let places: Vec<_> = told.b2cl.iter().map(|place| (place.pos.as_str(), place.inv.len())).collect();
        assert_eq!(places, [("27", 2), ("29", 1)]);
        let invoice = &told.b2cl[0].inv[0];
        assert_eq!((invoice.idt.as_str(), invoice.itms.len(), invoice.itms[1].num), ("23-11-2026", 2, 2));
        assert_eq!((told.cdnur.len(), told.cdnur[0].nt_num.as_str()), (1, "CRN2627/00000001"));
        assert!(told.doc_issue.doc_det.is_empty());
    }
}
