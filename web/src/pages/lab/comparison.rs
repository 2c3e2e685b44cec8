//! The comparison: what differs, and where on this page one sees it.

use leptos::prelude::*;

use crate::i18n::{t, t_string, use_i18n};

/// A row: what is compared, both sides, and where it is shown.
macro_rules! row {
    ($i18n:ident, $key:ident, $to:literal) => {
        view! {
            <tr>
                <th scope="row">{t!($i18n, lab.comparison.$key.what)}</th>
                <td>{t!($i18n, lab.comparison.$key.http)}</td>
                <td>{t!($i18n, lab.comparison.$key.socket)}</td>
                <td><a href=concat!("/lab#", $to)>{t!($i18n, lab.comparison.$key.shown)}</a></td>
            </tr>
        }
    };
}

/// The section.
#[component]
pub(super) fn Comparison() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="lab-step" id="comparison" aria-labelledby="comparison-title">
            <header>
                <h2 id="comparison-title">{t!(i18n, lab.comparison.title)}</h2>
                <p>{t!(i18n, lab.comparison.lead)}</p>
            </header>
            <div class="lab-table words" tabindex="0" role="region" aria-label=move || t_string!(i18n, lab.comparison.title)>
                <table>
                    <thead>
                        <tr>
                            <td></td>
                            <th scope="col">"HTTP"</th>
                            <th scope="col">"WebSocket"</th>
                            <th scope="col">{t!(i18n, lab.comparison.shown)}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {row!(i18n, begin, "handshake")}
                        {row!(i18n, overhead, "race")}
                        {row!(i18n, life, "cut")}
                        {row!(i18n, speaks, "race")}
                        {row!(i18n, latency, "race")}
                        {row!(i18n, recovery, "cut")}
                        {row!(i18n, fits, "race")}
                    </tbody>
                </table>
            </div>
        </section>
    }
}
