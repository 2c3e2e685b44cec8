//! Dates and times in the reader's own way, by the browser's `Intl`.

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use leptos::prelude::*;
use leptos_i18n::Locale as _;
use trunkline_protocol::Timestamp;
use wasm_bindgen::{JsCast, JsValue};

use crate::i18n::{Locale, use_i18n};

/// The formats of one language. Making them is slow, so they are made once and kept.
struct Formats {
    time: Function,
    seconds: Function,
    day: Function,
    full: Function,
}

/// Formats for the language that is chosen.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    formats: Memo<StoredValue<Formats, LocalStorage>>,
}

/// Formats that follow the choice of language.
pub(crate) fn provide_times() {
    let i18n = use_i18n();
    let formats = Memo::new_with_compare(
        move |_| StoredValue::new_local(Formats::new(i18n.get_locale())),
        |_, _| true,
    );
    provide_context(Times { formats });
}

/// The formats of the app.
pub(crate) fn use_times() -> Times {
    expect_context()
}

impl Times {
    /// `9:41 PM`
    pub(crate) fn time(self, at: Timestamp) -> String {
        self.formats
            .get()
            .with_value(|formats| text(&formats.time, at))
    }

    /// `9:41:07 PM`
    pub(crate) fn seconds(self, at: Timestamp) -> String {
        self.formats
            .get()
            .with_value(|formats| text(&formats.seconds, at))
    }

    /// `Saturday, November 21, 2026`
    pub(crate) fn day(self, at: Timestamp) -> String {
        self.formats
            .get()
            .with_value(|formats| text(&formats.day, at))
    }

    /// Day and time.
    pub(crate) fn full(self, at: Timestamp) -> String {
        self.formats
            .get()
            .with_value(|formats| text(&formats.full, at))
    }
}

/// `2026-11-21T21:41:07.000Z`, for programs.
pub(crate) fn machine(at: Timestamp) -> String {
    date(at).to_iso_string().into()
}

impl Formats {
    fn new(locale: Locale) -> Self {
        let locales = Array::of1(&reader_locale(locale.as_str()).into());
        let time = [("hour", "numeric"), ("minute", "2-digit")];
        let seconds = [
            ("hour", "numeric"),
            ("minute", "2-digit"),
            ("second", "2-digit"),
        ];
        let day = [
            ("weekday", "long"),
            ("year", "numeric"),
            ("month", "long"),
            ("day", "numeric"),
        ];
        let full = [("dateStyle", "full"), ("timeStyle", "medium")];
        Self {
            time: format(&locales, &time),
            seconds: format(&locales, &seconds),
            day: format(&locales, &day),
            full: format(&locales, &full),
        }
    }
}

/// The reader's own variant of `language`, such as `en-GB`, where the browser names one.
fn reader_locale(language: &str) -> String {
    let preferred = window().navigator().languages();
    let own = preferred
        .iter()
        .filter_map(|each| each.as_string())
        .find(|each| each.starts_with(language));
    own.unwrap_or_else(|| language.to_owned())
}

fn format(locales: &Array, choices: &[(&str, &str)]) -> Function {
    let options = Object::new();
    for (name, value) in choices {
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(
            &options,
            &JsValue::from_str(name),
            &JsValue::from_str(value),
        );
    }
    Intl::DateTimeFormat::new(locales, &options).format()
}

fn text(format: &Function, at: Timestamp) -> String {
    let text = format.call1(&JsValue::UNDEFINED, date(at).unchecked_ref());
    text.ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

fn date(at: Timestamp) -> Date {
    Date::new(&(f64::from(at.0) * 1000.0).into())
}
