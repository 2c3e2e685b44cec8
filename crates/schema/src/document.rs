//! The document: all definitions by name, and the JSON Schema that holds them.
//!
//! Everything else is written from it, so that no two descriptions can differ.

use serde_json::{Map, Value, json};
use trunkline_protocol::{ClientFrame, DisconnectClass, DisconnectReason, ServerFrame, TopicName};

use crate::catalog::{Catalog, delivery};
use crate::words::{self, pascal};

/// Who sends a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Client,
    Server,
}

impl Sender {
    /// `Client` in `ClientFrame` and in `ClientSubscribe`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "Client",
            Self::Server => "Server",
        }
    }
}

/// A frame: the definition `name` is that of the frames whose `type` is `tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) sender: Sender,
    pub(crate) tag: String,
    pub(crate) name: String,
}

/// All definitions, and what they are definitions of.
pub(crate) struct Document {
    /// By name. References point at `#/$defs/NAME`.
    pub(crate) definitions: Map<String, Value>,
    /// In the order of their numbers in the binary form, the client's first.
    pub(crate) frames: Vec<Frame>,
    pub(crate) catalog: Catalog,
}

impl Document {
    /// Describes the protocol as its types are.
    pub(crate) fn of_protocol() -> Self {
        let mut generator = trunkline_protocol::schema::generator();
        generator.subschema_for::<ClientFrame>();
        generator.subschema_for::<ServerFrame>();
        generator.subschema_for::<TopicName>();
        let catalog = Catalog::of_all(&mut generator);
        let mut definitions = generator.take_definitions(true);
        let mut frames = split(&mut definitions, Sender::Client);
        frames.extend(split(&mut definitions, Sender::Server));
        definitions.insert("CloseCode".to_owned(), close_codes());

        let variants = ["newest", "before", "after", "after_event"].map(str::to_owned);
        let tags: Vec<String> = frames.iter().map(|frame| frame.tag.clone()).collect();
        let known = [tags, variants.to_vec()].concat();
        for definition in definitions.values_mut() {
            words::clean(definition, &known);
        }
        Self {
            definitions,
            frames,
            catalog,
        }
    }

    /// The JSON Schema: a value is valid if it is a frame of either side. Every definition is
    /// there to be validated against by itself.
    pub(crate) fn schema(&self) -> Value {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "The Trunkline protocol, version 1, in its JSON form",
            "description": ABOUT,
            "anyOf": [{ "$ref": "#/$defs/ClientFrame" }, { "$ref": "#/$defs/ServerFrame" }],
            "x-topics": self.topics(),
            "x-calls": self.calls(),
            "$defs": self.definitions,
        })
    }

    /// What there is to say about each kind of topic, by namespace.
    pub(crate) fn topics(&self) -> Map<String, Value> {
        let entries = self.catalog.topics.iter();
        let described = entries.map(|topic| {
            let about = json!({
                "description": topic.about,
                "delivery": delivery(topic.delivery),
                "contract": topic.contract,
                "key": topic.key,
                "command": topic.command,
                "event": topic.event,
            });
            (topic.namespace.to_owned(), about)
        });
        described.collect()
    }

    /// What there is to say about each kind of call, by method.
    pub(crate) fn calls(&self) -> Map<String, Value> {
        let entries = self.catalog.calls.iter();
        let described = entries.map(|call| {
            let about = json!({
                "description": call.about,
                "contract": call.contract,
                "request": call.request,
                "response": call.response,
            });
            (call.method.to_owned(), about)
        });
        described.collect()
    }

    /// The definition that a reference points at.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str).map(target) {
            Some(name) => &self.definitions[name],
            None => schema,
        }
    }
}

/// The name of the definition that a reference points at.
pub(crate) fn target(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

const ABOUT: &str = "What travels over a WebSocket at /ws with the subprotocol trunkline.v1.json: \
    each message is one frame. A frame that these schemas refuse is answered by close code 4400; \
    one that they take is read, and what it asks for may still be refused, in words. Fields that \
    are not known are ignored. A field that may be null is left out by the server, never null. \
    x-max-bytes beside maxLength counts the bytes of a text in UTF-8, and elsewhere those of the \
    value as JSON without white space. Whole numbers are written without a fraction: 5, not 5.0.";

/// Gives each frame of a side a definition of its own.
fn split(definitions: &mut Map<String, Value>, sender: Sender) -> Vec<Frame> {
    let all = format!("{}Frame", sender.name());
    let variants = definitions[&all]["oneOf"].take();
    let Value::Array(variants) = variants else {
        panic!("{all} is an enum with a tag");
    };
    let mut frames = Vec::new();
    for variant in variants {
        let tag = tag(&variant).expect("a frame has a tag").to_owned();
        let name = format!("{}{}", sender.name(), pascal(&tag));
        definitions.insert(name.clone(), variant);
        frames.push(Frame { sender, tag, name });
    }
    let references = frames
        .iter()
        .map(|frame| json!({ "$ref": format!("#/$defs/{}", frame.name) }));
    definitions[&all]["oneOf"] = references.collect();
    frames
}

/// What `type` is in a variant.
pub(crate) fn tag(variant: &Value) -> Option<&str> {
    variant["properties"]["type"]["const"].as_str()
}

fn close_codes() -> Value {
    let known = DisconnectReason::ALL.iter().map(|reason| {
        json!({
            "const": reason.code(),
            "title": reason.text(),
            "description": reason.meaning(),
            "x-class": class(reason.class()),
        })
    });
    let any = json!({
        "description": "Another one: x-class of its hundred tells what to do.",
        "type": "integer",
        "minimum": 1000,
        "maximum": 4999,
    });
    json!({
        "description": "Why a connection ended: the code of the Close frame. x-class is what a \
                        client does then.",
        "anyOf": known.chain([any]).collect::<Vec<_>>(),
    })
}

/// What a client does after a close, in words.
fn class(class: DisconnectClass) -> &'static str {
    match class {
        DisconnectClass::RetryNow => "retry now",
        DisconnectClass::RetryLater => "retry later",
        DisconnectClass::Refresh => "refresh",
        DisconnectClass::Stop => "stop",
        DisconnectClass::Incompatible => "incompatible",
    }
}
