//! The routes: what each takes, what it answers, and why it may refuse.

use std::fmt::Write as _;

use serde_json::Value;

use super::card;
use super::html::{code, fields_of, marked, plain_type, prose};
use crate::document::{Document, target};
use crate::openapi::{Access, Answer, Api, Body, Parameter, Request, Route};
use crate::shape::reference;
use crate::{problems, routes};

/// A card for each route.
pub(super) fn cards(document: &Document) -> String {
    let api = routes::all(document);
    let cards = api.routes.iter().map(|it| route(it, &api));
    cards.collect()
}

fn route(route: &Route, api: &Api) -> String {
    let mut body = format!("<p>{}</p>\n", marked(route.summary));
    let _ = writeln!(body, "<p class=\"facts\">{}</p>", marked(who(route.access)));
    if !route.parameters.is_empty() {
        body += "<h4>Parameters</h4>\n<dl class=\"fields\">\n";
        body += &route.parameters.iter().map(parameter).collect::<String>();
        body += "</dl>\n";
    }
    if let Some(it) = &route.request {
        body += &request(it, api);
    }
    body += "<h4>Answers</h4>\n<dl class=\"codes\">\n";
    body += &route.answers.iter().map(answer).collect::<String>();
    for (status, codes) in problems::by_status(&route.refusals) {
        let reasons: Vec<String> = codes
            .iter()
            .map(|(name, about)| format!("{}: {}", code(name), marked(about)))
            .collect();
        body += &row(status, &reasons.join("<br>"));
    }
    body += "</dl>\n";
    let title = format!("{} {}", route.method.to_uppercase(), route.path);
    card(&format!("http-{}", route.id), &code(&title), &body)
}

fn who(access: Access) -> &'static str {
    match access {
        Access::Open => "For everybody.",
        Access::Cookie => "With the cookie of a guest.",
        Access::Token => "With an access token.",
        Access::TokenOrCookie => "With an access token, or from our pages with the cookie.",
        Access::Key => "With the key of back ends, as `X-API-Key` or as a bearer.",
    }
}

fn parameter(parameter: &Parameter) -> String {
    let mark = match (parameter.place, parameter.required) {
        ("header", _) => " <em>header</em>",
        (_, true) => "",
        (_, false) => " <em>may be left out</em>",
    };
    format!(
        "<div><dt>{} <span>{}</span>{mark}</dt><dd>{}</dd></div>\n",
        code(parameter.name),
        plain_type(&parameter.schema),
        marked(parameter.about)
    )
}

fn request(request: &Request, api: &Api) -> String {
    let mut body = "<h4>Body</h4>\n".to_owned();
    let fields = fields_of(&request.schema);
    if fields.is_empty() {
        let _ = writeln!(
            body,
            "<p>{}. {}</p>",
            plain_type(&request.schema),
            lenience(&request.schema, api)
        );
    }
    body += &fields;
    for (_, example) in &request.examples {
        let text = super::escape(&example.to_string());
        let _ = writeln!(body, "<pre><code>{text}</code></pre>");
    }
    body
}

/// What a body may leave out of the frame that its link shows.
fn lenience(schema: &Value, api: &Api) -> String {
    let name = reference(schema).or_else(|| reference(&schema["oneOf"][0]));
    let own = name.map(target).filter(|it| it.starts_with("Http"));
    own.map(|it| prose(&api.definitions[it]))
        .unwrap_or_default()
}

fn answer(answer: &Answer) -> String {
    let body = match &answer.body {
        Body::Empty | Body::Text => String::new(),
        Body::Json(schema) => match fields_of(schema) {
            fields if fields.is_empty() => format!(" {}", plain_type(schema)),
            fields => fields,
        },
        Body::Frame(schema) | Body::Frames(schema) | Body::Events(schema) => {
            format!(" {} {}", plain_type(schema), prose(schema))
        }
    };
    row(answer.status, &format!("{}{body}", marked(answer.about)))
}

fn row(status: u16, text: &str) -> String {
    format!("<div><dt><code>{status}</code></dt><dd>{text}</dd></div>\n")
}
