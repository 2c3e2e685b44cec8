//! Locks between the pages of one browser, by the Web Locks API. The browser lets a lock go when
//! its page ends, in whatever way.
//!
//! The API is reached by name: pages that were not served safely do not have it.

use std::cell::RefCell;
use std::collections::HashMap;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

thread_local! {
    /// What lets each lock go that this page holds.
    static HELD: RefCell<HashMap<String, Function>> = RefCell::default();
}

/// A lock that this page holds until it is dropped, and no other page of the same origin meanwhile.
#[derive(Debug)]
pub struct Lock {
    name: String,
}

impl Lock {
    /// Tells whether this browser has locks.
    pub fn exist() -> bool {
        manager().is_some()
    }

    /// Takes the lock called `name`, unless somebody holds it.
    pub async fn take(name: &str) -> Option<Self> {
        let locks = manager()?;
        let request = Reflect::get(&locks, &"request".into()).ok()?;
        let request: Function = request.dyn_into().ok()?;
        let options = Object::new();
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE);
        let (answer, answered) = oneshot::channel();
        let held_name = name.to_owned();
        let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            if lock.is_null() || lock.is_undefined() {
                // Whoever asked may have stopped waiting.
                let _ = answer.send(None);
                return JsValue::UNDEFINED;
            }
            let lock = Self { name: held_name };
            // The lock is held until this promise is resolved.
            let until = Promise::new(&mut |resolve, _| {
                HELD.with_borrow_mut(|held| held.insert(lock.name.clone(), resolve));
            });
            // A lock that nobody waits for is dropped here, which lets it go.
            let _ = answer.send(Some(lock));
            until.into()
        });
        let asked = request.call3(&locks, &name.into(), &options, &granted);
        let asked: Promise = asked.ok()?.dyn_into().ok()?;
        // Both arms are cancel safe. The promise comes first only where the browser refuses, and
        // never calls back.
        match select(answered, JsFuture::from(asked)).await {
            Either::Left((answer, _)) => answer.ok().flatten(),
            Either::Right(_) => None,
        }
    }

    /// Tells whether some page holds a lock whose name begins with `prefix`.
    pub async fn any_held(prefix: &str) -> bool {
        held_locks().await.is_some_and(|held| {
            let names = held.iter().filter_map(|lock| {
                let name = Reflect::get(&lock, &"name".into()).ok()?;
                name.as_string()
            });
            names.into_iter().any(|name| name.starts_with(prefix))
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let resolve = HELD.with_borrow_mut(|held| held.remove(&self.name));
        if let Some(resolve) = resolve {
            // Resolving a promise does not fail.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }
}

/// The locks that pages of this origin hold.
async fn held_locks() -> Option<Array> {
    let locks = manager()?;
    let query = Reflect::get(&locks, &"query".into()).ok()?;
    let query: Function = query.dyn_into().ok()?;
    let asked: Promise = query.call0(&locks).ok()?.dyn_into().ok()?;
    let all = JsFuture::from(asked).await.ok()?;
    let held = Reflect::get(&all, &"held".into()).ok()?;
    held.dyn_into().ok()
}

fn manager() -> Option<JsValue> {
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then_some(locks)
}
