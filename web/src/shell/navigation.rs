//! The ways between pages: a rail at the side, or a bar of tabs at the bottom of narrow windows.

use leptos::html::Div;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::wire::{WireButton, WireItem};
use super::you::{YouItems, YouMenu};
use super::{PAGES, Page, shown_count};
use crate::components::{ChoiceRows, Glyph, Icon, dismiss};
use crate::i18n::{t, t_string, use_i18n};

/// The most tabs at the bottom; the other pages are behind "more".
const TABS_MAX: usize = 4;

/// The rail of wide windows.
#[component]
pub(super) fn Rail() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <nav class="rail" aria-label=move || t_string!(i18n, pages.label)>
            <a class="brand" href="/">
                <svg
                    viewBox="0 0 32 32"
                    width="24"
                    height="24"
                    fill="none"
                    stroke="currentColor"
                    stroke-width="2.4"
                    stroke-linecap="round"
                    stroke-linejoin="round"
                    aria-hidden="true"
                >
                    <path d="M4 16h6l3.5-8 5 16 3.5-8h6" />
                </svg>
                "Trunkline"
            </a>
            <ul>
                {PAGES.iter().map(|page| view! {
                    <li>
                        <a href=page.path aria-current=current(page)>
                            <Icon glyph=page.glyph />
                            <span>{move || (page.name)(i18n)}</span>
                            <Waiting page />
                        </a>
                    </li>
                }).collect_view()}
            </ul>
            <WireButton />
            <YouMenu />
        </nav>
    }
}

/// The tabs of narrow windows, and everything else behind "more".
#[component]
pub(super) fn TabBar() -> impl IntoView {
    let i18n = use_i18n();
    let open = RwSignal::new(false);
    let anchor = NodeRef::<Div>::new();
    dismiss(open, anchor);
    view! {
        <nav class="tab-bar" aria-label=move || t_string!(i18n, pages.label)>
            {PAGES.iter().take(TABS_MAX).map(|page| view! {
                <a href=page.path aria-current=current(page)>
                    <span class="mark">
                        <Icon glyph=page.glyph />
                        <Waiting page />
                    </span>
                    {move || (page.name)(i18n)}
                </a>
            }).collect_view()}
            <div class="anchor" node_ref=anchor>
                <button
                    type="button"
                    data-testid="more"
                    aria-expanded=move || open.get().to_string()
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    <span class="mark"><Icon glyph=Glyph::More /></span>
                    {t!(i18n, pages.more)}
                </button>
                <Show when=move || open.get()>
                    <ul class="float menu">
                        {PAGES.iter().skip(TABS_MAX).map(|page| view! {
                            <li>
                                <a href=page.path aria-current=current(page) on:click=move |_| open.set(false)>
                                    <Icon glyph=page.glyph />
                                    {move || (page.name)(i18n)}
                                    <Waiting page />
                                </a>
                            </li>
                        }).collect_view()}
                        <WireItem open />
                        <YouItems open />
                        <ChoiceRows />
                    </ul>
                </Show>
            </div>
        </nav>
    }
}

/// How much waits on a page.
#[component]
fn Waiting(page: &'static Page) -> impl IntoView {
    let i18n = use_i18n();
    let waiting = Memo::new(move |_| (page.waiting)());
    move || {
        let count = waiting.get();
        (count > 0).then(|| {
            view! {
                <span class="count" aria-label=move || (page.counted)(i18n, count)>
                    {shown_count(count)}
                </span>
            }
        })
    }
}

fn current(page: &'static Page) -> impl Fn() -> Option<&'static str> {
    let path = use_location().pathname;
    move || {
        let inside = path.with(|path| {
            path.strip_prefix(page.path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        inside.then_some("page")
    }
}
