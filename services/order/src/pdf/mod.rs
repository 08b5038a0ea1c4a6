//! Invoices as PDF.
#![allow(clippy::float_arithmetic, reason = "places on paper; amounts are text here")]

mod layout;

use contracts::order::Invoice;
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Stroke;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Data, Document};
use skrifa::charmap::Charmap;
use skrifa::{FontRef, MetadataProvider as _};

use layout::{COLUMNS, Page};

/// A4, in points of 1/72 inch.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 36.0;
const SIZE: f32 = 7.0;
const ROW: f32 = 10.0;
/// Every character's width, as a part of the font's size.
const ADVANCE: f32 = 1233.0 / 2048.0;
const COLUMN: f32 = SIZE * ADVANCE;

#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    #[error("the font or the page cannot be used")]
    Material,
    #[error("the document cannot be written: {0}")]
    Document(String),
}

/// A tax invoice to be printed or kept. The same invoice makes the same bytes.
///
/// # Errors
/// None that an invoice could cause.
pub fn of_invoice(invoice: &Invoice) -> Result<Vec<u8>, PdfError> {
    // It has Latin letters and the rupee sign; another script's are shown as empty boxes.
    let font = dejavu::sans_mono::regular();
    let characters = FontRef::new(font).map_err(|_| PdfError::Material)?.charmap();
    let typeface = Typeface { font: Font::new(Data::from(font), 0).ok_or(PdfError::Material)?, characters };
    let mut document = Document::new();
    let title = format!("Tax invoice {}", invoice.number);
    document.set_metadata(Metadata::new().title(title).language("en-IN".to_owned()));
    for page in layout::pages(invoice) {
        draw(&mut document, &page, &typeface)?;
    }
    document.finish().map_err(|error| PdfError::Document(format!("{error:?}")))
}

struct Typeface {
    font: Font,
    characters: Charmap<'static>,
}

impl Typeface {
    /// One after another: Latin letters of one width need no shaping.
    fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, character): (usize, char)| {
            // The first glyph of a font stands for what it lacks.
            let id = self.characters.map(character).map_or(0, |glyph| glyph.to_u32());
            let bytes = at..at + character.len_utf8();
            KrillaGlyph::new(GlyphId::new(id), ADVANCE, 0.0, 0.0, 0.0, bytes, None)
        };
        text.char_indices().map(glyph).collect()
    }
}

fn draw(document: &mut Document, page: &Page, typeface: &Typeface) -> Result<(), PdfError> {
    let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(PdfError::Material)?;
    let mut sheet = document.start_page_with(settings);
    let mut surface = sheet.surface();
    for text in &page.texts {
        let at = Point::from_xy(MARGIN + f32::from(text.column) * COLUMN, base_line(text.row));
        let size = SIZE * f32::from(text.scale);
        surface.draw_glyphs(at, &typeface.glyphs(&text.text), typeface.font.clone(), &text.text, size, false);
    }
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { paint: luma::Color::new(128).into(), width: 0.5, ..Stroke::default() }));
    for row in &page.rules {
        let y = base_line(*row) + 3.0;
        let mut path = PathBuilder::new();
        path.move_to(MARGIN, y);
        path.line_to(MARGIN + f32::from(COLUMNS) * COLUMN, y);
        surface.draw_path(&path.finish().ok_or(PdfError::Material)?);
    }
    surface.finish();
    sheet.finish();
    Ok(())
}

fn base_line(row: u16) -> f32 {
    MARGIN + (f32::from(row) + 1.0) * ROW
}
