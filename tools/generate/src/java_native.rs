//! The C functions as the Java binding sees them: twice, once for JNA and once for
//! `java.lang.foreign`, with the same signatures, so that what calls them is written once. Handles
//! and pointers are numbers.

use crate::File;
use crate::api::{Api, Function, Type};
use crate::text::{filled, lines, pascal_case};

/// They end at once and call nothing back, so they may be called without leaving Java, and write
/// into an array.
const CRITICAL: &[&str] = &["tsm_token"];

pub fn files(api: &Api) -> Vec<File> {
    vec![
        File {
            path: "bindings/java/src/main/java/thingspace/session/Functions.java",
            content: for_jna(api),
        },
        File {
            path: "bindings/java/src/main/java22/thingspace/session/Functions.java",
            content: for_foreign(api),
        },
    ]
}

fn for_jna(api: &Api) -> String {
    let mut functions = String::new();
    for function in &api.functions {
        let name = function.name.to_uppercase();
        let find = format!("private static final Function {name} = Bridge.function");
        functions += "\n";
        functions += &call(4, &find, &[format!("{:?}", function.name)], ";");
        functions += &format!("\n{} {{\n", signature("static", function));
        let invoke = match java_type(function, &function.result) {
            "void" => format!("{name}.invokeVoid"),
            "int" => format!("return {name}.invokeInt"),
            _ => format!("return {name}.invokeLong"),
        };
        let mut arguments: Vec<_> = function
            .parameters
            .iter()
            .map(|(parameter, _)| camel_case(parameter))
            .collect();
        let first = arguments.first().cloned().unwrap_or_default();
        let pieces = match arguments.len() {
            0 | 1 => vec![format!("new Object[] {{{first}}}")],
            many => {
                arguments[0].insert_str(0, "new Object[] {");
                arguments[many - 1].push('}');
                arguments
            }
        };
        functions += &call(8, &invoke, &pieces, ";");
        functions += "    }\n";
    }
    format!(
        "// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

import com.sun.jna.Function;

/**
 * The C functions by their own names, over JNA. None is a native method: JNA would keep this class,
 * and its loader, for ever.
 */
final class Functions {{
    private Functions() {{}}
{functions}}}
"
    )
}

fn for_foreign(api: &Api) -> String {
    let mut functions = String::new();
    for function in &api.functions {
        let name = function.name.to_uppercase();
        let critical = CRITICAL.contains(&function.name.as_str());
        let find = if critical { "critical" } else { "function" };
        let mut types = vec![format!("{:?}", function.name)];
        types.push(format!("{}.class", java_type(function, &function.result)));
        for (_, of) in &function.parameters {
            types.push(match java_type(function, of) {
                "byte[]" => "MemorySegment.class".into(),
                of => format!("{of}.class"),
            });
        }
        functions += &format!("\n    private static final MethodHandle {name} =\n");
        functions += &call(12, &format!("Bridge.{find}"), &types, ";");

        functions += &format!("\n{} {{\n        try {{\n", signature("static", function));
        let result = match java_type(function, &function.result) {
            "void" => String::new(),
            of => format!("return ({of}) "),
        };
        let arguments: Vec<_> = function
            .parameters
            .iter()
            .map(|(parameter, of)| match java_type(function, of) {
                "byte[]" => format!("MemorySegment.ofArray({})", camel_case(parameter)),
                _ => camel_case(parameter),
            })
            .collect();
        functions += &call(12, &format!("{result}{name}.invokeExact"), &arguments, ";");
        functions += "        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }
";
    }
    format!(
        "// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The C functions by their own names, over java.lang.foreign. */
final class Functions {{
    private Functions() {{}}
{functions}}}
"
    )
}

fn signature(how: &str, function: &Function) -> String {
    let parameters: Vec<_> = function
        .parameters
        .iter()
        .map(|(name, of)| format!("{} {}", java_type(function, of), camel_case(name)))
        .collect();
    let result = java_type(function, &function.result);
    let start = format!("{how} {result} {}", function.name);
    let line = call(4, &start, &parameters, " {");
    line.trim_end_matches(" {\n").to_owned()
}

/// `name(a, b)`, on one line if it fits.
fn call(indent: usize, name: &str, arguments: &[String], end: &str) -> String {
    let indent = " ".repeat(indent);
    let on_one = format!("{indent}{name}({}){end}\n", arguments.join(", "));
    if on_one.len() <= 101 {
        return on_one;
    }
    let arguments = arguments.join(",\n") + ")" + end;
    let deeper = format!("{indent}        ");
    let width = 100 - deeper.len();
    let arguments = lines(&deeper, &filled(arguments.lines(), width));
    format!("{indent}{name}(\n{arguments}")
}

fn java_type(function: &Function, of: &Type) -> &'static str {
    match of {
        Type::Void => "void",
        Type::I32 | Type::U32 => "int",
        Type::Buffer if CRITICAL.contains(&function.name.as_str()) => "byte[]",
        Type::I64
        | Type::U64
        | Type::Size
        | Type::Text
        | Type::TextList
        | Type::Bytes
        | Type::Buffer
        | Type::Context
        | Type::Callback(_)
        | Type::Handle(_)
        | Type::Out(_) => "long",
    }
}

fn camel_case(name: &str) -> String {
    let pascal = pascal_case(name);
    pascal[..1].to_lowercase() + &pascal[1..]
}
