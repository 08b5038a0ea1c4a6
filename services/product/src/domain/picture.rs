//! Pictures for products that have no photograph: drawn from the SKU, the same for the same SKU.
//!
//! Behind a drawing of the kind of thing (by the SKU's first word) stands a rangoli: petals around a centre, whose number, size and
//! colours come from the SKU's hash. Angles are whole degrees, and SVG does the turning, so nothing here computes with fractions.

use std::fmt::Write as _;

/// Ground, petals, second petals, drawing.
const PALETTES: &[[&str; 4]] = &[
    ["#fdf3e3", "#f2b5a0", "#e7834f", "#7a2e1d"],
    ["#eef4ee", "#b9d8c2", "#6fae8f", "#1f4d3f"],
    ["#fbeef2", "#efb7cb", "#d4688f", "#6b1f40"],
    ["#eef1fa", "#b9c6ec", "#7089d6", "#23306b"],
    ["#fdf7dd", "#f3d885", "#e0ae2f", "#6e4a0c"],
    ["#f3edf9", "#cfb6e8", "#9a70cc", "#42246e"],
    ["#e9f6f7", "#a9dbe0", "#4fa9b4", "#124e57"],
    ["#f9efe6", "#e3c3a1", "#c08a53", "#5a3513"],
];

/// What the first word of a SKU stands for, drawn in a square of 200 around the origin.
const DRAWINGS: &[(&str, &str)] = &[
    ("KURTA", "M-38-70 Q0-48 38-70 L82-38 L66-4 L46-16 L52 84 L-52 84 L-46-16 L-66-4 L-82-38 Z M0-56 L0 0"),
    ("SAREE", "M-66 78 Q-40-40 8-76 Q60-60 44-8 Q76 20 66 78 Z M8-76 Q-4 0 44 78 M-40 78 Q-14 0 24-40"),
    ("DUPATTA", "M-70-60 Q0-90 70-60 L58 70 Q0 44-58 70 Z M-58 54 Q0 28 58 54 M-64-30 Q0-60 64-30"),
    (
        "STEEL",
        "M-48-40 L48-40 L48 70 Q48 80 38 80 L-38 80 Q-48 80-48 70 Z M-48 0 L48 0 M-48 40 L48 40 M-30-40 Q0-90 30-40",
    ),
    (
        "COOK",
        "M-64-20 L64-20 L56 64 Q54 74 42 74 L-42 74 Q-54 74-56 64 Z M-72-34 L72-34 M-10-34 L-10-54 L10-54 L10-34 M64-8 L94-16",
    ),
    ("SPICE", "M-60-10 L60-10 Q56 66 0 72 Q-56 66-60-10 Z M-30-26 Q-20-64 0-26 Q14-70 34-26 M30-50 L64-84"),
    (
        "DAL",
        "M-44-70 L44-70 L36-44 Q70 0 54 70 Q0 92-54 70 Q-70 0-36-44 Z M-36-44 L36-44 M-24 20 Q0-4 24 20 Q0 44-24 20",
    ),
    (
        "TEA",
        "M-56-30 L40-30 L32 60 Q30 70 18 70 L-34 70 Q-46 70-48 60 Z M40-16 Q82-10 70 22 Q60 40 36 36 M-30-46 Q-18-62-30-80 M4-46 Q16-62 4-80",
    ),
    (
        "SOAP",
        "M-62-10 Q-62-36-36-36 L36-36 Q62-36 62-10 L62 26 Q62 52 36 52 L-36 52 Q-62 52-62 26 Z M-30 8 L30 8 M44-62 L44-62.1 M62-76 L62-76.1",
    ),
    (
        "SPORT",
        "M-14-88 L14-88 L14-30 Q30-24 30-8 L24 84 L-24 84 L-30-8 Q-30-24-14-30 Z M-14-70 L14-58 M-14-52 L14-40 M64 60 A18 18 0 1 0 64.1 60",
    ),
    (
        "LAMP",
        "M-74 20 Q0 96 74 20 Q80 6 58 10 Q0 34-58 10 Q-80 6-74 20 Z M0 14 Q-26-22 0-72 Q26-22 0 14 M-30 66 L-40 84 L40 84 L30 66",
    ),
    (
        "BRASS",
        "M-20-84 L20-84 L14-60 Q54-36 50 10 Q44 54 12 62 L24 84 L-24 84 L-12 62 Q-44 54-50 10 Q-54-36-14-60 Z M-50 6 L50 6",
    ),
    (
        "BOOK",
        "M0-58 Q-40-80-80-62 L-80 58 Q-40 42 0 62 Q40 42 80 58 L80-62 Q40-80 0-58 L0 62 M-62-34 L-20-30 M-62-8 L-20-4 M20-30 L62-34 M20-4 L62-8",
    ),
    (
        "TECH",
        "M-34-84 L34-84 Q46-84 46-72 L46 72 Q46 84 34 84 L-34 84 Q-46 84-46 72 L-46-72 Q-46-84-34-84 Z M-10 68 L10 68 M-46-62 L46-62 M-46 54 L46 54",
    ),
    (
        "TOY",
        "M-50 60 L-50-10 L-10-10 L-10-50 L30-50 L30-10 L70-10 L70 60 Z M-28 60 A16 16 0 1 0-28.1 60 M44 60 A16 16 0 1 0 44.1 60 M10-50 L10-78",
    ),
    (
        "PAPER",
        "M-56 70 L-44 30 L40-60 Q50-70 62-58 Q72-46 62-36 L-20 54 Z M28-48 L50-24 M-44 30 L-20 54 M-70 86 L70 86",
    ),
    ("HOME", "M-80 10 L0-70 L80 10 M-60-4 L-60 74 L60 74 L60-4 M-16 74 L-16 28 L16 28 L16 74"),
];

/// A square picture as SVG.
pub fn svg(sku: &str) -> String {
    let hash =
        sku.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // Each part takes bits of its own; a multiplication spreads what little a short text gives.
    let part = |shift: u32, below: u64| (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) % below;
    let palette = usize::try_from(part(11, 8)).ok().and_then(|i| PALETTES.get(i)).unwrap_or(&PALETTES[0]);
    let [ground, petal, inner, line] = palette;
    let (petals, reach, width) = (8 + 2 * part(23, 5), 150 + part(31, 40), 18 + part(37, 16));
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img"><title>{sku}</title><rect width="400" height="400" fill="{ground}"/><g transform="translate(200 200)">"#,
        sku = escaped(sku),
    );
    let mut ring = |count: u64, reach: u64, width: u64, colour: &str| {
        for i in 0..count {
            let angle = 360 * i / count;
            let _infallible = write!(
                svg,
                r#"<path transform="rotate({angle})" d="M0 0Q{width}-{half} 0-{reach}Q-{width}-{half} 0 0" fill="{colour}" fill-opacity=".55"/>"#,
                half = reach / 2,
            );
        }
    };
    ring(petals, reach, width, petal);
    ring(petals / 2, reach * 2 / 3, width, inner);
    let drawing = sku.split('-').next().and_then(|kind| DRAWINGS.iter().find(|(name, _)| *name == kind));
    if let Some((_, path)) = drawing {
        let _infallible = write!(
            svg,
            r#"<circle r="112" fill="{ground}" fill-opacity=".86"/><path d="{path}" fill="{petal}" stroke="{line}" stroke-width="6" stroke-linejoin="round" stroke-linecap="round"/>"#,
        );
    }
    svg.push_str("</g></svg>");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_the_same_for_the_same_sku_and_another_for_another() {
        assert_eq!(svg("KURTA-001-BLU-M"), svg("KURTA-001-BLU-M"));
        assert_ne!(svg("KURTA-001-BLU-M"), svg("KURTA-002-BLU-M"));
        assert!(svg("KURTA-001").contains("stroke-linejoin"), "the drawing of a kurta");
        assert!(!svg("UNHEARD-OF").contains("stroke-linejoin"), "only a rangoli");
    }

    #[test]
    fn a_name_cannot_break_out_of_the_picture() {
        assert!(!svg("</title><script>").contains("<script>"));
    }
}
