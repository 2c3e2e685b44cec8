//! The command of a shell that tells a user something.

use trunkline_protocol::topics::alerts::Notification;
use trunkline_protocol::{Codec, UserId};

/// What a back end would type at a server at `origin`, with its key in a file called `key`.
pub fn curl(origin: &str, id: &str, user: UserId, notification: &Notification) -> String {
    let notification = Codec::Json.encode(notification).to_vec();
    let notification = String::from_utf8(notification).expect("JSON is text");
    let body = format!(
        "{{\"id\":\"{id}\",\"to\":{{\"user\":\"{user}\"}},\"notification\":{notification}}}"
    );
    format!(
        "curl {}/api/notify -H \"x-api-key: $(cat key)\" \\\n  -H 'content-type: application/json' \\\n  -d {}",
        origin,
        quoted(&body)
    )
}

/// A text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::Text;

    use super::*;

    #[test]
    fn a_shell_reads_the_words_as_they_are() {
        let told = Notification {
            title: Text::cut("it's $HOME `x` \"y\""),
            ..Notification::default()
        };
        let command = curl("http://127.0.0.1:8787", "try-1", UserId(42), &told);
        assert_eq!(
            command,
            "curl http://127.0.0.1:8787/api/notify -H \"x-api-key: $(cat key)\" \\\n  \
             -H 'content-type: application/json' \\\n  \
             -d '{\"id\":\"try-1\",\"to\":{\"user\":\"000000000000002a\"},\"notification\":\
             {\"title\":\"it'\\''s $HOME `x` \\\"y\\\"\",\"body\":\"\",\"level\":\"info\"}}'"
        );
    }
}
