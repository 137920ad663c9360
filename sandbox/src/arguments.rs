//! The command line: which ports, how to greet, when to end. What is not known is refused, not
//! passed over.

use thingspace_sandbox::Options;

pub struct Arguments {
    pub options: Options,
    pub json: bool,
    pub exit_with_stdin: bool,
}

pub enum Wish {
    Run(Arguments),
    Help,
    Version,
}

impl Arguments {
    /// Both `--port 4000` and `--port=4000` will do.
    pub fn read(arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
        let mut arguments = arguments;
        let mut read = Arguments {
            options: Options::default(),
            json: false,
            exit_with_stdin: false,
        };
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let port = match name {
                "--port" => &mut read.options.port,
                "--control-port" => &mut read.options.control_port,
                "--tls-port" => &mut read.options.tls_port,
                _ if value.is_some() => return Err(format!("unknown option {argument:?}")),
                "--json" => {
                    read.json = true;
                    continue;
                }
                "--exit-with-stdin" => {
                    read.exit_with_stdin = true;
                    continue;
                }
                "--help" | "-h" => return Ok(Wish::Help),
                "--version" | "-V" => return Ok(Wish::Version),
                _ => return Err(format!("unknown option {argument:?}")),
            };
            let value = value
                .or_else(|| arguments.next())
                .ok_or_else(|| format!("{name} wants a port number"))?;
            *port = value
                .parse()
                .map_err(|_| format!("{name} wants a port number, not {value:?}"))?;
        }
        Ok(Wish::Run(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Wish, String> {
        Arguments::read(arguments.iter().map(|argument| argument.to_string()))
    }

    #[test]
    fn reads_ports_and_switches() {
        let Ok(Wish::Run(read)) = read(&[
            "--port",
            "1",
            "--control-port=2",
            "--tls-port",
            "3",
            "--json",
            "--exit-with-stdin",
        ]) else {
            panic!("not run")
        };
        let Options {
            port,
            control_port,
            tls_port,
        } = read.options;
        assert_eq!(
            (
                port,
                control_port,
                tls_port,
                read.json,
                read.exit_with_stdin
            ),
            (1, 2, 3, true, true)
        );
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for wrong in [
            &["--prot", "1"][..],
            &["--port"],
            &["--port", "x"],
            &["--port=70000"],
            &["--json=yes"],
            &["run"],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
