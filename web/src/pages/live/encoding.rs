//! Encodes what is captured with WebCodecs: pictures one by one, and sound.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use trunkline_protocol::topics::live::{LiveEvent, LiveForm, LiveKind};
use trunkline_protocol::{List, Text};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MediaStreamTrack, ReadableStreamDefaultReader};

use super::server_clock::ServerClock;
use super::transmitter::Transmitter;
use crate::browser::clock;
use crate::browser::codecs::{
    AudioData, EncodedChunk, VideoFrame, Working, can_encode, object, read_track,
};
use crate::realtime::Task;

/// A run is this long, in microseconds: who comes late waits as long at most, and a picture that needs
/// no other is large.
const RUN_US: f64 = 2_000_000.0;

/// The codecs that are tried, the best first. All of them are free to use.
const VIDEO_CODECS: [&str; 2] = ["vp09.00.31.08", "vp8"];

/// The codec of sound.
const AUDIO_CODEC: &str = "opus";

/// Bits per second of sound.
const AUDIO_BITRATE: u32 = 64_000;

/// More pictures than this do not wait for the encoder.
const WAITING_MAX: u32 = 2;

/// What is encoded, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    pub(super) video: String,
    pub(super) audio: String,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Encoders at work, until they are dropped.
pub(super) struct Encoding {
    _tasks: Vec<Task>,
}

fn video_config(codec: &str, (width, height): (u32, u32), bitrate: u32) -> JsValue {
    object(&[
        ("codec", codec.into()),
        ("width", width.into()),
        ("height", height.into()),
        ("bitrate", bitrate.into()),
        ("framerate", 30.into()),
        ("latencyMode", "realtime".into()),
    ])
}

/// The codec that this browser encodes pictures of this size with, if there is one.
pub(super) async fn video_codec(size: (u32, u32)) -> Option<&'static str> {
    for codec in VIDEO_CODECS {
        if can_encode(false, &video_config(codec, size, 1_000_000)).await {
            return Some(codec);
        }
    }
    None
}

/// What the encoders share.
struct Desk {
    transmitter: Transmitter,
    clock: ServerClock,
    shape: RefCell<Shape>,
    sound: Cell<(u32, u8)>,
    /// The time of the first picture or sound of the run, as the capture counts.
    began: Cell<Option<f64>>,
    /// What to add to the capture's time to have this page's.
    offset: Cell<Option<f64>>,
    on_shape: Box<dyn Fn(Shape)>,
}

impl Desk {
    fn note_time(&self, timestamp: f64) {
        // What came quickest says best when it was captured.
        let offset = clock::now_us() as f64 - timestamp;
        let known = self.offset.get().unwrap_or(f64::INFINITY);
        self.offset.set(Some(known.min(offset)));
    }

    fn begin_run(&self, timestamp: f64) {
        self.began.set(Some(timestamp));
        let here = timestamp + self.offset.get().unwrap_or_default();
        let began_us = self
            .clock
            .there_us(here.max(0.0) as u64)
            .unwrap_or_default();
        let shape = self.shape.borrow().clone();
        let (rate, channels) = self.sound.get();
        self.transmitter.begin_run(|run| LiveEvent::Run {
            run,
            form: LiveForm::Frames,
            video: Text::cut(&shape.video),
            audio: Text::cut(&shape.audio),
            width: u16::try_from(shape.width).unwrap_or(u16::MAX),
            height: u16::try_from(shape.height).unwrap_or(u16::MAX),
            rate,
            channels,
            init: List::default(),
            began_us,
        });
    }

    fn send(&self, kind: LiveKind, chunk: &EncodedChunk) {
        let (Some(began), Some(bytes)) = (self.began.get(), chunk.bytes()) else {
            return;
        };
        let at_us = (chunk.timestamp() - began).max(0.0) as u32;
        self.transmitter.send(kind, at_us, &bytes);
    }
}

impl Encoding {
    /// Begins to encode. `on_shape` is told what is encoded whenever that changes, `on_end` that the
    /// source has ended or an encoder has failed.
    pub(super) fn start(
        (video, audio): (Option<MediaStreamTrack>, Option<MediaStreamTrack>),
        codec: &'static str,
        transmitter: Transmitter,
        clock: ServerClock,
        on_shape: impl Fn(Shape) + 'static,
        on_end: impl Fn() + Clone + 'static,
    ) -> Option<Self> {
        let desk = Rc::new(Desk {
            transmitter,
            clock,
            shape: RefCell::default(),
            sound: Cell::new((0, 0)),
            began: Cell::new(None),
            offset: Cell::new(None),
            on_shape: Box::new(on_shape),
        });
        let mut tasks = Vec::new();
        let has_video = video.is_some();
        if let Some(track) = video {
            let reader = reader(&track)?;
            let (desk, on_end) = (Rc::clone(&desk), on_end.clone());
            tasks.push(Task::spawn(async move {
                encode_video(reader, codec, desk).await;
                on_end();
            }));
        }
        // Sound is left out where it cannot be encoded.
        if let Some(reader) = audio.as_ref().and_then(reader) {
            tasks.push(Task::spawn(async move {
                encode_audio(reader, desk, has_video).await;
                if !has_video {
                    on_end();
                }
            }));
        }
        (!tasks.is_empty()).then_some(Self { _tasks: tasks })
    }
}

fn reader(track: &MediaStreamTrack) -> Option<ReadableStreamDefaultReader> {
    read_track(track)?.get_reader().dyn_into().ok()
}

/// What comes next; nothing if the source has ended.
async fn next(reader: &ReadableStreamDefaultReader) -> Option<JsValue> {
    let read: Result<JsValue, JsValue> = JsFuture::from(reader.read()).await;
    let read = read.ok()?;
    let value = js_sys::Reflect::get(&read, &"value".into()).ok()?;
    (!value.is_undefined()).then_some(value)
}

async fn encode_video(reader: ReadableStreamDefaultReader, codec: &'static str, desk: Rc<Desk>) {
    let failed = Rc::new(Cell::new(false));
    let output = {
        let desk = Rc::clone(&desk);
        move |chunk: EncodedChunk| {
            if chunk.is_key() {
                desk.begin_run(chunk.timestamp());
                desk.send(LiveKind::Key, &chunk);
            } else {
                desk.send(LiveKind::Delta, &chunk);
            }
        }
    };
    let fail = {
        let failed = Rc::clone(&failed);
        move || failed.set(true)
    };
    let Ok(encoder) = Working::encoder(false, output, fail) else {
        return;
    };
    let mut set = None;
    let mut key_at = f64::NEG_INFINITY;
    while let Some(frame) = next(&reader).await {
        let frame: VideoFrame = frame.unchecked_into();
        let timestamp = frame.timestamp();
        desk.note_time(timestamp);
        let orders = desk.transmitter.orders();
        // Sizes of pictures are even for these codecs.
        let size = (frame.display_width() & !1, frame.display_height() & !1);
        if set != Some((size, orders.bitrate)) {
            if encoder
                .configure(&video_config(codec, size, orders.bitrate))
                .is_err()
            {
                frame.close();
                return;
            }
            if set.is_none_or(|(before, _)| before != size) {
                key_at = f64::NEG_INFINITY;
                let mut shape = desk.shape.borrow_mut();
                (shape.width, shape.height) = size;
                codec.clone_into(&mut shape.video);
                (desk.on_shape)(shape.clone());
            }
            set = Some((size, orders.bitrate));
        }
        if !orders.pause && encoder.waiting() <= WAITING_MAX {
            let key = orders.key || timestamp - key_at >= RUN_US;
            if key {
                key_at = timestamp;
            }
            if encoder.encode_frame(&frame, key).is_err() {
                failed.set(true);
            }
        }
        frame.close();
        if failed.get() {
            return;
        }
    }
}

async fn encode_audio(reader: ReadableStreamDefaultReader, desk: Rc<Desk>, has_video: bool) {
    let run_at = Rc::new(Cell::new(f64::NEG_INFINITY));
    let output = {
        let (desk, run_at) = (Rc::clone(&desk), Rc::clone(&run_at));
        move |chunk: EncodedChunk| {
            // Without pictures, any piece of sound can begin a run.
            let is_due =
                chunk.timestamp() - run_at.get() >= RUN_US || desk.transmitter.orders().key;
            if !has_video && is_due {
                run_at.set(chunk.timestamp());
                desk.begin_run(chunk.timestamp());
            }
            desk.send(LiveKind::Audio, &chunk);
        }
    };
    let mut encoder = None;
    while let Some(data) = next(&reader).await {
        let data: AudioData = data.unchecked_into();
        desk.note_time(data.timestamp());
        if encoder.is_none() {
            let (rate, channels) = (data.sample_rate() as u32, data.number_of_channels());
            let config = object(&[
                ("codec", AUDIO_CODEC.into()),
                ("sampleRate", rate.into()),
                ("numberOfChannels", channels.into()),
                ("bitrate", AUDIO_BITRATE.into()),
            ]);
            let made = can_encode(true, &config).await.then(|| {
                let encoder = Working::encoder(true, output.clone(), || ()).ok()?;
                encoder.configure(&config).ok()?;
                Some(encoder)
            });
            let Some(made) = made.flatten() else {
                data.close();
                return;
            };
            encoder = Some(made);
            desk.sound.set((rate, u8::try_from(channels).unwrap_or(2)));
            AUDIO_CODEC.clone_into(&mut desk.shape.borrow_mut().audio);
            (desk.on_shape)(desk.shape.borrow().clone());
        }
        if let Some(encoder) = &encoder {
            // One that has failed says so only here; pictures go on without it.
            let fails = encoder.encode_sound(&data).is_err();
            data.close();
            if fails {
                return;
            }
        }
    }
}
