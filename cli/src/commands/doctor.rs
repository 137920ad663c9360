//! `thingspace doctor`: looks at all that a session needs, in the way in which sessions do it, and
//! says what to mend. No login is sent but with --login.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};
use thingspace_session::{Check, Finding, Status, Verdict, diagnose};

use crate::arguments;
use crate::context::{Context, counts_for_the_next};
use crate::failure::Failure;
use crate::output::{Output, count};
use crate::profile::Profile;

pub fn arguments() -> Command {
    Command::new("doctor")
        .about("Check the set-up, and say what to mend")
        .long_about(
            "Check the set-up, and say what to mend: options, environment, files of secrets, the \
             store, the lockout guard, names, connections, proxy, TLS, who answers, and the clock. \
             Each is tried as a session would. One request without any token is sent to the \
             platform; no login, but with --login.\n\n\
             A line for each check: ok, warning, failed, or not tried, where an earlier failure \
             stands in the way. What to do stands below it.\n\n\
             Exit status: 0 when nothing failed, else what a session would fail with because of \
             the first failure.",
        )
        .arg(arguments::json())
        .arg(
            Arg::new("login")
                .long("login")
                .action(ArgAction::SetTrue)
                .help(
                    "If all is well, fetch an API token and log in, through the lockout guard as \
                     any session",
                ),
        )
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let mut report = Report {
        output: context.output,
        lines: Vec::new(),
        told: Ok(()),
    };
    match context.config() {
        Ok(config) => {
            if let Some(profile) = context.profile()? {
                report.add(Line::of_profile(profile));
            }
            let mut config = config.clone();
            if !config.is_set("password")? && !config.is_set("password_file")? {
                config.do_without_password();
            }
            let login = matches.get_flag("login");
            if login {
                counts_for_the_next(&config)?;
            }
            let done = diagnose(&config, &context.call, login, |finding| {
                report.add(Line::of(&finding));
                if report.told.is_err() {
                    // Nobody reads on.
                    context.call.cancel();
                }
            });
            if report.told.is_ok() {
                done?;
            }
        }
        Err(failure) => report.add_unreadable(context.locate(failure))?,
    }
    report.end()
}

/// One finding, as it is told.
struct Line {
    check: &'static str,
    verdict: Verdict,
    message: String,
    remedy: String,
}

impl Line {
    fn of(finding: &Finding) -> Line {
        Line {
            check: finding.check.name(),
            verdict: finding.verdict,
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
        }
    }

    fn of_profile(profile: &Profile) -> Line {
        let set: Vec<&str> = profile.options.iter().map(|option| option.name).collect();
        let (name, file) = (&profile.name, profile.file.display());
        Line {
            check: Check::Configuration.name(),
            verdict: Verdict::Fine,
            message: format!("the profile {name} of {file} sets {}", set.join(", ")),
            remedy: String::new(),
        }
    }

    fn status(&self) -> Option<i32> {
        match self.verdict {
            Verdict::Failed(status) => Some(status as i32),
            _ => None,
        }
    }

    fn object(&self) -> Value {
        json!({
            "check": self.check,
            "verdict": self.verdict.name(),
            "status": self.status(),
            "message": self.message,
            "remedy": self.remedy,
        })
    }

    fn words(&self, coloured: bool) -> String {
        let verdict = self.verdict.name();
        let (on, off) = match (coloured, self.verdict) {
            (false, _) => ("", ""),
            (_, Verdict::Fine) => ("\x1b[32m", "\x1b[0m"),
            (_, Verdict::Warning) => ("\x1b[33m", "\x1b[0m"),
            (_, Verdict::Failed(_)) => ("\x1b[31m", "\x1b[0m"),
            (_, Verdict::NotTried) => ("\x1b[2m", "\x1b[0m"),
        };
        let mut words = format!("{on}{verdict:<10}{off}{:<15}{}\n", self.check, self.message);
        if !self.remedy.is_empty() {
            words.push_str(&format!("{:>25}-> {}\n", "", self.remedy));
        }
        words
    }
}

/// What was found so far. For a person each line is told at once, for a program all together.
struct Report {
    output: Output,
    lines: Vec<Line>,
    told: Result<(), Failure>,
}

impl Report {
    fn add(&mut self, line: Line) {
        if !self.output.json && self.told.is_ok() {
            let words = line.words(self.output.has_colour());
            self.told = self.output.print(words.as_bytes());
        }
        self.lines.push(line);
    }

    /// Without settings nothing else can be looked at.
    fn add_unreadable(&mut self, failure: Failure) -> Result<(), Failure> {
        let Some(message) = failure.message() else {
            return Err(failure);
        };
        self.add(Line {
            check: Check::Configuration.name(),
            verdict: Verdict::Failed(Status::InvalidArgument),
            message,
            remedy: "Correct it where it is set: a flag, a TSM_… variable, or the profile".into(),
        });
        let after = Check::ALL.iter().filter(|check| {
            let before = [Check::Library, Check::Configuration];
            let of_login = [Check::ApiToken, Check::Login];
            !before.contains(check) && !of_login.contains(check)
        });
        for check in after {
            self.add(Line {
                check: check.name(),
                verdict: Verdict::NotTried,
                message: "without a configuration nothing can be said of it".into(),
                remedy: String::new(),
            });
        }
        Ok(())
    }

    fn end(self) -> Result<(), Failure> {
        self.told?;
        let are = |wanted: fn(&Line) -> bool| self.lines.iter().filter(|l| wanted(l)).count();
        let failed = are(|line| line.status().is_some());
        let warnings = are(|line| line.verdict == Verdict::Warning);
        let status = self.lines.iter().find_map(Line::status).unwrap_or_default();
        let text = match self.output.json {
            true => {
                let findings: Vec<Value> = self.lines.iter().map(Line::object).collect();
                let object = json!({
                    "version": env!("CARGO_PKG_VERSION"),
                    "status": status,
                    "failed": failed,
                    "warnings": warnings,
                    "findings": findings,
                });
                format!("{object}\n")
            }
            false => format!("{failed} failed, {}\n", count(warnings, "warning")),
        };
        self.output.print(text.as_bytes())?;
        match u8::try_from(status) {
            Ok(0) => Ok(()),
            status => Err(Failure::Exit(
                status.unwrap_or(Status::Internal as i32 as u8),
            )),
        }
    }
}
