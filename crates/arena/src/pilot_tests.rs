//! A pilot against a world over a line with latency: predictions are exact while nobody else is near,
//! and inputs come in time.

use super::*;
use crate::buffer::{InputBuffer, NotTaken};
use crate::input::Moves;
use crate::world::{Length, SEATS, World};
use crate::{Angle, Bot};

/// A tick in microseconds, and the step of the story: a thirtieth of it.
const TICK: u64 = 1_000_000 / 30;
const STEP: u64 = TICK / 30;

/// A line that delays: what is in it has the time at which it arrives.
struct Line<T> {
    latency: u64,
    jitter: u64,
    seed: u64,
    under_way: VecDeque<(u64, T)>,
}

impl<T> Line<T> {
    fn new(latency: u64, jitter: u64) -> Self {
        Self {
            latency,
            jitter,
            seed: 1,
            under_way: VecDeque::new(),
        }
    }

    fn send(&mut self, now: u64, it: T) {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let jitter = (self.seed >> 33) % (self.jitter + 1);
        // In order, as on one connection.
        let last = self.under_way.back().map_or(0, |(at, _)| *at);
        self.under_way
            .push_back(((now + self.latency + jitter).max(last), it));
    }

    fn arrived(&mut self, now: u64) -> Vec<T> {
        let due = self
            .under_way
            .iter()
            .take_while(|(at, _)| *at <= now)
            .count();
        self.under_way.drain(..due).map(|(_, it)| it).collect()
    }
}

type Answer = (u32, Result<u32, Refusal>);

struct Story {
    now: u64,
    world: World,
    buffer: InputBuffer,
    pilot: Pilot,
    snapshots: Line<Snapshot>,
    inputs: Line<(u32, Input)>,
    answers: Line<Answer>,
    /// The greatest error, and how many inputs were too late, since somebody looked.
    worst: i32,
    late: u32,
    missed: u32,
    frozen: bool,
}

impl Story {
    fn new(latency_ms: u64, jitter_ms: u64) -> Self {
        let mut world = World::new(1, Length::default());
        world.enter(0);
        let (latency, jitter) = (latency_ms * 1000, jitter_ms * 1000);
        Self {
            now: 0,
            world,
            buffer: InputBuffer::default(),
            pilot: Pilot::new(0, 2 * latency),
            snapshots: Line::new(latency, jitter),
            inputs: Line::new(latency, jitter),
            answers: Line::new(latency, jitter),
            worst: 0,
            late: 0,
            missed: 0,
            frozen: false,
        }
    }

    /// What the player does: turns, drives this way and that, fires now and then.
    fn wish(tick: u32) -> Input {
        let phase = tick / 20 % 5;
        Input {
            moves: Moves {
                up: phase == 1,
                down: phase == 3,
                left: phase == 2,
                right: phase == 0,
            },
            aim: Angle((tick * 3) as u8),
            fire: tick % 16 < 3,
            view_back: 4,
        }
    }

    fn run(&mut self, ticks: u32) -> &mut Self {
        (self.worst, self.late, self.missed) = (0, 0, 0);
        for _ in 0..ticks * 30 {
            self.now += STEP;
            self.server();
            if !self.frozen {
                self.client();
            }
        }
        self
    }

    fn server(&mut self) {
        for (tick, input) in self.inputs.arrived(self.now) {
            let at = self.world.tick();
            let answer = match self.buffer.put(at, tick, input) {
                Ok(()) => Ok(tick - at),
                Err(NotTaken::TooLate) => Err(Refusal::TooLate(at - tick)),
                Err(NotTaken::TooEarly) => Err(Refusal::TooEarly(tick - at)),
                Err(NotTaken::Twice) => panic!("tick {tick} was sent twice"),
            };
            self.late += u32::from(answer.is_err());
            self.answers.send(self.now, (tick, answer));
        }
        if (self.now / STEP).is_multiple_of(30) {
            let mut inputs = [Input::default(); SEATS];
            inputs[0] = self.buffer.take(self.world.tick() + 1);
            self.missed += u32::from(self.buffer.missed() > 0);
            self.world.step(&inputs);
            self.snapshots.send(self.now, self.world.snapshot());
        }
    }

    fn client(&mut self) {
        // What waited is taken first.
        for snapshot in self.snapshots.arrived(self.now) {
            self.pilot.handle_snapshot(self.now, &snapshot);
            self.worst = self.worst.max(self.pilot.error());
        }
        for (tick, answer) in self.answers.arrived(self.now) {
            match answer {
                Ok(early) => self.pilot.handle_taken(tick, early),
                Err(refusal) => self.pilot.handle_refused(tick, refusal),
            }
        }
        while let Some(tick) = self.pilot.poll(self.now) {
            let input = Self::wish(tick);
            self.pilot.steer(tick, input);
            self.inputs.send(self.now, (tick, input));
        }
    }

    fn told(&self) -> (i32, u32, u32) {
        (self.worst, self.late, self.missed)
    }
}

#[test]
fn on_an_even_line_every_prediction_is_exact() {
    for latency in [0, 10, 60, 150] {
        let mut story = Story::new(latency, 0);
        story.run(60);
        assert_eq!(story.run(300).told(), (0, 0, 0), "{latency} ms");
        let ticks = latency as u32 * 2 * 30 / 1000;
        let lead = story.pilot.lead();
        assert!(
            (ticks..ticks + 4).contains(&lead),
            "{latency} ms: {lead} ticks ahead"
        );
    }
}

#[test]
fn on_an_uneven_line_few_inputs_are_late_and_the_prediction_recovers() {
    let mut story = Story::new(40, 25);
    story.run(90);
    let (_, late, missed) = story.run(600).told();
    assert!(
        late <= 30 && missed <= 30,
        "{late} late, {missed} missed of 600"
    );
    // Where the line is even again, so is the prediction.
    for line in [
        &mut story.snapshots.jitter,
        &mut story.inputs.jitter,
        &mut story.answers.jitter,
    ] {
        *line = 0;
    }
    story.run(120);
    assert_eq!(story.run(200).told(), (0, 0, 0));
}

#[test]
fn a_line_that_gets_slower_is_led_further() {
    let mut story = Story::new(10, 0);
    story.run(60);
    for latency in [
        &mut story.snapshots.latency,
        &mut story.inputs.latency,
        &mut story.answers.latency,
    ] {
        *latency = 100_000;
    }
    let (_, late, _) = story.run(60).told();
    assert!(late > 0, "the story has no point");
    story.run(60);
    assert_eq!(story.run(300).told(), (0, 0, 0));
}

#[test]
fn after_a_pause_it_neither_runs_ahead_nor_says_what_is_over() {
    let mut story = Story::new(30, 0);
    story.run(60);
    story.frozen = true;
    story.run(120);
    story.frozen = false;
    let (_, late, _) = story.run(10).told();
    assert!(late <= 2, "{late} late after the pause");
    story.run(60);
    assert_eq!(story.run(200).told(), (0, 0, 0));
    assert!(story.pilot.lead() < 6, "{}", story.pilot.lead());
}

#[test]
fn a_wrong_first_guess_is_put_right() {
    for guess in [0, 900_000] {
        let mut story = Story::new(50, 0);
        story.pilot = Pilot::new(0, guess);
        story.run(400);
        assert_eq!(story.run(200).told(), (0, 0, 0), "a guess of {guess}");
        let lead = story.pilot.lead();
        assert!((3..8).contains(&lead), "a guess of {guess}: {lead}");
    }
}

#[test]
fn who_is_pushed_is_put_right_and_drawn_without_a_leap() {
    let mut story = Story::new(50, 0);
    (1..20).for_each(|seat| assert!(story.world.enter(seat)));
    let mut minds: Vec<_> = (1..20).map(Bot::new).collect();
    let (mut errors, mut leaps) = (0, 0);
    let mut drawn = None;
    for _ in 0..600 * 30 {
        story.now += STEP;
        let others = story.world.snapshot();
        if (story.now / STEP).is_multiple_of(30) {
            let mut inputs = [Input::default(); SEATS];
            for (at, mind) in minds.iter_mut().enumerate() {
                inputs[at + 1] = mind.act(&others, at as u8 + 1);
            }
            inputs[0] = story.buffer.take(story.world.tick() + 1);
            story.world.step(&inputs);
            story.snapshots.send(story.now, story.world.snapshot());
            story.now += STEP;
        }
        story.server();
        story.client();
        errors += u32::from(story.pilot.error() > 0);
        let is_in = story.pilot.player().is_some_and(|player| player.is_in());
        let place = story.pilot.place(story.now).filter(|_| is_in);
        if let (Some(was), Some(is)) = (drawn, place) {
            leaps += u32::from(is.from(was).length() > 24 * SCALE);
        }
        drawn = place;
    }
    assert!(errors > 0, "nobody was in the way");
    assert!(leaps <= 12, "{leaps} leaps, more than it came back");
}
