//! The tables of the Java binding: options, statuses, events and numbers.

use std::fmt::Write;

use thingspace_session::{OptionInfo, OptionKind};

use crate::File;
use crate::api::{Api, Struct, Type};
use crate::text::{default, filled, lines, pascal_case, replace_parts, wrapped};

pub fn files(api: &Api) -> Vec<File> {
    let readme = "bindings/java/README.md";
    vec![
        File {
            path: "bindings/java/src/main/java/thingspace/session/OptionSetters.java",
            content: options(api),
        },
        File {
            path: "bindings/java/src/main/java/thingspace/session/Protocol.java",
            content: choice(api, "protocol"),
        },
        File {
            path: "bindings/java/src/main/java/thingspace/session/Status.java",
            content: statuses(api),
        },
        File {
            path: "bindings/java/src/main/java/thingspace/session/EventKind.java",
            content: event_kinds(api),
        },
        File {
            path: "bindings/java/src/main/java/thingspace/session/Numbers.java",
            content: numbers(api),
        },
        File {
            path: readme,
            content: replace_parts(
                readme,
                &[
                    ("options", options_for_readme(api)),
                    ("statuses", statuses_for_readme(api)),
                ],
            ),
        },
    ]
}

const HEAD: &str = "// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;
";

fn options(api: &Api) -> String {
    let mut setters = String::new();
    let mut secrets = Vec::new();
    for option in api.options {
        let (name, method) = (option.name, method(option));
        let described = match default(option) {
            Some(default) => format!("{}; default {{@code {default}}}", option.values()),
            None => option.values(),
        };
        let values = match option.kind {
            OptionKind::Milliseconds => format!("milliseconds there, {described}"),
            _ => described,
        };
        let (of, value) = match &option.kind {
            OptionKind::Choice(_) => (pascal_case(name), format!("text({method})")),
            OptionKind::Flag => ("boolean".into(), format!("String.valueOf({method})")),
            OptionKind::Number(range) if i32::try_from(*range.end()).is_ok() => {
                ("int".into(), format!("String.valueOf({method})"))
            }
            OptionKind::Number(_) => ("long".into(), format!("String.valueOf({method})")),
            OptionKind::Milliseconds => (
                "Duration".into(),
                format!("milliseconds({method:?}, {method})"),
            ),
            OptionKind::Path | OptionKind::SecretFile => {
                ("Path".into(), format!("{method}.toString()"))
            }
            OptionKind::Text(..) | OptionKind::Secret(..) => ("String".into(), method.clone()),
        };
        let variable = option.variable();
        setters += "\n";
        setters += &comment(
            "    ",
            &[
                &documented(option.doc),
                &format!("@param {method} {{@code {variable}}} in the environment: {values}"),
                "@return this",
            ],
        );
        write!(
            setters,
            "    public SessionOptions.Builder {method}({of} {method}) {{
        return set({name:?}, {value});
    }}
"
        )
        .unwrap();
        if option.is_secret() {
            secrets.push(format!("{name:?}"));
        }
    }
    let secrets = filled(secrets.join(", ").split(' '), 80).join("\n            ");
    format!(
        r#"{HEAD}
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;

/** A setter for each option. */
abstract class OptionSetters {{
    /** The options that no text of ours may show. */
    static final Set<String> SECRETS = Set.of(
            {secrets});

    OptionSetters() {{}}

    /** Takes an option by its name in the library. */
    abstract SessionOptions.Builder set(String option, String value);
{setters}
    private static String text(Enum<?> word) {{
        return word.name().toLowerCase(Locale.ROOT);
    }}

    /** Whole milliseconds; what is shorter than one is one, and never none. */
    private static String milliseconds(String option, Duration time) {{
        if (time.isNegative() || time.isZero() || time.compareTo(Duration.ofDays(1)) > 0) {{
            throw new IllegalArgumentException(
                    option + ": must be from a millisecond to a day, not " + time);
        }}
        return String.valueOf(time.plusNanos(999_999).toMillis());
    }}
}}
"#
    )
}

/// An option that is one of a few words, as an enum.
fn choice(api: &Api, name: &str) -> String {
    let option = api.options.iter().find(|option| option.name == name);
    let Some(OptionInfo {
        kind: OptionKind::Choice(words),
        doc,
        ..
    }) = option
    else {
        panic!("{name} is no choice");
    };
    let members: Vec<_> = words
        .iter()
        .map(|word| format!("    /** {{@code {word}}} */\n    {}", word.to_uppercase()))
        .collect();
    format!(
        "{HEAD}
{}public enum {} {{
{}
}}
",
        comment("", &[&documented(doc)]),
        pascal_case(name),
        members.join(",\n\n")
    )
}

fn statuses(api: &Api) -> String {
    let mut members = String::new();
    for status in api.statuses {
        members += &comment("    ", &[&documented(status.doc())]);
        let (name, number) = (status.name().trim_start_matches("TSM_E_"), *status as i32);
        writeln!(members, "    {name}({number}),\n").unwrap();
    }
    format!(
        "{HEAD}
/** What went wrong: the library's numbers, which never change their meaning. */
public enum Status {{
{members}    /** One that a newer library knows and this package does not. */
    UNKNOWN(-1);

{}}}
",
        by_number("Status", "UNKNOWN")
    )
}

fn event_kinds(api: &Api) -> String {
    let mut members = Vec::new();
    for kind in api.event_kinds {
        let mut doc = documented(kind.doc());
        if !kind.details().is_empty() {
            doc += " Its details: <ul>";
            for detail in kind.details() {
                let (word, meaning) = (detail.name(), documented(detail.doc()));
                write!(doc, " <li>{{@code {word}}}: {meaning}").unwrap();
            }
            doc += " </ul>";
        }
        let (name, number) = (kind.name().to_uppercase(), *kind as i32);
        members.push(format!("{}    {name}({number})", comment("    ", &[&doc])));
    }
    format!(
        "{HEAD}
/** What happened to a session: numbers that never change their meaning. */
public enum EventKind {{
{};

{}}}
",
        members.join(",\n\n"),
        by_number("EventKind", "null")
    )
}

/// What an enum with numbers has besides its members.
fn by_number(name: &str, otherwise: &str) -> String {
    format!(
        "    private final int number;

    {name}(int number) {{
        this.number = number;
    }}

    /**
     * The number in the C API.
     *
     * @return it
     */
    public int number() {{
        return number;
    }}

    static {name} of(int number) {{
        for ({name} one : values()) {{
            if (one.number == number) {{
                return one;
            }}
        }}
        return {otherwise};
    }}
"
    )
}

fn numbers(api: &Api) -> String {
    let mut numbers = String::new();
    for (name, value) in &api.numbers {
        writeln!(numbers, "    static final int {name} = {value};").unwrap();
    }
    let structs: String = api.structs.iter().map(layout).collect();
    format!(
        "{HEAD}
/** The numbers of the C API: sizes, what to do next, and where the fields of structs are. */
final class Numbers {{
{numbers}
    private Numbers() {{}}
{structs}}}
"
    )
}

/// Where the fields of a struct are, on 64-bit systems: there are no others.
fn layout(of: &Struct) -> String {
    let name = pascal_case(of.name.trim_start_matches("tsm_"));
    let (mut offsets, mut end) = (String::new(), 0_usize);
    for (field, of) in &of.fields {
        let size = match of {
            Type::I32 | Type::U32 => 4,
            _ => 8,
        };
        let start = end.next_multiple_of(size);
        end = start + size;
        let field = field.to_uppercase();
        writeln!(offsets, "        static final int {field} = {start};").unwrap();
    }
    format!(
        "
    /** The offsets in {{@code {}}}. */
    static final class {name} {{
{offsets}
        /** The bytes of all fields together. */
        static final int BYTES = {end};

        private {name}() {{}}
    }}
",
        of.name
    )
}

fn options_for_readme(api: &Api) -> String {
    let mut table =
        "| option | environment | values | default | |\n|---|---|---|---|---|\n".to_owned();
    for option in api.options {
        let (method, variable, doc) = (method(option), option.variable(), option.doc);
        let values = match option.kind {
            OptionKind::Milliseconds => {
                format!("`Duration`; {} in the environment", option.values())
            }
            _ => option.values(),
        };
        let default = default(option).map_or_else(String::new, |default| format!("`{default}`"));
        writeln!(
            table,
            "| `{method}` | `{variable}` | {values} | {default} | {doc} |"
        )
        .unwrap();
    }
    table
}

fn statuses_for_readme(api: &Api) -> String {
    let mut table = "| status | what it means and what to do |\n|---|---|\n".to_owned();
    for status in api.statuses {
        let name = status.name().trim_start_matches("TSM_E_");
        writeln!(table, "| `{name}` | {} |", status.doc()).unwrap();
    }
    table
}

fn method(option: &OptionInfo) -> String {
    camel_case(match option.kind {
        OptionKind::Milliseconds => option.name.trim_end_matches("_ms"),
        _ => option.name,
    })
}

/// A Javadoc comment: on one line if it fits; else its pieces one after the other, with an empty
/// line after the first.
fn comment(indent: &str, pieces: &[&str]) -> String {
    let on_one = format!("{indent}/** {} */\n", pieces[0]);
    if pieces.len() == 1 && on_one.len() <= 101 {
        return on_one;
    }
    let start = format!("{indent} * ");
    let mut text = format!("{indent}/**\n");
    for (n, piece) in pieces.iter().enumerate() {
        if n == 1 {
            text += &format!("{indent} *\n");
        }
        text += &lines(&start, &wrapped(piece, 100 - start.len()));
    }
    text + indent + " */\n"
}

/// Text as Javadoc takes it.
fn documented(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let mut pieces = text.split('`');
    let mut documented = pieces.next().unwrap_or_default().to_owned();
    while let (Some(code), Some(words)) = (pieces.next(), pieces.next()) {
        write!(documented, "{{@code {code}}}{words}").unwrap();
    }
    documented
}

fn camel_case(name: &str) -> String {
    let pascal = pascal_case(name);
    pascal[..1].to_lowercase() + &pascal[1..]
}
