//! Canvases: as sharp as the screen is, and in the colours of the page.

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, CssStyleDeclaration, HtmlCanvasElement};

/// A canvas that is cleared and can be drawn on, in CSS pixels.
pub(crate) struct Surface {
    pub(crate) context: CanvasRenderingContext2d,
    pub(crate) width: f64,
    pub(crate) height: f64,
    style: CssStyleDeclaration,
}

impl Surface {
    /// Clears a canvas, and gives it as many pixels as the screen has there. Nothing if it cannot be
    /// drawn on.
    pub(crate) fn clear(canvas: &HtmlCanvasElement) -> Option<Self> {
        let scale = window().device_pixel_ratio().clamp(1.0, 3.0);
        let (width, height) = (canvas.client_width(), canvas.client_height());
        let size = |css: i32| (f64::from(css) * scale) as u32;
        if canvas.width() != size(width) || canvas.height() != size(height) {
            canvas.set_width(size(width));
            canvas.set_height(size(height));
        }
        let (width, height) = (f64::from(width), f64::from(height));
        let context = canvas.get_context("2d").ok().flatten()?;
        let context: CanvasRenderingContext2d = context.dyn_into().ok()?;
        context
            .set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0)
            .ok()?;
        context.clear_rect(0.0, 0.0, width, height);
        Some(Self {
            context,
            width,
            height,
            style: window().get_computed_style(canvas).ok().flatten()?,
        })
    }

    /// What a property of the canvas is, as it is drawn: a canvas knows no custom properties.
    pub(crate) fn style(&self, property: &str) -> Option<String> {
        self.style.get_property_value(property).ok()
    }

    /// Begins a path round a point.
    pub(crate) fn circle(&self, (x, y): (f64, f64), radius: f64) {
        self.context.begin_path();
        // It fails for a negative radius only, and then draws nothing.
        let _ = self
            .context
            .arc(x, y, radius.max(0.0), 0.0, std::f64::consts::TAU);
    }

    /// Draws a line from one point to another.
    pub(crate) fn line(&self, from: (f64, f64), to: (f64, f64)) {
        self.context.begin_path();
        self.context.move_to(from.0, from.1);
        self.context.line_to(to.0, to.1);
        self.context.stroke();
    }
}
