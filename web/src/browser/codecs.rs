//! WebCodecs: encoders and decoders of pictures and sound, as browsers have them.
//!
//! `web-sys` has them only behind a flag for the whole build, so that what is used is declared here.
//! See <https://www.w3.org/TR/webcodecs/>.

use js_sys::{Object, Promise, Reflect, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MediaStreamTrack, ReadableStream};

#[wasm_bindgen]
extern "C" {
    /// A picture that is not encoded. It holds memory until it is closed.
    pub(crate) type VideoFrame;
    #[wasm_bindgen(constructor, catch)]
    pub(crate) fn new(
        image: &web_sys::HtmlVideoElement,
        init: &JsValue,
    ) -> Result<VideoFrame, JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn timestamp(this: &VideoFrame) -> f64;
    #[wasm_bindgen(method, getter, js_name = displayWidth)]
    pub(crate) fn display_width(this: &VideoFrame) -> u32;
    #[wasm_bindgen(method, getter, js_name = displayHeight)]
    pub(crate) fn display_height(this: &VideoFrame) -> u32;
    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &VideoFrame);

    /// Sound that is not encoded.
    pub(crate) type AudioData;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn timestamp(this: &AudioData) -> f64;
    #[wasm_bindgen(method, getter, js_name = sampleRate)]
    pub(crate) fn sample_rate(this: &AudioData) -> f32;
    #[wasm_bindgen(method, getter, js_name = numberOfFrames)]
    pub(crate) fn number_of_frames(this: &AudioData) -> u32;
    #[wasm_bindgen(method, getter, js_name = numberOfChannels)]
    pub(crate) fn number_of_channels(this: &AudioData) -> u32;
    #[wasm_bindgen(method, catch, js_name = copyTo)]
    pub(crate) fn copy_to(
        this: &AudioData,
        into: &js_sys::Float32Array,
        options: &JsValue,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &AudioData);

    /// A chunk that an encoder made: of pictures or of sound.
    pub(crate) type EncodedChunk;
    #[wasm_bindgen(method, getter, js_name = type)]
    fn kind(this: &EncodedChunk) -> String;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn timestamp(this: &EncodedChunk) -> f64;
    #[wasm_bindgen(method, getter, js_name = byteLength)]
    fn byte_length(this: &EncodedChunk) -> u32;
    #[wasm_bindgen(method, catch, js_name = copyTo)]
    fn copy_to(this: &EncodedChunk, into: &Uint8Array) -> Result<(), JsValue>;

    /// An encoder or a decoder: all four have the same methods, as far as they are used here.
    #[wasm_bindgen(extends = Object)]
    pub(crate) type Coder;
    #[wasm_bindgen(method, catch)]
    fn configure(this: &Coder, config: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn encode(this: &Coder, it: &JsValue, options: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn decode(this: &Coder, chunk: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, getter, js_name = encodeQueueSize)]
    fn encode_queue_size(this: &Coder) -> u32;
    #[wasm_bindgen(method, getter, js_name = decodeQueueSize)]
    fn decode_queue_size(this: &Coder) -> u32;
    #[wasm_bindgen(method, getter)]
    fn state(this: &Coder) -> String;
    #[wasm_bindgen(method, catch)]
    fn close(this: &Coder) -> Result<(), JsValue>;

    type TrackProcessor;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &TrackProcessor) -> ReadableStream;
}

impl EncodedChunk {
    /// Whether it needs no other.
    pub(crate) fn is_key(&self) -> bool {
        self.kind() == "key"
    }

    /// What it says.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        let into = Uint8Array::new_with_length(self.byte_length());
        self.copy_to(&into).ok()?;
        Some(into.to_vec())
    }
}

/// Names of the things that a browser may lack.
const VIDEO_ENCODER: &str = "VideoEncoder";
const VIDEO_DECODER: &str = "VideoDecoder";
const AUDIO_ENCODER: &str = "AudioEncoder";
const AUDIO_DECODER: &str = "AudioDecoder";
const TRACK_PROCESSOR: &str = "MediaStreamTrackProcessor";

/// Tells whether the browser has a class of this name.
pub(crate) fn exists(name: &str) -> bool {
    class(name).is_some()
}

fn class(name: &str) -> Option<js_sys::Function> {
    Reflect::get(&window(), &name.into()).ok()?.dyn_into().ok()
}

/// An object with these properties; those that are undefined are left out.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        if !value.is_undefined() {
            // Nothing forbids a property of a new object.
            let _ = Reflect::set(&object, &(*name).into(), value);
        }
    }
    object.into()
}

fn construct(name: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let class = class(name).ok_or_else(|| JsValue::from_str(name))?;
    Reflect::construct(&class, &js_sys::Array::of1(argument))
}

/// Whether the browser can do this: a class and its configuration.
async fn supports(name: &str, config: &JsValue) -> bool {
    let asked = || {
        let class = class(name)?;
        let ask = Reflect::get(&class, &"isConfigSupported".into()).ok()?;
        let ask: js_sys::Function = ask.dyn_into().ok()?;
        let promise: Promise = ask.call1(&class, config).ok()?.dyn_into().ok()?;
        Some(promise)
    };
    let Some(promise) = asked() else {
        return false;
    };
    let told: Result<JsValue, JsValue> = JsFuture::from(promise).await;
    let told = told.and_then(|told| Reflect::get(&told, &"supported".into()));
    told.is_ok_and(|supported| supported.is_truthy())
}

/// Whether the browser can encode so.
pub(crate) async fn can_encode(sound: bool, config: &JsValue) -> bool {
    supports(if sound { AUDIO_ENCODER } else { VIDEO_ENCODER }, config).await
}

/// Whether the browser can decode so.
pub(crate) async fn can_decode(sound: bool, config: &JsValue) -> bool {
    supports(if sound { AUDIO_DECODER } else { VIDEO_DECODER }, config).await
}

/// An encoder or a decoder at work. It ends when it is dropped.
pub(crate) struct Working {
    coder: Coder,
    _output: Closure<dyn FnMut(JsValue)>,
    _error: Closure<dyn FnMut(JsValue)>,
}

impl Working {
    fn start(
        name: &str,
        output: impl FnMut(JsValue) + 'static,
        error: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        let output = Closure::<dyn FnMut(JsValue)>::new(output);
        let mut error = error;
        let error = Closure::<dyn FnMut(JsValue)>::new(move |_| error());
        let init = object(&[
            ("output", output.as_ref().clone()),
            ("error", error.as_ref().clone()),
        ]);
        Ok(Self {
            coder: construct(name, &init)?.unchecked_into(),
            _output: output,
            _error: error,
        })
    }

    /// An encoder, which hands out what it has made.
    pub(crate) fn encoder(
        sound: bool,
        mut output: impl FnMut(EncodedChunk) + 'static,
        error: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        let name = if sound { AUDIO_ENCODER } else { VIDEO_ENCODER };
        Self::start(name, move |chunk| output(chunk.unchecked_into()), error)
    }

    /// A decoder of pictures.
    pub(crate) fn video_decoder(
        mut output: impl FnMut(VideoFrame) + 'static,
        error: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        Self::start(
            VIDEO_DECODER,
            move |frame| output(frame.unchecked_into()),
            error,
        )
    }

    /// A decoder of sound.
    pub(crate) fn audio_decoder(
        mut output: impl FnMut(AudioData) + 'static,
        error: impl FnMut() + 'static,
    ) -> Result<Self, JsValue> {
        Self::start(
            AUDIO_DECODER,
            move |data| output(data.unchecked_into()),
            error,
        )
    }

    /// Sets it up, or sets it up anew.
    pub(crate) fn configure(&self, config: &JsValue) -> Result<(), JsValue> {
        self.coder.configure(config)
    }

    /// Encodes a picture, as one that needs no other if that is asked for.
    pub(crate) fn encode_frame(&self, frame: &VideoFrame, key: bool) -> Result<(), JsValue> {
        let options = object(&[("keyFrame", key.into())]);
        self.coder.encode(frame.as_ref(), &options)
    }

    /// Encodes some sound.
    pub(crate) fn encode_sound(&self, data: &AudioData) -> Result<(), JsValue> {
        self.coder.encode(data.as_ref(), &JsValue::UNDEFINED)
    }

    /// Decodes a chunk, whose time is in microseconds.
    pub(crate) fn decode(
        &self,
        sound: bool,
        key: bool,
        at_us: f64,
        bytes: &[u8],
    ) -> Result<(), JsValue> {
        let name = if sound {
            "EncodedAudioChunk"
        } else {
            "EncodedVideoChunk"
        };
        let init = object(&[
            ("type", if key { "key" } else { "delta" }.into()),
            ("timestamp", at_us.into()),
            ("data", Uint8Array::from(bytes).into()),
        ]);
        self.coder.decode(&construct(name, &init)?)
    }

    /// How many pictures wait to be encoded.
    pub(crate) fn waiting(&self) -> u32 {
        self.coder.encode_queue_size()
    }

    /// How many chunks wait to be decoded.
    pub(crate) fn undecoded(&self) -> u32 {
        self.coder.decode_queue_size()
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.coder.state() != "closed" {
            // One that has failed has ended already.
            let _ = self.coder.close();
        }
    }
}

/// What a track gives, as a stream of frames or of sound, where the browser has it.
pub(crate) fn read_track(track: &MediaStreamTrack) -> Option<ReadableStream> {
    let init = object(&[("track", track.into())]);
    let processor: TrackProcessor = construct(TRACK_PROCESSOR, &init).ok()?.unchecked_into();
    Some(processor.readable())
}
