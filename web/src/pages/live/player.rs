//! Shows a broadcast: decoders for frames, the browser's own player for a container.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Float32Array;
use leptos::prelude::request_animation_frame;
use trunkline_protocol::topics::live::{LiveEvent, LiveForm, LiveKind};
use trunkline_web_model::live::{Assembly, Chunk, Meter, Taken};
use wasm_bindgen::JsCast;
use web_sys::{AudioContext, CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement};

use super::container::Container;
use super::server_clock::ServerClock;
use crate::browser::clock;
use crate::browser::codecs::{AudioData, VideoFrame, Working, can_decode, object};

/// Sound is played so much after it came, in seconds: what comes unevenly has no holes then.
const SOUND_DELAY: f64 = 0.06;

/// More of it than this does not wait: it would be too late.
const SOUND_MAX: f64 = 0.35;

/// More chunks than this do not wait for a decoder: the next run is waited for.
const UNDECODED_MAX: u32 = 90;

/// What a player says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Playing {
    /// Nothing has come yet.
    Waiting,
    /// Pictures or sound come.
    Here,
    /// This browser has no such codec.
    NoCodec(String),
    /// It is over.
    Ended,
}

/// What all parts of a player share.
struct Screen {
    canvas: HtmlCanvasElement,
    clock: ServerClock,
    meter: RefCell<Meter>,
    /// The newest picture, until the next frame of the screen.
    next: RefCell<Option<VideoFrame>>,
    is_due: Cell<bool>,
    began_us: Cell<u64>,
    shape: RefCell<Shape>,
    hidden: Cell<bool>,
    paused: Rc<Cell<bool>>,
}

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// How it is encoded.
    pub(super) codec: String,
    /// In which form it comes.
    pub(super) form: Option<LiveForm>,
    /// How large it is, in pixels.
    pub(super) size: (u32, u32),
}

impl Screen {
    /// Shows a picture with the next frame of the screen, unless a newer one comes first.
    fn show(self: &Rc<Self>, frame: VideoFrame) {
        if self.hidden.get() || self.paused.get() {
            frame.close();
            return;
        }
        if let Some(before) = self.next.replace(Some(frame)) {
            before.close();
            self.meter.borrow_mut().note_dropped();
        }
        if !self.is_due.replace(true) {
            let this = Rc::clone(self);
            request_animation_frame(move || this.draw());
        }
    }

    fn draw(&self) {
        self.is_due.set(false);
        let Some(frame) = self.next.take() else {
            return;
        };
        let size = (frame.display_width(), frame.display_height());
        if (self.canvas.width(), self.canvas.height()) != size {
            self.canvas.set_width(size.0);
            self.canvas.set_height(size.1);
        }
        self.shape.borrow_mut().size = size;
        let context = self.canvas.get_context("2d").ok().flatten();
        let context = context.and_then(|it| it.dyn_into::<CanvasRenderingContext2d>().ok());
        if let Some(context) = context {
            // The method takes any picture; `web-sys` has no name for this one without its flag.
            let picture: &web_sys::HtmlVideoElement = frame.unchecked_ref();
            // A picture that cannot be drawn is as good as none.
            let _ = context.draw_image_with_html_video_element(picture, 0.0, 0.0);
        }
        let captured = self.began_us.get() as f64 + frame.timestamp();
        frame.close();
        let here = clock::now_us();
        let latency = self
            .clock
            .there_us(here)
            .filter(|_| self.began_us.get() > 0);
        let latency = latency.map(|there| ((there as f64 - captured) / 1000.0).max(0.0) as u32);
        self.meter.borrow_mut().note_shown(here / 1000, latency);
    }
}

/// Sound, once it was asked for.
#[derive(Default)]
struct Speaker {
    context: Option<AudioContext>,
    until: f64,
}

impl Speaker {
    fn play(&mut self, data: &AudioData) -> Option<()> {
        let context = self.context.as_ref()?;
        let (frames, channels) = (data.number_of_frames(), data.number_of_channels());
        let buffer = context
            .create_buffer(channels, frames, data.sample_rate())
            .ok()?;
        for channel in 0..channels {
            let samples = Float32Array::new_with_length(frames);
            let options = object(&[
                ("planeIndex", channel.into()),
                ("format", "f32-planar".into()),
            ]);
            data.copy_to(&samples, &options).ok()?;
            buffer
                .copy_to_channel_with_f32_array(&samples, channel as i32)
                .ok()?;
        }
        let now = context.current_time();
        if self.until > now + SOUND_MAX {
            return None;
        }
        let at = self.until.max(now + SOUND_DELAY);
        let source = context.create_buffer_source().ok()?;
        source.set_buffer(Some(&buffer));
        source
            .connect_with_audio_node(&context.destination())
            .ok()?;
        source.start_with_when(at).ok()?;
        self.until = at + buffer.duration();
        Some(())
    }
}

/// The decoders of a run.
#[derive(Default)]
struct Decoders {
    video: Option<Working>,
    audio: Option<Working>,
    /// What they are set up for.
    config: Option<(String, String, u32, u8)>,
}

/// A player of one room.
pub(super) struct Player {
    screen: Rc<Screen>,
    speaker: Rc<RefCell<Speaker>>,
    assembly: Assembly,
    decoders: Decoders,
    container: Option<Container>,
    video: HtmlVideoElement,
    failed: Rc<Cell<bool>>,
}

/// What a page reaches a player by.
#[derive(Clone)]
pub(super) struct Remote {
    screen: Rc<Screen>,
    speaker: Rc<RefCell<Speaker>>,
    video: HtmlVideoElement,
}

impl Player {
    /// A player on these elements: pictures are drawn on the canvas, containers are played by the other.
    pub(super) fn new(
        canvas: HtmlCanvasElement,
        video: HtmlVideoElement,
        clock: ServerClock,
    ) -> Self {
        Self {
            screen: Rc::new(Screen {
                canvas,
                clock,
                meter: RefCell::default(),
                next: RefCell::new(None),
                is_due: Cell::new(false),
                began_us: Cell::new(0),
                shape: RefCell::default(),
                hidden: Cell::new(false),
                paused: Rc::default(),
            }),
            speaker: Rc::default(),
            assembly: Assembly::default(),
            decoders: Decoders::default(),
            container: None,
            video,
            failed: Rc::default(),
        }
    }

    /// Takes what came, and says what is to be seen now, if that has changed.
    pub(super) async fn take(&mut self, event: &LiveEvent) -> Option<Playing> {
        let now_ms = clock::now_ms();
        if let LiveEvent::Part { bytes, .. } = event {
            self.screen
                .meter
                .borrow_mut()
                .note_bytes(now_ms, bytes.len());
        }
        match self.assembly.take(event) {
            Taken::Run => self.begin_run(event).await,
            Taken::Chunk(chunk) => {
                self.play(&chunk);
                None
            }
            Taken::Part | Taken::Useless => None,
            Taken::Ended => {
                self.decoders = Decoders::default();
                if let Some(container) = &self.container {
                    container.end();
                }
                Some(Playing::Ended)
            }
        }
    }

    async fn begin_run(&mut self, event: &LiveEvent) -> Option<Playing> {
        let LiveEvent::Run {
            form,
            video,
            audio,
            width,
            height,
            rate,
            channels,
            began_us,
            ..
        } = event
        else {
            return None;
        };
        self.screen.began_us.set(*began_us);
        let codec = match audio.as_str() {
            "" => video.to_string(),
            sound if video.as_str().is_empty() => sound.to_owned(),
            sound => format!("{video}, {sound}"),
        };
        *self.screen.shape.borrow_mut() = Shape {
            codec: codec.clone(),
            form: Some(*form),
            size: (u32::from(*width), u32::from(*height)),
        };
        let ready = match form {
            LiveForm::Container => self.begin_container(video.as_str()),
            LiveForm::Frames => {
                let config = (video.to_string(), audio.to_string(), *rate, *channels);
                self.begin_frames(config).await
            }
        };
        Some(if ready {
            Playing::Here
        } else {
            self.assembly.skip();
            Playing::NoCodec(codec)
        })
    }

    fn begin_container(&mut self, mime: &str) -> bool {
        if self
            .container
            .as_ref()
            .is_none_or(|container| container.mime() != mime)
        {
            let paused = Rc::clone(&self.screen.paused);
            self.container = Container::open(&self.video, mime, paused);
        }
        if let Some(container) = &self.container {
            container.begin_file();
        }
        self.container.is_some()
    }

    async fn begin_frames(&mut self, config: (String, String, u32, u8)) -> bool {
        if self.decoders.config.as_ref() == Some(&config) && !self.failed.replace(false) {
            return true;
        }
        let (video, audio, rate, channels) = &config;
        self.decoders = Decoders::default();
        if !video.is_empty() {
            let wanted = object(&[("codec", video.into()), ("optimizeForLatency", true.into())]);
            if !can_decode(false, &wanted).await {
                return false;
            }
            let (screen, failed) = (Rc::clone(&self.screen), Rc::clone(&self.failed));
            let decoder =
                Working::video_decoder(move |frame| screen.show(frame), move || failed.set(true));
            let Ok(decoder) = decoder else { return false };
            if decoder.configure(&wanted).is_err() {
                return false;
            }
            self.decoders.video = Some(decoder);
        }
        if !audio.is_empty() {
            let wanted = object(&[
                ("codec", audio.into()),
                ("sampleRate", (*rate).into()),
                ("numberOfChannels", (*channels).into()),
            ]);
            // Pictures without sound are better than nothing.
            if can_decode(true, &wanted).await {
                let (speaker, paused) = (Rc::clone(&self.speaker), Rc::clone(&self.screen.paused));
                let decoder = Working::audio_decoder(
                    move |data| {
                        if !paused.get() {
                            speaker.borrow_mut().play(&data);
                        }
                        data.close();
                    },
                    || (),
                );
                self.decoders.audio = decoder.ok().filter(|it| it.configure(&wanted).is_ok());
            }
        }
        let any = self.decoders.video.is_some() || self.decoders.audio.is_some();
        self.decoders.config = Some(config);
        any
    }

    fn play(&mut self, chunk: &Chunk) {
        let at_us = f64::from(chunk.at_us);
        match chunk.kind {
            LiveKind::Container => {
                if let Some(container) = &self.container {
                    container.append(&chunk.bytes);
                    self.note_container(chunk.at_us);
                }
            }
            LiveKind::Audio => {
                if let Some(decoder) = &self.decoders.audio {
                    // Sound that cannot be decoded is not heard.
                    let _ = decoder.decode(true, true, at_us, &chunk.bytes);
                }
            }
            LiveKind::Key | LiveKind::Delta => {
                let Some(decoder) = &self.decoders.video else {
                    return;
                };
                let key = chunk.kind == LiveKind::Key;
                let is_behind = decoder.undecoded() > UNDECODED_MAX && !key;
                if is_behind || decoder.decode(false, key, at_us, &chunk.bytes).is_err() {
                    self.screen.meter.borrow_mut().note_undecoded();
                    self.assembly.skip();
                }
            }
        }
    }

    /// Of a container, it is known when a piece was made, and how much waits to be shown.
    fn note_container(&self, at_us: u32) {
        let here = clock::now_us();
        let began = self.screen.began_us.get();
        let arrived = self.screen.clock.there_us(here).filter(|_| began > 0);
        let late = arrived.map(|there| there.saturating_sub(began + u64::from(at_us)) / 1000);
        let ahead = self.container.as_ref().map_or(0.0, Container::ahead_ms);
        let latency = late.map(|late| u32::try_from(late).unwrap_or(u32::MAX) + ahead as u32);
        self.screen
            .meter
            .borrow_mut()
            .note_shown(here / 1000, latency);
    }

    /// The server left something out.
    pub(super) fn take_gap(&mut self, count: u64) {
        self.screen.meter.borrow_mut().note_skipped(count);
        self.assembly.skip();
    }

    /// What a page reaches it by.
    pub(super) fn remote(&self) -> Remote {
        Remote {
            screen: Rc::clone(&self.screen),
            speaker: Rc::clone(&self.speaker),
            video: self.video.clone(),
        }
    }
}

impl Remote {
    /// Whether the page is hidden. When it is shown again, the newest picture is shown first.
    pub(super) fn set_hidden(&self, hidden: bool) {
        self.screen.hidden.set(hidden);
    }

    /// Whether the picture stands still. It goes on with the newest one, not with the next.
    pub(super) fn set_paused(&self, paused: bool) {
        self.screen.paused.set(paused);
        if paused {
            // There may be nothing that plays.
            let _ = self.video.pause();
        }
    }

    /// Sound is wanted, or no longer. A browser lets it be heard only after a click.
    pub(super) fn set_sound(&self, sound: bool) {
        let mut speaker = self.speaker.borrow_mut();
        self.video.set_muted(!sound);
        match (sound, speaker.context.take()) {
            (true, context) => speaker.context = context.or_else(|| AudioContext::new().ok()),
            (false, Some(context)) => drop(context.close()),
            (false, None) => {}
        }
        speaker.until = 0.0;
    }

    /// The figures.
    pub(super) fn with_meter<R>(&self, read: impl FnOnce(&mut Meter) -> R) -> R {
        read(&mut self.screen.meter.borrow_mut())
    }

    /// What is shown.
    pub(super) fn shape(&self) -> Shape {
        self.screen.shape.borrow().clone()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.remote().set_sound(false);
        if let Some(frame) = self.screen.next.take() {
            frame.close();
        }
    }
}
