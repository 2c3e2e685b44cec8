//! The lanes over HTTP: polls, long polls, one long response, server-sent events.

use futures_channel::mpsc;
use futures_util::StreamExt;
use trunkline_protocol::frame::Start;
use trunkline_protocol::{Codec, Offset, Position, ServerFrame};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, EventSourceInit, MessageEvent};

use super::entrant::{Entrant, feed};
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
pub(super) async fn poll(entrant: Entrant, mut after: Offset) {
    let every_us = i64::from(entrant.poll_ms) * 1000;
    // A poll and a tick in step would always miss each other by as much; half of the time between
    // two polls is what they miss each other by on average.
    let mut next_us = every_us / 2;
    loop {
        let last = next_us >= entrant.length_us();
        entrant.wait_until(next_us.min(entrant.length_us())).await;
        loop {
            entrant.count_request();
            let text = match fetch::get(&history(&entrant.place, Some(after)), Credentials::Include)
                .await
            {
                Ok(text) => text,
                Err(why) => return entrant.fail(why),
            };
            let Ok(ServerFrame::History { publications, .. }) = Codec::Json.decode(text.as_bytes())
            else {
                return entrant.fail(text);
            };
            let batch = entrant.next_batch();
            for publication in &*publications {
                after = publication.offset;
                entrant.take(Codec::Json, publication.event.as_bytes(), batch);
            }
            if publications.len() < PAGE {
                break;
            }
        }
        if last {
            return entrant.finish();
        }
        next_us += every_us;
    }
}

/// Asks, and is answered when there is something to tell.
pub(super) async fn long_poll(entrant: Entrant) {
    let url = format!("http://{}/http/poll?wait={WAIT_S}", entrant.place);
    let mut start = Start::default();
    loop {
        entrant.count_request();
        let body = entrant.connect(Codec::Json, start);
        let text = match fetch::post(&url, &body, Credentials::Omit).await {
            Ok(text) => text,
            Err(why) => return entrant.fail(why),
        };
        let batch = entrant.next_batch();
        for frame in text.lines() {
            match frame_of(&entrant, frame, batch) {
                Some(Seen::At(position)) => start = Start::After(position),
                Some(Seen::Publication(offset)) => {
                    if let Start::After(position) = &mut start {
                        position.offset = offset;
                    }
                }
                None => {}
            }
        }
        if entrant.race_us() > entrant.length_us() {
            return entrant.finish();
        }
    }
}

/// Reads one response as long as it lasts.
pub(super) async fn stream(entrant: Entrant) {
    let url = format!("http://{}/http/stream", entrant.place);
    entrant.count_request();
    let body = entrant.connect(Codec::Json, Start::default());
    let mut pieces = match fetch::post_streaming(&url, &body).await {
        Ok(pieces) => pieces,
        Err(why) => return entrant.fail(why),
    };
    let mut rest = Vec::new();
    while let Some(piece) = pieces.next().await {
        rest.extend_from_slice(&piece);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let frame: Vec<u8> = rest.drain(..=end).collect();
            let batch = entrant.next_batch();
            frame_of(&entrant, &String::from_utf8_lossy(&frame), batch);
        }
    }
    entrant.fail("the response ended");
}

/// What a frame says of where a reader stands.
enum Seen {
    At(Position),
    Publication(Offset),
}

/// Takes a frame in JSON.
fn frame_of(entrant: &Entrant, frame: &str, batch: u32) -> Option<Seen> {
    match Codec::Json.decode(frame.trim_end().as_bytes()) {
        Ok(ServerFrame::Subscribed {
            mut position,
            publications,
            ..
        }) => {
            for publication in &*publications {
                position.offset = publication.offset;
                entrant.take(Codec::Json, publication.event.as_bytes(), batch);
            }
            Some(Seen::At(position))
        }
        Ok(ServerFrame::Publication { offset, event, .. }) => {
            entrant.take(Codec::Json, event.0.as_bytes(), batch);
            Some(Seen::Publication(offset))
        }
        Ok(ServerFrame::Refused { error, .. }) => {
            entrant.fail(error.to_string());
            None
        }
        // Greetings and heartbeats.
        Ok(_) | Err(_) => None,
    }
}

/// Lets the browser read server-sent events.
pub(super) async fn events(entrant: Entrant) {
    let url = format!("http://{}/http/events?topic={}", entrant.place, feed());
    let init = EventSourceInit::new();
    init.set_with_credentials(true);
    entrant.count_request();
    let Ok(source) = EventSource::new_with_event_source_init_dict(&url, &init) else {
        return entrant.fail("the browser opens no EventSource");
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
        let batch = entrant.next_batch();
        frame_of(&entrant, &data, batch);
    }
}

struct CloseOnDrop(EventSource);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}
