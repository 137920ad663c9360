//! The binary as scripts meet it: run in an empty environment, against a sandbox.

mod scene;

use scene::Scene;

#[test]
fn help_is_for_everybody() {
    let scene = Scene::new();
    let done = scene.run(&["--help"]);
    assert_eq!(done.status, Some(0));
    assert!(done.out.contains("thingspace"), "{}", done.out);
    assert_eq!(done.err, "");
}

#[test]
fn misuse_ends_with_64() {
    let scene = Scene::new();
    for wrong in [&["tokn"][..], &["token", "--no-such-flag"], &[]] {
        let done = scene.run(wrong);
        assert_eq!(done.status, Some(64), "{wrong:?}: {}", done.err);
        assert_eq!(done.out, "");
    }
}
