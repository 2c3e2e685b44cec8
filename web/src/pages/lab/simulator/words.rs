//! The words for what happens in a run.

use leptos_i18n::I18nContext;
use trunkline_protocol::Codec;
use trunkline_web_model::simulator::{Fault, Flight, Mood, Peer, Sight, Verdict};

use crate::i18n::{Locale, t_string};

/// Who it is.
pub(super) fn peer_name(i18n: I18nContext<Locale>, peer: Peer) -> String {
    match peer {
        Peer::Client(client) => t_string!(i18n, lab.simulator.client, n = client + 1),
        Peer::Intruder(intruder) => t_string!(i18n, lab.simulator.intruder, n = intruder + 1),
    }
}

/// What a client does.
pub(super) fn mood_words(i18n: I18nContext<Locale>, mood: Mood) -> &'static str {
    match mood {
        Mood::Stopped => t_string!(i18n, lab.simulator.mood.stopped),
        Mood::Frozen => t_string!(i18n, lab.simulator.mood.frozen),
        Mood::Connecting => t_string!(i18n, lab.simulator.mood.connecting),
        Mood::Waiting => t_string!(i18n, lab.simulator.mood.waiting),
        Mood::Live => t_string!(i18n, lab.simulator.mood.live),
    }
}

/// The same, for style sheets.
pub(super) fn mood_name(mood: Mood) -> &'static str {
    match mood {
        Mood::Stopped => "stopped",
        Mood::Frozen => "frozen",
        Mood::Connecting => "connecting",
        Mood::Waiting => "waiting",
        Mood::Live => "live",
    }
}

/// How frames are written.
pub(super) fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Bincode => "bincode",
        Codec::Json => "JSON",
    }
}

/// What the checker says.
pub(super) fn verdict_words(i18n: I18nContext<Locale>, verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Good => t_string!(i18n, lab.simulator.verdict.good),
        Verdict::Held => t_string!(i18n, lab.simulator.verdict.held),
        Verdict::Broken { .. } => t_string!(i18n, lab.simulator.verdict.broken),
    }
}

/// What happened, in a sentence.
pub(super) fn told_words(i18n: I18nContext<Locale>, sight: Sight) -> String {
    let client = |client| peer_name(i18n, Peer::Client(client));
    match sight {
        Sight::Sent(flight) => flight_words(i18n, flight),
        Sight::Dialed { client: who } => {
            t_string!(i18n, lab.simulator.told.dialed, who = client(who))
        }
        Sight::Lost {
            client: who,
            reason,
        } => t_string!(
            i18n,
            lab.simulator.told.lost,
            who = client(who),
            code = reason.code()
        ),
        Sight::HungUp {
            client: who,
            reason,
        } => t_string!(
            i18n,
            lab.simulator.told.hung_up,
            who = client(who),
            code = reason.code()
        ),
        Sight::Struck { fault, peer, .. } => fault_words(i18n, fault, peer),
        Sight::Thawed { client: who } => {
            t_string!(i18n, lab.simulator.told.thawed, who = client(who))
        }
        Sight::Down => t_string!(i18n, lab.simulator.told.down).to_owned(),
        Sight::Up => t_string!(i18n, lab.simulator.told.up).to_owned(),
        Sight::Healed => t_string!(i18n, lab.simulator.told.healed).to_owned(),
    }
}

fn flight_words(i18n: I18nContext<Locale>, flight: Flight) -> String {
    let Flight {
        peer,
        up,
        kind,
        len,
        arrives_ms,
        ..
    } = flight;
    let who = peer_name(i18n, peer);
    match (up, arrives_ms.is_some()) {
        (true, true) => t_string!(
            i18n,
            lab.simulator.told.up_frame,
            who = who,
            kind = kind,
            n = len
        ),
        (false, true) => t_string!(
            i18n,
            lab.simulator.told.down_frame,
            who = who,
            kind = kind,
            n = len
        ),
        (true, false) => t_string!(i18n, lab.simulator.told.up_lost, who = who, kind = kind),
        (false, false) => t_string!(i18n, lab.simulator.told.down_lost, who = who, kind = kind),
    }
}

fn fault_words(i18n: I18nContext<Locale>, fault: Fault, peer: Option<Peer>) -> String {
    let who = || peer.map_or_else(String::new, |peer| peer_name(i18n, peer));
    match fault {
        Fault::Cut => t_string!(i18n, lab.simulator.told.cut, who = who()),
        Fault::Hole => t_string!(i18n, lab.simulator.told.hole, who = who()),
        Fault::Stall => t_string!(i18n, lab.simulator.told.stall, who = who()),
        Fault::Freeze => t_string!(i18n, lab.simulator.told.freeze, who = who()),
        Fault::Restart => t_string!(i18n, lab.simulator.told.restart).to_owned(),
        Fault::Stop => t_string!(i18n, lab.simulator.told.stop, who = who()),
    }
}
