//! The wire inspector: a drawer that shows frames as they travel. While it is closed, the client has
//! no tap, and nothing here runs.

mod buttons;
mod detail;
mod drawer;
mod list;

use futures_channel::oneshot;
use leptos::ev;
use leptos::prelude::*;
use trunkline_client::{Client, Tap};
use trunkline_web_model::wire::Wire;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::browser::{clock, events, fields, storage};
use crate::realtime::{Task, use_realtime};

pub(super) use buttons::{WireButton, WireItem};
pub(super) use drawer::WireDrawer;

/// The signals of the inspector.
#[derive(Clone, Copy)]
pub(super) struct Inspector {
    /// Whether the drawer is open.
    pub(super) open: RwSignal<bool>,
    /// The frames.
    wire: RwSignal<Wire>,
    /// The number of the frame that is looked at.
    selected: RwSignal<Option<u64>>,
    /// How many taps the client has.
    pub(super) taps: RwSignal<usize>,
    /// Whether the drawer takes the focus when it appears: not where a reload has opened it.
    takes_focus: StoredValue<bool>,
    /// What had the focus before.
    before: StoredValue<Option<HtmlElement>, LocalStorage>,
    /// The reader's time on the wall at 0 of the page's clock, in milliseconds.
    wall_ms: f64,
}

/// Provides the inspector, open as it was left, and the key that opens it.
pub(crate) fn provide_wire() {
    let inspector = Inspector {
        open: RwSignal::new(storage::get("wire").is_some()),
        wire: RwSignal::new(Wire::default()),
        selected: RwSignal::new(None),
        taps: RwSignal::new(0),
        takes_focus: StoredValue::new(false),
        before: StoredValue::new_local(None),
        wall_ms: clock::wall_ms() - clock::now_ms() as f64,
    };
    provide_context(inspector);
    let client = use_realtime().client;
    let watch = StoredValue::new(None::<Task>);
    Effect::new(move |_| {
        let client = client.get().filter(|_| inspector.open.get());
        // Opened here and not in the task, which would begin after a new client's first frame.
        let held = client.map(|client| Held::open(client, inspector.taps));
        watch.set_value(held.map(|held| Task::spawn(inspector.watch(held))));
    });
    events::on_window(ev::keydown, move |event| {
        // By its place: the key has other signs on other keyboards.
        if event.ctrl_key() && fields::code(&event) == "Backquote" {
            event.prevent_default();
            inspector.toggle();
        }
    });
}

/// The inspector of the app.
pub(super) fn use_inspector() -> Inspector {
    expect_context()
}

impl Inspector {
    pub(super) fn toggle(self) {
        if self.open.get_untracked() {
            self.close();
        } else {
            let focused = document().active_element();
            let focused = focused.and_then(|it| it.dyn_into::<HtmlElement>().ok());
            self.before.set_value(focused);
            self.takes_focus.set_value(true);
            storage::set("wire", "open");
            self.open.set(true);
        }
    }

    /// Closes the drawer, forgets the frames, and gives the focus back.
    fn close(self) {
        storage::remove("wire");
        self.open.set(false);
        self.selected.set(None);
        self.wire.update(|wire| {
            wire.clear();
            wire.set_paused(false);
        });
        let before = self.before.try_update_value(Option::take).flatten();
        if let Some(before) = before.filter(|it| it.is_connected()) {
            // What cannot take the focus any more leaves it to the page.
            let _ = before.focus();
        }
    }

    /// Takes frames until this is dropped: whatever has come, once a drawn frame.
    async fn watch(self, mut held: Held) {
        while let Some(tap) = &mut held.tap {
            if !tap.ready().await {
                return;
            }
            let (draw, drawn) = oneshot::channel();
            request_animation_frame(move || {
                // The task may have ended.
                let _ = draw.send(());
            });
            if drawn.await.is_err() {
                return;
            }
            self.wire.update(|wire| wire.take(tap.take()));
        }
    }
}

/// A tap that is counted when it comes and when it goes.
struct Held {
    /// None only while this is dropped.
    tap: Option<Tap>,
    client: Client,
    taps: RwSignal<usize>,
}

impl Held {
    fn open(client: Client, taps: RwSignal<usize>) -> Self {
        let tap = Some(client.tap());
        taps.set(client.taps());
        Self { tap, client, taps }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.tap = None;
        self.taps.set(self.client.taps());
    }
}
