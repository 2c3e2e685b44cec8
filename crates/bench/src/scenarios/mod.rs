//! The scenarios: a file each, and this list.

mod fan_out;
mod saturated;
mod two_cores;
mod rooms;
mod calls;
mod connect_storm;
mod idle;
mod latency;
mod windows;
mod slow_readers;
mod ticker;
mod live;
mod live_calls;
mod wire;
mod durable_latency;
mod durable_memory;
mod durable_recovery;
mod durable_throughput;
mod recovery_storm;

use anyhow::Result;
use futures_util::future::LocalBoxFuture;

use crate::report::Report;
use crate::server::Launcher;

/// Something to measure.
pub(crate) struct Scenario {
    /// How it is asked for, and what its file of figures is called.
    pub(crate) name: &'static str,
    /// What it measures, in one line.
    pub(crate) about: &'static str,
    /// Measures, or fails if the server did not do what it promises.
    pub(crate) run: for<'a> fn(Launcher, bool, &'a mut Report) -> LocalBoxFuture<'a, Result<()>>,
}

/// All scenarios, in the order in which they run.
pub(crate) const SCENARIOS: [Scenario; 19] = [
    Scenario {
        name: "fan-out",
        about: "what a delivery costs where nothing can be sent together",
        run: |launcher, quick, report| Box::pin(fan_out::run(launcher, quick, report)),
    },
    Scenario {
        name: "saturated",
        about: "what a delivery costs where everything can be sent together",
        run: |launcher, quick, report| Box::pin(saturated::run(launcher, quick, report)),
    },
    Scenario {
        name: "two-cores",
        about: "the same where the server may use every core",
        run: |launcher, quick, report| Box::pin(two_cores::run(launcher, quick, report)),
    },
    Scenario {
        name: "rooms",
        about: "what a delivery costs in many small rooms",
        run: |launcher, quick, report| Box::pin(rooms::run(launcher, quick, report)),
    },
    Scenario {
        name: "calls",
        about: "what a question and its answer cost",
        run: |launcher, quick, report| Box::pin(calls::run(launcher, quick, report)),
    },
    Scenario {
        name: "connect-storm",
        about: "what opening a conversation costs",
        run: |launcher, quick, report| Box::pin(connect_storm::run(launcher, quick, report)),
    },
    Scenario {
        name: "idle",
        about: "the memory of connections that mostly wait",
        run: |launcher, quick, report| Box::pin(idle::run(launcher, quick, report)),
    },
    Scenario {
        name: "latency",
        about: "how long a message takes at a pace that can be kept",
        run: |launcher, quick, report| Box::pin(latency::run(launcher, quick, report)),
    },
    Scenario {
        name: "windows",
        about: "what a flush window saves and costs",
        run: |launcher, quick, report| Box::pin(windows::run(launcher, quick, report)),
    },
    Scenario {
        name: "slow-readers",
        about: "what connections that never read cost the others",
        run: |launcher, quick, report| Box::pin(slow_readers::run(launcher, quick, report)),
    },
    Scenario {
        name: "ticker",
        about: "what the newest quotes of many symbols cost, to many readers",
        run: |launcher, quick, report| Box::pin(ticker::run(launcher, quick, report)),
    },
    Scenario {
        name: "live",
        about: "what a megabyte of video costs on its way to many viewers",
        run: |launcher, quick, report| Box::pin(live::run(launcher, quick, report)),
    },
    Scenario {
        name: "live-calls",
        about: "how long a call takes while video comes over the same socket",
        run: |launcher, quick, report| Box::pin(live_calls::run(launcher, quick, report)),
    },
    Scenario {
        name: "wire",
        about: "the bytes of an event, beside the envelopes of others",
        run: |launcher, quick, report| Box::pin(wire::run(launcher, quick, report)),
    },
    Scenario {
        name: "durable-throughput",
        about: "publishes per second, against the store alone and against the memory broker",
        run: |launcher, quick, report| Box::pin(durable_throughput::run(launcher, quick, report)),
    },
    Scenario {
        name: "durable-latency",
        about: "from publish to delivery, with few and with many publishers",
        run: |launcher, quick, report| Box::pin(durable_latency::run(launcher, quick, report)),
    },
    Scenario {
        name: "durable-memory",
        about: "memory and disk of many topics, before and after a restart",
        run: |launcher, quick, report| Box::pin(durable_memory::run(launcher, quick, report)),
    },
    Scenario {
        name: "durable-recovery",
        about: "a crowd that missed the same messages comes back at once after a restart",
        run: |launcher, quick, report| Box::pin(durable_recovery::run(launcher, quick, report)),
    },
    Scenario {
        name: "recovery-storm",
        about: "the same with ten thousand clients that missed less",
        run: |launcher, quick, report| Box::pin(recovery_storm::run(launcher, quick, report)),
    },
];
