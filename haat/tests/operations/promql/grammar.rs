//! As much of PromQL as dashboards and rules here use: what this does not understand is not written. (The parsers that are to be
//! had bring a second calendar and an abandoned serialiser along.)

use std::fmt;
use std::iter::Peekable;
use std::vec::IntoIter;

#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    Number,
    Selector { name: String, labels: Vec<String>, range: bool },
    Aggregate { by: Option<Grouping>, chooses: bool, of: Box<Expression> },
    Call { name: String, arguments: Vec<Expression> },
    Binary { is: String, matching: Option<Grouping>, left: Box<Expression>, right: Box<Expression> },
}

/// `by`, `on`: these labels; `without`, `ignoring`: all but these.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    pub these: bool,
    pub labels: Vec<String>,
}

/// Reads a whole query.
///
/// # Errors
/// A sentence for whoever wrote it.
pub fn parse(query: &str) -> Result<Expression, String> {
    let mut parser = Parser(tokens(query)?.into_iter().peekable());
    let expression = parser.binary(0)?;
    match parser.0.next() {
        None => Ok(expression),
        Some(more) => Err(format!("{more} stands behind the end")),
    }
}

const AGGREGATIONS: [&str; 5] = ["sum", "max", "min", "avg", "count"];
/// They choose among samples rather than make new ones, and have a number before the samples.
const CHOICES: [&str; 2] = ["topk", "bottomk"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Number,
    Now,
    Range,
}

/// The functions and what they are given.
const FUNCTIONS: [(&str, &[Kind]); 8] = [
    ("rate", &[Kind::Range]),
    ("increase", &[Kind::Range]),
    ("histogram_quantile", &[Kind::Number, Kind::Now]),
    ("absent", &[Kind::Now]),
    ("scalar", &[Kind::Now]),
    ("vector", &[Kind::Number]),
    ("abs", &[Kind::Now]),
    ("time", &[]),
];
/// From the weakest to the strongest.
const OPERATORS: [&[&str]; 5] =
    [&["or"], &["and", "unless"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Number,
    Text,
    Mark(&'static str),
    /// What stands in square brackets.
    Range,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(word) => f.write_str(word),
            Token::Number => f.write_str("a number"),
            Token::Text => f.write_str("a text"),
            Token::Mark(mark) => f.write_str(mark),
            Token::Range => f.write_str("a range"),
        }
    }
}

/// The longer first.
const MARKS: [&str; 19] =
    ["=~", "!~", "==", "!=", "<=", ">=", "=", "<", ">", "(", ")", "{", "}", ",", "+", "-", "*", "/", "%"];

fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let (mut rest, mut tokens) = (query.trim_start(), Vec::new());
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            tokens.push(Token::Text);
            1 + rest[1..].find('"').ok_or("a text does not end")? + 1
        } else if first == '[' {
            let end = rest.find(']').ok_or("a range does not end")?;
            duration(&rest[1..end])?;
            tokens.push(Token::Range);
            end + 1
        } else if first.is_ascii_digit() {
            tokens.push(Token::Number);
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            if rest[end..].starts_with(|c: char| c.is_alphanumeric()) {
                return Err(format!("{} is no number", &rest[..=end]));
            }
            end
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            end
        } else {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark)).ok_or(format!("{first} has no meaning"))?;
            tokens.push(Token::Mark(mark));
            mark.len()
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn duration(text: &str) -> Result<(), String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.len() > unit.len();
    if number && ["s", "m", "h", "d"].contains(&unit) { Ok(()) } else { Err(format!("[{text}] is no duration")) }
}

struct Parser(Peekable<IntoIter<Token>>);

impl Parser {
    fn binary(&mut self, strength: usize) -> Result<Expression, String> {
        let Some(operators) = OPERATORS.get(strength) else { return self.operand() };
        let mut left = self.binary(strength + 1)?;
        loop {
            let is = match self.0.peek() {
                Some(Token::Mark(mark)) if operators.contains(mark) => (*mark).to_owned(),
                Some(Token::Word(word)) if operators.contains(&word.as_str()) => word.clone(),
                _ => return Ok(left),
            };
            self.0.next();
            let matching = self.grouping("on", "ignoring")?;
            let right = self.binary(strength + 1)?;
            now(&left)?;
            now(&right)?;
            left = Expression::Binary { is, matching, left: Box::new(left), right: Box::new(right) };
        }
    }

    fn operand(&mut self) -> Result<Expression, String> {
        match self.0.next() {
            Some(Token::Number) => Ok(Expression::Number),
            Some(Token::Mark("(")) => {
                let inner = self.binary(0)?;
                self.mark(")")?;
                Ok(inner)
            }
            Some(Token::Word(word)) if AGGREGATIONS.contains(&word.as_str()) || CHOICES.contains(&word.as_str()) => {
                self.aggregate(&word)
            }
            Some(Token::Word(word)) if self.0.peek() == Some(&Token::Mark("(")) => self.call(word),
            Some(Token::Word(name)) => self.selector(name),
            Some(other) => Err(format!("{other} is not expected")),
            None => Err("the query breaks off".to_owned()),
        }
    }

    fn aggregate(&mut self, operator: &str) -> Result<Expression, String> {
        let before = self.grouping("by", "without")?;
        let chooses = CHOICES.contains(&operator);
        self.mark("(")?;
        if chooses {
            self.number(operator)?;
            self.mark(",")?;
        }
        let of = Box::new(self.binary(0)?);
        self.mark(")")?;
        now(&of)?;
        let by = before.or(self.grouping("by", "without")?);
        Ok(Expression::Aggregate { by, chooses, of })
    }

    fn call(&mut self, name: String) -> Result<Expression, String> {
        let (_, expected) =
            FUNCTIONS.iter().find(|(known, _)| *known == name).ok_or(format!("there is no function {name}"))?;
        self.mark("(")?;
        let mut arguments = Vec::new();
        for (at, kind) in expected.iter().enumerate() {
            if at > 0 {
                self.mark(",")?;
            }
            let argument = self.binary(0)?;
            if kind_of(&argument) != *kind {
                return Err(format!("{name} wants something else as its argument {}", at + 1));
            }
            arguments.push(argument);
        }
        self.mark(")")?;
        Ok(Expression::Call { name, arguments })
    }

    fn selector(&mut self, name: String) -> Result<Expression, String> {
        let mut labels = Vec::new();
        if self.0.next_if_eq(&Token::Mark("{")).is_some() {
            while self.0.next_if_eq(&Token::Mark("}")).is_none() {
                if !labels.is_empty() {
                    self.mark(",")?;
                }
                labels.push(self.word()?);
                match (self.0.next(), self.0.next()) {
                    (Some(Token::Mark("=" | "!=" | "=~" | "!~")), Some(Token::Text)) => {}
                    _ => return Err(format!("{name} is chosen by no label's value")),
                }
            }
        }
        let range = self.0.next_if_eq(&Token::Range).is_some();
        Ok(Expression::Selector { name, labels, range })
    }

    fn grouping(&mut self, these: &str, but: &str) -> Result<Option<Grouping>, String> {
        let word = self.0.next_if(|token| matches!(token, Token::Word(word) if word == these || word == but));
        let Some(Token::Word(word)) = word else { return Ok(None) };
        let mut labels = Vec::new();
        self.mark("(")?;
        while self.0.next_if_eq(&Token::Mark(")")).is_none() {
            if !labels.is_empty() {
                self.mark(",")?;
            }
            labels.push(self.word()?);
        }
        Ok(Some(Grouping { these: word == these, labels }))
    }

    fn word(&mut self) -> Result<String, String> {
        match self.0.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(format!("a name is expected, not {}", said(other))),
        }
    }

    fn number(&mut self, of: &str) -> Result<(), String> {
        match self.0.next() {
            Some(Token::Number) => Ok(()),
            other => Err(format!("{of} wants a number, not {}", said(other))),
        }
    }

    fn mark(&mut self, mark: &'static str) -> Result<(), String> {
        match self.0.next() {
            Some(Token::Mark(found)) if found == mark => Ok(()),
            other => Err(format!("{mark} is expected, not {}", said(other))),
        }
    }
}

fn said(token: Option<Token>) -> String {
    token.map_or_else(|| "the end".to_owned(), |token| token.to_string())
}

fn kind_of(expression: &Expression) -> Kind {
    match expression {
        Expression::Number => Kind::Number,
        Expression::Selector { range: true, .. } => Kind::Range,
        Expression::Call { name, .. } if ["scalar", "time"].contains(&name.as_str()) => Kind::Number,
        Expression::Binary { left, right, .. } if kind_of(left) == Kind::Number => kind_of(right),
        _ => Kind::Now,
    }
}

fn now(expression: &Expression) -> Result<(), String> {
    if kind_of(expression) == Kind::Range { Err("a range stands where one value belongs".to_owned()) } else { Ok(()) }
}

#[test]
fn operators_bind_as_in_prometheus() {
    let binary = |query: &str| match parse(query).unwrap() {
        Expression::Binary { is, .. } => is,
        other => panic!("{other:?}"),
    };
    for (query, last) in [
        ("a + b * c", "+"),
        ("a * b + c", "+"),
        ("a / b > 1", ">"),
        ("a > 1 and b > 1", "and"),
        ("a and b or c", "or"),
        ("a - b - c", "-"),
    ] {
        assert_eq!(binary(query), last, "{query}");
    }
    let Expression::Binary { left, .. } = parse("a - b - c").unwrap() else { panic!() };
    assert!(matches!(*left, Expression::Binary { .. }), "from the left");
}

#[test]
fn what_prometheus_would_refuse_is_refused() {
    for (query, why) in [
        ("", "breaks off"),
        ("sum(rate(a[5m])", ") is expected"),
        ("rate(a)", "wants something else"),
        ("sum(a[5m])", "a range stands"),
        ("a[5m] > 1", "a range stands"),
        ("rate(a[5])", "is no duration"),
        ("rate(a[$x])", "is no duration"),
        ("rates(a[5m])", "no function rates"),
        ("a{b}", "by no label's value"),
        ("a{b=\"c\"", ", is expected"),
        ("a{b=\"c}", "does not end"),
        ("a b", "behind the end"),
        ("sum by service (a)", "( is expected"),
        ("topk(sum(a))", "wants a number"),
        ("histogram_quantile(sum(a), 0.9)", "wants something else"),
        ("5x", "is no number"),
        ("a ? b", "has no meaning"),
    ] {
        let error = parse(query).unwrap_err();
        assert!(error.contains(why), "{query}: {error}");
    }
}
