//! What frames and messages look like in JSON, as JSON Schema (2020-12).
//!
//! A schema holds the bounds that reading holds, so that what it refuses is refused and what it
//! takes is read. Types whose rule is code, such as [`Text`], describe themselves here.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::bounded::{List, Text};
use crate::error::ErrorCode;
use crate::payload::{PAYLOAD_LEN_MAX, Payload, SenderId, Tail};
use crate::topic::{Never, TOPIC_NAME_LEN_MAX, TopicName};
use crate::user::UserId;

/// The keyword beside `maxLength` for what JSON Schema cannot count: the bytes of a text in UTF-8,
/// or of any other value as JSON without white space.
pub const MAX_BYTES: &str = "x-max-bytes";

/// The greatest whole number that every JSON reader holds exactly: 2^53 − 1.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// Makes schemas of what is read, with the limits of numbers as numbers.
pub fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .for_deserialize()
        .with_transform(RecursiveTransform(limit_numbers))
        .into_generator()
}

/// Puts the greatest value in place of a format that no validator knows.
fn limit_numbers(schema: &mut Schema) {
    let max = match schema.get("format").and_then(|format| format.as_str()) {
        Some("uint8") => u64::from(u8::MAX),
        Some("uint16") => u64::from(u16::MAX),
        Some("uint32") => u64::from(u32::MAX),
        Some("uint64") => NUMBER_MAX,
        _ => return,
    };
    schema.remove("format");
    schema.insert("maximum".to_owned(), max.into());
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // A text within its bytes has no more characters than bytes.
        json_schema!({ "type": "string", "maxLength": MAX, MAX_BYTES: MAX })
    }
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for List<T, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("List{MAX}Of{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "maxItems": MAX })
    }
}

impl JsonSchema for Payload {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Payload".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ MAX_BYTES: PAYLOAD_LEN_MAX })
    }
}

impl JsonSchema for Tail {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Payload::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Payload::json_schema(generator)
    }
}

impl JsonSchema for SenderId {
    fn schema_name() -> Cow<'static, str> {
        "SenderId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Who counts: a random number that one outbox draws once.",
            "type": "integer",
            "minimum": 0,
            "maximum": SenderId::MAX,
        })
    }
}

impl JsonSchema for UserId {
    fn schema_name() -> Cow<'static, str> {
        "UserId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A user's id: sixteen lowercase hexadecimal digits.",
            "type": "string",
            "pattern": "^[0-9a-f]{16}$",
        })
    }
}

impl JsonSchema for TopicName {
    fn schema_name() -> Cow<'static, str> {
        "TopicName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name of a topic: `namespace:key`. A request with a text of another \
                            form is read, and refused with 101.",
            "type": "string",
            "maxLength": TOPIC_NAME_LEN_MAX,
            "pattern": "^[a-z0-9-]{1,32}:[A-Za-z0-9_./-]{1,63}$",
            "examples": ["chat:lobby"],
        })
    }
}

impl JsonSchema for ErrorCode {
    fn schema_name() -> Cow<'static, str> {
        "ErrorCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let known = Self::ALL.iter().map(|code| {
            json!({ "const": code.number(), "title": code.name(), "description": code.meaning() })
        });
        let any = json!({
            "description": "One that is newer than this document: treat it by its hundreds.",
            "type": "integer",
            "minimum": 0,
            "maximum": u16::MAX,
        });
        json_schema!({
            "description": "Why a request is refused. 1xx: it is wrong, do not send it again as it \
                            is. 2xx: not now, the same request may succeed later.",
            "anyOf": known.chain([any]).collect::<Vec<_>>(),
        })
    }
}

impl JsonSchema for Never {
    fn schema_name() -> Cow<'static, str> {
        "Never".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Nothing: this topic takes no commands.", "not": {} })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_part_of_a_schema() {
        let text = Text::<5>::json_schema(&mut generator()).to_value();
        let expected = json!({ "type": "string", "maxLength": 5, "x-max-bytes": 5 });
        assert_eq!(text, expected);
        let list = generator().into_root_schema_for::<List<u8, 3>>();
        assert_eq!(list.get("maxItems"), Some(&json!(3)));
        let byte = json!({ "type": "integer", "minimum": 0, "maximum": 255 });
        assert_eq!(list.get("items"), Some(&byte));
    }

    #[test]
    fn no_number_is_above_what_every_reader_holds() {
        let schema = generator().into_root_schema_for::<u64>();
        assert_eq!(schema.get("maximum"), Some(&json!(NUMBER_MAX)));
        assert_eq!(schema.get("format"), None);
    }
}
