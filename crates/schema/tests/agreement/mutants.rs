//! Mutants: a value with one thing changed, for every place in it and every way to change it.

use serde_json::{Value, json};

/// A changed value.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// What was changed, and where.
    pub(crate) what: String,
    pub(crate) value: Value,
    /// Whether the decoder may read it although no client should write it. It takes the fields of
    /// an object as a list, in the order of the type, and for the name of a variant its number; and
    /// it takes numbers above 2^53 − 1, which the protocol never uses, since not every reader holds
    /// them.
    pub(crate) lenient: bool,
}

impl Mutant {
    /// A value that is as it was.
    pub(crate) fn whole(value: Value) -> Self {
        Self {
            what: "nothing".to_owned(),
            value,
            lenient: false,
        }
    }

    /// This mutant changed once more.
    pub(crate) fn then(&self, next: &Self) -> Self {
        Self {
            what: format!("{}; {}", self.what, next.what),
            value: next.value.clone(),
            lenient: self.lenient || next.lenient,
        }
    }
}

/// All mutants of `value`.
pub(crate) fn mutants(value: &Value) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for place in places(value, "") {
        let old = value.pointer(&place).expect("a place of this value");
        for (what, new, lenient) in changes(old) {
            let lenient = lenient || (place.ends_with("/type") && new.is_u64());
            let mut changed = value.clone();
            *changed.pointer_mut(&place).expect("the same place") = new;
            mutants.push(Mutant {
                what: format!("{what} at {place:?}"),
                value: changed,
                lenient,
            });
        }
    }
    mutants
}

/// JSON pointers to all values in `value`, itself included.
fn places(value: &Value, here: &str) -> Vec<String> {
    let mut all = vec![here.to_owned()];
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                all.extend(places(member, &format!("{here}/{name}")));
            }
        }
        // The others of a list are as its first.
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate().take(1) {
                all.extend(places(item, &format!("{here}/{place}")));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

type Change = (String, Value, bool);

fn changes(old: &Value) -> Vec<Change> {
    let strict = |(what, new): (String, Value)| (what, new, false);
    let mut all: Vec<Change> = others().into_iter().map(strict).collect();
    for number in [(1_u64 << 53), u64::MAX] {
        all.push((format!("{number}"), json!(number), true));
    }
    let arrays = [json!([]), json!(["pong"]), json!([1, 2, 3, 4, 5])];
    for array in arrays {
        all.push((format!("{array}"), array, !old.is_array()));
    }
    match old {
        Value::Object(members) => {
            for name in members.keys() {
                let mut fewer = members.clone();
                let member = fewer.remove(name);
                all.push((format!("no {name}"), json!(fewer), false));
                fewer.insert(format!("{name}s"), json!(member));
                all.push((format!("{name} renamed"), json!(fewer), false));
            }
            let mut more = members.clone();
            more.insert("unknown".to_owned(), json!({ "deep": [null] }));
            all.push(("a new field".to_owned(), json!(more), false));
        }
        Value::Array(items) => {
            let first = items.first().cloned().unwrap_or(json!({}));
            for len in BOUNDS_OF_LISTS.iter().flat_map(|bound| [*bound, bound + 1]) {
                all.push((format!("{len} elements"), json!(vec![&first; len]), false));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

/// What anything may be replaced by.
fn others() -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(255),
        json!(65_535),
        json!(65_536),
        json!(u32::MAX),
        json!(1_u64 << 32),
        json!((1_u64 << 53) - 1),
        json!({}),
        json!({ "type": "pong" }),
        json!({ "type": "newest", "count": 1 }),
        json!({ "epoch": 1, "offset": 2 }),
        json!("epoch"),
        json!("0123456789abcdef"),
        json!("0123456789ABCDEF"),
        json!("0123456789abcde\n"),
    ]
    .into_iter()
    .map(|value| (value.to_string(), value))
    .collect();
    for len in BOUNDS_OF_TEXTS.iter().flat_map(|bound| [*bound, bound + 1]) {
        all.push((format!("a text of {len} bytes"), json!("x".repeat(len))));
        // As many bytes, and fewer characters.
        if let Some(rest) = len.checked_sub("가".len()) {
            let wide = format!("가{}", "x".repeat(rest));
            all.push((format!("a wide text of {len} bytes"), json!(wide)));
        }
    }
    all
}

const BOUNDS_OF_LISTS: [usize; 4] = [100, 128, 200, 256];

/// Of every text, and of a payload that is a text in its quotes.
const BOUNDS_OF_TEXTS: [usize; 9] = [0, 32, 64, 96, 128, 200, 2048, 8000, 60 * 1024 - 2];
