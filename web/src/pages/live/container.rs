//! Plays pieces of files as they come, with Media Source Extensions.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlVideoElement, MediaSource, SourceBuffer, SourceBufferAppendMode, Url};

use crate::browser::codecs;

/// More pieces than this do not wait to be read: the oldest are given up.
const WAITING_MAX: usize = 64;

/// Farther behind the newest picture than this is too far, in seconds.
const BEHIND_MAX: f64 = 1.2;

/// From there it goes on then.
const BEHIND: f64 = 0.25;

/// What was shown so long ago is thrown away, in seconds.
const KEEP: f64 = 20.0;

struct Inner {
    source: MediaSource,
    buffer: Option<SourceBuffer>,
    video: HtmlVideoElement,
    waiting: VecDeque<Piece>,
    paused: Rc<Cell<bool>>,
}

/// What waits to be read.
enum Piece {
    /// A file begins. The one before it may lack its end.
    Begin,
    Bytes(Vec<u8>),
}

impl Inner {
    /// Gives the next piece to the browser, if it is ready for it.
    fn feed(&mut self) {
        let Some(buffer) = self.buffer.clone().filter(|buffer| !buffer.updating()) else {
            return;
        };
        self.keep_up(&buffer);
        if buffer.updating() {
            return;
        }
        while let Some(piece) = self.waiting.pop_front() {
            match piece {
                // What was half read is forgotten.
                Piece::Begin => drop(buffer.abort()),
                Piece::Bytes(mut bytes) => {
                    if buffer.append_buffer_with_u8_array(&mut bytes).is_err() {
                        // A full or broken buffer takes nothing of this file any more.
                        self.waiting.clear();
                    }
                    return;
                }
            }
        }
    }

    /// Jumps to the newest pictures when it has fallen behind, and throws away old ones.
    fn keep_up(&self, buffer: &SourceBuffer) {
        let Some(end) = end_of(buffer) else {
            return;
        };
        let now = self.video.current_time();
        if end - now > BEHIND_MAX {
            self.video.set_current_time(end - BEHIND);
        }
        if self.video.paused() && !self.paused.get() {
            // It may not play before a click; then its first picture is seen.
            let _ = self.video.play();
        }
        if now > 2.0 * KEEP {
            // What cannot be thrown away now is later.
            let _ = buffer.remove(0.0, now - KEEP);
        }
    }
}

fn end_of(buffer: &SourceBuffer) -> Option<f64> {
    let buffered = buffer.buffered().ok()?;
    buffered.end(buffered.length().checked_sub(1)?).ok()
}

/// A file that grows, until it is dropped.
pub(super) struct Container {
    inner: Rc<RefCell<Inner>>,
    mime: String,
    address: String,
    _listeners: [Closure<dyn FnMut()>; 2],
}

impl Container {
    /// Begins to play in an element. Nothing if the browser does not play such files.
    pub(super) fn open(
        video: &HtmlVideoElement,
        mime: &str,
        paused: Rc<Cell<bool>>,
    ) -> Option<Self> {
        let plays = codecs::exists("MediaSource") && MediaSource::is_type_supported(mime);
        let source = plays.then(MediaSource::new)?.ok()?;
        let address = Url::create_object_url_with_source(&source).ok()?;
        let inner = Rc::new(RefCell::new(Inner {
            source: source.clone(),
            buffer: None,
            video: video.clone(),
            waiting: VecDeque::new(),
            paused,
        }));
        let on_update = {
            let inner = Rc::downgrade(&inner);
            Closure::<dyn FnMut()>::new(move || {
                if let Some(inner) = inner.upgrade() {
                    inner.borrow_mut().feed();
                }
            })
        };
        let on_open = {
            let (inner, mime) = (Rc::downgrade(&inner), mime.to_owned());
            let update = on_update.as_ref().clone();
            Closure::<dyn FnMut()>::new(move || {
                let Some(inner) = inner.upgrade() else {
                    return;
                };
                let mut inner = inner.borrow_mut();
                if inner.buffer.is_some() {
                    return;
                }
                if let Ok(buffer) = inner.source.add_source_buffer(&mime) {
                    // Files follow one another, each with times of its own.
                    buffer.set_mode(SourceBufferAppendMode::Sequence);
                    buffer.set_onupdateend(Some(update.unchecked_ref()));
                    inner.buffer = Some(buffer);
                    inner.feed();
                }
            })
        };
        source.set_onsourceopen(Some(on_open.as_ref().unchecked_ref()));
        video.set_src(&address);
        Some(Self {
            inner,
            mime: mime.to_owned(),
            address,
            _listeners: [on_update, on_open],
        })
    }

    /// The type of its files.
    pub(super) fn mime(&self) -> &str {
        &self.mime
    }

    /// The next file begins.
    pub(super) fn begin_file(&self) {
        self.push(Piece::Begin);
    }

    /// The next piece.
    pub(super) fn append(&self, piece: &[u8]) {
        self.push(Piece::Bytes(piece.to_vec()));
    }

    fn push(&self, piece: Piece) {
        let mut inner = self.inner.borrow_mut();
        if inner.waiting.len() == WAITING_MAX {
            inner.waiting.pop_front();
        }
        inner.waiting.push_back(piece);
        inner.feed();
    }

    /// How much has come that was not shown yet, in milliseconds.
    pub(super) fn ahead_ms(&self) -> f64 {
        let inner = self.inner.borrow();
        let end = inner.buffer.as_ref().and_then(end_of).unwrap_or_default();
        ((end - inner.video.current_time()) * 1000.0).max(0.0)
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        let inner = self.inner.borrow();
        // The last picture stays.
        let _ = inner.video.pause();
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let inner = self.inner.borrow();
        inner.source.set_onsourceopen(None);
        if let Some(buffer) = &inner.buffer {
            buffer.set_onupdateend(None);
        }
        // The address is of no use without the page.
        let _ = inner.video.remove_attribute("src");
        let _ = Url::revoke_object_url(&self.address);
    }
}
