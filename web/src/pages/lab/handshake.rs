//! The handshake: a connection that begins as HTTP and goes on as frames, shown as it was sent.

use futures_util::{SinkExt, StreamExt};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::I18nContext;
use trunkline_client::Client;
use trunkline_protocol::topics::lab::{Handshake, LabAsked, ListLanes, Nonce, ShowHandshake};
use trunkline_protocol::{ClientFrame, Codec, ServerFrame, Subprotocol, Text};
use trunkline_web_model::lab::{FrameSeen, HeadLine, Opcode, frames, head_lines, said};

use crate::account;
use crate::browser::fetch;
use crate::i18n::{Locale, t, t_string, use_i18n};
use crate::realtime::use_realtime;

/// The frames of each direction that are explained.
const FRAMES_SHOWN: usize = 4;

/// What was seen.
#[derive(Clone, PartialEq)]
enum Seen {
    Nothing,
    Looking,
    NoWitness,
    Failed,
    Both {
        socket: Box<Handshake>,
        request: Box<Handshake>,
    },
}

/// The section.
#[component]
pub(super) fn HandshakeStep() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let seen = RwSignal::new(Seen::Nothing);
    let open = move |_| {
        let Some(client) = realtime.client.get_untracked() else {
            return seen.set(Seen::Failed);
        };
        seen.set(Seen::Looking);
        spawn_local(async move {
            let found = look(&client).await.unwrap_or(Seen::Failed);
            // The page may be left by now.
            seen.try_set(found);
        });
    };
    let said = move || {
        seen.with(|seen| match seen {
            Seen::Nothing | Seen::Both { .. } => "",
            Seen::Looking => t_string!(i18n, lab.handshake.looking),
            Seen::NoWitness => t_string!(i18n, lab.handshake.no_witness),
            Seen::Failed => t_string!(i18n, lab.offline),
        })
    };
    let shown = move || {
        match seen.get() {
        Seen::Both { socket, request } => view! {
            <div class="lab-pair" data-testid="handshake">
                <article>
                    <h3>{t!(i18n, lab.handshake.http)}</h3>
                    <Head bytes=request.request.to_vec() label=Signal::derive(move || t_string!(i18n, lab.handshake.request)) />
                    <Head bytes=request.response.to_vec() label=Signal::derive(move || t_string!(i18n, lab.handshake.response)) />
                    <p>{t!(i18n, lab.handshake.http_over)}</p>
                </article>
                <article>
                    <h3>{t!(i18n, lab.handshake.socket)}</h3>
                    <Head bytes=socket.request.to_vec() label=Signal::derive(move || t_string!(i18n, lab.handshake.request)) />
                    <Head bytes=socket.response.to_vec() label=Signal::derive(move || t_string!(i18n, lab.handshake.response)) />
                    <p>{t!(i18n, lab.handshake.switched)}</p>
                    <Frames handshake=*socket />
                </article>
            </div>
        }
        .into_any(),
        _ => ().into_any(),
    }
    };
    view! {
        <section class="lab-step" id="handshake" aria-labelledby="handshake-title">
            <header>
                <h2 id="handshake-title">{t!(i18n, lab.handshake.title)}</h2>
                <p>{t!(i18n, lab.handshake.lead)}</p>
            </header>
            <div class="lab-go">
                <button
                    type="button"
                    class="button primary"
                    data-testid="handshake-open"
                    disabled=move || seen.with(|it| *it == Seen::Looking)
                    on:click=open
                >
                    {t!(i18n, lab.handshake.open)}
                </button>
                <p class="hint" role="status">{said}</p>
            </div>
            {shown}
        </section>
    }
}

/// Goes by the witness with a WebSocket and with a plain request, and asks what it saw.
async fn look(client: &Client) -> Option<Seen> {
    let lanes = client.call::<ListLanes>(&LabAsked {}).await.ok()?;
    let Some(port) = lanes.witness else {
        return Some(Seen::NoWitness);
    };
    let host = window().location().hostname().ok()?;
    let (first, second) = (random()?, random()?);
    converse(&format!("ws://{host}:{port}/ws?witness={first}")).await?;
    // The answer is for the witness; the browser does not let this page read it.
    let _ = fetch::get(
        &format!("http://{host}:{port}/healthz?witness={second}"),
        fetch::Credentials::Omit,
    )
    .await;
    let shown = async |nonce| client.call::<ShowHandshake>(&Nonce { nonce }).await.ok();
    let socket = shown(first).await?;
    let request = shown(second).await?;
    Some(Seen::Both {
        socket: Box::new(socket),
        request: Box::new(request),
    })
}

/// A number that nobody guesses, up to 2^53 - 1.
fn random() -> Option<u64> {
    let mut bytes = [0; 8];
    let crypto = window().crypto().ok()?;
    crypto.get_random_values_with_u8_array(&mut bytes).ok()?;
    Some(u64::from_le_bytes(bytes) >> 11)
}

/// Opens a conversation, asks whether it is alive, and hangs up.
async fn converse(url: &str) -> Option<()> {
    let token = account::fetch_token().await.ok()?.token;
    let codec = Codec::Bincode;
    let mut socket = WebSocket::open_with_protocol(url, Subprotocol::name(codec)).ok()?;
    let connect = ClientFrame::Connect {
        version: trunkline_protocol::PROTOCOL_VERSION,
        token: Text::cut(&token),
        agent: Text::cut("trunkline-lab"),
        subscriptions: trunkline_protocol::List::default(),
    };
    let probe = ClientFrame::Probe { nonce: 7 };
    for frame in [connect, probe] {
        let bytes = codec.encode(&frame).to_vec();
        socket.send(Message::Bytes(bytes)).await.ok()?;
    }
    loop {
        let Message::Bytes(bytes) = socket.next().await?.ok()? else {
            return None;
        };
        if let ServerFrame::Probed { .. } = codec.decode(&bytes).ok()? {
            return socket.close(None, None).ok();
        }
    }
}

/// A head, line by line, with what the lines of a handshake mean.
#[component]
fn Head(bytes: Vec<u8>, #[prop(into)] label: Signal<&'static str>) -> impl IntoView {
    let i18n = use_i18n();
    let len = bytes.len();
    let lines = head_lines(&bytes);
    let line = move |line: HeadLine| match line {
        HeadLine::First(text) => view! { <div class="first">{text}</div> }.into_any(),
        HeadLine::Header { name, value } => {
            let why = meaning(i18n, &name, &value);
            let marked = why.is_some();
            view! {
                <div class:marked=marked title=why.unwrap_or_default()>
                    <b>{name}": "</b>{value}
                    {why.map(|why| view! { <small>{why}</small> })}
                </div>
            }
            .into_any()
        }
    };
    view! {
        <figure class="head">
            <figcaption>
                {label}
                <span class="figures">{move || t_string!(i18n, lab.bytes, n = len)}</span>
            </figcaption>
            <div class="bytes mono" tabindex="0" role="group" aria-label=label>
                {move || lines.clone().into_iter().map(line).collect_view()}
            </div>
        </figure>
    }
}

/// What a header of a handshake is for.
fn meaning(i18n: I18nContext<Locale>, name: &str, value: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "upgrade" => t_string!(i18n, lab.header.upgrade),
        "connection" if value.eq_ignore_ascii_case("upgrade") => {
            t_string!(i18n, lab.header.connection)
        }
        "sec-websocket-key" => t_string!(i18n, lab.header.key),
        "sec-websocket-accept" => t_string!(i18n, lab.header.accept),
        "sec-websocket-version" => t_string!(i18n, lab.header.version),
        "sec-websocket-protocol" => t_string!(i18n, lab.header.protocol),
        "origin" => t_string!(i18n, lab.header.origin),
        "cookie" => t_string!(i18n, lab.header.cookie),
        _ => return None,
    })
}

/// The first frames of both directions.
#[component]
fn Frames(handshake: Handshake) -> impl IntoView {
    let i18n = use_i18n();
    let of = |bytes: &[u8], up: bool| {
        let seen = frames(bytes).into_iter().take(FRAMES_SHOWN);
        seen.map(|frame| (frame, up)).collect::<Vec<_>>()
    };
    let (up, down) = (of(&handshake.up, true), of(&handshake.down, false));
    // They took turns: a question, its answer.
    let mut all = Vec::new();
    for index in 0..FRAMES_SHOWN {
        all.extend(up.get(index).cloned());
        all.extend(down.get(index).cloned());
    }
    view! {
        <ol class="frames-seen">
            {all.into_iter().map(|(frame, up)| frame_row(i18n, &frame, up)).collect_view()}
        </ol>
    }
}

fn frame_row(i18n: I18nContext<Locale>, frame: &FrameSeen, up: bool) -> impl IntoView + use<> {
    let header = frame
        .header
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(" ");
    let words = said(frame, up).unwrap_or_else(|| format!("{:?}", frame.opcode));
    let (fin, opcode, masked, len) = (frame.fin, frame.opcode, frame.mask.is_some(), frame.len);
    let header_len = frame.header.len();
    let opcode = match opcode {
        Opcode::Continuation => "0 continuation",
        Opcode::Text => "1 text",
        Opcode::Binary => "2 binary",
        Opcode::Close => "8 close",
        Opcode::Ping => "9 ping",
        Opcode::Pong => "10 pong",
        Opcode::Reserved(_) => "?",
    };
    view! {
        <li>
            <p>
                <b>{move || if up {
                    t_string!(i18n, lab.handshake.up)
                } else {
                    t_string!(i18n, lab.handshake.down)
                }}</b>
                " "
                <span class="figures">{move || t_string!(
                    i18n, lab.handshake.sizes, header = header_len, payload = len
                )}</span>
            </p>
            <dl class="bits mono">
                <div><dt>{move || t_string!(i18n, lab.handshake.header)}</dt><dd>{header}</dd></div>
                <div><dt>"FIN"</dt><dd>{u8::from(fin)}</dd></div>
                <div><dt>"opcode"</dt><dd>{opcode}</dd></div>
                <div><dt>"MASK"</dt><dd>{u8::from(masked)}</dd></div>
                <div><dt>"length"</dt><dd>{len}</dd></div>
            </dl>
            <code class="mono">{words}</code>
        </li>
    }
}
