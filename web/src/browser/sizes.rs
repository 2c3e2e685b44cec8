//! Sizes of elements, watched.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

/// Watches the sizes of elements until it is dropped.
pub(crate) struct Sizes {
    observer: Option<ResizeObserver>,
    _callback: Closure<dyn FnMut()>,
}

impl Sizes {
    /// Calls `changed` after layout and before paint whenever an element that is observed has another
    /// size, and once when it begins.
    pub(crate) fn new(changed: impl FnMut() + 'static) -> Self {
        let callback = Closure::<dyn FnMut()>::new(changed);
        Self {
            observer: ResizeObserver::new(callback.as_ref().unchecked_ref()).ok(),
            _callback: callback,
        }
    }

    /// Observes an element, too.
    pub(crate) fn observe(&self, element: &Element) {
        if let Some(observer) = &self.observer {
            observer.observe(element);
        }
    }
}

impl Drop for Sizes {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}
