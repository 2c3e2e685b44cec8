//! Words and figures of broadcasts.

use leptos_i18n::I18nContext;
use trunkline_protocol::topics::live::{LiveForm, LiveSource};

use crate::browser::media::NoMedia;
use crate::i18n::{Locale, t_string};

/// Why nothing is captured.
pub(super) fn no_media(i18n: I18nContext<Locale>, why: NoMedia) -> &'static str {
    match why {
        NoMedia::Denied => t_string!(i18n, live.denied),
        NoMedia::Missing => t_string!(i18n, live.missing),
        NoMedia::Unsupported => t_string!(i18n, live.unsupported),
    }
}

/// What is broadcast.
pub(super) fn source(i18n: I18nContext<Locale>, source: LiveSource) -> &'static str {
    match source {
        LiveSource::Camera => t_string!(i18n, live.source.camera),
        LiveSource::Screen => t_string!(i18n, live.source.screen),
        LiveSource::Microphone => t_string!(i18n, live.source.microphone),
    }
}

/// By which way a browser plays it.
pub(super) fn form(form: LiveForm) -> &'static str {
    match form {
        LiveForm::Frames => "WebCodecs",
        LiveForm::Container => "MediaSource",
    }
}

/// A number of bits per second, with three figures at most.
pub(super) fn bitrate(bits: u32) -> String {
    let kbit = f64::from(bits) / 1000.0;
    if kbit < 1000.0 {
        format!("{kbit:.0} kbit/s")
    } else {
        format!("{:.2} Mbit/s", kbit / 1000.0)
    }
}
