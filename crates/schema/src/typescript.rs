//! TypeScript: declarations of every frame and message, written from their JSON Schema.
//!
//! They say what is written, so a field that may be null is one that may be left out.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::document::Document;
use crate::shape::{fields, kind, limit, reference, variants};

/// Writes `trunkline.d.ts`.
pub(crate) fn write(document: &Document) -> String {
    let mut text = HEAD.to_owned();
    for (name, schema) in &document.definitions {
        text.push('\n');
        text.push_str(&comment(schema, ""));
        text.push_str(&declaration(name, schema));
    }
    text.push_str(&table(
        "/** The kinds of topics, by namespace. */\nexport interface Topics",
        &document.topics(),
        &["key", "command", "event"],
    ));
    text.push_str(&table(
        "/** The kinds of calls, by method. */\nexport interface Calls",
        &document.calls(),
        &["request", "response"],
    ));
    text + TAIL
}

const HEAD: &str = "\
// What travels over a WebSocket of Trunkline at /ws with the subprotocol trunkline.v1.json: each
// text message is the JSON of one ClientFrame or ServerFrame. Written from the Rust types by
// `cargo xtask schema`; PROTOCOL.md tells the rules.
";

const TAIL: &str = "
/** A command for a topic of this namespace. */
export type PublishTo<Namespace extends keyof Topics> = Omit<ClientPublish, \"topic\" | \"command\"> & {
  topic: `${Namespace}:${string}`;
  command: Topics[Namespace][\"command\"];
};

/** A publication of a topic of this namespace: null where the server could not turn what it keeps into JSON. */
export type PublicationOf<Namespace extends keyof Topics> = Omit<Publication, \"event\"> & {
  event: Topics[Namespace][\"event\"] | null;
};

/** A call of this method. */
export type CallOf<Method extends keyof Calls> = Omit<ClientCall, \"method\" | \"request\"> & {
  method: Method;
  request: Calls[Method][\"request\"];
};

/** The answer to a call of this method. */
export type ReturnedOf<Method extends keyof Calls> = Omit<ServerReturned, \"response\"> & {
  response: Calls[Method][\"response\"];
};
";

fn declaration(name: &str, schema: &Value) -> String {
    match (fields(schema), variants(schema)) {
        (Some(fields), _) if schema.get("$ref").is_none() && !fields.is_empty() => {
            format!("export interface {name} {}\n", block(fields, ""))
        }
        (_, Some(variants)) => {
            let mut text = format!("export type {name} =\n");
            for variant in variants {
                text.push_str(&comment(variant, "  "));
                let _ = writeln!(text, "  | {}", member(variant));
            }
            text.truncate(text.trim_end().len());
            text + ";\n"
        }
        _ => format!("export type {name} = {};\n", expression(schema, "")),
    }
}

/// A variant of a union. Beside known numbers any number would swallow them, so that an editor
/// could not propose them.
fn member(variant: &Value) -> String {
    match expression(variant, "  ").as_str() {
        "number" => "(number & {})".to_owned(),
        other => other.to_owned(),
    }
}

/// The type of a value.
fn expression(schema: &Value, indent: &str) -> String {
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    if schema.get("not").is_some() {
        return "never".to_owned();
    }
    if let Some(variants) = variants(schema) {
        let members = variants.iter().filter(|it| it["type"] != "null");
        return members
            .map(|it| expression(it, indent))
            .collect::<Vec<_>>()
            .join(" | ");
    }
    let object = fields(schema).map(|fields| {
        if fields.is_empty() {
            "Record<string, never>".to_owned()
        } else {
            block(fields, indent)
        }
    });
    match (reference(schema), object) {
        (Some(name), Some(object)) => format!("{object} & {name}"),
        (Some(name), None) => name.to_owned(),
        (None, Some(object)) => object,
        (None, None) => plain(schema, indent),
    }
}

fn plain(schema: &Value, indent: &str) -> String {
    match kind(schema) {
        Some("string") => "string".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        Some("boolean") => "boolean".to_owned(),
        Some("array") => {
            let items = expression(&schema["items"], indent);
            if items.contains(' ') {
                format!("({items})[]")
            } else {
                format!("{items}[]")
            }
        }
        // A payload: any JSON value.
        _ => "unknown".to_owned(),
    }
}

fn block(fields: Vec<(&str, &Value, bool)>, indent: &str) -> String {
    let inner = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (name, value, required) in fields {
        text.push_str(&comment(value, &inner));
        let mark = if required { "" } else { "?" };
        let _ = writeln!(text, "{inner}{name}{mark}: {};", expression(value, &inner));
    }
    text + indent + "}"
}

fn comment(schema: &Value, indent: &str) -> String {
    let title = schema["title"].as_str().map(|title| format!("`{title}`:"));
    let about = schema["description"].as_str().map(str::to_owned);
    let words: Vec<_> = [title, about, limit(schema)]
        .into_iter()
        .flatten()
        .collect();
    if words.is_empty() {
        return String::new();
    }
    format!(
        "{indent}/** {} */\n",
        words.join(" ").replace("*/", "*\u{200b}/")
    )
}

/// An interface with a member for each kind.
fn table(head: &str, kinds: &Map<String, Value>, parts: &[&str]) -> String {
    let mut text = format!("\n{head} {{\n");
    for (name, about) in kinds {
        text.push_str(&comment(&without_limits(about), "  "));
        let _ = writeln!(text, "  \"{name}\": {{");
        for part in parts {
            let _ = writeln!(text, "    {part}: {};", expression(&about[*part], "    "));
        }
        text.push_str("  };\n");
    }
    text + "}\n"
}

fn without_limits(about: &Value) -> Value {
    serde_json::json!({ "description": about["description"] })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: &Value, expected: &str) {
        assert_eq!(expression(schema, ""), expected);
    }

    #[test]
    fn schemas_become_types() {
        check(&json!({ "type": "integer", "maximum": 9 }), "number");
        check(&json!({ "type": ["string", "null"] }), "string");
        check(&json!({ "const": "say" }), "\"say\"");
        check(&json!({ "not": {} }), "never");
        check(&json!({ "x-max-bytes": 9 }), "unknown");
        check(&json!({ "$ref": "#/$defs/User" }), "User");
        check(
            &json!({ "type": "array", "items": { "$ref": "#/$defs/User" } }),
            "User[]",
        );
        check(
            &json!({ "anyOf": [{ "$ref": "#/$defs/Gap" }, { "type": "null" }] }),
            "Gap",
        );
        check(&json!({ "type": "object" }), "Record<string, never>");
    }

    #[test]
    fn fields_keep_the_order_of_their_type_and_optional_ones_are_marked() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": { "type": "boolean" },
                "b": { "type": "string", "x-max-bytes": 7 },
                "z": { "type": "boolean", "description": "First." },
            },
            "required": ["z", "b"],
        });
        let expected = "export interface It {\n  /** First. */\n  z: boolean;\n  \
                        /** At most 7 bytes of UTF-8. */\n  b: string;\n  a?: boolean;\n}\n";
        assert_eq!(declaration("It", &schema), expected);
    }

    #[test]
    fn known_numbers_stay_beside_any_number() {
        let schema = json!({ "anyOf": [{ "const": 100, "title": "no" }, { "type": "integer" }] });
        assert_eq!(
            declaration("Code", &schema),
            "export type Code =\n  /** `no`: */\n  | 100\n  | (number & {});\n"
        );
    }
}
