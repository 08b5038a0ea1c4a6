//! The rest of what the demonstration sells.

use super::families::{Choice, Family};

const THREE: (&str, &[Choice]) = ("Pack", &[Choice("Single", 100, 100), Choice("Pack of 3", 280, 300)]);
const SETS: (&str, &[Choice]) = ("Set", &[Choice("Single", 100, 100), Choice("Set of 2", 190, 200), Choice("Set of 6", 540, 600)]);
const LANGUAGES: (&str, &[Choice]) = ("Language", &[Choice("English", 100, 100), Choice("Hindi", 85, 100), Choice("Telugu", 85, 100)]);
const PLAIN: (&str, &[Choice]) = ("Colour", &[Choice("Charcoal", 100, 100), Choice("Sand", 100, 100)]);

pub const MORE_FAMILIES: &[Family] = &[
    Family {
        code: "SOAP", category: "ayurvedic-care", hsn: "3401", brands: &["Vaidya's Choice", "Neem Tree"],
        kinds: &[("Neem and Tulsi", 69), ("Sandalwood", 129), ("Turmeric and Saffron", 99), ("Kuppaimeni", 89), ("Goat Milk", 119)],
        forms: &[("Soap", 0), ("Bathing Bar, Cold-Pressed", 40), ("Ubtan Soap", 30)],
        options: &[THREE], grams: 110, return_days: 7,
        about: "Made by the cold process from coconut oil and herbs, and cured for six weeks. No animal fat, no synthetic scent.",
    },
    Family {
        code: "SOAP", category: "ayurvedic-care", hsn: "3305", brands: &["Vaidya's Choice", "Kesh Kala"],
        kinds: &[("Bhringraj", 249), ("Amla", 179), ("Hibiscus", 199), ("Onion and Fenugreek", 299)],
        forms: &[("Hair Oil", 0), ("Shampoo", 50), ("Hair Mask", 120)],
        options: &[("Size", &[Choice("100 ml", 100, 100), Choice("200 ml", 180, 195)])], grams: 140, return_days: 7,
        about: "Herbs steeped in sesame oil for seven days, as the old books say. Warm it a little before use.",
    },
    Family {
        code: "LAMP", category: "lamps", hsn: "6914", brands: &["Kumhar Collective"],
        kinds: &[("Plain Terracotta", 49), ("Hand-Painted", 99), ("Lotus", 129), ("Peacock", 179), ("Elephant", 199)],
        forms: &[("Diya", 0), ("Hanging Lamp", 150), ("Tulsi Lamp Stand", 220)],
        options: &[SETS], grams: 160, return_days: 10,
        about: "Thrown on the wheel in Kumharwada and fired with coconut husk. Soak it in water for an hour before you light it.",
    },
    Family {
        code: "BRASS", category: "brass", hsn: "7418", brands: &["Moradabad Brass House", "Pembarthi Crafts"],
        kinds: &[("Pembarthi", 1499), ("Moradabadi", 999), ("Antique-Finish", 1299), ("Engraved", 1799)],
        forms: &[("Brass Puja Thali", 0), ("Brass Bell", -500), ("Brass Urli", 900), ("Brass Lota", -300), ("Brass Deepam", 1200)],
        options: &[], grams: 900, return_days: 15,
        about: "Cast from one piece, beaten and polished by hand. Clean it with tamarind and it will outlast us all.",
    },
    Family {
        code: "HOME", category: "home-textiles", hsn: "6302", brands: &["Solapur Chaddar", "Charkha & Co"],
        kinds: &[("Solapuri Cotton", 899), ("Kantha-Stitched", 1799), ("Jaipuri Printed", 1299), ("Handloom Dhurrie-Weave", 1599)],
        forms: &[("Bedsheet", 0), ("Dohar", 500), ("Table Cover", -400), ("Cushion Cover Set", -300), ("Quilt", 1500)],
        options: &[PLAIN], grams: 1100, return_days: 30,
        about: "Fast colours, close weave, hems sewn twice. It gets softer with every wash.",
    },
    Family {
        code: "SPORT", category: "cricket", hsn: "9506", brands: &["Maidan Sports", "Helicopter"],
        kinds: &[("Kashmir Willow", 1499), ("English Willow", 5999), ("Popular Willow", 799), ("Tennis-Ball", 999)],
        forms: &[("Cricket Bat", 0), ("Cricket Bat, Junior", -200), ("Cricket Set", 1300)],
        options: &[("Size", &[Choice("5", 90, 90), Choice("SH", 100, 100), Choice("LH", 102, 105)])], grams: 1200, return_days: 15,
        about: "Straight grain, big middle, pressed and knocked in by hand. Oil it before the season begins.",
    },
    Family {
        code: "SPORT", category: "cricket", hsn: "9506", brands: &["Maidan Sports"],
        kinds: &[("Tournament", 899), ("Club", 499), ("Practice", 299)],
        forms: &[("Carrom Striker Set", 0), ("Badminton Racquets", 500), ("Kho-Kho Pole Set", 1900), ("Volleyball", 200), ("Skipping Rope", -150)],
        options: &[], grams: 800, return_days: 15,
        about: "For the gully, the school ground and the neighbourhood cup.",
    },
    Family {
        code: "BOOK", category: "books", hsn: "4901", brands: &["Deccan Press", "Pothi House"],
        kinds: &[("Tales from the Panchatantra", 249), ("A Kitchen in Hyderabad", 499), ("The Monsoon Almanac", 349), ("Songs of the Godavari", 299), ("Birds of the Deccan", 699), ("A Short History of Telangana", 450)],
        forms: &[("(Paperback)", 0), ("(Hardcover)", 350), ("(Illustrated)", 250)],
        options: &[LANGUAGES], grams: 380, return_days: 10,
        about: "Printed on paper that does not yellow, sewn and not glued, with a ribbon to keep your place.",
    },
    Family {
        code: "TECH", category: "electronics", hsn: "8504", brands: &["Bijli", "Tarang"],
        kinds: &[("20 W", 699), ("33 W", 999), ("65 W GaN", 1999), ("10,000 mAh", 1299), ("20,000 mAh", 1899)],
        forms: &[("USB-C Charger", 0), ("Charger with Braided Cable", 300), ("Travel Adapter", 200)],
        options: &[PLAIN], grams: 210, return_days: 7,
        about: "Certified by BIS, with protection from surge, heat and short circuit. One year of guarantee.",
    },
    Family {
        code: "TECH", category: "electronics", hsn: "8518", brands: &["Sur", "Tarang"],
        kinds: &[("Wired", 499), ("Wireless", 1499), ("Noise-Cancelling", 2999)],
        forms: &[("Earphones", 0), ("Headphones", 900), ("Neckband", 300), ("Pocket Speaker", 600)],
        options: &[PLAIN], grams: 180, return_days: 7,
        about: "Tuned for voices and veena alike. Plays for thirty hours, and for three more after ten minutes at the plug.",
    },
    Family {
        code: "TOY", category: "toys", hsn: "9503", brands: &["Channapatna Toys", "Nirmal Art", "Kondapalli Bommalu"],
        kinds: &[("Channapatna", 399), ("Kondapalli", 499), ("Nirmal", 599), ("Etikoppaka", 449)],
        forms: &[("Wooden Train", 300), ("Rattle", -100), ("Stacking Rings", 0), ("Spinning Top", -150), ("Bullock Cart", 250), ("Doll", 200)],
        options: &[], grams: 350, return_days: 15,
        about: "Turned from ivory-wood and coloured with lac and vegetable dyes: safe in small hands and in small mouths.",
    },
    Family {
        code: "PAPER", category: "stationery", hsn: "4820", brands: &["Kagaz", "Likhavat"],
        kinds: &[("Handmade Paper", 249), ("Recycled Cotton Paper", 199), ("Block-Printed", 299), ("Dotted", 179)],
        forms: &[("Notebook", 0), ("Journal", 150), ("Sketchbook", 100), ("Diary", 120)],
        options: &[("Size", &[Choice("A5", 100, 100), Choice("A4", 160, 195)])], grams: 260, return_days: 10,
        about: "Lies flat, takes fountain-pen ink without bleeding, and has a pocket at the back.",
    },
    Family {
        code: "PAPER", category: "stationery", hsn: "9608", brands: &["Syahi"],
        kinds: &[("Ebonite", 1499), ("Brass", 999), ("Bamboo", 499)],
        forms: &[("Fountain Pen", 0), ("Ballpoint Pen", -200), ("Rollerball Pen", -100)],
        options: &[], grams: 40, return_days: 10,
        about: "Turned on a lathe in Rajahmundry, with a nib that is set by hand to write wet and smooth.",
    },
];
