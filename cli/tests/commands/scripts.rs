//! In scripts: shells, make, cron's environment, pipes.

use std::fs;

use crate::scene::Scene;

/// `thingspace` on PATH, and a script.
fn script(scene: &Scene, shell: &str, script: &str) -> std::process::Command {
    let mut command = scene.program(shell);
    let folder = Scene::binary().parent().unwrap().display();
    command
        .env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin"))
        .arg("-c")
        .arg(script);
    command
}

#[test]
fn a_shell_evaluates_what_is_printed_for_it() {
    let scene = Scene::new();
    let done = scene.done(&mut script(
        &scene,
        "sh",
        "set -eu; eval \"$(thingspace token --all --format env)\"; \
         printf '%s\\n%s\\n' \"$THINGSPACE_SESSION_TOKEN\" \"$THINGSPACE_API_TOKEN\"",
    ));
    assert_eq!(done.status, Some(0), "{}", done.err);
    assert_eq!(done.out, scene.run(&["token", "--all"]).out);
}

#[test]
fn make_stops_at_what_failed() {
    let scene = Scene::new();
    fs::write(
        scene.folder.join("Makefile"),
        "all: good bad\ngood:\n\t@thingspace token >token\nbad:\n\t@thingspace request GET /none\n",
    )
    .unwrap();
    let done = scene.done(&mut script(&scene, "sh", "make -s"));
    assert_eq!(done.status, Some(2));
    assert!(done.err.contains("Error 20"), "{}", done.err);
    assert_eq!(
        fs::read_to_string(scene.folder.join("token"))
            .unwrap()
            .len(),
        37
    );
}

#[test]
fn whoever_reads_no_more_ends_it_quietly() {
    let scene = Scene::new();
    scene.run(&["login"]);
    let done = scene.done(&mut script(
        &scene,
        "bash",
        "thingspace completion bash | head -c1 >/dev/null; echo ${PIPESTATUS[0]}",
    ));
    assert_eq!((&*done.out, &*done.err), ("141\n", ""));
}

#[test]
fn what_cannot_be_written_is_no_success() {
    let scene = Scene::new();
    scene.run(&["login"]);
    for command in ["token", "completion bash", "--help", "unblock --yes"] {
        let line = format!("thingspace {command} >/dev/full");
        let done = scene.done(&mut script(&scene, "sh", &line));
        assert_eq!(done.status, Some(74), "{command}");
        assert!(done.err.contains("No space left on device"), "{}", done.err);
    }
    // Nobody hears of it then, and nothing else comes of that.
    let done = scene.done(&mut script(
        &scene,
        "sh",
        "thingspace request GET /none 2>/dev/full",
    ));
    assert_eq!(done.status, Some(20));
}

#[test]
fn a_stream_that_is_closed_is_not_one_that_swallows() {
    let scene = Scene::new();
    scene.run(&["login"]);
    for (command, status) in [
        ("token >&-", 74),
        ("status --json >&-", 74),
        ("completion bash >&-", 74),
        ("--help >&-", 74),
        ("proxy >&-", 74),
        ("request POST /m2m/v1/devices/actions/list -d - <&-", 74),
        ("relogin - <&-", 74),
        // What prints and reads nothing needs neither.
        ("login >&- <&-", 0),
        ("token 2>&-", 0),
        // A command of another meets them as they were.
        ("exec -- cat <&-", 1),
        ("exec -- echo hello >&-", 1),
        ("exec -- true <&- >&- 2>&-", 0),
        ("token >/dev/null </dev/null 2>/dev/null", 0),
    ] {
        let line = format!("thingspace {command}");
        let done = scene.done(&mut script(&scene, "sh", &line));
        assert_eq!(done.status, Some(status), "{command}: {}", done.err);
    }
    let line = "thingspace token >&-";
    let done = scene.done(&mut script(&scene, "sh", line));
    assert_eq!(done.err, "thingspace: standard output: is closed\n");
}

#[test]
fn closed_outputs_reach_no_other_file() {
    let scene = Scene::new();
    for closed in [">&-", "2>&-", "<&-", "<&- >&- 2>&-"] {
        let line = format!("thingspace login {closed}");
        let done = scene.done(&mut script(&scene, "sh", &line));
        assert_eq!(done.status, Some(0), "{closed}: {}", done.err);
    }
    let token = scene.run(&["token"]).out;
    for entry in fs::read_dir(scene.folder.join("store")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.starts_with(token.trim()), "{text}");
    }
}
