//! Notifications of the browser: shown once by whichever page of this origin is first, and only
//! while none of them can be seen.
//!
//! Pages agree by locks: one that can be seen holds a lock, and each notification is a lock that one
//! page gets. The browser's tag is the second guard: two notifications with one tag are one.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use trunkline_client::Lock;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlElement, Notification, NotificationOptions, NotificationPermission};

/// What the locks of pages that can be seen begin with.
const SEEN: &str = "trunkline.seen.";

/// How long a page holds the lock of what it has shown: others have heard of it by then, too.
const SHOWN_MS: u32 = 60_000;

/// Whether this page may show notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// There are none here.
    Unsupported,
    /// The reader was not asked yet.
    Ask,
    /// It may.
    Granted,
    /// It may not.
    Denied,
}

/// What to show.
pub(crate) struct Message {
    /// What it takes the place of: an earlier one with the same tag.
    pub(crate) tag: String,
    pub(crate) title: String,
    pub(crate) body: String,
    /// Where a click leads.
    pub(crate) path: &'static str,
}

/// What the reader has decided.
pub(crate) fn permission() -> Permission {
    // Without the interface, its own answer would be an exception.
    if !js_sys::Reflect::has(&window(), &"Notification".into()).unwrap_or(false) {
        return Permission::Unsupported;
    }
    match Notification::permission() {
        NotificationPermission::Granted => Permission::Granted,
        NotificationPermission::Denied => Permission::Denied,
        _ => Permission::Ask,
    }
}

/// Asks the reader. Browsers want that only on a click.
pub(crate) async fn ask() -> Permission {
    if permission() == Permission::Ask
        && let Ok(asked) = Notification::request_permission()
        // Old browsers answer by a callback, and a look later finds it.
        && asked.has_type::<js_sys::Promise>()
    {
        // What was decided is read below.
        let _ = JsFuture::from(asked).await;
    }
    permission()
}

/// Lets other pages know whether this one can be seen.
pub(crate) fn tell_whether_seen(visible: RwSignal<bool>) {
    let held = StoredValue::new_local(None::<Lock>);
    Effect::new(move |_| {
        if !visible.get() {
            return held.set_value(None);
        }
        // A name of its own each time: the last lock may not be let go yet.
        let name = format!("{SEEN}{}", js_sys::Math::random());
        spawn_local(async move {
            let lock = Lock::take(&name).await;
            if visible.get_untracked() && lock.is_some() {
                held.set_value(lock);
            }
        });
    });
}

/// The right to show something: no other page has it.
pub(crate) struct Claim(Option<Lock>);

/// Claims what has this name on all pages, unless another page has or can be seen.
pub(crate) async fn claim(name: &str) -> Option<Claim> {
    if permission() != Permission::Granted || Lock::any_held(SEEN).await {
        return None;
    }
    let lock = Lock::take(&format!("trunkline.shown.{name}")).await;
    (lock.is_some() || !Lock::exist()).then_some(Claim(lock))
}

/// Shows a message, and keeps the claim until other pages have heard of it, too.
pub(crate) async fn show(Claim(claimed): Claim, message: Message) {
    let options = NotificationOptions::new();
    options.set_tag(&message.tag);
    options.set_body(&message.body);
    // Phones want a service worker for this, and refuse.
    let Ok(notification) = Notification::new_with_options(&message.title, &options) else {
        return;
    };
    let path = message.path;
    let clicked = Closure::once_into_js(move || follow(path));
    notification.set_onclick(Some(clicked.unchecked_ref()));
    TimeoutFuture::new(SHOWN_MS).await;
    drop(claimed);
}

/// Comes to the front and goes to a page of the app, by the link that leads there.
fn follow(path: &str) {
    // A window that may not come to the front stays where it is.
    let _ = window().focus();
    let link = document().query_selector(&format!("a[href='{path}']"));
    if let Some(link) = link.ok().flatten()
        && let Ok(link) = link.dyn_into::<HtmlElement>()
    {
        link.click();
    }
}
