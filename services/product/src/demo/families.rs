//! What the demonstration sells: families of products, each a list of kinds times a list of forms.

/// A family's products are every kind in every form.
pub struct Family {
    /// The first word of its SKUs: it chooses the picture.
    pub code: &'static str,
    pub category: &'static str,
    pub hsn: &'static str,
    pub brands: &'static [&'static str],
    /// With the price in rupees.
    pub kinds: &'static [(&'static str, i64)],
    /// With what the form costs more, in rupees.
    pub forms: &'static [(&'static str, i64)],
    pub options: &'static [(&'static str, &'static [Choice])],
    pub grams: u32,
    pub return_days: u16,
    pub about: &'static str,
}

/// A choice, with its price and its weight in per cent of the product's.
pub struct Choice(pub &'static str, pub i64, pub u32);

type Below = &'static [(&'static str, &'static str)];

/// Top categories and what is below them: slug and name.
pub const CATEGORIES: &[(&str, &str, Below)] = &[
    ("fashion", "Fashion", &[("kurtas", "Kurtas"), ("sarees", "Sarees"), ("dupattas", "Dupattas & Stoles")]),
    ("kitchen", "Kitchen", &[("steelware", "Steel Tiffins & Utensils"), ("cookware", "Cookers & Cookware")]),
    (
        "food",
        "Food",
        &[("masalas", "Masalas & Spices"), ("dals", "Dals & Grains"), ("tea-coffee", "Tea, Coffee & Drinks")],
    ),
    ("wellness", "Wellness", &[("ayurvedic-care", "Ayurvedic Soaps & Care")]),
    (
        "home-puja",
        "Home & Puja",
        &[("lamps", "Earthen Lamps"), ("brass", "Brass & Bells"), ("home-textiles", "Home Textiles")],
    ),
    ("sports", "Sports", &[("cricket", "Cricket & Games")]),
    ("books", "Books", &[]),
    ("electronics", "Electronics Accessories", &[]),
    ("toys", "Toys", &[]),
    ("stationery", "Stationery", &[]),
];

/// HSN codes with their GST rates in per cent before and since 22 September 2025, each up to a GST-inclusive price of a piece and
/// above it: docs/decisions/0010-gst-rates.md says where each comes from. A code's rate is that of the goods that are sold under it here;
/// the heading may have others.
pub const HSN: &[TaxCode] = &[
    taxed("6211", "Women's and men's garments, woven", [5, 12], [5, 18]),
    taxed("5007", "Woven fabrics of silk, sarees", [5, 5], [5, 5]),
    taxed("5208", "Woven fabrics of cotton, sarees", [5, 5], [5, 5]),
    taxed("6214", "Shawls, stoles, dupattas", [5, 12], [5, 18]),
    taxed("6302", "Bed, table and kitchen linen", [5, 12], [5, 18]),
    taxed("7323", "Kitchen articles of steel", [12, 12], [5, 5]),
    taxed("7615", "Kitchen articles of aluminium", [12, 12], [5, 5]),
    taxed("0910", "Turmeric, ginger, mixed spices", [5, 5], [5, 5]),
    taxed("0713", "Dried pulses, packed and labelled", [5, 5], [5, 5]),
    taxed("0902", "Tea", [5, 5], [5, 5]),
    taxed("0901", "Coffee, roasted, and its blends", [5, 5], [5, 5]),
    taxed("2202", "Aerated drinks with sugar", [28, 28], [40, 40]),
    taxed("3401", "Toilet soap in bars", [18, 18], [5, 5]),
    taxed("3305", "Hair oil, shampoo", [18, 18], [5, 5]),
    taxed("6912", "Earthen pots and clay lamps", [0, 0], [0, 0]),
    taxed("7418", "Household articles of brass", [12, 12], [5, 5]),
    taxed("8306", "Bells and gongs of base metal", [12, 12], [5, 5]),
    taxed("9506", "Sports goods, but not for general exercise", [12, 12], [5, 5]),
    taxed("4901", "Printed books", [0, 0], [0, 0]),
    taxed("8504", "Chargers", [18, 18], [18, 18]),
    taxed("8518", "Headphones, loudspeakers", [18, 18], [18, 18]),
    taxed("9503", "Toys, not electronic", [12, 12], [5, 5]),
    taxed("4820", "Exercise books and notebooks", [12, 12], [0, 0]),
    taxed("9608", "Pens", [18, 18], [18, 18]),
];

/// An HSN code with its GST rates in per cent: up to a price, and above it.
pub struct TaxCode {
    pub code: &'static str,
    pub description: &'static str,
    pub since_2022: [u32; 2],
    pub since_2025: [u32; 2],
}

const fn taxed(code: &'static str, description: &'static str, since_2022: [u32; 2], since_2025: [u32; 2]) -> TaxCode {
    TaxCode { code, description, since_2022, since_2025 }
}

const SIZES: (&str, &[Choice]) =
    ("Size", &[Choice("S", 100, 95), Choice("M", 100, 100), Choice("L", 100, 105), Choice("XL", 104, 110)]);
const COLOURS: (&str, &[Choice]) =
    ("Colour", &[Choice("Indigo", 100, 100), Choice("Marigold", 100, 100), Choice("Madder Red", 103, 100)]);
const DYES: (&str, &[Choice]) = ("Colour", &[Choice("Peacock Blue", 100, 100), Choice("Rani Pink", 100, 100)]);
const PACKS: (&str, &[Choice]) =
    ("Pack", &[Choice("100 g", 100, 100), Choice("250 g", 230, 245), Choice("500 g", 430, 480)]);
const BAGS: (&str, &[Choice]) =
    ("Pack", &[Choice("500 g", 100, 100), Choice("1 kg", 190, 200), Choice("5 kg", 900, 990)]);

pub const FAMILIES: &[Family] = &[
    Family {
        code: "KURTA",
        category: "kurtas",
        hsn: "6211",
        brands: &["Neelkanth Weaves", "Charkha & Co", "Rangrez"],
        kinds: &[
            ("Hand-Block Cotton", 899),
            ("Handloom Khadi", 1199),
            ("Chanderi Silk-Cotton", 1899),
            ("Mulmul", 799),
            ("Pure Linen", 2299),
            ("Ikat Cotton", 1299),
        ],
        forms: &[("Straight Kurta", 0), ("Anarkali Kurta", 600), ("A-Line Kurta", 200), ("Pathani Kurta", 300)],
        options: &[COLOURS, SIZES],
        grams: 320,
        return_days: 30,
        about: "Cut from cloth that small workshops weave and print by hand, so that no two pieces are quite alike. Wash it cold and dry it in the shade.",
    },
    Family {
        code: "SAREE",
        category: "sarees",
        hsn: "5007",
        brands: &["Kanchi Looms", "Banaras Katha"],
        kinds: &[
            ("Kanjivaram Silk", 8999),
            ("Banarasi Silk", 6499),
            ("Paithani Silk", 9499),
            ("Mysore Crepe Silk", 5299),
            ("Gadwal Silk", 5999),
            ("Pochampally Ikat Silk", 4799),
        ],
        forms: &[("Saree", 0), ("Saree with Zari Border", 1200)],
        options: &[DYES],
        grams: 750,
        return_days: 15,
        about: "Six yards with an unstitched blouse piece, woven on a pit loom. Keep it in muslin, refold it now and then, and have it dry-cleaned.",
    },
    Family {
        code: "SAREE",
        category: "sarees",
        hsn: "5208",
        brands: &["Tant Ghar", "Mangalagiri Mills"],
        kinds: &[
            ("Mangalagiri Cotton", 1299),
            ("Tant Cotton", 999),
            ("Kalamkari Cotton", 1499),
            ("Sambalpuri Cotton", 1899),
            ("Maheshwari Cotton", 1699),
            ("Venkatagiri Cotton", 1599),
        ],
        forms: &[("Saree", 0), ("Saree with Temple Border", 350)],
        options: &[DYES],
        grams: 520,
        return_days: 30,
        about: "Light on a summer day and crisp after starch: everyday handloom with a blouse piece.",
    },
    Family {
        code: "DUPATTA",
        category: "dupattas",
        hsn: "6214",
        brands: &["Rangrez", "Bandhej Bazaar"],
        kinds: &[("Bandhani", 599), ("Phulkari", 899), ("Kalamkari", 649), ("Banarasi", 1099), ("Leheriya", 499)],
        forms: &[("Dupatta", 0), ("Stole", -100), ("Shawl", 900), ("Woollen Shawl", 1900)],
        options: &[DYES],
        grams: 180,
        return_days: 30,
        about: "The finishing touch of an outfit, two and a half metres long, with hand-knotted tassels.",
    },
    Family {
        code: "STEEL",
        category: "steelware",
        hsn: "7323",
        brands: &["Lohar Steel", "Annapurna Home"],
        kinds: &[
            ("Two-Tier Steel", 449),
            ("Three-Tier Steel", 599),
            ("Four-Tier Steel", 799),
            ("Insulated Steel", 899),
            ("Copper-Bottom Steel", 699),
        ],
        forms: &[
            ("Tiffin Carrier", 0),
            ("Lunch Box with Bag", 150),
            ("Masala Dabba", 250),
            ("Storage Canister", -50),
            ("Water Bottle", 50),
        ],
        options: &[],
        grams: 650,
        return_days: 10,
        about: "Food-grade 304 stainless steel that neither dents nor smells. Clips that hold, edges that do not cut.",
    },
    Family {
        code: "COOK",
        category: "cookware",
        hsn: "7615",
        brands: &["Annapurna Home", "Chulha"],
        kinds: &[("Aluminium", 999), ("Hard-Anodised", 1599), ("Tri-Ply", 2499), ("Granite-Coated", 1299)],
        forms: &[
            ("Pressure Cooker", 400),
            ("Kadhai with Lid", 0),
            ("Dosa Tawa", -200),
            ("Idli Steamer", 100),
            ("Handi", 250),
        ],
        options: &[("Size", &[Choice("2 litre", 85, 80), Choice("3 litre", 100, 100), Choice("5 litre", 135, 140)])],
        grams: 1800,
        return_days: 10,
        about: "Bears the BIS mark. Works on gas and on induction, and has a handle that stays cool. Guaranteed for five years.",
    },
    Family {
        code: "SPICE",
        category: "masalas",
        hsn: "0910",
        brands: &["Guntur Mirchi House", "Malabar Gold Spices", "Dadi ka Masala"],
        kinds: &[("Garam", 79), ("Sambar", 65), ("Biryani", 95), ("Chole", 69), ("Rasam", 62), ("Pav Bhaji", 72)],
        forms: &[
            ("Masala", 0),
            ("Masala, Stone-Ground", 25),
            ("Masala, Extra Hot", 10),
            ("Masala without Onion and Garlic", 12),
        ],
        options: &[PACKS],
        grams: 110,
        return_days: 0,
        about: "Roasted in small batches and ground the day it is packed, without colour or filler. Best within nine months.",
    },
    Family {
        code: "DAL",
        category: "dals",
        hsn: "0713",
        brands: &["Khet Se", "Deccan Harvest"],
        kinds: &[("Toor", 89), ("Moong", 79), ("Masoor", 69), ("Urad", 85), ("Chana", 62), ("Rajma", 99)],
        forms: &[("Dal", 0), ("Dal, Unpolished", 15), ("Dal, Organic", 45)],
        options: &[BAGS],
        grams: 510,
        return_days: 0,
        about: "Cleaned, sorted and packed near the fields where it grew. Cooks soft after three whistles.",
    },
    Family {
        code: "TEA",
        category: "tea-coffee",
        hsn: "0902",
        brands: &["Kettle & Leaf", "Nilgiri Mist"],
        kinds: &[("Assam CTC", 129), ("Darjeeling First Flush", 449), ("Nilgiri", 199), ("Kashmiri Kahwa", 349)],
        forms: &[("Tea", 0), ("Masala Chai", 30), ("Green Tea", 60), ("Tulsi Tea", 40)],
        options: &[PACKS],
        grams: 120,
        return_days: 0,
        about: "Plucked by hand, packed on the estate, and sealed against light. A spoon for the cup and one for the pot.",
    },
    Family {
        code: "TEA",
        category: "tea-coffee",
        hsn: "0901",
        brands: &["Araku Hills", "Kaapi Katte"],
        kinds: &[("Araku Arabica", 399), ("Coorg Robusta", 279), ("Chikmagalur Peaberry", 449)],
        forms: &[("Filter Coffee", 0), ("Filter Coffee with Chicory", -40), ("Coffee Beans", 30)],
        options: &[("Pack", &[Choice("250 g", 100, 100), Choice("500 g", 190, 200)])],
        grams: 270,
        return_days: 0,
        about: "Shade-grown under silver oaks, roasted to order each Monday.",
    },
    Family {
        code: "TEA",
        category: "tea-coffee",
        hsn: "2202",
        brands: &["Goli Soda Works"],
        kinds: &[("Jeera Masala", 180), ("Nimbu", 160), ("Kala Khatta", 170)],
        forms: &[("Soda, 12 Bottles", 0), ("Soda, 24 Bottles", 150)],
        options: &[],
        grams: 3900,
        return_days: 0,
        about: "The fizz of a railway platform in a glass bottle with a marble in its neck.",
    },
];
