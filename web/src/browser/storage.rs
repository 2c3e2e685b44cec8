//! What this browser remembers. Where it may not remember, the app works without.

fn local() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn full(key: &str) -> String {
    format!("trunkline.{key}")
}

/// What was kept under `key`.
pub(crate) fn get(key: &str) -> Option<String> {
    local()?.get_item(&full(key)).ok()?
}

/// Keeps `value` under `key`. A full or forbidden storage keeps nothing, and nobody is told.
pub(crate) fn set(key: &str, value: &str) {
    if let Some(storage) = local() {
        let _ = storage.set_item(&full(key), value);
    }
}

/// Forgets what was kept under `key`.
pub(crate) fn remove(key: &str) {
    if let Some(storage) = local() {
        let _ = storage.remove_item(&full(key));
    }
}
