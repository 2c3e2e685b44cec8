//! Shapes: what the writers ask about a JSON Schema.

use serde_json::Value;

use crate::document::target;

/// The type that is not null.
pub(crate) fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ => None,
    }
}

/// The variants of a union.
pub(crate) fn variants(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("oneOf").or(schema.get("anyOf"))?.as_array()
}

/// The name that a schema refers to.
pub(crate) fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).map(target)
}

/// The fields of an object: those that must be there in the order of the type, then the others.
pub(crate) fn fields(schema: &Value) -> Option<Vec<(&str, &Value, bool)>> {
    if kind(schema) != Some("object") {
        return None;
    }
    let Some(properties) = schema["properties"].as_object() else {
        return Some(Vec::new());
    };
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let first = required
        .iter()
        .map(|name| (*name, &properties[*name], true));
    let others = properties
        .iter()
        .filter(|(name, _)| !required.contains(&name.as_str()))
        .map(|(name, value)| (name.as_str(), value, false));
    Some(first.chain(others).collect())
}

/// The limit of a value, in a sentence.
pub(crate) fn limit(schema: &Value) -> Option<String> {
    let number = |keyword: &str| schema[keyword].as_u64();
    if let Some(bytes) = number("x-max-bytes") {
        return Some(match kind(schema) {
            Some("string") => format!("At most {bytes} bytes of UTF-8."),
            _ => format!("Any JSON value of at most {bytes} bytes."),
        });
    }
    if let Some(items) = number("maxItems") {
        return Some(format!("At most {items} elements."));
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        return Some(format!("Pattern: `{pattern}`."));
    }
    let max = number("maximum")?;
    Some(format!("A whole number up to {max}."))
}
