//! Owns: the values that templates work on and the fields of the root. Cloning either is cheap.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A value of the template language.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Go's nil.
    Nil,
    /// Text.
    Str(Arc<str>),
    /// A boolean.
    Bool(bool),
    /// Any of Go's integers.
    Int(i64),
    /// A floating-point number; only literals and functions make them.
    Float(f64),
    /// An integer that prints as a word: `time.Month` and `time.Weekday`.
    Named(i64, &'static str),
    /// A list.
    List(Arc<[Value]>),
    /// A map; ranges go by sorted key.
    Map(Arc<BTreeMap<String, Value>>),
    /// A time in UTC with Go's methods (`.Format "2006"`, `.Unix`, …).
    Time(jiff::Timestamp),
    /// The host's environment, read by name so that only what a template uses becomes an input.
    Environ,
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::Str(s.into())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Value::Str(s.into())
    }
}

impl From<&String> for Value {
    fn from(s: &String) -> Self {
        Value::Str(s.as_str().into())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Value::Int(i)
    }
}

impl From<u32> for Value {
    fn from(i: u32) -> Self {
        Value::Int(i.into())
    }
}

impl From<jiff::Timestamp> for Value {
    fn from(t: jiff::Timestamp) -> Self {
        Value::Time(t)
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(list: Vec<V>) -> Self {
        Value::List(list.into_iter().map(Into::into).collect())
    }
}

impl<V: Into<Value>> From<BTreeMap<String, V>> for Value {
    fn from(map: BTreeMap<String, V>) -> Self {
        Value::Map(Arc::new(map.into_iter().map(|(k, v)| (k, v.into())).collect()))
    }
}

/// The fields of the root: `Version` for `.Version`. A clone or [`Fields::with`] shares the values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    map: Arc<BTreeMap<String, Value>>,
}

impl Fields {
    /// No fields.
    pub fn new() -> Self {
        Fields::default()
    }

    /// Sets a field, over an earlier one of that name.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        Arc::make_mut(&mut self.map).insert(name.into(), value.into());
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.map.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// These fields with `extra` over them.
    #[must_use]
    pub fn with<K: Into<String>, V: Into<Value>>(&self, extra: impl IntoIterator<Item = (K, V)>) -> Fields {
        let mut fields = self.clone();
        for (name, value) in extra {
            fields.set(name, value);
        }
        fields
    }

    /// These fields with another environment: `.Env`, `envOrDefault` and `isEnvSet` see only `env`.
    #[must_use]
    pub fn with_env(&self, env: impl IntoIterator<Item = (String, String)>) -> Fields {
        self.with([("Env", Value::from(env.into_iter().collect::<BTreeMap<_, _>>()))])
    }

    pub(super) fn root(&self) -> Value {
        Value::Map(Arc::clone(&self.map))
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        Fields { map: Arc::new(iter.into_iter().map(|(k, v)| (k.into(), v.into())).collect()) }
    }
}

impl Value {
    /// What Go's template errors and `%T` would call the type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Str(_) => "string",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float64",
            Value::Named(..) => "time.Month",
            Value::List(_) => "[]string",
            Value::Map(m) if m.values().all(|v| matches!(v, Value::Str(_))) => "map[string]string",
            Value::Map(_) => "map[string]interface {}",
            Value::Time(_) => "time.Time",
            Value::Environ => "map[string]string",
        }
    }

    /// Go's truth: the zero value and what is empty are false; a struct is always true.
    pub(super) fn truth(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Str(s) => !s.is_empty(),
            Value::Bool(b) => *b,
            Value::Int(i) | Value::Named(i, _) => *i != 0,
            Value::Float(f) => *f != 0.0,
            Value::List(l) => !l.is_empty(),
            Value::Map(m) => !m.is_empty(),
            Value::Time(_) | Value::Environ => true,
        }
    }

    /// Bytes of text the value holds, counting a few for each element: what the work budget is charged.
    pub(super) fn weight(&self) -> usize {
        match self {
            Value::Str(s) => s.len(),
            Value::List(l) => l.iter().map(|v| v.weight() + 32).sum(),
            Value::Map(m) => m.iter().map(|(k, v)| k.len() + v.weight() + 32).sum(),
            _ => 8,
        }
    }
}
