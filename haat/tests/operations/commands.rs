//! The commands in a document's blocks of shell, as far as they can be held against what there is.

/// The commands of all blocks that are marked as shell, each as its words.
pub fn of(text: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    let (mut shell, mut open) = (false, false);
    let mut begun = String::new();
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            open = !open;
            shell = open && language == "sh";
        } else if shell {
            begun += line;
            if begun.ends_with('\\') {
                begun.pop();
                continue;
            }
            commands.extend(commands_of(&std::mem::take(&mut begun)));
        }
    }
    commands
}

/// The arguments of each `haat` that is started, also by `kubectl exec ... --`.
pub fn haat(text: &str) -> Vec<Vec<String>> {
    let arguments = |words: &Vec<String>| {
        let at = words.iter().position(|word| word == "haat" || word.ends_with("/haat"))?;
        let first = words[..at].iter().all(|word| word.contains('='));
        (first || words[at - 1] == "--").then(|| words[at + 1..].to_vec())
    };
    of(text).iter().filter_map(arguments).collect()
}

/// Without comments; what a pipe, `&&` or `;` joins is several. What `$( )` holds is one of them, too.
fn commands_of(line: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), String::new());
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some('"') | None, '$') if characters.peek() == Some(&'(') => {
                characters.next();
                end_word(&mut words, &mut word);
                commands.push(std::mem::take(&mut words));
                quote = None;
            }
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, '#') if word.is_empty() => break,
            (None, '|' | '&' | ';' | '(' | ')' | '>' | '<') => {
                end_word(&mut words, &mut word);
                commands.push(std::mem::take(&mut words));
            }
            (None, c) if c.is_whitespace() => end_word(&mut words, &mut word),
            (None, c) => word.push(c),
        }
    }
    end_word(&mut words, &mut word);
    commands.push(words);
    commands.retain(|words| !words.is_empty());
    commands
}

fn end_word(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

#[test]
fn commands_are_found_in_shell_alone() {
    let text = "haat up\n```sh\na b | c 'd e' # f\nA=1 haat serve \\\n  order && g\nkubectl exec x -- haat doctor > h\necho haat up\nx=\"$(haat topology)\"\n```\n```json\nhaat up\n```\n";
    assert_eq!(of(text)[..2], [vec!["a", "b"], vec!["c", "d e"]]);
    assert_eq!(haat(text), [vec!["serve", "order"], vec!["doctor"], vec!["topology"]]);
}
