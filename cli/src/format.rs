//! Tokens for those who read them: plain, as headers, as JSON, and as assignments in the words of
//! each shell, right for any text.

use thingspace_session::Secret;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// In whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Plain,
    Header,
    Json,
    /// sh, bash, zsh and all that follow POSIX.
    Env,
    PowerShell,
    Fish,
    Cmd,
}

/// The formats that have a name.
pub const NAMES: [&str; 6] = ["plain", "json", "env", "powershell", "fish", "cmd"];

impl Format {
    pub fn named(name: &str) -> Format {
        match name {
            "json" => Format::Json,
            "env" => Format::Env,
            "powershell" => Format::PowerShell,
            "fish" => Format::Fish,
            "cmd" => Format::Cmd,
            _ => Format::Plain,
        }
    }
}

/// One token, and what it is called where a name goes with it.
pub struct Token<'a> {
    /// In JSON.
    pub name: &'a str,
    /// In an environment.
    pub variable: &'a str,
    /// The header it goes into, and what stands before it there.
    pub header: (&'a str, &'a str),
    pub text: Secret,
}

/// The tokens in these words, a line each; JSON is one line for all.
pub fn write(tokens: &[Token<'_>], format: Format) -> Result<Zeroizing<String>, Failure> {
    let longest = tokens.iter().map(|token| token.text.reveal().len()).max();
    // One that had to grow would leave copies behind. A quoted character has five at most.
    let room = tokens.len() * (longest.unwrap_or_default() * 6 + 256);
    let mut out = Zeroizing::new(String::with_capacity(room));
    for (at, token) in tokens.iter().enumerate() {
        let text = token.text.reveal();
        match format {
            Format::Plain => push(&mut out, &[text, "\n"]),
            Format::Header => {
                let (name, before) = token.header;
                push(&mut out, &[name, ": ", before, text, "\n"]);
            }
            Format::Json => {
                push(
                    &mut out,
                    &[if at == 0 { "{" } else { "," }, "\"", token.name, "\":\""],
                );
                json(&mut out, text);
                push(&mut out, &["\""]);
            }
            Format::Env => {
                push(&mut out, &["export ", token.variable, "='"]);
                replacing(&mut out, text, |c| (c == '\'').then_some("'\\''"));
                push(&mut out, &["'\n"]);
            }
            Format::Fish => {
                push(&mut out, &["set -gx ", token.variable, " '"]);
                replacing(&mut out, text, |c| match c {
                    '\'' => Some("\\'"),
                    '\\' => Some("\\\\"),
                    _ => None,
                });
                push(&mut out, &["'\n"]);
            }
            Format::PowerShell => {
                push(&mut out, &["$Env:", token.variable, " = '"]);
                // Each of these ends such a text, unless there are two.
                replacing(&mut out, text, |c| match c {
                    '\'' => Some("''"),
                    '\u{2018}' => Some("\u{2018}\u{2018}"),
                    '\u{2019}' => Some("\u{2019}\u{2019}"),
                    '\u{201a}' => Some("\u{201a}\u{201a}"),
                    '\u{201b}' => Some("\u{201b}\u{201b}"),
                    _ => None,
                });
                push(&mut out, &["'\n"]);
            }
            Format::Cmd => {
                check_for_cmd(text)?;
                push(&mut out, &["set \"", token.variable, "=", text, "\"\r\n"]);
            }
        }
    }
    if format == Format::Json {
        push(&mut out, &["}\n"]);
    }
    Ok(out)
}

fn push(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}

fn replacing(out: &mut String, text: &str, with: impl Fn(char) -> Option<&'static str>) {
    for c in text.chars() {
        match with(c) {
            Some(other) => out.push_str(other),
            None => out.push(c),
        }
    }
}

fn json(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                out.push_str("\\u00");
                let digit = |n| char::from_digit(n, 16).expect("it is a digit");
                out.push(digit(u32::from(c) >> 4));
                out.push(digit(u32::from(c) & 15));
            }
            c => out.push(c),
        }
    }
}

/// What cmd makes of these depends on where the line stands: in a file, at the prompt or in a loop,
/// with delayed expansion or without. No quoting is right for all.
fn check_for_cmd(text: &str) -> Result<(), Failure> {
    let unfit = |c: char| matches!(c, '"' | '%' | '!' | '^') || c.is_control();
    match text.contains(unfit) {
        true => Err(Failure::Usage(
            "this token has a character that cmd has no quoting for; take another --format".into(),
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, format: Format) -> String {
        let token = Token {
            name: "session_token",
            variable: "THINGSPACE_SESSION_TOKEN",
            header: ("VZ-M2M-Token", ""),
            text: Secret::new(text),
        };
        write(&[token], format).unwrap().to_string()
    }

    #[test]
    fn powershell_ends_a_text_at_any_single_quote() {
        let nasty = "a'b\u{2018}c\u{2019}d\u{201a}e\u{201b}f$x`n\"%";
        assert_eq!(
            written(nasty, Format::PowerShell),
            "$Env:THINGSPACE_SESSION_TOKEN = \
             'a''b\u{2018}\u{2018}c\u{2019}\u{2019}d\u{201a}\u{201a}e\u{201b}\u{201b}f$x`n\"%'\n"
        );
    }

    #[test]
    fn cmd_is_given_what_it_cannot_change() {
        assert_eq!(
            written("a&b|c<d>e(f)'g=h;i,j~k@l", Format::Cmd),
            "set \"THINGSPACE_SESSION_TOKEN=a&b|c<d>e(f)'g=h;i,j~k@l\"\r\n"
        );
        for unfit in ["\"", "%", "!", "^", "\n"] {
            let token = Token {
                name: "",
                variable: "X",
                header: ("", ""),
                text: Secret::new(unfit),
            };
            assert!(write(&[token], Format::Cmd).is_err(), "{unfit:?}");
        }
    }

    #[test]
    fn json_is_json_whatever_the_text() {
        let nasty: String = (1..0x2100).filter_map(char::from_u32).collect();
        let line = written(&nasty, Format::Json);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["session_token"], nasty);
    }

    #[test]
    fn several_tokens_are_lines_or_one_object() {
        let tokens = || {
            ["a", "b"].map(|text| Token {
                name: text,
                variable: text,
                header: (text, "Bearer "),
                text: Secret::new(text),
            })
        };
        assert_eq!(*write(&tokens(), Format::Plain).unwrap(), "a\nb\n");
        assert_eq!(
            *write(&tokens(), Format::Json).unwrap(),
            "{\"a\":\"a\",\"b\":\"b\"}\n"
        );
        assert_eq!(
            *write(&tokens(), Format::Header).unwrap(),
            "a: Bearer a\nb: Bearer b\n"
        );
    }

    /// A shell takes the assignment and gives back what it holds.
    #[cfg(unix)]
    fn through(shell: &[&str], text: &str, format: Format) -> Option<String> {
        let script = written(text, format) + "printf %s \"$THINGSPACE_SESSION_TOKEN\"\n";
        let mut command = std::process::Command::new(shell[0]);
        let output = command.args(&shell[1..]).arg("-c").arg(&script).output();
        let output = match output {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            output => output.unwrap(),
        };
        assert!(output.status.success(), "{shell:?}: {output:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    }

    #[cfg(unix)]
    #[test]
    fn shells_get_back_any_text() {
        let ascii: String = (1..0x7f).map(char::from).collect();
        let reversed: String = ascii.chars().rev().collect();
        let texts = [
            &*ascii,
            &reversed,
            "'",
            "\\",
            "\\'",
            "'\\",
            "$(id)`id`${x}",
            "-n",
            "ä\u{2019}",
        ];
        let mut tried = Vec::new();
        for (shell, format) in [
            (&["sh"][..], Format::Env),
            (&["bash"], Format::Env),
            (&["dash"], Format::Env),
            (&["zsh", "-f"], Format::Env),
            (&["busybox", "sh"], Format::Env),
            (&["fish", "--no-config"], Format::Fish),
        ] {
            for text in texts {
                if let Some(back) = through(shell, text, format) {
                    assert_eq!(back, text, "{shell:?}");
                    tried.push(shell[0]);
                }
            }
        }
        // Elsewhere those that are there will do.
        let wanted: &[_] = match std::env::var("CI").as_deref() {
            Ok("true") => &["sh", "bash", "dash", "zsh", "fish"],
            _ => &["sh"],
        };
        for shell in wanted {
            assert!(tried.contains(shell), "there is no {shell}: {tried:?}");
        }
    }
}
