//! The plan of a run: how many of everything, and which faults how often. Drawn from the seed.
//!
//! Each seed turns each class of faults on or off and picks its rate, so that rare combinations
//! occur alone and together.

use std::num::NonZeroU16;
use std::time::Duration;

use trunkline_hub::HubConfig;
use trunkline_hub::log::PAGE_LEN_MAX;
use trunkline_protocol::Delivery;
use trunkline_protocol::frame::PAGE_MAX;
use trunkline_session::{Pace, ServerConfig};

use crate::disk_plan::DiskPlan;
use crate::framing;
use crate::random::Random;

/// Something that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A link breaks; its ends notice at different moments.
    Cut,
    /// A link swallows what is sent, in one direction or both, and nobody is told.
    Hole,
    /// A link carries nothing for a while, then everything.
    Stall,
    /// A client's timers and handlers stop, as those of a hidden tab do.
    Freeze,
    /// The server restarts: it says so, or it just dies.
    Restart,
    /// A client is stopped by its user and started again.
    Stop,
}

impl Fault {
    /// All classes of faults that come at random moments.
    pub const ALL: [Self; 6] = [
        Self::Cut,
        Self::Hole,
        Self::Stall,
        Self::Freeze,
        Self::Restart,
        Self::Stop,
    ];

    /// The name of the class.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Hole => "hole",
            Self::Stall => "stall",
            Self::Freeze => "freeze",
            Self::Restart => "restart",
            Self::Stop => "stop",
        }
    }
}

/// Who does not keep to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostility {
    /// Everybody keeps to the rules.
    None,
    /// The server drops, doubles or swaps so many deliveries in a thousand.
    LossyServer {
        /// How many in a thousand.
        permille: u64,
    },
    /// The server does the same and says that it is honest: the checker must find it out.
    Liar {
        /// How many in a thousand.
        permille: u64,
    },
    /// So many programs send junk, forged positions, repeated ids and absurd limits.
    Intruders {
        /// How many.
        count: usize,
    },
}

/// One simulated topic.
#[derive(Clone, Debug)]
pub struct TopicPlan {
    /// Its name.
    pub name: String,
    /// What it promises.
    pub delivery: Delivery,
    /// The server publishes to it about this often, in milliseconds; 0 for never.
    pub source_ms: u64,
    /// How many events it publishes at once then.
    pub burst: u64,
}

/// Number of users that the crowd has where there is one.
const CROWD_SIZE: u64 = 40;

/// How a run goes, apart from chance.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed of all chance.
    pub seed: u64,
    /// How many clients there are.
    pub clients: usize,
    /// How many users they belong to.
    pub users: usize,
    /// Number of users without a client who press on the logs: what the server would publish there
    /// are their commands, some of which they send again.
    pub crowd: u64,
    /// The topics.
    pub topics: Vec<TopicPlan>,
    /// When everything heals.
    pub active_ms: u64,
    /// How often each class of faults strikes, in milliseconds; 0 for never.
    pub faults: Vec<(Fault, u64)>,
    /// How many dials in a thousand fail.
    pub dial_failures: u64,
    /// How many tokens in a thousand cannot be fetched.
    pub token_failures: u64,
    /// How many restarts in a thousand lose the history.
    pub history_losses: u64,
    /// The disk, the clock and the operator.
    pub disk: DiskPlan,
    /// The longest time that a commit to the disk takes, in milliseconds.
    pub commit_ms: u64,
    /// How many restarts in a thousand are announced.
    pub polite_restarts: u64,
    /// How many clients in a thousand read slowly.
    pub slow_readers: u64,
    /// The least and the greatest delay of a link, in milliseconds.
    pub delay_ms: (u64, u64),
    /// The greatest delay of each step of the broker, in milliseconds.
    pub lag_ms: u64,
    /// Whether fan-out comes later than the append, as with a broker on other machines.
    pub late_fan_out: bool,
    /// How long a token is good, in milliseconds.
    pub token_ttl_ms: u64,
    /// How often an application does something, in milliseconds.
    pub act_ms: u64,
    /// The longest filling of an event, in bytes.
    pub filling_len_max: u64,
    /// How many publications are read from history at once.
    pub page_max: usize,
    /// The bounds of the hub.
    pub hub: HubConfig,
    /// How long a user without a connection counts as present.
    pub linger: Duration,
    /// How long events wait to go out together.
    pub flush_window: Duration,
    /// The bounds of a session.
    pub session: ServerConfig,
    /// Whether clients are told that the network is back.
    pub told_of_healing: bool,
    /// How many of the last steps a failure shows.
    pub last: usize,
    /// Who does not keep to the rules.
    pub hostility: Hostility,
}

impl Plan {
    /// The plan of a seed among rule-keeping peers.
    pub fn of(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        let clients = random.between(2, 4) as usize;
        // One run in eight has no faults at all: there, nothing may happen without a cause.
        let calm = random.chance(125);
        let filling_len_max = random.pick(&[4, 60, 900]);
        let outbox_len_max = random.pick(&[2_000, 6_000, 20_000, 256 * 1024]);
        let often = |random: &mut Random, in_thousand: u64| !calm && random.chance(in_thousand);
        let mut faults = Vec::new();
        for fault in Fault::ALL {
            if often(random, 400) {
                faults.push((fault, random.between(1_500, 12_000)));
            }
        }
        Self {
            seed,
            clients,
            users: random.between(1, clients as u64) as usize,
            // By the seed alone, so that nothing else is drawn otherwise.
            crowd: if seed % 4 == 1 { CROWD_SIZE } else { 0 },
            topics: topics(random, max_hz(seed)),
            active_ms: random.between(3_000, 20_000),
            faults,
            dial_failures: if often(random, 300) {
                random.between(50, 500)
            } else {
                0
            },
            token_failures: if often(random, 200) {
                random.between(50, 400)
            } else {
                0
            },
            history_losses: random.pick(&[0, 0, 300, 1000]),
            polite_restarts: random.pick(&[0, 500, 1000]),
            slow_readers: random.pick(&[0, 300, 700]),
            delay_ms: random.pick(&[(0, 0), (1, 20), (5, 150), (20, 800)]),
            lag_ms: random.pick(&[0, 0, 10, 80, 400]),
            late_fan_out: random.chance(300),
            token_ttl_ms: random.pick(&[12_000, 25_000, 600_000]),
            act_ms: random.between(150, 1_500),
            filling_len_max,
            page_max: random.pick(&[2, 16, 256]),
            hub: HubConfig {
                outbox_len_max,
                reserve_len_max: answer_len_max(filling_len_max),
                topics_max: 100,
                framing: framing::push,
                priorities: true,
            },
            linger: Duration::from_millis(random.pick(&[0, 300, 1_000])),
            session: ServerConfig {
                ping_interval: Duration::from_secs(random.between(3, 10)),
                token_grace: Duration::from_secs(5),
                pace: Pace {
                    per_second: 100,
                    burst: 400,
                },
                ..ServerConfig::default()
            },
            told_of_healing: random.chance(500),
            commit_ms: random.pick(&[0, 5, 60, 400]),
            disk: if random.chance(500) && !calm {
                DiskPlan::of(seed)
            } else {
                DiskPlan::sound()
            },
            flush_window: Duration::from_millis(random.pick(&[0, 0, 5, 200])),
            last: 60,
            hostility: Hostility::None,
        }
    }

    /// The plan of a seed with a server that loses, doubles and swaps deliveries.
    pub fn with_lossy_server(seed: u64) -> Self {
        let permille = 5 * (1 + seed % 8);
        let mut plan = Self {
            hostility: Hostility::LossyServer { permille },
            ..Self::of(seed)
        };
        // Every other one in a hurry, so that a short log ends before slow readers get to it.
        if seed % 4 < 2 {
            (plan.slow_readers, plan.hub.outbox_len_max) = (1000, 2_000);
            let max_age = Duration::from_secs(3600);
            for topic in plan
                .topics
                .iter_mut()
                .filter(|topic| topic.delivery.is_log())
            {
                topic.delivery = Delivery::Log { keep: 4, max_age };
                (topic.source_ms, topic.burst) = (300, 12);
            }
        }
        plan
    }

    /// The plan of a seed with a server that does not keep its promises. Its run fails, as soon as
    /// something goes wrong.
    pub fn with_liar(seed: u64) -> Self {
        Self {
            hostility: Hostility::Liar { permille: 200 },
            ..Self::of(seed)
        }
    }

    /// The plan of a seed with programs that break the rules.
    pub fn with_intruders(seed: u64) -> Self {
        let count = 1 + (seed % 3) as usize;
        Self {
            hostility: Hostility::Intruders { count },
            ..Self::of(seed)
        }
    }

    /// Tells whether nothing breaks in this run.
    pub fn is_calm(&self) -> bool {
        self.faults.is_empty()
            && self.dial_failures == 0
            && self.token_failures == 0
            && self.disk.is_sound()
    }

    /// Tells whether the server says that it delivers what it should.
    pub fn is_server_honest(&self) -> bool {
        !matches!(self.hostility, Hostility::LossyServer { .. })
    }
}

/// The longest answer: a page of history, in JSON.
pub(crate) fn answer_len_max(filling_len_max: u64) -> usize {
    let event = filling_len_max as usize + 130;
    (PAGE_MAX * event).min(PAGE_LEN_MAX + PAGE_MAX * 130)
}

/// How often a value goes out at most. By the seed alone, so that nothing else is drawn otherwise.
fn max_hz(seed: u64) -> Option<NonZeroU16> {
    [None, NonZeroU16::new(10), NonZeroU16::new(2)][(seed % 3) as usize]
}

/// Two logs and one topic of every other delivery.
fn topics(random: &mut Random, max_hz: Option<NonZeroU16>) -> Vec<TopicPlan> {
    let max_age = Duration::from_millis(random.pick(&[3_000, 20_000, 3_600_000]));
    let short = Delivery::Log {
        keep: random.between(3, 30) as u32,
        max_age,
    };
    let long = Delivery::Log {
        keep: 1000,
        max_age: Duration::from_secs(3600),
    };
    let keyframed = Delivery::Keyframed {
        max_run: random.between(3, 40) as u32,
    };
    let latest = Delivery::Latest { max_hz };
    [
        ("log", long),
        ("short", short),
        ("latest", latest),
        ("volatile", Delivery::Volatile),
        ("keyframed", keyframed),
    ]
    .into_iter()
    .map(|(kind, delivery)| TopicPlan {
        name: format!("sim-{kind}:room"),
        delivery,
        source_ms: random.pick(&[0, 0, 500, 2_000]),
        burst: random.pick(&[1, 2, 12]),
    })
    .collect()
}
