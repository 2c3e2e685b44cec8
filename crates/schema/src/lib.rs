//! The descriptions of Trunkline for people without Rust, written from its types.
//!
//! [`files`] makes them all: JSON Schema, AsyncAPI, OpenAPI, TypeScript and a page to read. They stand in
//! `schema/`, where `cargo xtask schema` puts them, `cargo xtask check` compares them, and the
//! server takes them from. Start with `document`, which everything else is written from.

mod catalog;
mod document;
mod examples;
mod shape;
mod words;

mod asyncapi;
mod openapi;
mod page;
mod problems;
mod routes;
mod typescript;

use serde_json::Value;

use crate::document::Document;

/// A file in `schema/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without a folder.
    pub name: &'static str,
    /// What it holds.
    pub text: String,
}

/// Writes all descriptions. The same types give the same bytes.
pub fn files() -> Vec<File> {
    let document = Document::of_protocol();
    let file = |name, text| File { name, text };
    vec![
        file("schema.json", pretty(&document.schema())),
        file("asyncapi.json", pretty(&asyncapi::write(&document))),
        file(
            "openapi.json",
            pretty(&openapi::write(&routes::all(&document))),
        ),
        file("trunkline.d.ts", typescript::write(&document)),
        file("index.html", page::write(&document)),
    ]
}

fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("a value is JSON");
    text + "\n"
}
