//! The description that every text is made of.

use thingspace_session::{EventKind, METRICS, Metric, OPTIONS, OptionInfo, Status};

/// What the library offers.
pub struct Api {
    pub options: &'static [OptionInfo],
    pub statuses: &'static [Status],
    pub event_kinds: &'static [EventKind],
    pub metrics: &'static [Metric],
    /// Sizes and other numbers: `TOKEN_MAX` and 128. Not the statuses, nor the kinds of events.
    pub numbers: Vec<(String, u64)>,
    pub structs: Vec<Struct>,
    pub functions: Vec<Function>,
}

/// A struct of the header whose fields are for all to see.
#[derive(Debug, PartialEq)]
pub struct Struct {
    /// With its `tsm_`.
    pub name: String,
    pub fields: Vec<(String, Type)>,
}

/// A function of the header.
#[derive(Debug, PartialEq)]
pub struct Function {
    /// With its `tsm_`.
    pub name: String,
    pub result: Type,
    pub parameters: Vec<(String, Type)>,
}

/// The types that the header's functions use.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Void,
    I32,
    U32,
    I64,
    U64,
    Size,
    /// `const char *`: text that ends with a NUL, unless its length goes beside it.
    Text,
    /// `const char *const *`: a list of such texts that ends with NULL.
    TextList,
    /// `const uint8_t *`: bytes whose length goes beside.
    Bytes,
    /// `char *`: room for text, whose size goes beside.
    Buffer,
    /// `void *`: the caller's own, which a callback gets back.
    Context,
    /// `tsm_log_fn` and its like, by its C name.
    Callback(String),
    /// `tsm_session *`: the handle of a session, by the name of its kind.
    Handle(String),
    /// A pointer to where one of the above is to be put.
    Out(Box<Type>),
}

impl Api {
    /// Reads the header; the rest comes from the library.
    pub fn read(header: &str) -> Api {
        let code = without_comments(header);
        let (directives, declarations): (Vec<_>, Vec<_>) =
            code.lines().partition(|line| line.starts_with('#'));
        let declarations = declarations.join(" ");
        Api {
            options: OPTIONS,
            statuses: Status::ALL,
            event_kinds: EventKind::ALL,
            metrics: METRICS,
            numbers: directives.into_iter().filter_map(number).collect(),
            structs: declarations
                .split("typedef struct ")
                .filter_map(Struct::read)
                .collect(),
            functions: declarations.split(';').filter_map(Function::read).collect(),
        }
    }
}

impl Struct {
    /// Reads what follows `typedef struct`; none if that shows no fields.
    fn read(declaration: &str) -> Option<Struct> {
        let (name, rest) = declaration.split_once(' ')?;
        let (fields, _) = rest.trim_start().strip_prefix('{')?.split_once('}')?;
        let fields = fields.split(';').map(str::trim).filter(|f| !f.is_empty());
        Some(Struct {
            name: name.to_owned(),
            fields: fields.map(name_and_type).collect(),
        })
    }
}

impl Function {
    /// Reads a declaration; none if it declares a type.
    fn read(declaration: &str) -> Option<Function> {
        let (head, parameters) = declaration.split_once('(')?;
        // Before the first one stands what opens `extern "C"`.
        let head = head.rsplit('{').next()?.trim();
        if head.starts_with("typedef") {
            return None;
        }
        let (name, result) = name_and_type(head);
        let parameters = parameters.trim().trim_end_matches(')');
        Some(Function {
            name,
            result,
            parameters: match parameters {
                "void" => Vec::new(),
                _ => parameters.split(',').map(name_and_type).collect(),
            },
        })
    }

    /// Whether it may wait for the network, another thread or the store. The header says so under
    /// "Waiting and cancelling".
    pub fn waits(&self) -> bool {
        let call = Type::Handle("call".into());
        let takes_call = self.parameters.iter().skip(1).any(|(_, t)| *t == call);
        takes_call || self.name == "tsm_unblock"
    }

    pub fn gives_length(&self) -> bool {
        let length = Type::Out(Box::new(Type::Size));
        self.parameters.iter().any(|(_, t)| *t == length)
    }
}

/// Splits `const char *name`.
fn name_and_type(declaration: &str) -> (String, Type) {
    let declaration = declaration.trim();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let start = declaration.trim_end_matches(is_name).len();
    let (c_type, name) = declaration.split_at(start);
    (name.to_owned(), Type::of(c_type.trim()))
}

impl Type {
    fn of(c: &str) -> Type {
        match c {
            "void" => Type::Void,
            "int32_t" | "tsm_status" | "tsm_event_kind" => Type::I32,
            "uint32_t" => Type::U32,
            "int64_t" => Type::I64,
            "uint64_t" => Type::U64,
            "size_t" => Type::Size,
            "const char *" => Type::Text,
            "const char *const *" => Type::TextList,
            "const uint8_t *" => Type::Bytes,
            "char *" => Type::Buffer,
            "void *" => Type::Context,
            _ if c.ends_with("_fn") => Type::Callback(c.to_owned()),
            _ => Type::of_pointer(c).unwrap_or_else(|| panic!("what is a {c:?} of tsm.h?")),
        }
    }

    fn of_pointer(c: &str) -> Option<Type> {
        let target = c.strip_suffix('*')?;
        let kind = target.trim_start_matches("const ").strip_prefix("tsm_");
        match kind.map(str::trim_end) {
            Some(kind) if !kind.ends_with('*') => Some(Type::Handle(kind.to_owned())),
            _ => Some(Type::Out(Box::new(Type::of(target.trim_end())))),
        }
    }
}

/// `#define TSM_TOKEN_MAX 128`, but for what has a table of its own.
fn number(line: &str) -> Option<(String, u64)> {
    let (name, value) = line.strip_prefix("#define TSM_")?.split_once(' ')?;
    let has_table = name == "OK" || name.starts_with("E_") || name.starts_with("EVENT_");
    (!has_table).then(|| (name.to_owned(), value.parse().expect("a number")))
}

fn without_comments(header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        code += before;
        rest = comment.split_once("*/").expect("comments end").1;
    }
    let code = code + rest;
    let lines = code
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn declarations_are_read_as_they_are() {
    let api = Api::read(
        "/* tsm.h; (c) */\n#define TSM_H\n#define TSM_OK 0\n#define TSM_TOKEN_MAX 128\n\
         #define TSM_EVENT_PROBE 7\n\
         typedef struct tsm_call tsm_call;\n\
         typedef struct tsm_point {\n/** X. */\nint32_t x;\n\
         const char *name;\n} tsm_point;\ntypedef int32_t (*tsm_ask_fn)(void *context);\n\
         #ifdef __cplusplus\nextern \"C\" {\n#endif  // __cplusplus\n\
         /** Frees; all. */\nvoid tsm_call_free(tsm_call *call);\n\
         const char *tsm_get(const tsm_session *session,\n\
         \x20                   const tsm_call *call,\n\
         const char *const *list, const char **name, tsm_error **error);\n\
         uint32_t tsm_abi_version(void);\n#ifdef __cplusplus\n}  // extern \"C\"\n#endif\n",
    );
    assert_eq!(api.numbers, [("TOKEN_MAX".to_owned(), 128)]);
    let handle = |kind: &str| Type::Handle(kind.to_owned());
    let out = |target| Type::Out(Box::new(target));
    let function = |name: &str, result, parameters: &[(&str, Type)]| Function {
        name: name.to_owned(),
        result,
        parameters: parameters
            .iter()
            .map(|(n, t)| ((*n).to_owned(), t.clone()))
            .collect(),
    };
    assert_eq!(
        api.functions,
        [
            function("tsm_call_free", Type::Void, &[("call", handle("call"))]),
            function(
                "tsm_get",
                Type::Text,
                &[
                    ("session", handle("session")),
                    ("call", handle("call")),
                    ("list", Type::TextList),
                    ("name", out(Type::Text)),
                    ("error", out(handle("error"))),
                ]
            ),
            function("tsm_abi_version", Type::U32, &[]),
        ]
    );
    assert_eq!(
        api.structs,
        [Struct {
            name: "tsm_point".to_owned(),
            fields: vec![("x".to_owned(), Type::I32), ("name".to_owned(), Type::Text)],
        }]
    );
    let waits = api.functions.iter().map(Function::waits);
    assert_eq!(waits.collect::<Vec<_>>(), [false, true, false]);
}
