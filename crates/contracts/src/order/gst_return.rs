//! The month's outward supplies in the shape of GSTR-1 (CGST Rules 2017, rule 59), as the GST portal's JSON names it. Our buyers
//! are consumers: what it says of registered buyers is not there.

use garde::Validate;
use serde::{Deserialize, Serialize, Serializer};
use types::{Money, Rate};
use utoipa::{IntoParams, ToSchema};

#[derive(Clone, Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GstReturnQuery {
    /// In India.
    #[garde(pattern("^20[0-9]{2}-(0[1-9]|1[0-2])$"))]
    #[param(pattern = "^20[0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-11")]
    pub month: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GstReturn {
    /// The seller's.
    pub gstin: String,
    /// Month and year.
    #[schema(example = "112026")]
    pub fp: String,
    /// Table 7: to consumers, by place and rate, less what was credited.
    pub b2cs: Vec<ConsumerSupplies>,
    /// Table 5: large invoices to consumers in other states, by place.
    pub b2cl: Vec<LargeInvoices>,
    /// Table 9B: credit notes of these.
    pub cdnur: Vec<LargeCreditNote>,
    /// Table 8: what is exempt, less what was credited.
    pub nil: NilSupplies,
    /// Table 12: by HSN code and rate, less what was credited.
    pub hsn: HsnSummary,
    /// Table 13: the documents' numbers.
    pub doc_issue: DocumentsIssued,
}

/// An amount in rupees, a JSON number with paise as its decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = f64, example = 1234.5)]
pub struct Rupees(pub Money);

impl Serialize for Rupees {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let paise = self.0.paise();
        let sign = if paise < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:02}", paise.unsigned_abs() / 100, paise.unsigned_abs() % 100);
        // The nearest number is written with the same two decimals again, up to a hundred million crore.
        serializer.serialize_f64(text.parse().map_err(serde::ser::Error::custom)?)
    }
}

/// A rate in per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = f64, example = 5)]
pub struct Percent(pub Rate);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Rupees(Money::from_paise(i64::from(self.0.basis_points()))).serialize(serializer)
    }
}

/// The tax within supplies, in rupees. There is no cess on what we sell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct TaxedValue {
    /// Without tax.
    pub txval: Rupees,
    pub iamt: Rupees,
    pub camt: Rupees,
    pub samt: Rupees,
    pub csamt: Rupees,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ConsumerSupplies {
    /// `INTRA` or `INTER`.
    pub sply_ty: &'static str,
    /// Always `OE`: not through an e-commerce operator.
    pub typ: &'static str,
    /// The place of supply's GST state code.
    pub pos: String,
    pub rt: Percent,
    #[serde(flatten)]
    pub value: TaxedValue,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LargeInvoices {
    pub pos: String,
    pub inv: Vec<LargeInvoice>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LargeInvoice {
    pub inum: String,
    #[schema(example = "23-11-2026")]
    pub idt: String,
    /// With tax.
    pub val: Rupees,
    pub itms: Vec<DocumentItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LargeCreditNote {
    /// Always `B2CL`.
    pub typ: &'static str,
    /// Always `C`: a credit note.
    pub ntty: &'static str,
    pub nt_num: String,
    #[schema(example = "23-11-2026")]
    pub nt_dt: String,
    pub pos: String,
    /// With tax.
    pub val: Rupees,
    pub itms: Vec<DocumentItem>,
}

/// A document's supplies at one rate.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DocumentItem {
    pub num: u32,
    pub itm_det: ItemDetails,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ItemDetails {
    pub rt: Percent,
    #[serde(flatten)]
    pub value: TaxedValue,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NilSupplies {
    pub inv: Vec<NilSupply>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NilSupply {
    /// `INTRAB2C` or `INTRB2C`.
    pub sply_ty: &'static str,
    pub nil_amt: Rupees,
    /// Exempt by notification.
    pub expt_amt: Rupees,
    pub ngsup_amt: Rupees,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HsnSummary {
    pub hsn_b2c: Vec<HsnRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HsnRow {
    pub num: u32,
    pub hsn_sc: String,
    /// Always `NOS`: pieces.
    pub uqc: &'static str,
    pub qty: i64,
    pub rt: Percent,
    #[serde(flatten)]
    pub value: TaxedValue,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DocumentsIssued {
    pub doc_det: Vec<DocumentSeries>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DocumentSeries {
    /// 1: invoices; 5: credit notes.
    pub doc_num: u32,
    pub docs: Vec<DocumentRange>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DocumentRange {
    pub num: u32,
    pub from: String,
    pub to: String,
    pub totnum: i64,
    /// Always 0: a document is taken back by a credit note, never cancelled.
    pub cancel: i64,
    pub net_issue: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rupees_with_their_paise() {
        let json = |paise| serde_json::to_string(&Rupees(Money::from_paise(paise))).unwrap();
        assert_eq!((json(123_450), json(-5), json(100)), ("1234.5".into(), "-0.05".into(), "1.0".into()));
        assert_eq!(json(9_007_199_254_740), "90071992547.4");
        assert_eq!(serde_json::to_string(&Percent(Rate::from_basis_points(25))).unwrap(), "0.25");
    }
}
