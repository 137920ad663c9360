//! The man page of the command line, and what completes it in each shell. Both say what the
//! grammar says, which the binary reads its arguments by.

use clap_complete::{Shell, generate};
use roff::{Inline, Roff, bold, italic, roman};
use thingspace_cli::arguments::{self, SESSION};
use thingspace_cli::clap::{Arg, Command};
use thingspace_cli::failure;

use crate::File;
use crate::api::Api;

const COMPLETIONS: [(Shell, &str); 4] = [
    (Shell::Bash, "cli/completions/thingspace.bash"),
    (Shell::Zsh, "cli/completions/_thingspace"),
    (Shell::Fish, "cli/completions/thingspace.fish"),
    (Shell::PowerShell, "cli/completions/_thingspace.ps1"),
];

const ENVIRONMENT: [(&str, &str); 8] = [
    (
        "TSM_…",
        "An option of the session: TSM_ and its name in capitals. Flags win over it.",
    ),
    (
        "THINGSPACE_PROFILE",
        "The profile, where --profile names none.",
    ),
    (
        "CREDENTIALS_DIRECTORY",
        "Where systemd puts a service's credentials: files tsm_password, \
        tsm_app_secret, tsm_api_token, tsm_store_password and tsm_store_seal_key are found there.",
    ),
    (
        "XDG_CONFIG_HOME, HOME",
        "Where the configuration file is (Windows: APPDATA).",
    ),
    (
        "XDG_STATE_HOME, HOME",
        "Where the store is, unless the option store says otherwise \
        (Windows: LOCALAPPDATA).",
    ),
    (
        "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
        "The proxy on the way, as curl reads them.",
    ),
    ("NO_COLOR", "No colour, not even on a terminal."),
    (
        "THINGSPACE_SESSION_TOKEN, THINGSPACE_API_TOKEN",
        "The tokens in the environment of a \
        command that exec runs, and what token --format sets.",
    ),
];

const EXAMPLES: [(&str, &str); 6] = [
    (
        "One login for all that this user runs on this host:",
        "thingspace login",
    ),
    (
        "A request, renewed and sent again where its token has expired:",
        "thingspace request POST /m2m/v1/devices/actions/list \
         -d '{\"accountName\": \"0000123456-00001\"}'",
    ),
    (
        "With curl, which then has the tokens in no list of processes:",
        "thingspace token --all --header | curl -H @- https://thingspace.verizon.com/api/…",
    ),
    (
        "In a shell:",
        "eval \"$(thingspace token --all --format env)\"",
    ),
    (
        "When a request found the token expired:",
        "printf %s \"$TOKEN\" | thingspace relogin -",
    ),
    (
        "A password from a password manager:",
        "pass show thingspace | thingspace login --password-file -",
    ),
];

pub fn files(api: &Api) -> Vec<File> {
    let completions = COMPLETIONS.map(|(shell, path)| {
        let mut script = Vec::new();
        generate(shell, &mut arguments::command(), "thingspace", &mut script);
        File {
            path,
            content: tidy(&String::from_utf8(script).expect("scripts are UTF-8")),
        }
    });
    let mut files = vec![File {
        path: "cli/man/thingspace.1",
        content: man(api),
    }];
    files.extend(completions);
    files
}

/// No blanks at the end of a line, and one line end at that of the file.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn man(api: &Api) -> String {
    let command = arguments::command();
    let mut page = Roff::new();
    let version = format!("thingspace {}", command.get_version().unwrap_or_default());
    page.control("TH", ["THINGSPACE", "1", "", &version, "User Commands"]);
    page.control("SH", ["NAME"]);
    page.text([roman(
        "thingspace - keeps a Verizon ThingSpace session for scripts",
    )]);
    page.control("SH", ["SYNOPSIS"]);
    page.text([bold("thingspace"), roman(" [OPTIONS] COMMAND [ARGUMENTS]")]);
    page.control("SH", ["DESCRIPTION"]);
    for line in about(&command).lines() {
        paragraph(&mut page, line);
    }
    paragraph(
        &mut page,
        "All commands of a user share one session, by way of a store, unless share_token=false: \
         ten scripts send one login. Failed logins are counted before they are sent, and none is \
         sent that could lock the account.",
    );
    page.control("SH", ["COMMANDS"]);
    for subcommand in command.get_subcommands() {
        describe(&mut page, subcommand);
    }
    page.control("SH", ["OPTIONS"]);
    for arg in command
        .get_arguments()
        .filter(|arg| arg.get_help_heading().is_none())
    {
        option(&mut page, arg);
    }
    item(
        &mut page,
        vec![bold("-h"), roman(", "), bold("--help")],
        "Print help.",
    );
    item(
        &mut page,
        vec![bold("-V"), roman(", "), bold("--version")],
        "Print the version.",
    );
    page.control("SS", [SESSION]);
    for arg in command
        .get_arguments()
        .filter(|arg| arg.get_help_heading() == Some(SESSION))
    {
        option(&mut page, arg);
    }
    statuses(&mut page, api);
    page.control("SH", ["ENVIRONMENT"]);
    for (name, text) in ENVIRONMENT {
        item(&mut page, vec![bold(name)], text);
    }
    files_section(&mut page);
    page.control("SH", ["EXAMPLES"]);
    for (text, line) in EXAMPLES {
        paragraph(&mut page, text);
        page.control("RS", ["4"]);
        page.control("nf", []);
        page.text([roman(line)]);
        page.control("fi", []);
        page.control("RE", []);
    }
    // Any formatter reads what is ASCII.
    tidy(&page.render()).replace('…', "...")
}

fn statuses(page: &mut Roff, api: &Api) {
    page.control("SH", ["EXIT STATUS"]);
    item(
        page,
        vec![bold("0")],
        "Success; of request and soap: an answer of 200 to 299.",
    );
    for status in api.statuses {
        let number = (*status as i32).to_string();
        let name = format!(" {}", status.name());
        item(page, vec![bold(number), roman(name)], status.doc());
    }
    for (number, text) in [
        (failure::USAGE.to_string(), "The command line is wrong."),
        (
            failure::IO.to_string(),
            "A file, standard input or standard output cannot be read or written.",
        ),
        (
            "126, 127".to_owned(),
            "Of exec: the command cannot be run, or was not found.",
        ),
    ] {
        item(page, vec![bold(number)], text);
    }
    paragraph(
        page,
        "A signal ends it as signals do: 130 in a shell for Ctrl-C, 141 where the reader of \
         standard output has gone.",
    );
}

fn files_section(page: &mut Roff) {
    page.control("SH", ["FILES"]);
    item(
        page,
        vec![italic("~/.config/thingspace/config.toml")],
        "Profiles: a table for each, with options of the session. [default] holds where none is \
         named. Secrets do not belong there, and nobody else may be able to write it. Paths are \
         from its folder.",
    );
    page.control("RS", ["8"]);
    page.control("nf", []);
    page.text([roman(
        "[default]\nusername = \"zbeeblebrox\"\napp_key = \"key\"\n\
         password_file = \"~/.secrets/thingspace\"\n\
         app_secret_file = \"~/.secrets/thingspace-app\"",
    )]);
    page.control("fi", []);
    page.control("RE", []);
    item(
        page,
        vec![italic("~/.local/state/thingspace-session")],
        "The default store: the lockout guard's record, and the session token that is shared.",
    );
}

fn describe(page: &mut Roff, command: &Command) {
    let mut synopsis = vec![bold(format!("thingspace {}", command.get_name()))];
    for arg in command.get_arguments() {
        let required = arg.is_required_set();
        let mut words = match arg.is_positional() {
            true => vec![italic(value_names(arg))],
            false => name_of(arg),
        };
        if arg.get_id() == "command" {
            words.insert(0, roman("-- "));
            words.push(roman(" [ARGUMENTS]"));
        }
        synopsis.push(roman(if required { " " } else { " [" }));
        synopsis.extend(words);
        if !required {
            synopsis.push(roman("]"));
        }
    }
    page.control("SS", [command.get_name()]);
    page.text(synopsis);
    paragraph(page, &about(command));
    for arg in command.get_arguments() {
        match arg.is_positional() {
            true => item(page, vec![italic(value_names(arg))], &help(arg)),
            false => option(page, arg),
        }
    }
    if let Some(more) = command.get_after_long_help() {
        page.control("PP", []);
        page.control("nf", []);
        page.text([roman(more.to_string())]);
        page.control("fi", []);
    }
}

fn about(command: &Command) -> String {
    let text = command.get_long_about().or(command.get_about());
    let text = text.map(ToString::to_string).unwrap_or_default();
    match text.ends_with('.') {
        true => text,
        false => text + ".",
    }
}

fn option(page: &mut Roff, arg: &Arg) {
    item(page, name_of(arg), &help(arg));
}

/// As it is written: -f, --flag VALUE.
fn name_of(arg: &Arg) -> Vec<Inline> {
    let mut words = Vec::new();
    if let Some(short) = arg.get_short() {
        words.push(bold(format!("-{short}")));
    }
    if let Some(long) = arg.get_long() {
        if !words.is_empty() {
            words.push(roman(", "));
        }
        words.push(bold(format!("--{long}")));
    }
    if arg.get_action().takes_values() {
        words.push(roman(" "));
        words.push(italic(value_names(arg)));
    }
    words
}

fn value_names(arg: &Arg) -> String {
    let choices = arg.get_possible_values();
    if !choices.is_empty() {
        let names: Vec<&str> = choices.iter().map(|choice| choice.get_name()).collect();
        return names.join("|");
    }
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    names.join(" ")
}

fn help(arg: &Arg) -> String {
    let text = arg
        .get_long_help()
        .or(arg.get_help())
        .map(ToString::to_string)
        .unwrap_or_default();
    match text.ends_with(['.', ']']) {
        true => text,
        false => text + ".",
    }
}

fn paragraph(page: &mut Roff, text: &str) {
    page.control("PP", []);
    page.text([roman(text)]);
}

fn item(page: &mut Roff, tag: Vec<Inline>, text: &str) {
    page.control("TP", []);
    page.text(tag);
    page.text([roman(text)]);
}
