//! What stands where on the pages of a tax invoice, on a grid of rows and columns: the font's characters are all as wide.

use contracts::order::{Invoice, InvoiceLine};
use contracts::user::Address;
use types::Money;

/// Of an A4 page between its margins.
pub const COLUMNS: u16 = 124;
pub const ROWS: u16 = 77;
/// What the sums need below the last line.
const ROWS_OF_SUMS: u16 = 8;
/// The last row, which says the page's number.
const FOOT: u16 = ROWS - 1;
const HALF: u16 = COLUMNS / 2;

/// Text at a place; one of scale 2 is twice as large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub column: u16,
    pub row: u16,
    pub scale: u16,
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub texts: Vec<Text>,
    /// Below these rows a line goes from margin to margin.
    pub rules: Vec<u16>,
}

impl Page {
    fn write(&mut self, column: u16, row: u16, text: impl Into<String>) {
        self.texts.push(Text { column, row, scale: 1, text: text.into() });
    }

    /// So that it ends before `column`.
    fn write_before(&mut self, column: u16, row: u16, text: impl Into<String>) {
        let text = text.into();
        self.write(column.saturating_sub(width(&text)), row, text);
    }
}

/// A column of the table of lines: its head, and where it ends. All but the first two are of numbers.
type Column = (&'static str, u16);

/// Within the seller's state the tax is two, else one (IGST Act 2017, sections 7 and 8).
const WITHIN_THE_STATE: &[Column] = &[
    ("Description", 31),
    ("HSN", 40),
    ("Qty", 44),
    ("Price", 57),
    ("Discount", 69),
    ("Taxable", 82),
    ("GST", 88),
    ("CGST", 99),
    ("SGST", 110),
    ("Total", COLUMNS),
];
const BETWEEN_STATES: &[Column] = &[
    ("Description", 31),
    ("HSN", 40),
    ("Qty", 45),
    ("Price", 60),
    ("Discount", 74),
    ("Taxable", 89),
    ("GST", 96),
    ("IGST", 109),
    ("Total", COLUMNS),
];

/// What CGST Rules 2017, rule 46, asks of a tax invoice, on as many pages as it takes.
pub fn pages(invoice: &Invoice) -> Vec<Page> {
    let columns = if invoice.tax.igst.is_zero() { WITHIN_THE_STATE } else { BETWEEN_STATES };
    let mut page = Page::default();
    let mut row = head(&mut page, invoice);
    row = table_head(&mut page, columns, row);
    let mut pages = Vec::new();
    for (number, line) in (1..).zip(&invoice.lines) {
        let description = wrapped(&format!("{number}. {}", line.description), columns[0].1);
        let rows = u16::try_from(description.len()).unwrap_or(ROWS);
        if row + rows + ROWS_OF_SUMS > FOOT {
            pages.push(std::mem::take(&mut page));
            row = table_head(&mut page, columns, 0);
        }
        for (i, text) in (row..).zip(description) {
            page.write(0, i, text);
        }
        for ((_, end), text) in columns.iter().zip(cells(line, columns)).skip(1) {
            page.write_before(*end, row, text);
        }
        row += rows;
    }
    page.rules.push(row.saturating_sub(1));
    sums(&mut page, invoice, row + 1);
    pages.push(page);
    let count = pages.len();
    for (number, page) in (1..).zip(&mut pages) {
        page.write(0, FOOT, format!("{} of {}", invoice.number, invoice.date.strftime("%d-%m-%Y")));
        page.write_before(COLUMNS, FOOT, format!("Page {number} of {count}"));
    }
    pages
}

/// Returns the first free row.
fn head(page: &mut Page, invoice: &Invoice) -> u16 {
    page.texts.push(Text { column: 0, row: 1, scale: 2, text: "Tax invoice".to_owned() });
    for (row, text) in [
        (0, format!("Invoice {}", invoice.number)),
        (1, format!("Date    {}", invoice.date.strftime("%d-%m-%Y"))),
        (2, format!("Order   {}", invoice.order_number)),
    ] {
        page.write(HALF, row, text);
    }
    let seller = [wrapped(&invoice.seller.name, HALF - 4), wrapped(&invoice.seller.address, HALF - 4)].concat();
    let seller: Vec<String> = seller.into_iter().chain([format!("GSTIN {}", invoice.seller.gstin)]).collect();
    let left = block(page, 0, "Sold by", seller);
    let buyer = written(&invoice.buyer).iter().flat_map(|line| wrapped(line, HALF)).collect();
    let right = block(page, HALF, "Sold and delivered to", buyer);
    let row = left.max(right) + 1;
    let place = format!("Place of supply: {} ({})", invoice.place_of_supply_name, invoice.place_of_supply);
    page.write(0, row, place);
    let reverse = if invoice.reverse_charge { "yes" } else { "no" };
    page.write(HALF, row, format!("Tax payable on reverse charge: {reverse}"));
    row + 2
}

fn block(page: &mut Page, column: u16, title: &str, lines: Vec<String>) -> u16 {
    const TOP: u16 = 5;
    page.write(column, TOP, title);
    let mut row = TOP + 1;
    for line in lines {
        page.write(column, row, line);
        row += 1;
    }
    row
}

fn written(address: &Address) -> Vec<String> {
    let Address { name, line1, line2, landmark, city, state, pin_code, .. } = address;
    let place = format!("{city} {pin_code}, {} ({state})", state.name());
    let lines = [name.clone(), line1.clone(), line2.clone(), landmark.clone(), place];
    lines.into_iter().filter(|line| !line.trim().is_empty()).collect()
}

/// Returns the first free row.
fn table_head(page: &mut Page, columns: &[Column], row: u16) -> u16 {
    for (i, (title, end)) in columns.iter().enumerate() {
        match i {
            0 => page.write(0, row, *title),
            _ => page.write_before(*end, row, *title),
        }
    }
    page.rules.push(row);
    row + 1
}

fn cells(line: &InvoiceLine, columns: &[Column]) -> Vec<String> {
    let tax = line.tax;
    let cell = |(title, _): &Column| match *title {
        "HSN" => line.hsn.clone(),
        "Qty" => line.quantity.to_string(),
        "Price" => line.unit_price.to_string(),
        "Discount" => line.discount.to_string(),
        "Taxable" => tax.taxable.to_string(),
        "GST" => line.gst_rate.to_string(),
        "CGST" => tax.cgst.to_string(),
        "SGST" => tax.sgst.to_string(),
        "IGST" => tax.igst.to_string(),
        "Total" => line.total.to_string(),
        _ => String::new(),
    };
    columns.iter().map(cell).collect()
}

fn sums(page: &mut Page, invoice: &Invoice, mut row: u16) {
    let tax = invoice.tax;
    let parts: [(&str, Money); 4] =
        [("Taxable value", tax.taxable), ("CGST", tax.cgst), ("SGST", tax.sgst), ("IGST", tax.igst)];
    let all = parts.into_iter().filter(|(_, amount)| !amount.is_zero()).chain([("Total", invoice.total)]);
    for (title, amount) in all {
        page.write(89, row, title);
        page.write_before(COLUMNS, row, amount.to_string());
        row += 1;
    }
    page.write(0, row + 1, "Prices include GST. Made by computer; no signature is needed.");
}

/// In rows of at most so many columns; what has no space to break at is broken anywhere.
fn wrapped(text: &str, columns: u16) -> Vec<String> {
    let mut rows = vec![String::new()];
    let room = |row: &str| usize::from(columns.saturating_sub(width(row)));
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        while !word.is_empty() {
            let Some(row) = rows.last_mut() else { break };
            let space = usize::from(!row.is_empty());
            if word.len() + space <= room(row) {
                row.push_str(&" "[..space]);
                row.extend(word.drain(..));
            } else if row.is_empty() {
                row.extend(word.drain(..usize::from(columns.max(1)).min(word.len())));
            } else {
                rows.push(String::new());
            }
        }
    }
    rows
}

fn width(text: &str) -> u16 {
    u16::try_from(text.chars().count()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use contracts::order::{Seller, TaxSplit};
    use types::{InvoiceId, OrderId, Rate};

    use super::*;

    fn line(description: &str) -> InvoiceLine {
        InvoiceLine {
            description: description.to_owned(),
            hsn: "6211".to_owned(),
            quantity: 2,
            unit_price: Money::from_rupees(1_050),
            discount: Money::ZERO,
            gst_rate: Rate::from_percent(5),
            tax: tax(2_000, 50, 0),
            total: Money::from_rupees(2_100),
        }
    }

    fn tax(taxable: i64, half: i64, igst: i64) -> TaxSplit {
        let rupees = Money::from_rupees;
        TaxSplit { taxable: rupees(taxable), cgst: rupees(half), sgst: rupees(half), igst: rupees(igst) }
    }

    fn invoice(lines: Vec<InvoiceLine>) -> Invoice {
        Invoice {
            id: InvoiceId::new(),
            number: "INV2627/00000001".to_owned(),
            date: jiff::civil::date(2026, 11, 23),
            order_id: OrderId::new(),
            order_number: "HT-1".to_owned(),
            seller: Seller {
                name: "Haat Retail Private Limited".to_owned(),
                gstin: "36AABCH1234A1ZD".to_owned(),
                address: "1 Abids Road, Hyderabad 500001, Telangana".to_owned(),
            },
            buyer: Address {
                name: "Asha Rao".to_owned(),
                phone: "+919876543210".to_owned(),
                line1: "12-2-417, Street 4".to_owned(),
                line2: String::new(),
                landmark: "Behind the temple".to_owned(),
                city: "Hyderabad".to_owned(),
                state: "36".parse().unwrap(),
                pin_code: "500028".parse().unwrap(),
            },
            place_of_supply: "36".parse().unwrap(),
            place_of_supply_name: "Telangana".to_owned(),
            reverse_charge: false,
            lines,
            total: Money::from_rupees(2_100),
            tax: tax(2_000, 50, 0),
        }
    }

    /// As it would be read, row by row.
    fn read(page: &Page) -> String {
        let mut texts: Vec<&Text> = page.texts.iter().collect();
        texts.sort_by_key(|text| (text.row, text.column));
        let mut rows: Vec<String> = Vec::new();
        for text in texts {
            let row = usize::from(text.row);
            rows.resize(rows.len().max(row + 1), String::new());
            let gap = usize::from(text.column).saturating_sub(rows[row].chars().count());
            rows[row].push_str(&" ".repeat(gap));
            rows[row].push_str(&text.text);
        }
        rows.join("\n")
    }

    #[test]
    fn an_invoice_says_what_the_rule_asks() {
        let pages = pages(&invoice(vec![line("Cotton Kurta (Indigo, M)")]));
        let text = read(&pages[0]);
        for part in [
            "Invoice INV2627/00000001",
            "Date    23-11-2026",
            "Haat Retail Private Limited",
            "GSTIN 36AABCH1234A1ZD",
            "Asha Rao",
            "Behind the temple",
            "Hyderabad 500028, Telangana (36)",
            "Place of supply: Telangana (36)",
            "reverse charge: no",
            "1. Cotton Kurta (Indigo, M)",
            "₹2,000.00",
            "5 %",
            "Page 1 of 1",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        assert!(!text.contains("IGST") && !text.contains("+91"), "{text}");
        assert_eq!(pages.len(), 1);
    }

    #[test]
    fn between_states_there_is_one_tax() {
        let mut invoice = invoice(vec![InvoiceLine { tax: tax(2_000, 0, 100), ..line("Kurta") }]);
        invoice.tax = tax(2_000, 0, 100);
        let text = read(&pages(&invoice)[0]);
        assert!(text.contains("IGST") && !text.contains("CGST") && !text.contains("SGST"), "{text}");
        assert!(text.contains("₹100.00"), "{text}");
    }

    #[test]
    fn many_lines_take_many_pages_and_none_leaves_its_page() {
        let name = "A very long name of a thing that nobody could write on a single row of the table ".repeat(2);
        let pages = pages(&invoice((0..60).map(|_| line(&name)).collect()));
        assert!(pages.len() > 3);
        let text: Vec<String> = pages.iter().map(read).collect();
        assert_eq!(text.iter().map(|page| page.matches("₹2,100.00").count()).sum::<usize>(), 60 + 1, "and the total");
        for (number, (page, text)) in (1..).zip(pages.iter().zip(&text)) {
            assert!(text.contains(&format!("Page {number} of {}", pages.len())));
            assert!(text.contains("Description"), "each page has the table's head");
            for text in &page.texts {
                assert!(text.column + width(&text.text) * text.scale <= COLUMNS && text.row < ROWS, "{text:?}");
            }
            assert!(page.rules.iter().all(|row| *row < ROWS));
            let last = page.texts.iter().filter(|text| text.row < FOOT).map(|text| text.row).max().unwrap();
            assert!(last < FOOT - 1, "nothing runs into the foot");
        }
    }

    #[test]
    fn numbers_end_where_their_column_ends() {
        let page = &pages(&invoice(vec![line("Kurta")]))[0];
        let end = |text: &str| page.texts.iter().find(|t| t.text == text).map(|t| t.column + width(&t.text)).unwrap();
        assert_eq!((end("Price"), end("₹1,050.00")), (57, 57));
        assert_eq!((end("HSN"), end("6211")), (40, 40));
    }

    #[test]
    fn a_word_that_is_too_long_is_broken() {
        assert_eq!(wrapped("ab cde fghijklm", 4), ["ab", "cde", "fghi", "jklm"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
