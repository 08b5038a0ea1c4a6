//! Sources as rows of tokens, so that a rule is not misled by a comment or by the text of a string.

use std::ops::RangeInclusive;
use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Word(String),
    /// `::` is one mark, every other character is its own.
    Mark(&'static str),
    Other,
    /// A string, as it is written.
    Text(String),
}

#[derive(Clone, Debug)]
pub struct Placed {
    pub token: Token,
    pub line: usize,
}

impl Placed {
    pub fn word(&self) -> Option<&str> {
        match &self.token {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    pub fn is(&self, mark: &str) -> bool {
        matches!(&self.token, Token::Mark(m) if *m == mark)
    }
}

/// The tokens of a source without its comments.
pub struct Code {
    /// Those that only tests are built from are left out.
    pub shipped: Vec<Placed>,
    pub all: Vec<Placed>,
    /// The lines of items under `#[cfg(test)]`.
    pub test_lines: Vec<RangeInclusive<usize>>,
}

impl Code {
    pub fn of(text: &str) -> Result<Code, String> {
        let stream = TokenStream::from_str(text).map_err(|e| e.to_string())?;
        let mut code = Code { shipped: Vec::new(), all: Vec::new(), test_lines: Vec::new() };
        code.add(stream, false);
        Ok(code)
    }

    fn add(&mut self, stream: TokenStream, mut in_test: bool) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let outer = in_test;
        let mut at = 0;
        while let Some(tree) = trees.get(at) {
            let attribute = attribute(&trees[at..]);
            if let Some((length, name)) = &attribute {
                if name.starts_with("doc=") {
                    at += length;
                    continue;
                }
                if name == "cfg(test)" && !in_test {
                    in_test = true;
                    let end = trees[at + length..].iter().find(|t| ends_item(t)).or(trees.last());
                    self.test_lines.push(tree.span().start().line..=end.unwrap_or(tree).span().end().line);
                }
            }
            self.add_tree(tree, trees.get(at + 1), in_test);
            // The attribute's own brackets end no item.
            in_test = in_test && (outer || !ends_item(tree));
            at += if is_path_separator(tree, trees.get(at + 1)) { 2 } else { 1 };
        }
    }

    fn add_tree(&mut self, tree: &TokenTree, next: Option<&TokenTree>, in_test: bool) {
        let line = tree.span().start().line;
        let token = match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                self.push(Token::Mark(open), line, in_test);
                self.add(group.stream(), in_test);
                self.push(Token::Mark(close), group.span_close().start().line, in_test);
                return;
            }
            TokenTree::Ident(ident) => Token::Word(ident.to_string()),
            TokenTree::Literal(literal) => match literal.to_string() {
                // A character may be a quotation mark too.
                text if text.contains('"') && !text.ends_with('\'') => Token::Text(text),
                _ => Token::Other,
            },
            TokenTree::Punct(_) if is_path_separator(tree, next) => Token::Mark("::"),
            TokenTree::Punct(punct) => match punct.as_char() {
                '!' => Token::Mark("!"),
                '#' => Token::Mark("#"),
                '*' => Token::Mark("*"),
                _ => Token::Other,
            },
        };
        self.push(token, line, in_test);
    }

    fn push(&mut self, token: Token, line: usize, in_test: bool) {
        let placed = Placed { token, line };
        if !in_test {
            self.shipped.push(placed.clone());
        }
        self.all.push(placed);
    }
}

/// How many tokens the attribute here has and what it says without blanks, if here is one (`#[...]` or `#![...]`).
fn attribute(trees: &[TokenTree]) -> Option<(usize, String)> {
    let is = |at: usize, mark| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == mark);
    let bracket = if is(1, '!') { 2 } else { 1 };
    match trees.get(bracket) {
        Some(TokenTree::Group(group)) if is(0, '#') && group.delimiter() == Delimiter::Bracket => {
            let text = group.stream().to_string();
            Some((bracket + 1, text.split_whitespace().collect()))
        }
        _ => None,
    }
}

fn ends_item(tree: &TokenTree) -> bool {
    match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

fn is_path_separator(tree: &TokenTree, next: Option<&TokenTree>) -> bool {
    let colon = |tree: &TokenTree| matches!(tree, TokenTree::Punct(p) if p.as_char() == ':');
    matches!(tree, TokenTree::Punct(p) if p.spacing() == Spacing::Joint) && colon(tree) && next.is_some_and(colon)
}

#[test]
fn comments_are_no_code_and_tests_are_not_shipped() {
    let code = Code::of(
        "//! todo!()\n/// todo!()\nfn a() { /* b */ c::d(\"e\") }\n#[cfg(test)]\nmod f {\n  fn g() { h() }\n}\nfn i() {}\n",
    )
    .unwrap();
    let words = |tokens: &[Placed]| tokens.iter().filter_map(Placed::word).collect::<Vec<_>>().join(" ");
    assert_eq!(words(&code.shipped), "fn a c d fn i");
    assert_eq!(words(&code.all), "fn a c d cfg test mod f fn g h fn i");
    assert_eq!(code.test_lines, [4..=7]);
    assert!(code.shipped.iter().any(|p| p.line == 3 && p.token == Token::Text("\"e\"".to_owned())));
    assert!(code.shipped.iter().any(|p| p.is("::")));
}

#[test]
fn what_is_no_rust_is_told() {
    assert!(Code::of("fn a( {").is_err());
}
