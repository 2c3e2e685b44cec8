//! What is seen for a moment: pulses, and where they hit.

use trunkline_web_model::arena::{Beam, Fired, Point};

/// How long a pulse is seen, in milliseconds.
const BEAM_MS: f64 = 160.0;

/// How long a hit is seen.
const HIT_MS: f64 = 320.0;

/// The most of them at once.
const SPARKS_MAX: usize = 128;

/// Something that fades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spark {
    /// A pulse.
    Beam { from: Point, to: Point, own: bool },
    /// Somebody was hit there, and perhaps put out.
    Hit { at: Point, out: bool },
}

impl Spark {
    fn length_ms(self) -> f64 {
        match self {
            Self::Beam { .. } => BEAM_MS,
            Self::Hit { .. } => HIT_MS,
        }
    }
}

/// All that fades now.
#[derive(Clone, Debug, Default)]
pub(super) struct Sparks(Vec<(f64, Spark)>);

impl Sparks {
    /// Pulses are seen from now on. One's own was seen when it was fired, so of it only the hit is new.
    pub(super) fn add(&mut self, now_ms: f64, beams: &[Beam], own: Option<u8>) {
        for beam in beams {
            if Some(beam.by) != own {
                let (from, to) = (beam.from, beam.to);
                self.push(
                    now_ms,
                    Spark::Beam {
                        from,
                        to,
                        own: false,
                    },
                );
            }
            if beam.hit.is_some() {
                let (at, out) = (beam.to, beam.out);
                self.push(now_ms, Spark::Hit { at, out });
            }
        }
    }

    /// One fired.
    pub(super) fn fire(&mut self, now_ms: f64, fired: &[Fired]) {
        for &Fired { from, to } in fired {
            self.push(
                now_ms,
                Spark::Beam {
                    from,
                    to,
                    own: true,
                },
            );
        }
    }

    fn push(&mut self, now_ms: f64, spark: Spark) {
        if self.0.len() == SPARKS_MAX {
            self.0.remove(0);
        }
        self.0.push((now_ms, spark));
    }

    /// Those that are seen still, and how much of each is over, from 0 to 1.
    pub(super) fn seen(&mut self, now_ms: f64) -> impl Iterator<Item = (Spark, f64)> {
        self.0
            .retain(|(since, spark)| now_ms - since < spark.length_ms());
        self.0.iter().map(move |(since, spark)| {
            (
                *spark,
                ((now_ms - since) / spark.length_ms()).clamp(0.0, 1.0),
            )
        })
    }
}
