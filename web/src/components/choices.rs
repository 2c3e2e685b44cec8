//! Theme and language: how the reader wants the page.

use leptos::prelude::*;
use leptos_i18n::I18nContext;

use super::{Glyph, Icon};
use crate::i18n::{self, Locale, t, t_string, use_i18n};
use crate::theme::{Theme, use_theme};

const LANGUAGES: [(Locale, &str, &str); 2] =
    [(Locale::en, "EN", "English"), (Locale::ko, "KO", "한국어")];

const THEMES: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

/// The choice of a language.
#[component]
pub(crate) fn LanguageChoice() -> impl IntoView {
    let i18n = use_i18n();
    let button = move |(locale, short, name): (Locale, &'static str, &'static str)| {
        view! {
            <button
                type="button"
                lang=locale.to_string()
                title=name
                aria-label=name
                aria-pressed=move || (i18n.get_locale() == locale).to_string()
                data-language=locale.to_string()
                on:click=move |_| i18n::choose(i18n, locale)
            >
                {short}
            </button>
        }
    };
    view! {
        <div class="choice" role="group" aria-label=move || t_string!(i18n, language) data-testid="language">
            {LANGUAGES.map(button)}
        </div>
    }
}

/// The choice of a theme, all three side by side.
#[component]
fn ThemeChoice() -> impl IntoView {
    let i18n = use_i18n();
    let chosen = use_theme();
    let button = move |theme: Theme| {
        view! {
            <button
                type="button"
                aria-pressed=move || (chosen.get() == theme).to_string()
                on:click=move |_| chosen.set(theme)
            >
                {move || name(i18n, theme)}
            </button>
        }
    };
    view! {
        <div class="choice" role="group" aria-label=move || t_string!(i18n, theme.label)>
            {THEMES.map(button)}
        </div>
    }
}

/// One button that goes round the themes, for the top bar.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let chosen = use_theme();
    let label = move || {
        let now = chosen.get();
        t_string!(
            i18n,
            theme.switch,
            now = name(i18n, now),
            next = name(i18n, now.next())
        )
    };
    let glyph = Signal::derive(move || match chosen.get() {
        Theme::Auto => Glyph::ThemeAuto,
        Theme::Light => Glyph::ThemeLight,
        Theme::Dark => Glyph::ThemeDark,
    });
    view! {
        <button
            type="button"
            class="button quiet icon"
            data-testid="theme"
            title=label
            aria-label=label
            on:click=move |_| chosen.update(|theme| *theme = theme.next())
        >
            <Icon glyph=glyph />
        </button>
    }
}

fn name(i18n: I18nContext<Locale>, theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => t_string!(i18n, theme.auto),
        Theme::Light => t_string!(i18n, theme.light),
        Theme::Dark => t_string!(i18n, theme.dark),
    }
}

/// The words beside the choices, where there is room for them.
#[component]
pub(crate) fn ChoiceRows() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <li class="setting">
            <span>{t!(i18n, theme.label)}</span>
            <ThemeChoice />
        </li>
        <li class="setting">
            <span>{t!(i18n, language)}</span>
            <LanguageChoice />
        </li>
    }
}
