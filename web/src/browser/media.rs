//! Cameras, microphones and screens.

use js_sys::{Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MediaStream, MediaStreamConstraints, MediaStreamTrack};

use super::codecs::object;

/// What is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Camera,
    Screen,
    Microphone,
}

/// Why nothing is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoMedia {
    /// The user, or the browser for them, does not allow it.
    Denied,
    /// There is no such device, or another program has it.
    Missing,
    /// The browser cannot do it here: it is old, or the page did not come over HTTPS.
    Unsupported,
}

/// What is captured until it is dropped.
pub(crate) struct Captured(pub(crate) MediaStream);

impl Captured {
    /// Asks for a source; the browser asks the user.
    pub(crate) async fn ask(source: Source, sound: bool) -> Result<Self, NoMedia> {
        let devices = window().navigator().media_devices();
        // Where the page is not secure, there are no devices at all.
        let devices = devices.ok().filter(|devices| !devices.is_undefined());
        let devices = devices.ok_or(NoMedia::Unsupported)?;
        let asked: Result<Promise<_>, JsValue> = match source {
            Source::Screen => {
                let wanted = object(&[("video", true.into()), ("audio", sound.into())]);
                let display = Reflect::get(&devices, &"getDisplayMedia".into());
                let display = display
                    .ok()
                    .and_then(|it| it.dyn_into::<js_sys::Function>().ok());
                let display = display.ok_or(NoMedia::Unsupported)?;
                display
                    .call1(&devices, &wanted)
                    .map(|promise| promise.unchecked_into())
            }
            Source::Camera | Source::Microphone => {
                let constraints = MediaStreamConstraints::new();
                let size = |ideal: u32| object(&[("ideal", ideal.into())]);
                let video = match source {
                    Source::Microphone => JsValue::FALSE,
                    _ => object(&[
                        ("width", size(1280)),
                        ("height", size(720)),
                        ("frameRate", size(30)),
                    ]),
                };
                constraints.set_video(&video);
                constraints.set_audio(&(sound || source == Source::Microphone).into());
                devices
                    .get_user_media_with_constraints(&constraints)
                    .map(|promise| promise.unchecked_into())
            }
        };
        let stream: Result<JsValue, JsValue> =
            JsFuture::from(asked.map_err(|error| why(&error))?).await;
        let stream = stream.map_err(|error| why(&error))?;
        Ok(Self(stream.unchecked_into()))
    }

    /// The first track of pictures.
    pub(crate) fn video(&self) -> Option<MediaStreamTrack> {
        self.0.get_video_tracks().get(0).dyn_into().ok()
    }

    /// The first track of sound.
    pub(crate) fn audio(&self) -> Option<MediaStreamTrack> {
        self.0.get_audio_tracks().get(0).dyn_into().ok()
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        for track in self.0.get_tracks().iter() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
    }
}

/// What an error of the browser means (Media Capture and Streams, section 10.2).
fn why(error: &JsValue) -> NoMedia {
    let name = Reflect::get(error, &"name".into())
        .ok()
        .and_then(|name| name.as_string());
    match name.as_deref() {
        Some("NotAllowedError" | "SecurityError" | "AbortError") => NoMedia::Denied,
        Some("NotFoundError" | "NotReadableError" | "OverconstrainedError") => NoMedia::Missing,
        _ => NoMedia::Unsupported,
    }
}
