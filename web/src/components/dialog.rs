//! Dialogs, by the browser's own element: it traps the focus, closes on Escape, and gives the
//! focus back.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{Glyph, Icon};
use crate::i18n::{t_string, use_i18n};

/// A dialog that is shown while `open`. Its content lives only as long.
#[component]
pub(crate) fn Dialog(
    /// Whether it is shown. The dialog itself sets it to false.
    open: RwSignal<bool>,
    /// What stands at its top.
    #[prop(into)]
    title: Signal<String>,
    /// What it holds.
    children: ChildrenFn,
) -> impl IntoView {
    let i18n = use_i18n();
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        if open.get() && !element.open() {
            // It fails only for an element that is not on the page.
            let _ = element.show_modal();
        } else if !open.get() && element.open() {
            element.close();
        }
    });
    let on_backdrop = move |event: web_sys::MouseEvent| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::HtmlDialogElement>().ok());
        if target.is_some() {
            open.set(false);
        }
    };
    view! {
        <dialog class="dialog" node_ref=element aria-label=title on:close=move |_| open.set(false) on:click=on_backdrop>
            <Show when=move || open.get()>
                <div class="sheet">
                    <header>
                        <h2>{title}</h2>
                        <button
                            type="button"
                            class="button quiet icon"
                            aria-label=move || t_string!(i18n, close)
                            on:click=move |_| open.set(false)
                        >
                            <Icon glyph=Glyph::Close />
                        </button>
                    </header>
                    {children()}
                </div>
            </Show>
        </dialog>
    }
}
