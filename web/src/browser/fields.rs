//! Fields of events and elements that may be missing: autofill, extensions and other scripts send
//! events of their own that have none of them, and reading one as what it is not would throw.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// The name of the key of a keyboard event, or an empty text.
pub(crate) fn key(event: &impl AsRef<JsValue>) -> String {
    text(event.as_ref(), "key")
}

/// The place of the key of a keyboard event, or an empty text.
pub(crate) fn code(event: &impl AsRef<JsValue>) -> String {
    text(event.as_ref(), "code")
}

/// The kind of the pointer of a pointer event, such as `touch`, or an empty text.
pub(crate) fn pointer_type(event: &impl AsRef<JsValue>) -> String {
    text(event.as_ref(), "pointerType")
}

/// The value of the field that an event is about, or an empty text.
pub(crate) fn value(event: &impl AsRef<JsValue>) -> String {
    let target = Reflect::get(event.as_ref(), &"target".into());
    target.map_or_else(|_| String::new(), |target| text(&target, "value"))
}

fn text(object: &JsValue, name: &str) -> String {
    // What is no object has no fields, and says so by an error.
    let field = Reflect::get(object, &name.into()).ok();
    field
        .and_then(|field| field.as_string())
        .unwrap_or_default()
}
