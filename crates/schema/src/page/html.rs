//! HTML: escaped texts, and the fields of an object as a list.

use std::fmt::Write as _;

use serde_json::Value;

use crate::document::{Document, target};
use crate::shape::{fields as fields_in_order, kind, limit, reference};

/// Text as it may stand in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// A sentence with its names in `code`.
pub(super) fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(place, part)| {
            if place % 2 == 1 {
                code(part)
            } else {
                escape(part)
            }
        })
        .collect()
}

/// What is said about a schema.
pub(super) fn prose(schema: &Value) -> String {
    marked(schema["description"].as_str().unwrap_or_default())
}

pub(super) fn paragraph(schema: &Value) -> String {
    let words = prose(schema);
    if words.is_empty() {
        return words;
    }
    format!("<p>{words}</p>\n")
}

/// The fields of an object, those of what it refers to among them.
pub(super) fn fields(document: &Document, schema: &Value) -> String {
    let mut rows = rows(schema);
    if kind(schema) == Some("object") && reference(schema).is_some() {
        rows += &self::rows(document.resolve(schema));
    }
    list(&rows)
}

/// The fields of an object that refers to nothing.
pub(super) fn fields_of(schema: &Value) -> String {
    list(&rows(schema))
}

fn list(rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("<dl class=\"fields\">\n{rows}</dl>\n")
}

fn rows(schema: &Value) -> String {
    let mut rows = String::new();
    for (name, field, required) in fields_in_order(schema).unwrap_or_default() {
        // The tag is the title of what is shown.
        if name == "type" && field.get("const").is_some() {
            continue;
        }
        let mark = if required {
            String::new()
        } else {
            format!(" <em>{}</em>", absent(field))
        };
        let limits = limit(field).map(|it| format!(" {}", marked(&it)));
        let _ = writeln!(
            rows,
            "<div><dt><code>{}</code> <span>{}</span>{mark}</dt><dd>{}{}</dd></div>",
            escape(name),
            plain_type(field),
            prose(field),
            limits.unwrap_or_default()
        );
    }
    rows
}

/// What it means that a field is left out.
fn absent(field: &Value) -> String {
    match field.get("default") {
        Some(Value::Null) | None => "may be left out".to_owned(),
        Some(default) => format!("may be left out: {}", escape(&default.to_string())),
    }
}

/// A type in a few words, with a link to what it refers to.
pub(super) fn plain_type(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return link(name);
    }
    if let Some(constant) = schema.get("const") {
        return escape(&constant.to_string());
    }
    if let Some(variants) = schema.get("anyOf").or(schema.get("oneOf")) {
        let variants = variants.as_array().into_iter().flatten();
        let known = variants.filter(|it| it["type"] != "null");
        return known.map(plain_type).collect::<Vec<_>>().join(" or ");
    }
    match kind(schema) {
        Some("array") => format!("list of {}", plain_type(&schema["items"])),
        Some("string") => with_pattern("text", schema),
        Some("integer") => "number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some(other) => other.to_owned(),
        None => "any JSON value".to_owned(),
    }
}

fn with_pattern(word: &str, schema: &Value) -> String {
    match schema["pattern"].as_str() {
        Some(pattern) => format!("{word} {}", code(pattern)),
        None => word.to_owned(),
    }
}

fn link(name: &str) -> String {
    let name = target(name);
    format!("<a href=\"#{}\">{name}</a>", anchor(name))
}

/// Where the page shows a definition.
fn anchor(name: &str) -> String {
    match name {
        "ClientFrame" => return "from-clients".to_owned(),
        "ServerFrame" => return "from-the-server".to_owned(),
        "HttpCommand" => return "client-publish".to_owned(),
        "HttpCall" => return "client-call".to_owned(),
        "TopicsInUse" => return "http-listTopics".to_owned(),
        _ => {}
    }
    for side in ["Client", "Server"] {
        if let Some(frame) = name.strip_prefix(side) {
            return format!("{side}-{frame}").to_lowercase();
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_a_text_becomes_markup() {
        assert_eq!(marked("a<b> `c&d`"), "a&lt;b&gt; <code>c&amp;d</code>");
        let schema = json!({ "const": "<script>" });
        assert_eq!(plain_type(&schema), "&quot;&lt;script&gt;&quot;");
    }

    #[test]
    fn a_field_tells_its_type_its_limit_and_whether_it_must_be_there() {
        let schema = json!({
            "type": "object",
            "properties": {
                "type": { "const": "say" },
                "who": { "$ref": "#/$defs/User" },
                "loud": { "type": "boolean", "default": false },
            },
            "required": ["type", "who"],
        });
        let expected = "<dl class=\"fields\">\n\
            <div><dt><code>who</code> <span><a href=\"#User\">User</a></span></dt><dd></dd></div>\n\
            <div><dt><code>loud</code> <span>true or false</span> <em>may be left out: false</em>\
            </dt><dd></dd></div>\n</dl>\n";
        assert_eq!(fields_of(&schema), expected);
    }
}
