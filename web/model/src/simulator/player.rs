//! Plays a run: lets it go on as the page's clock does, and says what is to be seen of it.

use std::collections::VecDeque;

use trunkline_sim::{ClientState, Fault, Flight, LinkId, Outcome, Peer, Sight, World};

use super::Script;

/// Things that happen in one call at most, so that a page stays responsive.
const HAPPENINGS_MAX: usize = 20_000;

/// Dots that are kept at most.
const DOTS_MAX: usize = 600;

/// Things told that are kept.
const TOLD_MAX: usize = 80;

/// While nothing is on its way, time passes at least like this.
const IDLE_SPEED: f64 = 2.0;

/// And like this when nothing breaks any more, and all that is left is to wait whether it does.
const CALM_SPEED: f64 = 12.0;

/// How long a dot stays where it ended, in milliseconds of the page's clock.
const STAY_MS: f64 = 350.0;

/// How long one that vanishes stays there.
const STAY_LOST_MS: f64 = 1_200.0;

/// Where something that vanishes was last seen, on its way from 0 to 1.
const VANISHES_AT: f64 = 0.5;

/// How long something that vanishes would travel, in milliseconds of the run.
const VANISHING_MS: f64 = 200.0;

/// Something on its way, or just arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// What it is.
    pub flight: Flight,
    /// Where it is, from 0 at its sender to 1.
    pub at: f64,
    /// Whether it is lost.
    pub lost: bool,
}

/// Something that happened, and when, in milliseconds since the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Counts them from 1.
    pub number: u64,
    /// When.
    pub at_ms: u64,
    /// What.
    pub sight: Sight,
}

/// What the checker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to complain about so far.
    Good,
    /// The run is over, and everything held.
    Held,
    /// Something that must hold does not.
    Broken {
        /// The check that found it.
        check: &'static str,
        /// What it found.
        what: String,
    },
}

/// How everything is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The clients.
    pub clients: Vec<ClientState>,
    /// How many programs break the rules.
    pub intruders: usize,
    /// Whether the server is there.
    pub server_up: bool,
    /// Whether nothing breaks any more.
    pub healed: bool,
    /// What the checker says.
    pub verdict: Verdict,
    /// The time in the run, and when it ends, in milliseconds.
    pub now_ms: u64,
    /// When it ends.
    pub end_ms: u64,
    /// Frames that set out.
    pub frames: u64,
    /// Those of them that never arrive.
    pub lost: u64,
    /// Events that applications were given, each of which was checked.
    pub deliveries: u64,
    /// How often something broke.
    pub faults: u64,
}

#[derive(Clone, Copy, Debug)]
struct Way {
    flight: Flight,
    /// Where and when it ended, by the page's clock.
    ended: Option<(f64, f64)>,
    lost: bool,
}

/// A run that is played.
#[derive(Debug)]
pub struct Player {
    world: World,
    /// The time in the run, in milliseconds.
    run_ms: f64,
    /// The time that was spent here, in milliseconds of the page's clock.
    page_ms: f64,
    ways: VecDeque<Way>,
    told: VecDeque<Told>,
    told_count: u64,
    frames: u64,
    lost: u64,
    healed: bool,
}

impl Player {
    /// The beginning of a run.
    pub fn new(script: Script) -> Self {
        Self {
            world: World::watched(script.plan()),
            run_ms: 0.0,
            page_ms: 0.0,
            ways: VecDeque::new(),
            told: VecDeque::new(),
            told_count: 0,
            frames: 0,
            lost: 0,
            healed: false,
        }
    }

    /// Lets `page_ms` milliseconds of the page's clock pass at a speed, where 1 is the run's own.
    pub fn advance(&mut self, page_ms: f64, speed: f64) {
        self.page_ms += page_ms;
        let idle = !self.ways.iter().any(|way| way.ended.is_none());
        let speed = match (idle, self.healed) {
            (false, _) => speed,
            (true, false) => speed.max(IDLE_SPEED),
            (true, true) => speed.max(CALM_SPEED),
        };
        let until_ms = self.run_ms + page_ms * speed;
        for _ in 0..HAPPENINGS_MAX {
            // While nothing was on its way, time went faster; it is not to rush past what sets out.
            if idle && self.ways.iter().any(|way| way.ended.is_none()) {
                break;
            }
            match self.world.next_ms() {
                Some(next_ms) if next_ms as f64 <= until_ms => self.happen(),
                Some(_) => {
                    self.run_ms = until_ms;
                    break;
                }
                None => break,
            }
        }
        self.land();
    }

    /// Lets the next thing happen that is seen. At the end, nothing.
    pub fn step(&mut self) {
        self.page_ms += STAY_MS;
        let told = self.told_count;
        while self.told_count == told && !self.is_over() {
            self.happen();
        }
        self.land();
    }

    /// Lets everything happen up to the end, without looking.
    pub fn finish(&mut self) {
        while !self.is_over() {
            self.happen();
        }
        self.ways.clear();
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.world.is_over()
    }

    fn happen(&mut self) {
        self.world.step();
        self.run_ms = self.world.now_ms() as f64;
        for sight in self.world.take_seen() {
            self.see(sight);
        }
    }

    fn see(&mut self, sight: Sight) {
        match sight {
            Sight::Sent(flight) => {
                self.frames += 1;
                self.lost += u64::from(flight.arrives_ms.is_none());
                if self.ways.len() == DOTS_MAX {
                    self.ways.pop_front();
                }
                self.ways.push_back(Way {
                    flight,
                    ended: None,
                    lost: flight.arrives_ms.is_none(),
                });
            }
            Sight::Struck {
                fault: Fault::Cut,
                link: Some(link),
                ..
            } => self.cut(link),
            Sight::Healed => self.healed = true,
            _ => {}
        }
        if self.told.len() == TOLD_MAX {
            self.told.pop_back();
        }
        self.told_count += 1;
        self.told.push_front(Told {
            number: self.told_count,
            at_ms: self.world.now_ms(),
            sight,
        });
    }

    /// What is on its way over a line that breaks ends there.
    fn cut(&mut self, link: LinkId) {
        let (run_ms, page_ms) = (self.run_ms, self.page_ms);
        for way in &mut self.ways {
            if way.flight.link == link && way.ended.is_none() && way.place(run_ms) < 1.0 {
                self.lost += u64::from(!way.lost);
                way.lost = true;
                way.ended = Some((way.place(run_ms), page_ms));
            }
        }
    }

    /// Marks what has ended, and forgets what ended long ago.
    fn land(&mut self) {
        let (run_ms, page_ms) = (self.run_ms, self.page_ms);
        for way in &mut self.ways {
            let end = if way.lost { VANISHES_AT } else { 1.0 };
            if way.ended.is_none() && way.place(run_ms) >= end {
                way.ended = Some((end, page_ms));
            }
        }
        self.ways.retain(|way| {
            let stay_ms = if way.lost { STAY_LOST_MS } else { STAY_MS };
            way.ended.is_none_or(|(_, at)| page_ms - at < stay_ms)
        });
    }

    /// What is to be drawn.
    pub fn dots(&self) -> impl Iterator<Item = Dot> {
        self.ways.iter().map(|way| Dot {
            flight: way.flight,
            at: way
                .ended
                .map_or_else(|| way.place(self.run_ms), |(at, _)| at),
            lost: way.lost && way.ended.is_some(),
        })
    }

    /// What happened, the newest first.
    pub fn told(&self) -> impl Iterator<Item = Told> {
        self.told.iter().copied()
    }

    /// How everything is now.
    pub fn scene(&self) -> Scene {
        let Outcome {
            deliveries, faults, ..
        } = self.world.outcome();
        let verdict = match self.world.violation() {
            Some(violation) => Verdict::Broken {
                check: violation.check,
                what: violation.what.clone(),
            },
            None if self.is_over() => Verdict::Held,
            None => Verdict::Good,
        };
        Scene {
            clients: self.world.clients().collect(),
            intruders: self.world.intruders(),
            server_up: self.world.is_server_up(),
            healed: self.healed,
            verdict,
            now_ms: self.run_ms as u64,
            end_ms: self.world.end_ms(),
            frames: self.frames,
            lost: self.lost,
            deliveries,
            faults,
        }
    }

    /// What became of the run so far.
    pub fn outcome(&self) -> Outcome {
        self.world.outcome()
    }

    /// What became of the run so far, as JSON. Numbers that scripts would round are texts.
    pub fn to_json(&self, script: Script) -> String {
        let outcome = self.outcome();
        let failure = outcome.failure.map(|failure| {
            serde_json::json!({
                "check": failure.violation.check,
                "what": failure.violation.what,
                "last": failure.last,
            })
        });
        let json = serde_json::json!({
            "seed": script.seed.to_string(),
            "lying": script.lying,
            "over": self.is_over(),
            "hash": format!("{:016x}", outcome.hash),
            "steps": outcome.steps,
            "deliveries": outcome.deliveries,
            "faults": outcome.faults,
            "overflows": outcome.overflows,
            "virtual_ms": outcome.virtual_ms,
            "failure": failure,
        });
        format!("{json:#}")
    }

    /// Everybody at the far end of a line, clients first.
    pub fn peers(&self) -> Vec<Peer> {
        let clients = (0..self.world.clients().len()).map(Peer::Client);
        let intruders = (0..self.world.intruders()).map(Peer::Intruder);
        clients.chain(intruders).collect()
    }
}

impl Way {
    /// Where it is at a time of the run.
    fn place(&self, run_ms: f64) -> f64 {
        let left_ms = self.flight.leaves_ms as f64;
        let takes_ms = match self.flight.arrives_ms {
            Some(arrives_ms) => arrives_ms as f64 - left_ms,
            None => VANISHING_MS,
        };
        if takes_ms <= 0.0 {
            return 1.0;
        }
        ((run_ms - left_ms) / takes_ms).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests;
