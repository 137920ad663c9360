//! What a command is given to read: a body as text, from a file or from standard input, and
//! secrets that come through a pipe. Standard input is read once, for one thing.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Mutex;

use thingspace_session::Secret;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::standard_streams::{self, Stream};

const LONGEST_SECRET: u64 = 64 * 1024;

/// For what standard input was read.
static TAKEN: Mutex<Option<&'static str>> = Mutex::new(None);

/// A body: `@FILE`, `-` for standard input, or the text itself.
pub fn body(argument: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match argument.strip_prefix('@') {
        _ if argument == "-" || argument == "@-" => {
            standard_input("--data")?.read_to_end(&mut bytes)
        }
        Some(path) => File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
        None => return Ok(argument.as_bytes().to_owned()),
    };
    let what = argument.strip_prefix('@').unwrap_or("standard input");
    read.map_err(|error| Failure::io(what, &error))?;
    Ok(bytes)
}

/// A secret from standard input, without its line end.
pub fn secret_from_standard_input(purpose: &'static str) -> Result<Secret, Failure> {
    secret(standard_input(purpose)?, "standard input")
}

/// A secret from what is no plain file, such as a pipe that a shell made: it can be read once, so
/// it is read now. None for a plain file, and for what is not there: the library looks at those.
pub fn secret_from_pipe(path: &str, purpose: &'static str) -> Result<Option<Secret>, Failure> {
    let is_standard_input = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(&path);
    if is_standard_input {
        return secret_from_standard_input(purpose).map(Some);
    }
    let is_plain = Path::new(path)
        .metadata()
        .map_or(true, |about| about.is_file() || about.is_dir());
    if is_plain {
        return Ok(None);
    }
    let file = File::open(path).map_err(|error| Failure::io(path, &error))?;
    secret(file, path).map(Some)
}

fn standard_input(purpose: &'static str) -> Result<io::StdinLock<'static>, Failure> {
    let mut taken = TAKEN.lock().unwrap_or_else(|poison| poison.into_inner());
    match taken.replace(purpose) {
        Some(before) => Err(Failure::Usage(format!(
            "{before} and {purpose} both want standard input, which can be read once"
        ))),
        None => match standard_streams::check(Stream::Input) {
            Ok(()) => Ok(io::stdin().lock()),
            Err(error) => Err(Failure::io("standard input", &error)),
        },
    }
}

fn secret(from: impl Read, what: &str) -> Result<Secret, Failure> {
    // One that had to grow would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_SECRET as usize + 1));
    from.take(LONGEST_SECRET + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::io(what, &error))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let flaw = match line.len() as u64 {
        0 => "is empty, where a secret is wanted",
        length if length > LONGEST_SECRET => "is too long for a secret",
        _ => return Ok(Secret::new(line)),
    };
    Err(Failure::Io(format!("{what}: {flaw}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_text_without_its_last_line_end() {
        for (text, wanted) in [
            ("a b\n", "a b"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a", "a"),
        ] {
            assert_eq!(secret(text.as_bytes(), "it").unwrap(), Secret::new(wanted));
        }
        let too_long = "a".repeat(LONGEST_SECRET as usize + 1);
        for bad in ["", "\n", &too_long] {
            assert!(secret(bad.as_bytes(), "it").is_err());
        }
    }

    #[test]
    fn a_body_may_be_the_argument() {
        assert_eq!(body("{}").unwrap(), b"{}");
        assert!(
            body("@/no/such/file")
                .unwrap_err()
                .message()
                .unwrap()
                .contains("/no/such/file")
        );
    }
}
