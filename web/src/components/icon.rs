//! Icons: lines on a 16-pixel grid, in the colour of the text beside them.

use leptos::prelude::*;

/// The icons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    Chat,
    Bell,
    Lab,
    Arena,
    Live,
    Ticker,
    Star,
    Grip,
    Back,
    More,
    People,
    Rooms,
    Send,
    Plus,
    Close,
    Leave,
    Down,
    Up,
    Clock,
    Tick,
    Warning,
    Info,
    Critical,
    Outside,
    Edit,
    Delete,
    ThemeAuto,
    ThemeLight,
    ThemeDark,
    SignOut,
    Refresh,
    Wire,
}

impl Glyph {
    fn path(self) -> &'static str {
        match self {
            Self::Chat => "M2.5 3.5h11v7.5h-6l-3 2.5v-2.5h-2z",
            Self::Bell => {
                "M8 2.5a4 4 0 0 1 4 4c0 3 1 4 1.5 5h-11c.5-1 1.5-2 1.5-5a4 4 0 0 1 4-4zM6.5 13.5h3"
            }
            Self::Arena => {
                "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3"
            }
            Self::Live => "M2 4.5h8.5v7H2zM10.5 7.5 14 5v6l-3.5-2.5",
            Self::Lab => "M6.5 2.5v4L2.75 13.5h10.5L9.5 6.5v-4M5 2.5h6M4.9 9.5h6.2",
            Self::Ticker => {
                "M4 2.5v2M4 9.5v4M2.75 4.5h2.5v5h-2.5zM12 2.5v4M12 11.5v2M10.75 6.5h2.5v5h-2.5z"
            }
            Self::Star => "m8 2.2 1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z",
            Self::Grip => "M6 4h.01M6 8h.01M6 12h.01M10 4h.01M10 8h.01M10 12h.01",
            Self::Back => "M13 8H3M7 4 3 8l4 4",
            Self::More => "M3.25 8h.01M8 8h.01M12.75 8h.01",
            Self::People => {
                "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c.4-2.6 2.2-4 4.5-4s4.1 1.4 4.5 4\
                 M10.5 3.3a2.5 2.5 0 0 1 0 4.4M12.2 9.9c1.3.6 2.1 1.8 2.3 3.6"
            }
            Self::Rooms => "M6 2.5 4.5 13.5M11.5 2.5 10 13.5M2.5 6h11M2.5 10.5h11",
            Self::Send => "M2.5 8 13.5 2.5 10.5 13.5 8 9zM8 9l5.5-6.5",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Close => "m4 4 8 8M12 4l-8 8",
            Self::Leave | Self::SignOut => "M9.5 3H3v10h6.5M7 8h7M11.5 5.5 14 8l-2.5 2.5",
            Self::Down => "M8 3v10M4 9l4 4 4-4",
            Self::Up => "m4 10 4-4 4 4",
            Self::Clock => "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 5v3l2 1.5",
            Self::Tick => "m3.5 8.5 3 3 6-7",
            Self::Warning => "M8 2.5 14 13H2zM8 6.5v3M8 11.25v.01",
            Self::Info => "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 7.5v3.5M8 5.1v.01",
            Self::Critical => "M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5zM8 5v3.5M8 10.9v.01",
            Self::Outside => "M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3 7.5 8.5",
            Self::Edit => "m3 13 .7-3 7-7 2.3 2.3-7 7z",
            Self::Delete => "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9",
            Self::ThemeAuto => {
                "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 2.5v11M8 5h3.5M8 8h5M8 11h3.5"
            }
            Self::ThemeLight => {
                "M8 10.75a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1\
                 M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7"
            }
            Self::ThemeDark => "M13 9.8A5.5 5.5 0 0 1 6.2 3 5.5 5.5 0 1 0 13 9.8z",
            Self::Wire => "M2 5.5h11M10.5 3 13 5.5 10.5 8M14 10.5H3M5.5 8 3 10.5 5.5 13",
            Self::Refresh => "M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5",
        }
    }
}

/// An icon. The words are beside it or on its button; it has none.
#[component]
pub(crate) fn Icon(
    /// Which.
    #[prop(into)]
    glyph: Signal<Glyph>,
) -> impl IntoView {
    view! {
        <svg
            viewBox="0 0 16 16"
            width="16"
            height="16"
            fill="none"
            stroke="currentColor"
            stroke-width=move || if glyph.get() == Glyph::More { "2.2" } else { "1.5" }
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=move || glyph.get().path() />
        </svg>
    }
}
