//! The README's table of options is the one in code. `TSM_UPDATE_README=1 cargo test --test readme`
//! writes it anew.

use std::path::Path;

const BEGIN: &str = "<!-- options: checked against the table in src/options.rs -->\n";
const END: &str = "<!-- end of options -->";

#[test]
fn the_options_table_is_the_one_in_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the table's beginning");
    let (written, after) = rest.split_once(END).expect("the table's end");
    let wanted = table();
    if std::env::var_os("TSM_UPDATE_README").is_some() {
        std::fs::write(&path, [before, BEGIN, &wanted, END, after].concat()).unwrap();
    } else {
        assert_eq!(written, wanted, "TSM_UPDATE_README=1 mends it");
    }
}

fn table() -> String {
    let mut table = String::from("| option | values | default | |\n|---|---|---|---|\n");
    for option in thingspace_session::OPTIONS {
        let default = match &*option.default.replace(env!("CARGO_PKG_VERSION"), "VERSION") {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let (name, values, doc) = (option.name, option.values(), option.doc);
        table += &format!("| `{name}` | {values} | {default} | {doc} |\n");
    }
    table
}
