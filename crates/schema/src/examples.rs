//! Examples: the golden vectors of the protocol, in JSON as they stand in their file.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A frame or message that every client must read.
#[derive(Deserialize)]
pub(crate) struct Example {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) json: Box<RawValue>,
}

/// All of them, in order.
pub(crate) fn all() -> Vec<Example> {
    serde_json::from_str(include_str!("../../protocol/vectors/frames.json"))
        .expect("the vectors are JSON")
}

/// Those whose `kind` is this one and whose `type`, if they have one, is `tag`.
pub(crate) fn of<'a>(
    all: &'a [Example],
    kind: &'a str,
    tag: Option<&'a str>,
) -> impl Iterator<Item = &'a Example> {
    all.iter().filter(move |example| {
        let tagged: Tagged =
            serde_json::from_str(example.json.get()).expect("the vectors are objects");
        example.kind == kind && (tag.is_none() || tagged.tag.as_deref() == tag)
    })
}

#[derive(Deserialize)]
struct Tagged {
    #[serde(rename = "type")]
    tag: Option<String>,
}
