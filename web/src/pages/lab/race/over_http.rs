//! The lanes over HTTP: polls, long polls, one long response, server-sent events.

use futures_channel::mpsc;
use futures_util::StreamExt;
use trunkline_protocol::frame::Start;
use trunkline_protocol::{Codec, Offset, Position, ServerFrame};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, EventSourceInit, MessageEvent};

use super::line::{Line, feed};
use crate::browser::fetch::{self, Credentials};

/// How long a long poll may wait for news, in seconds.
const WAIT_S: u32 = 25;

/// The most publications in one response.
const PAGE: usize = 256;

/// The address of the history above an offset, or of its newest publication.
fn history(place: &str, after: Option<Offset>) -> String {
    let topic = feed();
    match after {
        Some(after) => {
            format!("http://{place}/http/history?topic={topic}&after={after}&limit={PAGE}")
        }
        None => format!("http://{place}/http/history?topic={topic}&limit=1"),
    }
}

/// Makes the browser ask for its permissions before the race, and finds out where the feed stands.
pub(super) async fn warm_up(place: &str) -> Option<Offset> {
    for path in ["stream", "poll?wait=25"] {
        let url = format!("http://{place}/http/{path}");
        // It is refused, as it should be: the permission is what it is for.
        let _ = fetch::post(&url, b"{}", Credentials::Omit).await;
    }
    let text = fetch::get(&history(place, None), Credentials::Include)
        .await
        .ok()?;
    match Codec::Json.decode(text.as_bytes()).ok()? {
        ServerFrame::History { head, .. } => Some(head),
        _ => None,
    }
}

/// Asks every so often, and once more at the end.
pub(super) async fn poll(line: Line, mut after: Offset) {
    let every_us = i64::from(line.poll_ms) * 1000;
    // A poll and a tick in step would always miss each other by as much; half of the time between
    // two polls is what they miss each other by on average.
    let mut next_us = every_us / 2;
    loop {
        let last = next_us >= line.length_us();
        line.wait_until(next_us.min(line.length_us())).await;
        loop {
            line.count_request();
            let text =
                match fetch::get(&history(&line.place, Some(after)), Credentials::Include).await {
                    Ok(text) => text,
                    Err(why) => return line.fail(why),
                };
            let Ok(ServerFrame::History { publications, .. }) = Codec::Json.decode(text.as_bytes())
            else {
                return line.fail(text);
            };
            let batch = line.next_batch();
            for publication in &*publications {
                after = publication.offset;
                line.take(Codec::Json, publication.event.as_bytes(), batch);
            }
            if publications.len() < PAGE {
                break;
            }
        }
        if last {
            return line.finish();
        }
        next_us += every_us;
    }
}

/// Asks, and is answered when there is something to tell.
pub(super) async fn long_poll(line: Line) {
    let url = format!("http://{}/http/poll?wait={WAIT_S}", line.place);
    let mut start = Start::default();
    loop {
        line.count_request();
        let body = line.connect(Codec::Json, start);
        let text = match fetch::post(&url, &body, Credentials::Omit).await {
            Ok(text) => text,
            Err(why) => return line.fail(why),
        };
        let batch = line.next_batch();
        for frame in text.lines() {
            match frame_of(&line, frame, batch) {
                Some(Seen::At(position)) => start = Start::After(position),
                Some(Seen::Publication(offset)) => {
                    if let Start::After(position) = &mut start {
                        position.offset = offset;
                    }
                }
                None => {}
            }
        }
        if line.race_us() > line.length_us() {
            return line.finish();
        }
    }
}

/// Reads one response as long as it lasts.
pub(super) async fn stream(line: Line) {
    let url = format!("http://{}/http/stream", line.place);
    line.count_request();
    let body = line.connect(Codec::Json, Start::default());
    let mut pieces = match fetch::post_streaming(&url, &body).await {
        Ok(pieces) => pieces,
        Err(why) => return line.fail(why),
    };
    let mut rest = Vec::new();
    while let Some(piece) = pieces.next().await {
        rest.extend_from_slice(&piece);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let frame: Vec<u8> = rest.drain(..=end).collect();
            let batch = line.next_batch();
            frame_of(&line, &String::from_utf8_lossy(&frame), batch);
        }
    }
    line.fail("the response ended");
}

/// What a frame says of where a reader stands.
enum Seen {
    At(Position),
    Publication(Offset),
}

/// Takes a frame in JSON.
fn frame_of(line: &Line, frame: &str, batch: u32) -> Option<Seen> {
    match Codec::Json.decode(frame.trim_end().as_bytes()) {
        Ok(ServerFrame::Subscribed {
            mut position,
            publications,
            ..
        }) => {
            for publication in &*publications {
                position.offset = publication.offset;
                line.take(Codec::Json, publication.event.as_bytes(), batch);
            }
            Some(Seen::At(position))
        }
        Ok(ServerFrame::Publication { offset, event, .. }) => {
            line.take(Codec::Json, event.0.as_bytes(), batch);
            Some(Seen::Publication(offset))
        }
        Ok(ServerFrame::Refused { error, .. }) => {
            line.fail(error.to_string());
            None
        }
        // Greetings and heartbeats.
        Ok(_) | Err(_) => None,
    }
}

/// Lets the browser read server-sent events.
pub(super) async fn events(line: Line) {
    let url = format!("http://{}/http/events?topic={}", line.place, feed());
    let init = EventSourceInit::new();
    init.set_with_credentials(true);
    line.count_request();
    let Ok(source) = EventSource::new_with_event_source_init_dict(&url, &init) else {
        return line.fail("the browser opens no EventSource");
    };
    let source = CloseOnDrop(source);
    let (heard, mut all) = mpsc::unbounded();
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(data) = event.data().as_string() {
            // The lane has ended.
            let _ = heard.unbounded_send(data);
        }
    });
    for name in ["publication", "subscribed", "refused"] {
        let listener = hear.as_ref().unchecked_ref();
        // A name of ours is one that can be listened to.
        let _ = source.0.add_event_listener_with_callback(name, listener);
    }
    while let Some(data) = all.next().await {
        let batch = line.next_batch();
        frame_of(&line, &data, batch);
    }
}

struct CloseOnDrop(EventSource);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}
