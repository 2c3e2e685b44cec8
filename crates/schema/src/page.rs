//! The page: everything as plain HTML, to read without scripts and without a network.
//!
//! It has no style of its own: `schema/style.css` lies beside it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::document::{Document, Frame, Sender, tag};
use crate::examples::{self, Example};
use crate::shape::limit;

mod html;
mod http;

use html::{code, escape, fields, paragraph, plain_type, prose};

/// Writes `index.html`.
pub(crate) fn write(document: &Document) -> String {
    let examples = examples::all();
    let mut page = HEAD.to_owned();
    for (sender, id, title) in [
        (Sender::Client, "from-clients", "Frames from the client"),
        (Sender::Server, "from-the-server", "Frames from the server"),
    ] {
        page += &section(id, title, &frames(document, sender, &examples));
    }
    page += &section("topics", "Topics", &topics(document, &examples));
    page += &section("calls", "Calls", &calls(document, &examples));
    page += &section("types", "Types", &types(document));
    page += &section("errors", "Error codes", &codes(document, "ErrorCode"));
    page += &section("closes", "Close codes", &codes(document, "CloseCode"));
    page += &section("http", "HTTP", &http::cards(document));
    page + TAIL
}

const HEAD: &str = r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Trunkline: the protocol in JSON</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/api/style.css">
</head>
<body>
<header>
<p class="brand"><a href="/">Trunkline</a></p>
<h1>The protocol in JSON</h1>
<p>One WebSocket at <code>/ws</code> with the subprotocol <code>trunkline.v1.json</code>; each text
message is one frame. The first is <a href="#client-connect"><code>connect</code></a>, with a token
that a guest gets by <a href="#http">two HTTP requests</a>. Answer each
<a href="#server-ping"><code>ping</code></a> with <a href="#client-pong"><code>pong</code></a>.</p>
<p>Fields that are not known are ignored. A frame that breaks a limit of this page is answered by
close code 4400.</p>
<p><a href="/api/examples/javascript/">Try it with a page</a> whose program is short enough to read.</p>
<ul class="files">
<li><a href="/api/schema.json">schema.json</a> <span>JSON Schema 2020-12</span></li>
<li><a href="/api/asyncapi.json">asyncapi.json</a> <span>AsyncAPI 3.0</span></li>
<li><a href="/api/openapi.json">openapi.json</a> <span>OpenAPI 3.1</span></li>
<li><a href="/api/trunkline.d.ts">trunkline.d.ts</a> <span>TypeScript</span></li>
</ul>
<nav aria-label="Sections">
<a href="#from-clients">From the client</a>
<a href="#from-the-server">From the server</a>
<a href="#topics">Topics</a>
<a href="#calls">Calls</a>
<a href="#types">Types</a>
<a href="#errors">Error codes</a>
<a href="#closes">Close codes</a>
<a href="#http">HTTP</a>
</nav>
</header>
<main>
"##;

const TAIL: &str = "</main>\n</body>\n</html>\n";

fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>\n")
}

fn card(id: &str, title: &str, body: &str) -> String {
    format!("<article id=\"{id}\">\n<h3><a href=\"#{id}\">{title}</a></h3>\n{body}</article>\n")
}

fn frames(document: &Document, sender: Sender, all: &[Example]) -> String {
    let of_sender = document.frames.iter().filter(|it| it.sender == sender);
    of_sender.map(|it| frame(document, it, all)).collect()
}

fn frame(document: &Document, frame: &Frame, all: &[Example]) -> String {
    let schema = &document.definitions[&frame.name];
    let side = frame.sender.name().to_lowercase();
    let mut body = paragraph(schema);
    body += &fields(document, schema);
    body += &shown(all, &format!("{side}_frame"), Some(&frame.tag));
    card(&format!("{side}-{}", frame.tag), &code(&frame.tag), &body)
}

/// The examples of a frame or message; the first is open.
fn shown(all: &[Example], kind: &str, tag: Option<&str>) -> String {
    let texts: Vec<&str> = examples::of(all, kind, tag)
        .filter(|it| !it.name.starts_with("example."))
        .map(|it| it.json.get())
        .filter(|text| text.len() <= EXAMPLE_LEN_MAX)
        .take(EXAMPLES_MAX)
        .collect();
    if texts.is_empty() {
        return String::new();
    }
    let blocks: String = texts
        .iter()
        .map(|text| format!("<pre><code>{}</code></pre>\n", escape(text)))
        .collect();
    let word = if texts.len() == 1 {
        "Example"
    } else {
        "Examples"
    };
    format!("<details>\n<summary>{word}</summary>\n{blocks}</details>\n")
}

/// Longer ones show nothing that shorter ones do not.
const EXAMPLE_LEN_MAX: usize = 600;
const EXAMPLES_MAX: usize = 3;

fn topics(document: &Document, all: &[Example]) -> String {
    let mut cards = String::new();
    for (namespace, about) in document.topics() {
        let mut body = paragraph(&about);
        let delivery = &about["delivery"];
        let mut promise = format!(
            "Delivery: {}",
            delivery["kind"].as_str().unwrap_or_default()
        );
        if let (Some(keep), Some(age)) = (delivery["keep"].as_u64(), delivery["max_age_s"].as_u64())
        {
            let _ = write!(
                promise,
                ", the newest {keep} are kept for {} hours",
                age / 3600
            );
        }
        let _ = writeln!(
            body,
            "<p class=\"facts\">{promise}. Contract {}. Key: {}.</p>",
            about["contract"],
            plain_type(&about["key"])
        );
        body += &message(
            document,
            "Command",
            &about["command"],
            all,
            &topic_kind(&namespace, "command"),
        );
        body += &message(
            document,
            "Event",
            &about["event"],
            all,
            &topic_kind(&namespace, "event"),
        );
        let title = format!("<code>{}:<var>KEY</var></code>", escape(&namespace));
        cards += &card(&format!("topic-{namespace}"), &title, &body);
    }
    cards
}

/// What the vectors call a topic's messages. On a board, what is put there is what is read.
fn topic_kind(namespace: &str, part: &str) -> String {
    match namespace {
        "ticker" => "quote".to_owned(),
        "listing" => "listed".to_owned(),
        "lab" => "tick".to_owned(),
        "live" => "live_event".to_owned(),
        _ => format!("{namespace}_{part}"),
    }
}

fn calls(document: &Document, all: &[Example]) -> String {
    let mut cards = String::new();
    for (method, about) in document.calls() {
        let mut body = paragraph(&about);
        let _ = writeln!(
            body,
            "<p class=\"facts\">Contract {}.</p>",
            about["contract"]
        );
        // The vectors name a call's messages by the last part of its method, and by both where
        // another has that.
        let short = method.rsplit('.').next().unwrap_or(&method);
        let is_live = method.starts_with("live.");
        for (title, part) in [("Request", "request"), ("Response", "response")] {
            let kind = match short {
                // These two are answered with what was sent.
                "echo" => "echo_text".to_owned(),
                "drop_alarm" => "alarm_named".to_owned(),
                _ if is_live => format!("live_{short}_{part}"),
                _ => format!("{short}_{part}"),
            };
            body += &message(document, title, &about[part], all, &kind);
        }
        cards += &card(&format!("call-{method}"), &code(&method), &body);
    }
    cards
}

/// A command, event, request or response with its fields, or with those of its variants.
fn message(
    document: &Document,
    title: &str,
    schema: &Value,
    all: &[Example],
    kind: &str,
) -> String {
    let schema = document.resolve(schema);
    let mut body = format!("<h4>{title}</h4>\n");
    body += &paragraph(schema);
    body += &shape(document, schema);
    body + &shown(all, kind, None)
}

/// The fields of an object, or of each variant.
fn shape(document: &Document, schema: &Value) -> String {
    let Some(variants) = schema["oneOf"].as_array() else {
        return fields(document, schema);
    };
    let mut body = String::new();
    for variant in variants {
        let name = tag(variant).or(variant["const"].as_str());
        let _ = writeln!(
            body,
            "<div class=\"variant\">\n<p><code>{}</code> {}</p>",
            escape(name.unwrap_or_default()),
            prose(variant)
        );
        body += &fields(document, variant);
        body += "</div>\n";
    }
    body
}

/// What other definitions refer to and no other section shows.
fn types(document: &Document) -> String {
    let elsewhere = |name: &str| {
        let messages = document.topics().into_iter().chain(document.calls());
        let shown = messages
            .map(|(_, about)| about.to_string())
            .collect::<String>();
        name.ends_with("Frame")
            || ["ErrorCode", "CloseCode"].contains(&name)
            || document.frames.iter().any(|frame| frame.name == name)
            || (![
                "RoomName",
                "BoardName",
                "TickerKey",
                "LabKey",
                "ArenaRoom",
                "LiveRoom",
                "UserId",
                "Alarm",
            ]
            .contains(&name)
                && shown.contains(&format!("/{name}\"")))
    };
    let shown = document
        .definitions
        .iter()
        .filter(|(name, _)| !elsewhere(name));
    shown
        .map(|(name, schema)| {
            let mut body = paragraph(schema);
            if schema["type"] != "object" && schema.get("oneOf").is_none() {
                let _ = writeln!(
                    body,
                    "<p class=\"facts\">{}. {}</p>",
                    plain_type(schema),
                    html::marked(&limit(schema).unwrap_or_default())
                );
            }
            body += &shape(document, schema);
            card(name, &code(name), &body)
        })
        .collect()
}

/// A list of numbers with their names and meanings.
fn codes(document: &Document, name: &str) -> String {
    let schema = &document.definitions[name];
    let mut body = paragraph(schema);
    body += "<dl class=\"codes\">\n";
    let known = schema["anyOf"].as_array().into_iter().flatten();
    for known in known.filter(|it| it.get("const").is_some()) {
        let class = known["x-class"]
            .as_str()
            .map(|class| format!(" <span>{class}</span>"));
        let _ = writeln!(
            body,
            "<div><dt><code>{}</code> {}{}</dt><dd>{}</dd></div>",
            known["const"],
            escape(known["title"].as_str().unwrap_or_default()),
            class.unwrap_or_default(),
            prose(known)
        );
    }
    card(name, &code(name), &(body + "</dl>\n"))
}
