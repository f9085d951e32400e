//! Owns: the table of functions: Go's built-in ones, goreleaser's and goreleaser Pro's, with their parameters.
//! `and` and `or` are here by name only: they evaluate their arguments one at a time, in exec.

use super::hashes::{HASHES, file_hash};
use super::semver::Semver;
use super::value::Value;
use super::{OUTPUT_LIMIT, TemplateHost, builtins, go_path, go_regex, go_time, printf, text};
use std::collections::BTreeMap;

/// What a function sees besides its arguments.
pub(super) struct Call<'a> {
    pub(super) host: &'a dyn TemplateHost,
    /// `.Env` of the root.
    pub(super) env: &'a Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Parameter {
    Any,
    Text,
    List,
    Map,
}

use Parameter::{Any, List, Map, Text};

struct Function {
    name: &'static str,
    parameters: &'static [Parameter],
    /// The last parameter takes any number of arguments.
    variadic: bool,
    run: fn(&Call<'_>, &[Value]) -> Result<Value, String>,
}

const fn function(
    name: &'static str,
    parameters: &'static [Parameter],
    run: fn(&Call<'_>, &[Value]) -> Result<Value, String>,
) -> Function {
    Function { name, parameters, variadic: false, run }
}

const fn variadic(
    name: &'static str,
    parameters: &'static [Parameter],
    run: fn(&Call<'_>, &[Value]) -> Result<Value, String>,
) -> Function {
    Function { name, parameters, variadic: true, run }
}

static FUNCTIONS: &[Function] = &[
    variadic("eq", &[Any, Any], builtins::eq),
    function("ne", &[Any, Any], builtins::ne),
    function("lt", &[Any, Any], builtins::lt),
    function("le", &[Any, Any], builtins::le),
    function("gt", &[Any, Any], builtins::gt),
    function("ge", &[Any, Any], builtins::ge),
    function("not", &[Any], builtins::not),
    function("len", &[Any], builtins::len),
    variadic("index", &[Any, Any], builtins::index),
    variadic("slice", &[Any, Any], builtins::slice),
    variadic("print", &[Any], |_, a| Ok(printf::sprint(a).into())),
    variadic("println", &[Any], |_, a| Ok(printf::sprintln(a).into())),
    variadic("printf", &[Text, Any], |_, a| printf::sprintf(str_at(a, 0), &a[1..]).map(Into::into)),
    variadic("html", &[Any], |_, a| Ok(text::html_escape(&joined(a)).into())),
    variadic("js", &[Any], |_, a| Ok(text::js_escape(&joined(a)).into())),
    variadic("urlquery", &[Any], |_, a| Ok(text::query_escape(&joined(a)).into())),
    variadic("call", &[Any, Any], |_, a| Err(format!("non-function of type {}", a[0].type_name()))),
    function("replace", &[Text, Text, Text], replace),
    function("split", &[Text, Text], split),
    function("time", &[Text], |c, a| Ok(go_time::format_time(c.host.now(), str_at(a, 0)).into())),
    function("contains", &[Text, Text], |_, a| Ok(str_at(a, 0).contains(str_at(a, 1)).into())),
    function("tolower", &[Text], |_, a| Ok(str_at(a, 0).chars().flat_map(lower).collect::<String>().into())),
    function("toupper", &[Text], |_, a| Ok(str_at(a, 0).chars().flat_map(upper).collect::<String>().into())),
    function("trim", &[Text], |_, a| Ok(str_at(a, 0).trim().into())),
    function("trimprefix", &[Text, Text], |_, a| {
        Ok(str_at(a, 0).strip_prefix(str_at(a, 1)).unwrap_or(str_at(a, 0)).into())
    }),
    function("trimsuffix", &[Text, Text], |_, a| {
        Ok(str_at(a, 0).strip_suffix(str_at(a, 1)).unwrap_or(str_at(a, 0)).into())
    }),
    function("title", &[Text], |_, a| Ok(text::title(str_at(a, 0)).into())),
    function("dir", &[Text], |_, a| Ok(go_path::dir(str_at(a, 0)).into())),
    function("base", &[Text], |_, a| Ok(go_path::base(str_at(a, 0)).into())),
    function("abs", &[Text], |c, a| Ok(c.host.abs(str_at(a, 0)).into())),
    variadic("join", &[Text], |_, a| Ok(go_path::join(strs(a).into_iter()).into())),
    function("incmajor", &[Text], |_, a| count_up(str_at(a, 0), Semver::next_major)),
    function("incminor", &[Text], |_, a| count_up(str_at(a, 0), Semver::next_minor)),
    function("incpatch", &[Text], |_, a| count_up(str_at(a, 0), Semver::next_patch)),
    function("filter", &[Text, Text], |_, a| filter(a, true)),
    function("reverseFilter", &[Text, Text], |_, a| filter(a, false)),
    function("mdv2escape", &[Text], |_, a| Ok(text::mdv2_escape(str_at(a, 0)).into())),
    function("envOrDefault", &[Text, Text], |c, a| {
        Ok(variable(c, str_at(a, 0)).map_or_else(|| a[1].clone(), Value::from))
    }),
    function("isEnvSet", &[Text], |c, a| Ok(variable(c, str_at(a, 0)).is_some_and(|v| !v.is_empty()).into())),
    variadic("map", &[Text], map),
    function("indexOrDefault", &[Map, Text, Text], index_or_default),
    variadic("list", &[Text], |_, a| Ok(Value::List(a.into()))),
    function("englishJoin", &[List], |_, a| Ok(text::english_join(&items(&a[0])).into())),
    function("urlPathEscape", &[Text], |_, a| Ok(text::path_escape(str_at(a, 0)).into())),
    function("readFile", &[Text], |c, a| Ok(read_file(c, str_at(a, 0)).unwrap_or_default().into())),
    function("mustReadFile", &[Text], |c, a| read_file(c, str_at(a, 0)).map(Into::into)),
    function("in", &[List, Text], |_, a| Ok(items(&a[0]).contains(&str_at(a, 1)).into())),
    function("reReplaceAll", &[Text, Text, Text], re_replace_all),
    function("listExclude", &[Text, List], list_exclude),
];

pub(super) fn is_function(name: &str) -> bool {
    matches!(name, "and" | "or") || HASHES.contains(&name) || FUNCTIONS.iter().any(|f| f.name == name)
}

pub(super) fn nearest_function(name: &str) -> Option<&'static str> {
    let names = FUNCTIONS.iter().map(|f| f.name).chain(HASHES.iter().copied()).chain(["and", "or"]);
    goferry_report::nearest(name, names)
}

/// Checks number and types of the arguments and calls the function.
pub(super) fn call(name: &str, context: &Call<'_>, args: &[Value]) -> Result<Value, String> {
    if HASHES.contains(&name) {
        check(name, &[Text], false, args)?;
        let bytes =
            context.host.read_file(str_at(args, 0)).map_err(|e| format!("error calling {name}: {e}"))?;
        return file_hash(name, &bytes).map(Value::from).ok_or_else(|| format!("unknown algorithm {name}"));
    }
    let function =
        FUNCTIONS.iter().find(|f| f.name == name).ok_or_else(|| format!("function {name:?} not defined"))?;
    check(name, function.parameters, function.variadic, args)?;
    (function.run)(context, args).map_err(|message| match message.starts_with("error calling") {
        true => message,
        false => format!("error calling {name}: {message}"),
    })
}

fn check(name: &str, parameters: &[Parameter], variadic: bool, args: &[Value]) -> Result<(), String> {
    let (want, got) = (parameters.len(), args.len());
    if variadic && got + 1 < want {
        return Err(format!("wrong number of args for {name}: want at least {} got {got}", want - 1));
    }
    if !variadic && got != want {
        return Err(format!("wrong number of args for {name}: want {want} got {got}"));
    }
    for (i, arg) in args.iter().enumerate() {
        let parameter = parameters[i.min(want - 1)];
        let (fits, expected) = match parameter {
            Any => (true, ""),
            Text => (matches!(arg, Value::Str(_)), "string"),
            List => (matches!(arg, Value::List(_)), "[]string"),
            Map => (matches!(arg, Value::Map(_) | Value::Environ), "map[string]string"),
        };
        if !fits {
            return Err(match arg {
                Value::Nil => format!("{name}: invalid value; expected {expected}"),
                arg => format!("{name}: wrong type for value; expected {expected}; got {}", arg.type_name()),
            });
        }
    }
    Ok(())
}

/// Argument `i`, whose type was checked.
fn str_at(args: &[Value], i: usize) -> &str {
    match args.get(i) {
        Some(Value::Str(text)) => text,
        _ => "",
    }
}

fn strs(args: &[Value]) -> Vec<&str> {
    (0..args.len()).map(|i| str_at(args, i)).collect()
}

fn items(list: &Value) -> Vec<&str> {
    match list {
        Value::List(list) => strs(list),
        _ => Vec::new(),
    }
}

/// What `html`, `js` and `urlquery` escape: the arguments printed, nil as in an action.
fn joined(args: &[Value]) -> String {
    let shown: Vec<Value> = args
        .iter()
        .map(|a| match a {
            Value::Nil => Value::from("<no value>"),
            a => a.clone(),
        })
        .collect();
    printf::sprint(&shown)
}

/// Go maps case rune by rune, so what has no single counterpart stays.
fn lower(c: char) -> impl Iterator<Item = char> {
    single(c.to_lowercase(), c)
}

fn upper(c: char) -> impl Iterator<Item = char> {
    single(c.to_uppercase(), c)
}

fn single(mut mapped: impl Iterator<Item = char>, original: char) -> std::option::IntoIter<char> {
    let first = mapped.next();
    Some(if mapped.next().is_some() { original } else { first.unwrap_or(original) }).into_iter()
}

fn replace(_: &Call<'_>, args: &[Value]) -> Result<Value, String> {
    let (text, old, new) = (str_at(args, 0), str_at(args, 1), str_at(args, 2));
    let places = text.matches(old).count();
    if text.len().saturating_add(places.saturating_mul(new.len())) > OUTPUT_LIMIT {
        return Err("the result is larger than 16 MiB".into());
    }
    Ok(text.replace(old, new).into())
}

fn split(_: &Call<'_>, args: &[Value]) -> Result<Value, String> {
    let (text, separator) = (str_at(args, 0), str_at(args, 1));
    if text.len() > OUTPUT_LIMIT / 32 {
        return Err("the text is too large to split".into());
    }
    // An empty separator splits into characters, without the empty ends that Rust adds.
    Ok(Value::List(match separator {
        "" => text.chars().map(|c| Value::from(c.to_string())).collect(),
        separator => text.split(separator).map(Value::from).collect(),
    }))
}

fn count_up(version: &str, step: fn(&Semver) -> Semver) -> Result<Value, String> {
    let next = step(&Semver::parse(version).map_err(|e| e.to_string())?);
    let prefix = if version.starts_with('v') { "v" } else { "" };
    Ok(format!("{prefix}{next}").into())
}

fn filter(args: &[Value], keep: bool) -> Result<Value, String> {
    let pattern = go_regex(str_at(args, 1))?;
    let lines: Vec<&str> =
        str_at(args, 0).split('\n').filter(|line| pattern.is_match(line) == keep).collect();
    Ok(lines.join("\n").into())
}

fn variable(call: &Call<'_>, name: &str) -> Option<String> {
    match call.env {
        Value::Map(env) => env.get(name).map(printf::plain),
        _ => call.host.env(name),
    }
}

fn map(_: &Call<'_>, args: &[Value]) -> Result<Value, String> {
    if !args.len().is_multiple_of(2) {
        return Err(format!("map expects even number of arguments, got {}", args.len()));
    }
    let pairs = args.chunks_exact(2).map(|pair| (str_at(pair, 0).to_owned(), pair[1].clone()));
    Ok(pairs.collect::<BTreeMap<_, _>>().into())
}

fn index_or_default(call: &Call<'_>, args: &[Value]) -> Result<Value, String> {
    let key = str_at(args, 1);
    let found = match &args[0] {
        Value::Map(map) => map.get(key).cloned(),
        _ => call.host.env(key).map(Value::from),
    };
    Ok(found.unwrap_or_else(|| args[2].clone()))
}

/// The file's text, trimmed; `~/` is the home folder.
fn read_file(call: &Call<'_>, path: &str) -> Result<String, String> {
    let bytes = match path.strip_prefix("~/") {
        Some(rest) => call.host.read_file(&format!("{}/{rest}", call.host.env("HOME").unwrap_or_default())),
        None => call.host.read_file(path),
    }?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

fn re_replace_all(_: &Call<'_>, args: &[Value]) -> Result<Value, String> {
    let (pattern, text, new) = (go_regex(str_at(args, 0))?, str_at(args, 1), str_at(args, 2));
    let places = pattern.find_iter(text).count();
    // Each `$n` of the replacement may stand for the whole text.
    let each = new.len().saturating_add(new.matches('$').count().saturating_mul(text.len()));
    if text.len().saturating_add(places.saturating_mul(each)) > OUTPUT_LIMIT {
        return Err("the result may be larger than 16 MiB".into());
    }
    Ok(pattern.replace_all(text, new).into_owned().into())
}

fn list_exclude(_: &Call<'_>, args: &[Value]) -> Result<Value, String> {
    let pattern = go_regex(str_at(args, 0))?;
    Ok(Value::List(items(&args[1]).into_iter().filter(|i| !pattern.is_match(i)).map(Value::from).collect()))
}
