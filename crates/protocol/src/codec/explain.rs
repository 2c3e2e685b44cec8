//! Words for people about bytes that could not be read. Formats name types of the program; a peer
//! has never heard of those.

use bincode::error::DecodeError;

use super::CodecError;

pub(super) fn bincode(error: DecodeError) -> CodecError {
    let words = match error {
        DecodeError::LimitExceeded => return CodecError::TooLong,
        DecodeError::UnexpectedEnd { .. } => "the bytes end too early".to_owned(),
        DecodeError::UnexpectedVariant { found, .. } => format!("there is no variant {found} here"),
        DecodeError::InvalidBooleanValue(found) => format!("{found} is neither true nor false"),
        DecodeError::InvalidIntegerType { .. } => "a number is too large".to_owned(),
        DecodeError::Utf8 { .. } => "a text is not UTF-8".to_owned(),
        DecodeError::Other(words) => words.to_owned(),
        DecodeError::OtherString(words) => words,
        _ => "the bytes are not of the expected form".to_owned(),
    };
    CodecError::Malformed(words)
}

/// Says in plain words why some JSON is not what was expected, and where.
#[cfg(feature = "json")]
pub fn explain_json(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let full = error.to_string();
    let what = full.strip_suffix(&place).unwrap_or(&full);
    let words = match error.classify() {
        serde_json::error::Category::Eof => "the JSON ends too early".to_owned(),
        serde_json::error::Category::Syntax if what.starts_with("recursion") => {
            "it is nested too deeply".to_owned()
        }
        serde_json::error::Category::Syntax => format!("this is not JSON: {what}"),
        serde_json::error::Category::Io => "it could not be read".to_owned(),
        serde_json::error::Category::Data => of_data(what),
    };
    // Values that were read before they were judged have no place.
    if error.line() == 0 {
        words
    } else {
        format!("{words}{place}")
    }
}

#[cfg(feature = "json")]
fn of_data(what: &str) -> String {
    if let Some(field) = what.strip_prefix("missing field ") {
        return format!("the field {field} is missing");
    }
    if let Some(field) = what.strip_prefix("duplicate field ") {
        return format!("the field {field} stands twice");
    }
    let unknown = ["unknown variant ", "unknown field "];
    if let Some(rest) = unknown.iter().find_map(|it| what.strip_prefix(it)) {
        return format!("not known here: {rest}");
    }
    let other = ["invalid type: ", "invalid value: ", "invalid length "];
    let Some(rest) = other.iter().find_map(|it| what.strip_prefix(it)) else {
        return plain_or(what, "the value has another form than expected");
    };
    // What was found may be any text; what was expected is ours.
    let (found, expected) = rest.rsplit_once(", expected ").unwrap_or((rest, ""));
    let expected = plain_kind(expected);
    if what.starts_with("invalid length ") {
        return format!("expected {expected}, found {found} elements");
    }
    format!("expected {expected}, found {}", plain_found(found))
}

/// Names the kind of a value, in the words of JSON.
#[cfg(feature = "json")]
fn plain_found(found: &str) -> String {
    let number = ["integer `", "floating point `"];
    if let Some(number) = number.iter().find_map(|it| found.strip_prefix(it)) {
        return format!("the number {}", number.trim_end_matches('`'));
    }
    if let Some(text) = found.strip_prefix("string ") {
        return format!("the text {text}");
    }
    if let Some(boolean) = found.strip_prefix("boolean ") {
        return boolean.trim_matches('`').to_owned();
    }
    match found {
        "sequence" => "a list".to_owned(),
        "map" => "an object".to_owned(),
        "null" | "unit value" | "Option value" => "null".to_owned(),
        _ => "something else".to_owned(),
    }
}

/// Names the kind that was expected, in the words of JSON.
#[cfg(feature = "json")]
fn plain_kind(expected: &str) -> &str {
    let first = expected.split(' ').next().unwrap_or_default();
    match (first, expected) {
        ("u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize", _) => {
            "a whole number"
        }
        ("f32" | "f64", _) => "a number",
        (_, "a string" | "str" | "a borrowed string" | "string") => "text",
        (_, "a boolean") => "true or false",
        (_, "variant identifier" | "field identifier") => "a name",
        ("struct" | "map" | "internally" | "adjacently" | "enum" | "variant", _)
        | (_, "a map" | "string or map") => "an object",
        ("tuple", _) | (_, "a sequence") => "a list",
        _ => plain_or_ref(expected),
    }
}

#[cfg(feature = "json")]
fn plain_or_ref(words: &str) -> &str {
    if names_types(words) {
        "another value"
    } else {
        words
    }
}

#[cfg(feature = "json")]
fn plain_or(words: &str, otherwise: &str) -> String {
    let words = if names_types(words) { otherwise } else { words };
    words.to_owned()
}

/// Tells whether some words are about types of the program.
#[cfg(feature = "json")]
fn names_types(words: &str) -> bool {
    let of_programs = ["::", "struct ", "enum ", "variant", "tuple ", "Option"];
    words.is_empty() || of_programs.iter().any(|it| words.contains(it))
}

#[cfg(all(test, feature = "json"))]
mod tests {
    use crate::{ClientFrame, Codec};

    fn check(json: &str, expected: &str) {
        let error = Codec::Json.decode::<ClientFrame>(json.as_bytes());
        assert_eq!(error.expect_err("no frame").to_string(), expected, "{json}");
    }

    #[test]
    fn json_is_judged_in_words_of_json() {
        check("{", "the JSON ends too early at line 1 column 1");
        check(
            "nothing",
            "this is not JSON: expected ident at line 1 column 2",
        );
        check(
            r#"{"type":"pong","type":"pong"}"#,
            "the field `type` stands twice at line 1 column 21",
        );
        check("{}", "the field `type` is missing at line 1 column 2");
        check(
            "[5]",
            "expected a name, found the number 5 at line 1 column 2",
        );
        check(
            "7",
            "expected an object, found the number 7 at line 1 column 1",
        );
        check(
            r#"{"type":"cancel","id":"one"}"#,
            "expected a whole number, found the text \"one\"",
        );
        check(r#"{"type":"cancel"}"#, "the field `id` is missing");
        check(
            r#"{"type":"probe","nonce":-1}"#,
            "expected a whole number, found the number -1",
        );
    }

    #[test]
    fn no_mistake_names_a_type_of_the_program() {
        let valid = [
            r#"{"type":"connect","version":1,"token":"a","agent":"b","subscriptions":[{"id":1,"topic":"chat:a","start":{"type":"after","epoch":1,"offset":2},"presence":true}]}"#,
            r#"{"type":"publish","id":5,"message_id":{"sender":1,"counter":1},"topic":"chat:lobby","command":{"type":"say"}}"#,
            r#"{"type":"history","id":1,"topic":"chat:a","range":{"type":"before","offset":1},"limit":1}"#,
        ];
        let wrong = [
            "5", "-5", "1.5", "true", "null", "\"x\"", "[]", "{}", "[[]]",
        ];
        let mut judged = 0;
        for json in valid {
            let frame: serde_json::Value = serde_json::from_str(json).expect("JSON");
            let pointers = pointers(&frame, String::new());
            for (pointer, wrong) in pointers
                .iter()
                .flat_map(|it| wrong.map(|wrong| (it, wrong)))
            {
                let mut bad = frame.clone();
                let place = bad.pointer_mut(pointer).expect("a place");
                *place = serde_json::from_str(wrong).expect("JSON");
                let read = Codec::Json.decode::<ClientFrame>(bad.to_string().as_bytes());
                if let Err(error) = read {
                    assert!(!super::names_types(&error.to_string()), "{bad}: {error}");
                    judged += 1;
                }
            }
        }
        assert!(judged > 100, "{judged}");
        for byte in 0..=255 {
            for bytes in [&[byte][..], &[3, byte, byte], &[0, 1, 1, byte, 255]] {
                if let Err(error) = Codec::Bincode.decode::<ClientFrame>(bytes) {
                    let words = error.to_string();
                    assert!(!words.contains(['{', '"', ':']), "{words}");
                }
            }
        }
    }

    /// The places of all values in some JSON.
    fn pointers(value: &serde_json::Value, at: String) -> Vec<String> {
        let mut all = Vec::new();
        let inner: Vec<(String, &serde_json::Value)> = match value {
            serde_json::Value::Object(fields) => {
                fields.iter().map(|(name, it)| (name.clone(), it)).collect()
            }
            serde_json::Value::Array(list) => list
                .iter()
                .enumerate()
                .map(|(n, it)| (n.to_string(), it))
                .collect(),
            _ => Vec::new(),
        };
        for (name, inner) in inner {
            all.extend(pointers(inner, format!("{at}/{name}")));
        }
        all.push(at);
        all
    }
}
