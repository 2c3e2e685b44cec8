//! The page's columns, and which of the side panels are unfolded.

use leptos::ev;
use leptos::html::Div;
use leptos::prelude::*;

use crate::browser::events::on_window;
use crate::browser::fields;
use crate::i18n::{t_string, use_i18n};

/// From this width on, the people stand beside the messages. `chat.css` says the same.
const WIDE_PX: i32 = 1000;

/// Which of the side panels are unfolded.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    element: NodeRef<Div>,
    wide: RwSignal<bool>,
    /// On narrow pages, where the rooms float above the messages.
    rooms: RwSignal<bool>,
    /// Folded away on a wide page.
    people_folded: RwSignal<bool>,
    /// Floating above the messages on a narrow page.
    people_floating: RwSignal<bool>,
}

/// Provides the panels' state.
pub(super) fn provide_layout() {
    let panels = Panels {
        element: NodeRef::new(),
        wide: RwSignal::new(true),
        rooms: RwSignal::new(false),
        people_folded: RwSignal::new(false),
        people_floating: RwSignal::new(false),
    };
    let measure = move || {
        if let Some(element) = panels.element.get_untracked() {
            panels.wide.set(element.client_width() >= WIDE_PX);
        }
    };
    Effect::new(move |_| {
        panels.element.track();
        measure();
    });
    on_window(ev::resize, move |_| measure());
    on_window(ev::keydown, move |event| {
        if fields::key(&event) == "Escape" {
            panels.close_floating();
        }
    });
    provide_context(panels);
}

/// The panels' state.
pub(super) fn use_layout() -> Panels {
    expect_context()
}

impl Panels {
    /// Whether the people are to be seen.
    pub(super) fn shows_people(self) -> bool {
        if self.wide.get() {
            !self.people_folded.get()
        } else {
            self.people_floating.get()
        }
    }

    /// Folds the people away, or unfolds them.
    pub(super) fn toggle_people(self) {
        let which = if self.wide.get_untracked() {
            self.people_folded
        } else {
            self.people_floating
        };
        which.update(|it| *it = !*it);
    }

    /// Whether the rooms float above the messages.
    pub(super) fn shows_rooms(self) -> bool {
        self.rooms.get()
    }

    /// Shows the rooms, or hides them.
    pub(super) fn toggle_rooms(self) {
        self.rooms.update(|it| *it = !*it);
    }

    /// Hides the rooms, where they float.
    pub(super) fn close_rooms(self) {
        self.rooms.set(false);
    }

    /// Hides whatever floats.
    fn close_floating(self) {
        self.rooms.set(false);
        self.people_floating.set(false);
    }
}

/// The columns.
#[component]
pub(super) fn Layout(children: Children) -> impl IntoView {
    let i18n = use_i18n();
    let panels = use_layout();
    let people = move || {
        let open = panels.shows_people();
        match (panels.wide.get(), open) {
            (true, false) => Some("closed"),
            (false, true) => Some("open"),
            (true, true) | (false, false) => None,
        }
    };
    view! {
        <div
            class="chat"
            node_ref=panels.element
            data-rooms=move || panels.rooms.get().then_some("open")
            data-people=people
        >
            {children()}
            <button
                type="button"
                class="veil"
                tabindex="-1"
                aria-label=move || t_string!(i18n, close)
                on:click=move |_| panels.close_floating()
            ></button>
        </div>
    }
}
