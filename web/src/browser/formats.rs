//! Dates and times in the reader's own way, by the browser's `Intl`.
//!
//! Browsers name languages that their own `Intl` refuses, such as `en-US@posix`. The next best one is
//! taken then, and at last the form for programs.

use js_sys::{Array, Date, Function, Object, Reflect};
use leptos::prelude::*;
use leptos_i18n::Locale as _;
use trunkline_protocol::Timestamp;
use wasm_bindgen::{JsCast, JsValue};

use crate::i18n::{Locale, use_i18n};

/// The formats of one language. Making them is slow, so they are made once and kept. None where the
/// browser makes no such format.
struct Formats {
    time: Option<Function>,
    seconds: Option<Function>,
    day: Option<Function>,
    full: Option<Function>,
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
            .with_value(|formats| text(formats.time.as_ref(), at))
    }

    /// `9:41:07 PM`
    pub(crate) fn seconds(self, at: Timestamp) -> String {
        self.formats
            .get()
            .with_value(|formats| text(formats.seconds.as_ref(), at))
    }

    /// `Saturday, November 21, 2026`
    pub(crate) fn day(self, at: Timestamp) -> String {
        self.formats
            .get()
            .with_value(|formats| text(formats.day.as_ref(), at))
    }

    /// Day and time.
    pub(crate) fn full(self, at: Timestamp) -> String {
        self.formats
            .get()
            .with_value(|formats| text(formats.full.as_ref(), at))
    }
}

/// `2026-11-21T21:41:07.000Z`, for programs.
pub(crate) fn machine(at: Timestamp) -> String {
    date(at).to_iso_string().into()
}

impl Formats {
    fn new(locale: Locale) -> Self {
        let locales = reader_locales(locale.as_str());
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

/// The reader's own variants of `language`, such as `en-GB`, in their order, then `language` itself.
fn reader_locales(language: &str) -> Vec<String> {
    let preferred = Reflect::get(&window().navigator(), &"languages".into());
    let preferred = preferred.ok().and_then(|it| it.dyn_into::<Array>().ok());
    let own = preferred.iter().flat_map(Array::iter);
    let own = own.filter_map(|each| each.as_string());
    let mut locales: Vec<_> = own.filter(|each| each.starts_with(language)).collect();
    locales.push(language.to_owned());
    locales
}

/// The mark before decimals in the reader's first language; a point if the browser does not say.
pub(crate) fn decimal_mark() -> char {
    let written = || {
        let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).ok();
        let class = get(&get(&window(), "Intl")?, "NumberFormat")?;
        let class: Function = class.dyn_into().ok()?;
        let language = get(&window().navigator(), "language")?;
        let format = Reflect::construct(&class, &Array::of1(&language)).ok()?;
        let format: Function = get(&format, "format")?.dyn_into().ok()?;
        let text = format.call1(&JsValue::UNDEFINED, &1.5.into()).ok()?;
        text.as_string()
    };
    let text = written().unwrap_or_default();
    let mark = text.chars().find(|it| matches!(it, '.' | ','));
    mark.unwrap_or('.')
}

/// The function of the first language that the browser takes.
fn format(locales: &[String], choices: &[(&str, &str)]) -> Option<Function> {
    let options = Object::new();
    for (name, value) in choices {
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(
            &options,
            &JsValue::from_str(name),
            &JsValue::from_str(value),
        );
    }
    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).ok();
    let class = get(&get(&window(), "Intl")?, "DateTimeFormat")?;
    let class: Function = class.dyn_into().ok()?;
    let made = locales.iter().find_map(|locale| {
        let arguments = Array::of2(&JsValue::from_str(locale), &options);
        Reflect::construct(&class, &arguments).ok()
    });
    get(&made?, "format")?.dyn_into().ok()
}

fn text(format: Option<&Function>, at: Timestamp) -> String {
    let text = format.and_then(|format| format.call1(&JsValue::UNDEFINED, &date(at)).ok());
    text.and_then(|text| text.as_string())
        .unwrap_or_else(|| machine(at))
}

fn date(at: Timestamp) -> Date {
    Date::new(&(f64::from(at.0) * 1000.0).into())
}
