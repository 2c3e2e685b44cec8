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
    try_set(key, value);
}

/// Does the same, and tells whether it is kept.
pub(crate) fn try_set(key: &str, value: &str) -> bool {
    local().is_some_and(|storage| storage.set_item(&full(key), value).is_ok())
}

/// All keys that begin with `prefix`, with their values.
pub(crate) fn all(prefix: &str) -> Vec<(String, String)> {
    let Some(storage) = local() else {
        return Vec::new();
    };
    let count = storage.length().unwrap_or_default();
    let keys = (0..count).filter_map(|index| storage.key(index).ok().flatten());
    let own = keys.filter_map(|key| key.strip_prefix(&full("")).map(str::to_owned));
    let own = own.filter(|key| key.starts_with(prefix));
    own.filter_map(|key| get(&key).map(|value| (key, value)))
        .collect()
}

/// Forgets what was kept under `key`.
pub(crate) fn remove(key: &str) {
    if let Some(storage) = local() {
        let _ = storage.remove_item(&full(key));
    }
}
