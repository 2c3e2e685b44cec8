//! Menus and panels that float: they close on Escape, and on a click or focus elsewhere.

use leptos::ev;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

use crate::browser::events::on_window;
use crate::browser::fields;

/// Closes what is `open` when something outside `anchor` is pressed or focused, or on Escape,
/// which gives the focus back to the anchor's first button.
pub(crate) fn dismiss(open: RwSignal<bool>, anchor: NodeRef<Div>) {
    let is_outside = move |target: Option<web_sys::EventTarget>| {
        let node = target.and_then(|target| target.dyn_into::<Node>().ok());
        anchor
            .get_untracked()
            .is_some_and(|anchor| !anchor.contains(node.as_ref()))
    };
    on_window(ev::pointerdown, move |event| {
        if open.get_untracked() && is_outside(event.target()) {
            open.set(false);
        }
    });
    on_window(ev::focusin, move |event| {
        if open.get_untracked() && is_outside(event.target()) {
            open.set(false);
        }
    });
    on_window(ev::keydown, move |event| {
        if fields::key(&event) != "Escape" || !open.get_untracked() {
            return;
        }
        open.set(false);
        let button = anchor
            .get_untracked()
            .and_then(|anchor| anchor.query_selector("button").ok().flatten());
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            // A button that is gone cannot take the focus.
            let _ = button.focus();
        }
    });
}
