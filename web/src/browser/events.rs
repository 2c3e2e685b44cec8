//! Events of the window and the document, heard as long as their listener's owner lives.

use leptos::ev;
use leptos::prelude::*;

/// Calls `heard` on an event of the window.
pub(crate) fn on_window<E>(event: E, heard: impl Fn(E::EventType) + 'static)
where
    E: ev::EventDescriptor + 'static,
    E::EventType: wasm_bindgen::JsCast,
{
    let listener = window_event_listener(event, heard);
    on_cleanup(move || listener.remove());
}

/// Whether the browser believes that it has a network.
pub(crate) fn online() -> RwSignal<bool> {
    let online = RwSignal::new(window().navigator().on_line());
    on_window(ev::online, move |_| online.set(true));
    on_window(ev::offline, move |_| online.set(false));
    online
}

/// Whether somebody can see the page.
pub(crate) fn visible() -> RwSignal<bool> {
    let visible = RwSignal::new(!document().hidden());
    // The event bubbles from the document to the window.
    on_window(
        ev::Custom::<web_sys::Event>::new("visibilitychange"),
        move |_| visible.set(!document().hidden()),
    );
    visible
}

/// Counts up while `running`, every `period_ms`.
pub(crate) fn ticks(
    period_ms: u64,
    running: impl Fn() -> bool + Send + Sync + 'static,
) -> ReadSignal<u64> {
    let (ticks, set_ticks) = signal(0);
    Effect::new(move |_| {
        if !running() {
            return;
        }
        let period = std::time::Duration::from_millis(period_ms);
        if let Ok(timer) =
            set_interval_with_handle(move || set_ticks.update(|count| *count += 1), period)
        {
            on_cleanup(move || timer.clear());
        }
    });
    ticks
}
