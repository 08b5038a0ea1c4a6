//! What may stand in which room.

use super::tokens::{Code, Placed, Token};
use super::tree::{Source, Tree};

/// Words that bring I/O, the time of day or chance into rules that must give the same answer twice.
const IMPURE: &[&str] = &["async", "sqlx", "axum", "tokio", "redis", "Clock", "rand", "now_v7", "new_v4"];

pub fn sql_outside_the_store(tree: &Tree) -> Vec<String> {
    let elsewhere = tree.rust().filter(|s| s.in_service().is_some() && !s.in_room("store"));
    breaches(elsewhere, |code| {
        let texts = code.shipped.iter().filter(|p| matches!(&p.token, Token::Text(text) if is_sql(text)));
        let texts = texts.map(|p| (p.line, "SQL belongs in the store".to_owned()));
        let queries = queries(&code.shipped).into_iter();
        texts.chain(queries.map(|(line, word)| (line, format!("sqlx::{word} belongs in the store")))).collect()
    })
}

pub fn impure_domains(tree: &Tree) -> Vec<String> {
    breaches(tree.rust().filter(|s| s.in_room("domain")), |code| {
        let words = code.shipped.iter().filter_map(|p| Some((p.line, p.word()?)));
        let impure = words.filter(|(_, word)| IMPURE.contains(word));
        impure.map(|(line, word)| (line, format!("'{word}' does not belong in the domain"))).collect()
    })
}

pub fn unfinished(tree: &Tree) -> Vec<String> {
    breaches(tree.rust(), |code| {
        let mut found = Vec::new();
        for (at, placed) in code.all.iter().enumerate() {
            match (placed.word(), code.all.get(at + 1)) {
                (Some(word @ ("todo" | "unimplemented")), Some(next)) if next.is("!") => {
                    found.push((placed.line, format!("{word}! is left")));
                }
                _ => {}
            }
            if placed.is("#") && ignores(&code.all[at + 1..]) {
                found.push((placed.line, "a test is ignored".to_owned()));
            }
        }
        found
    })
}

fn breaches<'a>(
    sources: impl Iterator<Item = Source<'a>>,
    rule: impl Fn(&Code) -> Vec<(usize, String)>,
) -> Vec<String> {
    let mut all = Vec::new();
    for source in sources {
        match Code::of(source.text) {
            Ok(code) => {
                all.extend(rule(&code).into_iter().map(|(line, what)| format!("{}:{line}: {what}", source.path)))
            }
            Err(reason) => all.push(format!("{}: {reason}", source.path)),
        }
    }
    all
}

/// Keywords in capitals, as our statements are written; what is not is found by the `sqlx::query` around it.
fn is_sql(text: &str) -> bool {
    let text = text.replace("\\n", " ").replace("\\t", " ");
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let pair = |first, second| words.windows(2).any(|pair| pair == [first, second]);
    let update = words.iter().position(|w| *w == "UPDATE");
    words.contains(&"SELECT")
        || pair("INSERT", "INTO")
        || pair("DELETE", "FROM")
        || update.is_some_and(|at| words[at..].contains(&"SET"))
}

/// What is named of `sqlx` that makes statements, in a path or in an import.
fn queries(tokens: &[Placed]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, placed) in tokens.iter().enumerate() {
        if placed.word() != Some("sqlx") || !tokens.get(at + 1).is_some_and(|next| next.is("::")) {
            continue;
        }
        let mut depth = 0;
        for next in &tokens[at + 1..] {
            match (&next.token, next.word()) {
                (_, Some(word)) if makes_statements(word) => found.push((next.line, word.to_owned())),
                (Token::Mark("*"), _) => found.push((next.line, "*".to_owned())),
                (Token::Mark("{"), _) => depth += 1,
                (Token::Mark("}"), _) => depth -= 1,
                (_, Some(_)) | (Token::Mark("::"), _) => {}
                _ if depth > 0 => {}
                _ => break,
            }
            if depth < 0 {
                break;
            }
        }
    }
    found
}

fn makes_statements(word: &str) -> bool {
    word.starts_with("query") || word == "raw_sql" || word == "QueryBuilder"
}

/// Do the tokens after a `#` say `[ignore]`, also as `[cfg_attr(condition, ignore)]`?
fn ignores(rest: &[Placed]) -> bool {
    let mut words = rest.iter().skip(1).take_while(|p| !p.is("]")).filter_map(Placed::word);
    rest.first().is_some_and(|p| p.is("["))
        && match words.next() {
            Some("ignore") => true,
            Some("cfg_attr") => words.any(|word| word == "ignore"),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(rule: fn(&Tree) -> Vec<String>, path: &str, text: &str, breaches: &[&str]) {
        let expected: Vec<_> = breaches.iter().map(|what| format!("{path}:{what}")).collect();
        assert_eq!(rule(&Tree::of(&[(path, text)])), expected, "{text}");
    }

    #[test]
    fn sql_is_found_outside_the_store() {
        let api = "services/cart/src/api.rs";
        let text = ["1: SQL belongs in the store"];
        for sql in
            ["SELECT 1", "INSERT INTO t VALUES (1)", "UPDATE t\n SET a = 1", "DELETE FROM t", "WITH x AS (SELECT 1)"]
        {
            finds(sql_outside_the_store, api, &format!("const Q: &str = \"{sql}\";"), &text);
            finds(sql_outside_the_store, api, &format!("const Q: &str = r#\"\n{sql}\"#;"), &text);
            finds(sql_outside_the_store, "services/cart/src/store.rs", &format!("const Q: &str = \"{sql}\";"), &[]);
            finds(
                sql_outside_the_store,
                "services/cart/src/store/lines.rs",
                &format!("const Q: &str = \"{sql}\";"),
                &[],
            );
            finds(sql_outside_the_store, "services/cart/tests/cart.rs", &format!("const Q: &str = \"{sql}\";"), &[]);
            finds(
                sql_outside_the_store,
                api,
                &format!("// {sql}\n#[cfg(test)] mod tests {{ const Q: &str = \"{sql}\"; }}"),
                &[],
            );
        }
        finds(sql_outside_the_store, api, "const Q: &str = \"\\nSELECT 1\";", &text);
        finds(sql_outside_the_store, api, "const HELP: &str = \"Select one; insert into a cart; UPDATES\";", &[]);
    }

    #[test]
    fn queries_are_found_outside_the_store() {
        let jobs = "services/order/src/jobs.rs";
        finds(sql_outside_the_store, jobs, "fn a() { sqlx::query!(\"x\"); }", &["1: sqlx::query belongs in the store"]);
        finds(sql_outside_the_store, jobs, "use sqlx::query_as;", &["1: sqlx::query_as belongs in the store"]);
        let imports = "use sqlx::{\n  PgConnection, postgres::PgPool,\n  query_scalar, QueryBuilder};";
        let found = ["3: sqlx::query_scalar belongs in the store", "3: sqlx::QueryBuilder belongs in the store"];
        finds(sql_outside_the_store, jobs, imports, &found);
        finds(sql_outside_the_store, jobs, "use sqlx::*;", &["1: sqlx::* belongs in the store"]);
        finds(sql_outside_the_store, jobs, "fn a(c: &mut sqlx::PgConnection, query: String) { query(c) }", &[]);
    }

    #[test]
    fn impurity_is_found_in_the_domain() {
        for word in IMPURE {
            let text = format!("fn a() {{}}\nuse b::{{c, {word}}};");
            let found = format!("2: '{word}' does not belong in the domain");
            finds(impure_domains, "services/order/src/domain.rs", &text, &[&found]);
            finds(impure_domains, "services/order/src/domain/pricing.rs", &text, &[&found]);
            finds(impure_domains, "services/order/src/jobs.rs", &text, &[]);
        }
        let async_fn = "pub async fn price() {}";
        finds(impure_domains, "services/order/src/domain.rs", async_fn, &["1: 'async' does not belong in the domain"]);
        let prose = "//! No Clock here, no async.\n#[cfg(test)]\nmod tests { use rand::random; }";
        finds(impure_domains, "services/order/src/domain.rs", prose, &[]);
    }

    #[test]
    fn what_is_left_unfinished_is_found() {
        let path = "crates/platform/src/lib.rs";
        finds(unfinished, path, "fn a() {\n  todo!()\n}", &["2: todo! is left"]);
        finds(unfinished, path, "fn a() { std::unimplemented!(\"later\") }", &["1: unimplemented! is left"]);
        finds(unfinished, path, "#[test]\n#[ignore]\nfn a() {}", &["2: a test is ignored"]);
        finds(unfinished, path, "#[cfg(test)] mod t { #[ignore = \"slow\"] fn a() {} }", &["1: a test is ignored"]);
        finds(unfinished, path, "#[cfg_attr(windows, ignore)] fn a() {}", &["1: a test is ignored"]);
        finds(unfinished, path, "// todo!()\nfn todo(ignore: bool) { f(\"todo!() #[ignore]\") }", &[]);
    }

    #[test]
    fn a_source_that_cannot_be_read_is_told() {
        assert_eq!(unfinished(&Tree::of(&[("haat/src/main.rs", "fn main( {")])).len(), 1);
    }
}
