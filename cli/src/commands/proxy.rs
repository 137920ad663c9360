//! `thingspace proxy`: a local endpoint that adds both tokens, for any HTTP client.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::{Arg, ArgMatches, Command};
use thingspace_session::{Config, Session};

use crate::context::Context;
use crate::failure::Failure;
use crate::interruption;
use crate::proxy::{self, Bearer, Connections, Guard, Listener, Proxy};
use crate::terminal;

pub fn arguments() -> Command {
    let command = Command::new("proxy")
        .about("Serve a local endpoint that adds both tokens to each request")
        .after_help(
            "Prints its address on standard output when it listens. Clients use that in place of \
             https://thingspace.verizon.com/api, and send no tokens. SIGINT and SIGTERM stop it: \
             what is under way has ten seconds to end.",
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDRESS:PORT")
                .default_value("127.0.0.1:0")
                .help("The loopback address to listen on; with port 0 the system chooses one"),
        )
        .arg(
            Arg::new("bearer_file")
                .long("bearer-file")
                .value_name("FILE")
                .help("Serve only clients that send Authorization: Bearer with what FILE holds"),
        );
    #[cfg(unix)]
    let command = command.arg(
        Arg::new("unix")
            .long("unix")
            .value_name("PATH")
            .conflicts_with("listen")
            .value_parser(clap::value_parser!(std::path::PathBuf))
            .help("Listen on a socket of this machine instead, which only its user can reach"),
    );
    command
}

pub fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let bearer = matches.get_one::<String>("bearer_file");
    let bearer = bearer.map(|path| read_bearer(path)).transpose()?;
    let session = Session::open(&with_password(context)?, &context.call)?;
    check_protocol(&session)?;
    interruption::is_for_the_command();
    let listener = Arc::new(listen(matches)?);
    let guard = Guard {
        address: listener.address(),
        bearer,
    };
    let proxy = Arc::new(Proxy { session, guard });
    let connections = Arc::new(Connections::default());
    let acceptor = {
        let (listener, connections) = (Arc::clone(&listener), Arc::clone(&connections));
        move || proxy::accept(&listener, &proxy, &connections)
    };
    let accepting = std::thread::Builder::new()
        .name("accept".into())
        .spawn(acceptor)
        .map_err(|error| Failure::io("no thread", &error))?;
    context.output.print(format!("{listener}\n").as_bytes())?;
    interruption::wait();
    context.output.note("stopping");
    connections.refuse_more();
    listener.wake();
    let _ = accepting.join();
    // From here on nobody can connect.
    drop(listener);
    connections.stop();
    Ok(())
}

fn read_bearer(path: &str) -> Result<Bearer, Failure> {
    let bearer = Bearer::read(path)?;
    match bearer.can_be_sent() {
        true => Ok(bearer),
        false => Err(Failure::Usage(format!(
            "--bearer-file {path}: holds what no client can send: it must be one line of visible \
             ASCII characters without blanks"
        ))),
    }
}

/// It renews by itself, so it must know the password: one that is not set is asked for where a
/// person is there, and else found missing.
fn with_password(context: &Context) -> Result<Config, Failure> {
    let mut config = context.config()?.clone();
    if !config.is_set("password")? && !config.is_set("password_file")? && terminal::is_there() {
        let prompt = format!("Password of {}: ", config.value("username")?);
        let password =
            terminal::ask(&prompt).map_err(|error| Failure::io("the terminal", &error))?;
        config.set("password", password.reveal())?;
    }
    Ok(config)
}

fn check_protocol(session: &Session) -> Result<(), Failure> {
    let info: serde_json::Value = serde_json::from_str(&session.info()?).unwrap_or_default();
    match info["protocol"].as_str() {
        Some("soap") => Err(Failure::Usage(proxy::NO_SOAP.into())),
        _ => Ok(()),
    }
}

fn listen(matches: &ArgMatches) -> Result<Listener, Failure> {
    #[cfg(unix)]
    if let Some(path) = matches.get_one::<std::path::PathBuf>("unix") {
        return Listener::unix(path)
            .map_err(|error| Failure::io(&path.display().to_string(), &error));
    }
    let text = matches
        .get_one::<String>("listen")
        .expect("it has a default");
    let numbers = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.clone(),
    };
    let address: SocketAddr = numbers.parse().map_err(|_| {
        Failure::Usage(format!(
            "--listen {text}: must be an address and a port, as 127.0.0.1:8080"
        ))
    })?;
    if !address.ip().is_loopback() {
        return Err(Failure::Usage(format!(
            "--listen {text}: must be a loopback address, such as 127.0.0.1: whoever reaches the \
             proxy acts in the session's name"
        )));
    }
    Listener::tcp(address).map_err(|error| Failure::io(text, &error))
}
