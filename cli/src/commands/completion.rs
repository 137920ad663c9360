//! `thingspace completion`: the script for a shell, as it was generated.

use clap::{Arg, ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

/// The shells, and the script of each.
const SCRIPTS: [(&str, &str); 4] = [
    ("bash", include_str!("../../completions/thingspace.bash")),
    ("zsh", include_str!("../../completions/_thingspace")),
    ("fish", include_str!("../../completions/thingspace.fish")),
    (
        "powershell",
        include_str!("../../completions/_thingspace.ps1"),
    ),
];

pub fn arguments() -> Command {
    Command::new("completion")
        .about("Print a script that completes command lines")
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(SCRIPTS.map(|(shell, _)| shell)),
        )
        .after_long_help(
            "  bash        source <(thingspace completion bash)\n  \
             zsh         thingspace completion zsh >\"${fpath[1]}/_thingspace\"\n  \
             fish        thingspace completion fish >~/.config/fish/completions/thingspace.fish\n  \
             PowerShell  thingspace completion powershell | Out-String | Invoke-Expression",
        )
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let shell = matches.get_one::<String>("shell").expect("it is required");
    let script = SCRIPTS.iter().find(|(known, _)| known == shell);
    let (_, script) = script.expect("no other is accepted");
    context.output.print(script.as_bytes())
}
