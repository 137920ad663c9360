//! What the texts of all languages need.

use std::fs;

use thingspace_session::OptionInfo;

use crate::root;

/// An option's default as a document shows it: without the number of this release.
pub fn default(option: &OptionInfo) -> Option<String> {
    let default = option.default.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    (!default.is_empty()).then_some(default)
}

/// A text in lines of no more than `width` letters.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    filled(text.split_whitespace(), width)
}

/// Words, or other pieces that stay whole, in such lines.
pub fn filled<'a>(words: impl Iterator<Item = &'a str>, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        let line = lines.last_mut().expect("never empty");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Lines behind an indentation.
pub fn lines(indent: &str, lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| format!("{indent}{line}\n"))
        .collect()
}

/// `TOKEN_MAX` and `token_max` as `TokenMax`.
pub fn pascal_case(name: &str) -> String {
    name.split('_')
        .map(|word| word[..1].to_uppercase() + &word[1..].to_lowercase())
        .collect()
}

/// A committed file with new text between `<!-- NAME: … -->` and `<!-- end of NAME -->`.
pub fn replace_parts(path: &str, parts: &[(&str, String)]) -> String {
    let mut file = fs::read_to_string(root().join(path)).expect(path);
    for (name, text) in parts {
        let missing = || panic!("{path} lacks the marks of the {name}");
        let start = file.find(&format!("<!-- {name}: ")).unwrap_or_else(missing);
        let start = start + file[start..].find('\n').unwrap_or_else(missing) + 1;
        let end = file
            .find(&format!("<!-- end of {name} -->"))
            .unwrap_or_else(missing);
        file.replace_range(start..end, text);
    }
    file
}
