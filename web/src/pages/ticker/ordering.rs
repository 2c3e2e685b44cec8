//! Ordering: rows of the watchlist are dragged to their place.

use leptos::ev::PointerEvent;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::desk::Desk;
use super::table::ROW;

/// What is dragged.
#[derive(Clone, Copy)]
pub(super) struct Ordering {
    scroll: NodeRef<Div>,
    /// The symbol.
    pub(super) dragged: RwSignal<Option<u16>>,
}

impl Ordering {
    pub(super) fn new(scroll: NodeRef<Div>) -> Self {
        Self {
            scroll,
            dragged: RwSignal::new(None),
        }
    }

    /// A finger or a mouse takes hold of a row. Its handle hears all of it from then on.
    pub(super) fn begin(self, symbol: u16, event: &PointerEvent) {
        event.prevent_default();
        let handle = event
            .current_target()
            .and_then(|it| it.dyn_into::<Element>().ok());
        // Without it, a pointer that leaves the handle lets go of the row.
        let _ = handle.map(|handle| handle.set_pointer_capture(event.pointer_id()));
        self.dragged.set(Some(symbol));
    }

    /// It moves: the row goes to the place that is below it.
    pub(super) fn drag(self, desk: Desk, event: &PointerEvent) {
        let (Some(symbol), Some(scroll)) =
            (self.dragged.get_untracked(), self.scroll.get_untracked())
        else {
            return;
        };
        let top = scroll.get_bounding_client_rect().top();
        let y = f64::from(event.client_y()) - top + f64::from(scroll.scroll_top());
        let place = (y.max(0.0) / ROW) as usize;
        let ticker = desk.peek(|board| board.ticker(symbol));
        let is_there = desk
            .watchlist
            .with_untracked(|list| list.names().iter().position(|it| *it == ticker) == Some(place));
        if !is_there {
            desk.update_watchlist(|list| list.move_to(&ticker, place));
        }
    }

    /// It lets go.
    pub(super) fn end(self) {
        self.dragged.set(None);
    }
}
