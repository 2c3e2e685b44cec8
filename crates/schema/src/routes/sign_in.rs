//! A guest signs in, gets tokens, and signs out.

use serde_json::json;

use super::{object, reference, route};
use crate::openapi::{Access, Body, Request, Route};

pub(super) fn routes() -> Vec<Route> {
    let sign_in = "Signs a guest in. The answer sets the cookie that keeps the guest; with the \
                   cookie of an earlier one, the id stays and the name changes.";
    let get_token = "Trades the cookie for the access token that goes into `connect`, `refresh` \
                     and requests.";
    let sign_out = "Makes the browser forget its guest. Tokens that are out end by themselves.";
    let token = object(&json!({
        "token": { "type": "string", "maxLength": 2048 },
        "expires_in": { "description": "In seconds.", "type": "integer", "minimum": 0 },
        "user": reference("User"),
    }));
    let mut routes = vec![
        route("post", "/auth/guest", "signIn", sign_in, Access::Open)
            .takes(Request {
                schema: object(&json!({ "name": {
                    "description": "Trimmed; then one line of 1 to 32 characters, one of them \
                                    visible.",
                    "type": "string",
                    "minLength": 1,
                } })),
                examples: vec![("sign-in", json!({ "name": "Mina" }))],
                binary: false,
            })
            .answers(
                200,
                "Signed in.",
                Body::Json(object(&json!({ "user": reference("User") }))),
            )
            .refuses(&["name_empty", "name_too_long", "name_control_character"]),
        route("post", "/auth/token", "getToken", get_token, Access::Cookie).answers(
            200,
            "A token.",
            Body::Json(token),
        ),
        route("post", "/auth/logout", "signOut", sign_out, Access::Open).answers(
            204,
            "The cookie is gone.",
            Body::Empty,
        ),
    ];
    for route in routes.iter_mut().filter(|it| it.access == Access::Open) {
        route.answers[0].sets_cookie = true;
    }
    routes
}
