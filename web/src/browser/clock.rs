//! The browser's two clocks: one that never goes back, and the one on the wall.

use trunkline_protocol::Timestamp;
use trunkline_web_model::server_time::Device;

/// Milliseconds since the page was opened.
pub(crate) fn now_ms() -> u64 {
    now_us() / 1000
}

/// Microseconds since the page was opened, as far as the browser tells them.
pub(crate) fn now_us() -> u64 {
    let performance = web_sys::window().and_then(|window| window.performance());
    (performance.map_or(0.0, |performance| performance.now()) * 1000.0) as u64
}

/// Both clocks, to reckon the server's by.
pub(crate) fn device() -> Device {
    Device {
        steady_ms: now_ms(),
        wall_ms: js_sys::Date::now() as u64,
    }
}

/// The time on the device's wall, for what happens here. What the server has dated is judged by
/// `Realtime::server_now`.
pub(crate) fn timestamp() -> Timestamp {
    Timestamp((js_sys::Date::now() / 1000.0) as u32)
}

/// The reader's calendar day of `at`, counted from 1970.
pub(crate) fn day(at: Timestamp) -> i32 {
    let date = js_sys::Date::new(&(f64::from(at.0) * 1000.0).into());
    let local_s = i64::from(at.0) - (date.get_timezone_offset() * 60.0) as i64;
    i32::try_from(local_s.div_euclid(86_400)).unwrap_or(0)
}

/// The reader's time on the wall, in milliseconds since 1970 as if there were no time zones.
pub(crate) fn wall_ms() -> f64 {
    let date = js_sys::Date::new_0();
    date.get_time() - date.get_timezone_offset() * 60_000.0
}
