//! The committed header: it is clean C99 and C++11, and it declares what wrappers know. That it is
//! what `src/ffi/` and the tables say is tested where it is made, in `tools/generate`.

use std::fs;

use crate::compiler::{self, Language, compiler, declarations, succeed};

#[test]
fn the_header_compiles_without_a_warning_as_c99_and_as_cpp11() {
    for (language, name) in [(Language::C99, "header.c"), (Language::Cpp11, "header.cpp")] {
        let source = compiler::scratch().join(name);
        fs::write(
            &source,
            "#include <tsm.h>\nint main(void) { return tsm_abi_version() == 1 ? TSM_OK : 1; }\n",
        )
        .unwrap();
        succeed(compiler(language).arg("-fsyntax-only").arg(&source));
    }
}

/// The lines that every wrapper is written against, to the letter.
#[test]
fn the_abi_is_what_wrappers_know() {
    let code = declarations();
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    for known in include_str!("../c/abi.txt").lines() {
        assert!(code.contains(known), "the header lacks: {known}");
    }
    let known = include_str!("../c/abi.txt").matches('(').count();
    let callbacks = 3;
    assert_eq!(compiler::functions().len() + 2 * callbacks, known);
}
