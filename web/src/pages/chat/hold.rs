//! Holds the list of messages in place: at its end while one reads there, and where one reads
//! while older messages come in above.

use leptos::html::{Div, Ol};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::browser::sizes::Sizes;

/// So close to the end counts as there.
const NEAR_PX: i32 = 48;

/// So close to the top, older messages are asked for.
const TOP_PX: i32 = 240;

/// The list of messages and its place.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    /// The box that scrolls.
    pub(super) scroll: NodeRef<Div>,
    /// The list in it.
    pub(super) list: NodeRef<Ol>,
    /// Whether one reads at the end.
    pub(super) at_end: RwSignal<bool>,
    /// Whether the first messages were laid out and shown at their place.
    pub(super) entered: RwSignal<bool>,
    kept: StoredValue<Option<(Element, f64)>, LocalStorage>,
}

impl Hold {
    /// Watches the sizes of the list and its box for as long as the owner lives.
    pub(super) fn new() -> Self {
        let hold = Self {
            scroll: NodeRef::new(),
            list: NodeRef::new(),
            at_end: RwSignal::new(true),
            entered: RwSignal::new(false),
            kept: StoredValue::new_local(None),
        };
        // Before the paint: nobody sees the list jump.
        let sizes = StoredValue::new_local(Sizes::new(move || hold.settle()));
        Effect::new(move |_| {
            let (Some(scroll), Some(list)) = (hold.scroll.get(), hold.list.get()) else {
                return;
            };
            sizes.with_value(|sizes| {
                sizes.observe(&scroll);
                sizes.observe(&list);
            });
        });
        hold
    }

    /// Takes a scroll. Tells whether older messages should be asked for.
    pub(super) fn handle_scroll(self) -> bool {
        let Some(scroll) = self.scroll.get_untracked() else {
            return false;
        };
        let at_end =
            scroll.scroll_height() - scroll.scroll_top() - scroll.client_height() < NEAR_PX;
        if self.at_end.get_untracked() != at_end {
            self.at_end.set(at_end);
        }
        self.entered.get_untracked() && scroll.scroll_top() < TOP_PX
    }

    /// Goes to the end.
    pub(super) fn go_to_end(self) {
        self.at_end.set(true);
        if let Some(scroll) = self.scroll.get_untracked() {
            scroll.set_scroll_top(scroll.scroll_height());
        }
    }

    /// Remembers what stands first, so that it stays in place when something comes above it.
    pub(super) fn keep_place(self) {
        let list = self.list.get_untracked();
        let first = list.and_then(|list| list.query_selector(".message").ok().flatten());
        self.kept.set_value(first.map(|first| {
            let top = first.get_bounding_client_rect().top();
            (first, top)
        }));
    }

    fn settle(self) {
        let Some(scroll) = self.scroll.try_get_untracked().flatten() else {
            return;
        };
        let kept = self.kept.try_update_value(Option::take).flatten();
        if let Some((first, top)) = kept {
            let moved = first.get_bounding_client_rect().top() - top;
            scroll.set_scroll_top(scroll.scroll_top() + moved.round() as i32);
        }
        if self.entered.get_untracked() && self.at_end.get_untracked() {
            scroll.set_scroll_top(scroll.scroll_height());
        }
    }

    /// Shows the first unread message, or the end, before the next paint. Call it when the first
    /// messages are in the list; later calls change nothing.
    pub(super) fn enter(self) {
        request_animation_frame(move || {
            let Some(scroll) = self.scroll.try_get_untracked().flatten() else {
                return;
            };
            if self.entered.get_untracked() {
                return;
            }
            let unread = scroll.query_selector(".rule.unread").ok().flatten();
            let unread = unread.and_then(|unread| unread.dyn_into::<HtmlElement>().ok());
            let top = unread.map(|unread| unread.offset_top() - NEAR_PX);
            scroll.set_scroll_top(top.unwrap_or(scroll.scroll_height()));
            self.entered.set(true);
            self.handle_scroll();
        });
    }
}
