//! Encodes what is captured with MediaRecorder, where there is no WebCodecs: pieces of a file.
//!
//! A file can be read from its beginning only, so that a run is a file of its own: the recorder is
//! stopped and started every few seconds.

use futures_channel::mpsc;
use futures_util::StreamExt;
use js_sys::Uint8Array;
use trunkline_protocol::topics::live::{LiveEvent, LiveForm, LiveKind};
use trunkline_protocol::{List, Text};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobEvent, MediaRecorder, MediaRecorderOptions, MediaStream};

use super::server_clock::ServerClock;
use super::transmitter::Transmitter;
use crate::browser::{clock, codecs};
use crate::realtime::Task;

/// How long a run is, in milliseconds.
const RUN_MS: u64 = 3_000;

/// How long a piece is, in milliseconds.
const PIECE_MS: i32 = 200;

/// The types of files that are tried.
const TYPES: [&str; 4] = [
    "video/webm;codecs=vp8,opus",
    "video/webm;codecs=vp8",
    "video/mp4",
    "audio/webm;codecs=opus",
];

/// The type of file that this browser records these tracks as, if there is one.
pub(super) fn recorded_type(has_video: bool, has_audio: bool) -> Option<&'static str> {
    if !codecs::exists("MediaRecorder") {
        return None;
    }
    let fits = |it: &&&str| {
        let (video, audio) = (
            it.starts_with("video"),
            it.contains("opus") || it.ends_with("mp4"),
        );
        video == has_video && (audio == has_audio || it.ends_with("mp4"))
    };
    TYPES
        .iter()
        .filter(fits)
        .find(|it| MediaRecorder::is_type_supported(it))
        .copied()
}

/// A recorder at work, until it is dropped.
pub(super) struct Recording {
    _task: Task,
}

/// What a recorder says.
enum Said {
    Piece(Blob),
    Stopped,
}

impl Recording {
    /// Begins to record. `on_end` is told that the source has ended.
    pub(super) fn start(
        stream: MediaStream,
        mime: &'static str,
        size: (u16, u16),
        transmitter: Transmitter,
        clock: ServerClock,
        on_end: impl Fn() + 'static,
    ) -> Self {
        let task = Task::spawn(async move {
            while stream.active() {
                if record_run(&stream, mime, size, &transmitter, clock)
                    .await
                    .is_err()
                {
                    break;
                }
            }
            on_end();
        });
        Self { _task: task }
    }
}

/// Stops a recorder when it is dropped.
struct Running(MediaRecorder);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.set_ondataavailable(None);
        self.0.set_onstop(None);
        // One that has stopped is stopped.
        let _ = self.0.stop();
    }
}

async fn record_run(
    stream: &MediaStream,
    mime: &str,
    (width, height): (u16, u16),
    transmitter: &Transmitter,
    clock: ServerClock,
) -> Result<(), JsValue> {
    let orders = transmitter.orders();
    let options = MediaRecorderOptions::new();
    options.set_mime_type(mime);
    options.set_bits_per_second(orders.bitrate);
    let recorder =
        MediaRecorder::new_with_media_stream_and_media_recorder_options(stream, &options)?;
    let (sender, mut said) = mpsc::unbounded();
    let on_piece = {
        let sender = sender.clone();
        Closure::<dyn FnMut(BlobEvent)>::new(move |event: BlobEvent| {
            if let Some(piece) = event.data() {
                // The run may be over.
                let _ = sender.unbounded_send(Said::Piece(piece));
            }
        })
    };
    let on_stop = Closure::<dyn FnMut()>::new(move || {
        let _ = sender.unbounded_send(Said::Stopped);
    });
    recorder.set_ondataavailable(Some(on_piece.as_ref().unchecked_ref()));
    recorder.set_onstop(Some(on_stop.as_ref().unchecked_ref()));
    recorder.start_with_time_slice(PIECE_MS)?;
    let recorder = Running(recorder);
    let began = clock::now_us();
    let began_us = clock.there_us(began).unwrap_or_default();
    transmitter.begin_run(|run| LiveEvent::Run {
        run,
        form: LiveForm::Container,
        video: Text::cut(mime),
        audio: Text::default(),
        width,
        height,
        rate: 0,
        channels: 0,
        init: List::default(),
        began_us,
    });
    let mut is_stopping = false;
    while let Some(Said::Piece(piece)) = said.next().await {
        let bytes: Result<JsValue, JsValue> = JsFuture::from(piece.array_buffer()).await;
        let bytes = Uint8Array::new(&bytes?).to_vec();
        let at_us = clock::now_us().saturating_sub(began);
        transmitter.send(LiveKind::Container, at_us as u32, &bytes);
        // After something was lost, nothing of this run is any use.
        if !is_stopping && (at_us >= RUN_MS * 1000 || transmitter.orders().key) {
            is_stopping = true;
            recorder.0.stop()?;
        }
    }
    Ok(())
}
