//! Owns: Go's comparison, `index`, `slice` and `len`, with Go's words for their errors.

use super::functions::Call;
use super::value::Value;

type Outcome = Result<Value, String>;

pub(super) fn eq(_: &Call<'_>, args: &[Value]) -> Outcome {
    if args.len() < 2 {
        return Err("error calling eq: missing argument for comparison".into());
    }
    for other in &args[1..] {
        if equal(&args[0], other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(_: &Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Bool(!equal(&args[0], &args[1])?))
}

fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(match (a, b) {
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a) | Value::Named(a, _), Value::Int(b) | Value::Named(b, _)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Time(a), Value::Time(b)) => a == b,
        (Value::Nil, Value::Nil) => true,
        (Value::Nil, _) | (_, Value::Nil) => false,
        (Value::List(_) | Value::Map(_), Value::List(_) | Value::Map(_)) => {
            return Err(format!("error calling eq: non-comparable type {}", a.type_name()));
        }
        (a, b) => {
            let (a, b) = (a.type_name(), b.type_name());
            return Err(format!("error calling eq: incompatible types for comparison: {a} and {b}"));
        }
    })
}

fn less(a: &Value, b: &Value) -> Result<bool, String> {
    let basic = |v: &Value| {
        !matches!(v, Value::Nil | Value::List(_) | Value::Map(_) | Value::Time(_) | Value::Environ)
    };
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => Ok(a < b),
        (Value::Int(a) | Value::Named(a, _), Value::Int(b) | Value::Named(b, _)) => Ok(a < b),
        (Value::Float(a), Value::Float(b)) => Ok(a < b),
        (a, b) if basic(a) && basic(b) && a.type_name() != b.type_name() => {
            Err(format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()))
        }
        _ => Err("invalid type for comparison".into()),
    }
}

pub(super) fn lt(_: &Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Bool(less(&args[0], &args[1])?))
}

pub(super) fn le(_: &Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Bool(less(&args[0], &args[1])? || equal(&args[0], &args[1])?))
}

pub(super) fn gt(_: &Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Bool(!less(&args[0], &args[1])? && !equal(&args[0], &args[1])?))
}

pub(super) fn ge(_: &Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Bool(!less(&args[0], &args[1])?))
}

pub(super) fn not(_: &Call<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Bool(!args[0].truth()))
}

pub(super) fn len(_: &Call<'_>, args: &[Value]) -> Outcome {
    let length = match &args[0] {
        Value::Str(s) => s.len(),
        Value::List(l) => l.len(),
        Value::Map(m) => m.len(),
        Value::Nil => return Err("error calling len: len of nil pointer".into()),
        other => return Err(format!("error calling len: len of type {}", other.type_name())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// An index as Go checks it: up to and with `capacity`.
fn position(index: &Value, capacity: usize) -> Result<usize, String> {
    match index {
        Value::Int(i) | Value::Named(i, _) => usize::try_from(*i)
            .ok()
            .filter(|i| *i <= capacity)
            .ok_or_else(|| format!("error calling index: index out of range: {i}")),
        Value::Nil => Err("cannot index slice/array with nil".into()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name())),
    }
}

pub(super) fn index(call: &Call<'_>, args: &[Value]) -> Outcome {
    let mut item = args[0].clone();
    if matches!(item, Value::Nil) {
        return Err("error calling index: index of untyped nil".into());
    }
    for key in &args[1..] {
        item = match (&item, key) {
            (Value::List(list), key) => {
                let at = position(key, list.len())?;
                list.get(at).cloned().ok_or("error calling index: reflect: slice index out of range")?
            }
            (Value::Str(text), key) => {
                let at = position(key, text.len())?;
                let byte = text
                    .as_bytes()
                    .get(at)
                    .ok_or("error calling index: reflect: string index out of range")?;
                Value::Int((*byte).into())
            }
            (Value::Environ, Value::Str(key)) => Value::from(call.host.env(key).unwrap_or_default()),
            (Value::Map(map), Value::Str(key)) => match map.get(&**key) {
                Some(found) => found.clone(),
                None if map.values().all(|v| matches!(v, Value::Str(_))) => Value::from(""),
                None => Value::Nil,
            },
            (Value::Map(_) | Value::Environ, key) => {
                return Err(format!("value has type {}; should be string", key.type_name()));
            }
            (Value::Nil, _) => return Err("error calling index: index of nil pointer".into()),
            (other, _) => return Err(format!("can't index item of type {}", other.type_name())),
        };
    }
    Ok(item)
}

pub(super) fn slice(_: &Call<'_>, args: &[Value]) -> Outcome {
    let item = &args[0];
    let length = match item {
        Value::Str(_) if args.len() == 4 => return Err("cannot 3-index slice a string".into()),
        Value::Str(s) => s.len(),
        Value::List(l) => l.len(),
        Value::Nil => return Err("slice of untyped nil".into()),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    if args.len() > 4 {
        return Err(format!("too many slice indexes: {}", args.len() - 1));
    }
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(&args[1..]) {
        *bound = position(index, length)?;
    }
    for (low, high) in [(bounds[0], bounds[1]), (bounds[1], bounds[2])] {
        if low > high {
            return Err(format!("error calling slice: invalid slice index: {low} > {high}"));
        }
    }
    Ok(match item {
        Value::Str(s) => {
            Value::from(String::from_utf8_lossy(&s.as_bytes()[bounds[0]..bounds[1]]).into_owned())
        }
        Value::List(l) => Value::List(l[bounds[0]..bounds[1]].into()),
        _ => Value::Nil,
    })
}
