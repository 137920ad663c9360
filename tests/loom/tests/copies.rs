//! Every way in which copies of a text and its changes can meet: a copy is of one text, or says
//! that it is none.

use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;
use thingspace_session_loom::copied::Copied;
use thingspace_session_loom::{AtomicU64, explore};

type Text = Copied<Vec<AtomicU64>>;

/// Room for two words of text.
fn text(first: &[u8]) -> Arc<Text> {
    let text = Copied::new((0..3).map(|_| AtomicU64::new(0)).collect());
    text.set(Some(first));
    Arc::new(text)
}

fn copy(of: &Text) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = of.copy(2, |_, word| bytes.extend(word))?;
    bytes.truncate(length);
    Some(bytes)
}

#[test]
fn a_copy_is_of_one_text() {
    explore(&Builder::new(), || {
        let text = text(b"aaaaaaaaa");
        let reader = {
            let text = text.clone();
            thread::spawn(move || copy(&text))
        };
        text.set(Some(b"bbbbbbbbbb"));
        let copied = reader.join().unwrap();
        let whole: [Option<&[u8]>; 3] = [None, Some(b"aaaaaaaaa"), Some(b"bbbbbbbbbb")];
        assert!(whole.contains(&copied.as_deref()), "{copied:?}");
    });
}

#[test]
fn a_copy_after_a_change_is_of_the_new_text() {
    explore(&Builder::new(), || {
        let text = text(b"aaaaaaaaa");
        let writer = {
            let text = text.clone();
            thread::spawn(move || {
                text.set(None);
                text.set(Some(b"cc"));
            })
        };
        let copied = copy(&text);
        let whole: [Option<&[u8]>; 3] = [None, Some(b"aaaaaaaaa"), Some(b"cc")];
        assert!(whole.contains(&copied.as_deref()), "{copied:?}");
        writer.join().unwrap();
        assert_eq!(copy(&text).as_deref(), Some(&b"cc"[..]));
    });
}
