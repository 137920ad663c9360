//! The command line's grammar, said once: help, man page and completions are made of it. Flags of
//! the session are the library's options, but the secrets: those are never arguments.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};
use thingspace_session::{OPTIONS, OptionInfo, OptionKind};

use crate::commands;
use crate::failure::Failure;

/// Where the flags that are the library's options stand in help.
pub const SESSION: &str = "Options of the session";

/// The whole grammar.
pub fn command() -> Command {
    Command::new("thingspace")
        .version(env!("CARGO_PKG_VERSION"))
        .about(
            "Keeps a Verizon ThingSpace session for scripts: one login for all, and never a locked \
             account.\nUnofficial: Verizon neither makes nor supports it.",
        )
        .after_help(
            "The account: TSM_USERNAME, TSM_PASSWORD, TSM_APP_KEY and TSM_APP_SECRET in the \
             environment, or a profile in ~/.config/thingspace/config.toml.\nEvery option of the \
             session is also TSM_ and its name in capitals. `thingspace COMMAND --help` tells all.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .arg(
            Arg::new("profile")
                .long("profile")
                .value_name("NAME")
                .help("The profile of the configuration file to use [env: THINGSPACE_PROFILE]")
                .global(true),
        )
        .arg(
            Arg::new("quiet")
                .short('q')
                .long("quiet")
                .action(ArgAction::SetTrue)
                .help("Say nothing on standard error but what failed")
                .global(true),
        )
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .action(ArgAction::Count)
                .conflicts_with("quiet")
                .help("Log to standard error: logins and renewals, with -vv every request")
                .global(true),
        )
        .args(OPTIONS.iter().filter_map(flag))
        .subcommands(commands::ALL.iter().map(|command| (command.arguments)()))
}

/// The arguments of this process, or what ends it: help as well as misuse.
pub fn read() -> Result<ArgMatches, Failure> {
    read_from(std::env::args_os())
}

/// Whether these arguments, which may be wrong, ask for JSON.
pub fn want_json() -> bool {
    let own = std::env::args_os().take_while(|argument| argument != "--");
    own.skip(1).any(|argument| argument == "--json")
}

fn read_from(arguments: impl IntoIterator<Item = OsString>) -> Result<ArgMatches, Failure> {
    command()
        .try_get_matches_from(arguments)
        .map_err(Failure::from)
}

/// The switch `--json`, which a command has that gives its results so.
pub fn json() -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print the result, or what failed, as one JSON object")
}

/// The flag of an option. A secret has none: arguments are seen by everybody.
fn flag(option: &OptionInfo) -> Option<Arg> {
    if option.is_secret() {
        return None;
    }
    let mut arg = Arg::new(option.name)
        .long(option.name.replace('_', "-"))
        .help(first_sentence(&doc_of(option)).to_owned())
        .long_help(help_of(option))
        .help_heading(SESSION)
        .hide_short_help(true)
        .allow_hyphen_values(matches!(option.kind, OptionKind::SecretFile))
        .global(true);
    arg = match &option.kind {
        OptionKind::Choice(words) => arg.value_parser(words.to_vec()),
        OptionKind::Flag => arg.value_parser(["true", "false"]),
        OptionKind::Path | OptionKind::SecretFile => {
            arg.value_name("FILE").value_hint(ValueHint::FilePath)
        }
        kind => arg.value_name(value_name(kind)),
    };
    Some(arg)
}

fn value_name(kind: &OptionKind) -> &'static str {
    match kind {
        OptionKind::Number(_) => "N",
        OptionKind::Milliseconds => "MS",
        OptionKind::Text("https URL", _) => "URL",
        _ => "TEXT",
    }
}

/// In help the secret itself, which is no flag, does not stand before its file.
fn doc_of(option: &OptionInfo) -> String {
    let secret = option.name.trim_end_matches("_file").replace('_', " ");
    match option.kind {
        OptionKind::SecretFile => option
            .doc
            .replacen("holds it instead", &format!("holds the {secret}"), 1)
            .replacen("the password instead", "the password", 1),
        _ => option.doc.to_owned(),
    }
}

fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ")
        .map_or(doc, |(first, _)| first)
        .trim_end_matches('.')
}

fn help_of(option: &OptionInfo) -> String {
    let default = match (option.name, option.default) {
        ("share_token", _) => " [default: true]".to_owned(),
        (_, "") => String::new(),
        (_, default) => format!(" [default: {default}]"),
    };
    let mut doc = doc_of(option);
    if option.name == "password_file" {
        doc.push_str(" - is standard input.");
    }
    format!("{doc}{default} [env: {}]", option.variable())
}
