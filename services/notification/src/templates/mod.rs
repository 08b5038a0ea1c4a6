//! The words of the messages: templates by language and kind, embedded in the binary.
//!
//! A file `templates/<locale>/<kind>.txt` has sections, each begun by a line `--- <name>`: `subject`, `text`, `sms` for kinds
//! that are also sent by SMS or push, and `inbox` where the inbox shows something other than the text. `letter.txt` is what
//! stands around every e-mail. The HTML part is made from the same text, so that the two cannot differ. A kind that a
//! language lacks is sent in English.

mod files;

use contracts::notification::{NotificationKind, Outlet};
use contracts::user::Locale;
use files::FILES;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, context};
use types::{Money, Timestamp};

const LAYOUT: &str = "layout.html";
const OUTBOX: &str = "outbox.html";
const FALLBACK: Locale = Locale::English;

/// A message in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub subject: String,
    pub text: String,
    /// Of e-mails only.
    pub html: Option<String>,
}

/// What a message is rendered from.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub kind: NotificationKind,
    pub outlet: Outlet,
    pub locale: Locale,
    /// Empty if it is not known.
    pub name: &'a str,
    pub code: Option<&'a str>,
    pub data: &'a serde_json::Value,
}

#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// `shop` is the shop's address, without a slash at its end.
    ///
    /// # Errors
    /// A template that is none; a test sees to it that there is none such.
    pub fn load(shop: &str) -> Result<Self, Error> {
        let mut environment = Environment::new();
        // What a template asks for and does not get is a mistake, not an empty place in a letter.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        environment.add_filter("money", |paise: i64| Money::from_paise(paise).to_string());
        environment.add_filter("day", day);
        environment.add_filter("time", time);
        environment.add_global("shop", shop);
        environment.add_template(LAYOUT, include_str!("../../templates/layout.html"))?;
        environment.add_template(OUTBOX, include_str!("../../templates/outbox.html"))?;
        for (name, source) in FILES {
            for (section, body) in sections(source) {
                environment.add_template_owned(format!("{name}.{section}"), body.to_owned())?;
            }
        }
        Ok(Templates { environment })
    }

    /// # Errors
    /// The template needs something that the message does not say.
    pub fn render(&self, subject: &Subject) -> Result<Words, Error> {
        let Subject { kind, outlet, locale, name, code, data } = *subject;
        let locale = if self.has(locale, kind) { locale } else { FALLBACK };
        let context = context! { name, code, ..Value::from_serialize(data) };
        let section = |section: &str| {
            let rendered = self.environment.get_template(&format!("{locale}/{kind}.{section}"))?.render(&context)?;
            Ok::<_, Error>(rendered.trim().to_owned())
        };
        let title = section("subject")?;
        match outlet {
            Outlet::Inbox => {
                let own = self.environment.get_template(&format!("{locale}/{kind}.inbox")).is_ok();
                Ok(Words { subject: title, text: section(if own { "inbox" } else { "text" })?, html: None })
            }
            Outlet::Sms | Outlet::Push => Ok(Words { subject: title, text: section("sms")?, html: None }),
            Outlet::Email => {
                let letter = self.environment.get_template(&format!("{locale}/letter.text"))?;
                let text = letter.render(context! { name, body => section("text")? })?.trim().to_owned();
                let paragraphs: Vec<&str> = text.split("\n\n").collect();
                let layout = self.environment.get_template(LAYOUT)?;
                let html = layout.render(context! { locale => locale.as_str(), subject => title, paragraphs })?;
                Ok(Words { subject: title, text, html: Some(html) })
            }
        }
    }

    /// The page of a developer's outbox.
    ///
    /// # Errors
    /// The page is no template.
    pub fn outbox_page(&self, messages: &[contracts::notification::LocalMessage]) -> Result<String, Error> {
        self.environment.get_template(OUTBOX)?.render(context! { messages })
    }

    fn has(&self, locale: Locale, kind: NotificationKind) -> bool {
        self.environment.get_template(&format!("{locale}/{kind}.text")).is_ok()
    }
}

/// The sections of a file with their names.
fn sections(source: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = source.strip_prefix("--- ").unwrap_or(source).split("\n--- ");
    parts.filter_map(|part| part.split_once('\n'))
}

/// `05-12-2026`: a date, or the date in India of a point in time.
fn day(text: &str) -> String {
    match text.parse().map(Timestamp::new) {
        Ok(time) => time.in_india().strftime("%d-%m-%Y").to_string(),
        Err(_) => text.splitn(3, '-').collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("-"),
    }
}

/// `05-12-2026 17:30`: a point in time on the clock of India.
fn time(text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |time| Timestamp::new(time).in_india().strftime("%d-%m-%Y %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use contracts::notification::NotificationKind as Kind;
    use serde_json::json;

    use super::*;
    use crate::domain::rule;

    fn subject<'a>(kind: Kind, outlet: Outlet, locale: Locale, data: &'a serde_json::Value) -> Subject<'a> {
        Subject { kind, outlet, locale, name: "Asha Rao", code: None, data }
    }

    #[test]
    fn every_file_is_embedded() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let mut files = Vec::new();
        for locale in Locale::ALL {
            let Ok(entries) = std::fs::read_dir(format!("{directory}/{locale}")) else { continue };
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            files.extend(names.map(|name| format!("{locale}/{}", name.strip_suffix(".txt").unwrap())));
        }
        let mut embedded: Vec<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        files.sort();
        embedded.sort();
        assert_eq!(files, embedded);
    }

    #[test]
    fn english_is_complete_and_every_language_has_all_sections_of_what_it_has() {
        let templates = Templates::load("https://haat.example").unwrap();
        for kind in Kind::ALL {
            assert!(templates.has(Locale::English, *kind), "{kind}");
            let short = rule(*kind).outlets.iter().any(|outlet| matches!(outlet, Outlet::Sms | Outlet::Push));
            for locale in Locale::ALL.iter().filter(|locale| templates.has(**locale, *kind)) {
                let has =
                    |section: &str| templates.environment.get_template(&format!("{locale}/{kind}.{section}")).is_ok();
                assert!(has("subject") && (has("sms") || !short), "{locale}/{kind}");
            }
        }
    }

    #[test]
    fn a_message_is_in_the_customers_language_or_else_in_english() {
        let templates = Templates::load("https://haat.example").unwrap();
        let data =
            json!({ "order_number": "HT-1001", "order_id": "1", "carrier": "BlueDart", "tracking_number": "BD1" });
        let in_language =
            |locale| templates.render(&subject(Kind::OrderShipped, Outlet::Email, locale, &data)).unwrap();
        let (english, hindi) = (in_language(Locale::English), in_language(Locale::Hindi));
        assert_eq!(in_language(Locale::Telugu), english);
        assert!(english.text.starts_with("Hello Asha Rao,"), "{}", english.text);
        assert!(hindi.text.starts_with("नमस्ते Asha Rao"), "{}", hindi.text);
        assert!(hindi.html.unwrap().contains("<html lang=\"hi-IN\">"));
    }

    #[test]
    fn the_html_part_says_the_same_and_takes_nothing_for_markup() {
        let templates = Templates::load("https://haat.example").unwrap();
        let data = json!({ "product_id": "1", "title": "Kurta <b>& Co</b>" });
        let words = templates.render(&subject(Kind::BackInStock, Outlet::Email, Locale::English, &data)).unwrap();
        assert!(words.text.contains("Kurta <b>& Co</b>"));
        let html = words.html.unwrap();
        assert!(html.contains("Kurta &lt;b&gt;&amp; Co&lt;&#x2f;b&gt;"), "{html}");
    }

    #[test]
    fn what_a_template_lacks_is_an_error() {
        let templates = Templates::load("https://haat.example").unwrap();
        assert!(templates.render(&subject(Kind::OrderShipped, Outlet::Email, Locale::English, &json!({}))).is_err());
    }

    #[test]
    fn days_and_times_are_indias() {
        assert_eq!(day("2026-12-05"), "05-12-2026");
        assert_eq!(day("2026-12-05T20:00:00Z"), "06-12-2026");
        assert_eq!(time("2026-12-05T12:00:00Z"), "05-12-2026 17:30");
    }
}
