//! Draws the field on its canvas.

use std::f64::consts::TAU;

use trunkline_web_model::arena::{
    Camera, Controls, Game, HEIGHT, Player, Point, RADIUS, SCALE, Stick, WALLS, WIDTH,
};
use web_sys::HtmlCanvasElement;

use super::sparks::{Spark, Sparks};
use crate::browser::canvas::Surface;

/// How near to an edge a name no longer stands in the middle above its disc, in CSS pixels.
const NAME_ROOM: f64 = 48.0;

/// The colours of the page, as the canvas has them.
struct Colours {
    ink: String,
    floor: String,
    wall: String,
    own: String,
    other: String,
    hit: String,
    font: String,
}

impl Colours {
    fn of(surface: &Surface) -> Option<Self> {
        Some(Self {
            ink: surface.style("color")?,
            floor: surface.style("background-color")?,
            wall: surface.style("border-block-start-color")?,
            own: surface.style("border-block-end-color")?,
            other: surface.style("border-inline-start-color")?,
            hit: surface.style("border-inline-end-color")?,
            font: surface.style("font-family")?,
        })
    }
}

/// What is drawn of one moment.
pub(super) struct Scene<'a> {
    pub(super) now_us: u64,
    pub(super) game: &'a mut Game,
    pub(super) sparks: &'a mut Sparks,
    pub(super) controls: &'a Controls,
    /// What stands above a disc, by seat.
    pub(super) name: &'a dyn Fn(u8) -> String,
    pub(super) calm: bool,
}

/// Draws a moment, and returns how the map lies on the canvas.
pub(super) fn draw(canvas: &HtmlCanvasElement, scene: Scene<'_>) -> Option<Camera> {
    let surface = Surface::clear(canvas)?;
    let colours = Colours::of(&surface)?;
    let own = scene.game.own(scene.now_us);
    let middle = Point::new(WIDTH * SCALE / 2, HEIGHT * SCALE / 2);
    let focus = own.map_or(middle, |(_, at)| at);
    let camera = Camera::new(surface.width, surface.height, focus);
    let brush = Brush {
        surface: &surface,
        colours: &colours,
        camera,
    };
    brush.field();
    for (spark, part) in scene.sparks.seen(scene.now_us as f64 / 1000.0) {
        brush.spark(spark, part, scene.calm);
    }
    let others = scene.game.others(scene.now_us);
    for (seat, player) in others.iter().enumerate() {
        if let Some(player) = player {
            brush.disc(player, player.at, false, &(scene.name)(seat as u8));
        }
    }
    if let (Some((player, at)), Some(seat)) = (own, scene.game.seat()) {
        brush.disc(&player, at, true, &(scene.name)(seat));
    }
    for stick in [scene.controls.drive, scene.controls.aim]
        .into_iter()
        .flatten()
    {
        brush.stick(stick);
    }
    Some(camera)
}

struct Brush<'a> {
    surface: &'a Surface,
    colours: &'a Colours,
    camera: Camera,
}

impl Brush<'_> {
    fn field(&self) {
        let context = &self.surface.context;
        let rect = |left: i32, top: i32, width: i32, height: i32| {
            let (x, y) = self.camera.place(Point::new(left * SCALE, top * SCALE));
            let scale = self.camera.scale;
            context.fill_rect(x, y, f64::from(width) * scale, f64::from(height) * scale);
        };
        context.set_fill_style_str(&self.colours.floor);
        rect(0, 0, WIDTH, HEIGHT);
        context.set_fill_style_str(&self.colours.wall);
        for wall in WALLS {
            rect(wall.left, wall.top, wall.width, wall.height);
        }
        // Where the field ends, on a canvas of another shape.
        let (left, top) = self.camera.place(Point::default());
        let scale = self.camera.scale;
        context.set_stroke_style_str(&self.colours.wall);
        context.set_line_width(2.0);
        context.stroke_rect(
            left,
            top,
            f64::from(WIDTH) * scale,
            f64::from(HEIGHT) * scale,
        );
    }

    fn disc(&self, player: &Player, at: Point, own: bool, name: &str) {
        let context = &self.surface.context;
        let (x, y) = self.camera.place(at);
        let radius = f64::from(RADIUS) / f64::from(SCALE) * self.camera.scale;
        let colour = if own {
            &self.colours.own
        } else {
            &self.colours.other
        };
        context.set_stroke_style_str(colour);
        context.set_fill_style_str(colour);
        context.set_line_width((radius * 0.16).max(1.5));
        if !player.is_in() {
            // A cross where somebody was put out.
            context.set_global_alpha(0.45);
            let arm = radius * 0.55;
            self.surface.line((x - arm, y - arm), (x + arm, y + arm));
            self.surface.line((x - arm, y + arm), (x + arm, y - arm));
            context.set_global_alpha(1.0);
            return;
        }
        let turn = f64::from(player.aim.0) / 256.0 * TAU;
        let tip = |far: f64| (x + turn.cos() * radius * far, y + turn.sin() * radius * far);
        self.surface.circle((x, y), radius * 0.62);
        context.fill();
        context.set_line_width((radius * 0.3).max(2.0));
        self.surface.line(tip(0.5), tip(1.45));
        // The ring has a third for each hit that is left.
        context.set_line_width((radius * 0.18).max(1.5));
        for third in 0..player.health {
            context.begin_path();
            let from = TAU * (f64::from(third) / 3.0 - 0.25) + 0.12;
            // Nothing is drawn if the disc has no size.
            let _ = context.arc(x, y, radius * 0.92, from, from + TAU / 3.0 - 0.24);
            context.stroke();
        }
        if player.safe_for > 0 {
            context.set_global_alpha(0.5);
            self.surface.circle((x, y), radius * 1.3);
            context.stroke();
            context.set_global_alpha(1.0);
        }
        context.set_font(&format!(
            "{} 12px {}",
            if own { "600" } else { "400" },
            self.colours.font
        ));
        context.set_fill_style_str(&self.colours.ink);
        // Above the disc, and whole also at the edges of the canvas.
        let (align, beside) = if x < NAME_ROOM {
            ("left", -radius)
        } else if x > self.surface.width - NAME_ROOM {
            ("right", radius)
        } else {
            ("center", 0.0)
        };
        let away = radius * 1.5 + 2.0;
        let (baseline, away) = if y - away < 14.0 {
            ("top", away)
        } else {
            ("bottom", -away)
        };
        context.set_text_align(align);
        context.set_text_baseline(baseline);
        // A name that cannot be drawn is beside the field as well.
        let _ = context.fill_text(name, x + beside, y + away);
    }

    fn spark(&self, spark: Spark, part: f64, calm: bool) {
        let context = &self.surface.context;
        context.set_global_alpha(1.0 - part);
        match spark {
            Spark::Beam { from, to, own } => {
                let colour = if own {
                    &self.colours.own
                } else {
                    &self.colours.other
                };
                context.set_stroke_style_str(colour);
                context.set_line_width((3.0 * self.camera.scale).max(1.5));
                self.surface
                    .line(self.camera.place(from), self.camera.place(to));
            }
            Spark::Hit { at, out } => {
                let size = if out { 46.0 } else { 20.0 };
                let grown = if calm { 1.0 } else { 0.3 + 0.7 * part };
                context.set_stroke_style_str(&self.colours.hit);
                context.set_line_width(2.5);
                self.surface
                    .circle(self.camera.place(at), size * self.camera.scale * grown);
                context.stroke();
            }
        }
        context.set_global_alpha(1.0);
    }

    fn stick(&self, stick: Stick) {
        let context = &self.surface.context;
        context.set_global_alpha(0.35);
        context.set_stroke_style_str(&self.colours.ink);
        context.set_fill_style_str(&self.colours.ink);
        context.set_line_width(2.0);
        self.surface.circle(stick.from, 34.0);
        context.stroke();
        let (x, y) = (stick.at.0 - stick.from.0, stick.at.1 - stick.from.1);
        let pull = x.hypot(y).max(1.0);
        let kept = pull.min(34.0) / pull;
        self.surface
            .circle((stick.from.0 + x * kept, stick.from.1 + y * kept), 14.0);
        context.fill();
        context.set_global_alpha(1.0);
    }
}
