//! `thingspace-delay-proxy PORT MS`: makes a port of loopback far away. Prints `{"port": N}`, where
//! it listens, then answers each line of standard input with what was counted so far, and ends with
//! it.

use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use thingspace_sandbox::DelayProxy;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers = match &arguments[..] {
        [port, ms] => port.parse().ok().zip(ms.parse().ok()),
        _ => None,
    };
    let Some((port, ms)) = numbers else {
        eprintln!("usage: thingspace-delay-proxy PORT MS");
        return ExitCode::from(2);
    };
    match run(port, Duration::from_millis(ms)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("thingspace-delay-proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(target: u16, delay: Duration) -> io::Result<()> {
    let proxy = DelayProxy::start(target, delay)?;
    println!("{}", json!({"port": proxy.port()}));
    for line in io::stdin().lock().lines() {
        line?;
        let trips = proxy.trips();
        println!(
            "{}",
            json!({
                "round_trips": trips.round_trips,
                "connections": trips.connections,
                "full_handshakes": trips.full_handshakes,
                "resumed_handshakes": trips.resumed_handshakes,
            })
        );
    }
    Ok(())
}
