// A program that uses the declarations as a client would: `tsc --noEmit` must take it. Lines under
// `@ts-expect-error` must be wrong, or tsc complains.

import type { CallOf, ClientFrame, ErrorCode, PublicationOf, PublishTo, ServerFrame, Start } from "../../schema/trunkline";

function send(frame: ClientFrame): string {
  return JSON.stringify(frame);
}

const start: Start = { type: "after", epoch: 9, offset: 300 };
send({ type: "connect", version: 1, token: "", agent: "ts/1", subscriptions: [{ id: 1, topic: "chat:lobby", start }] });
send({ type: "pong" });
// @ts-expect-error: a server's frame
send({ type: "ping", heads: [] });
// @ts-expect-error: no topic
send({ type: "subscribe", id: 1 });

const say: PublishTo<"chat"> = {
  type: "publish",
  id: 2,
  message_id: { sender: 5, counter: 1 },
  topic: "chat:lobby",
  command: { type: "say", text: "hello" },
};
send(say);
// @ts-expect-error: not a command of chat
say.command = { type: "shout", text: "hello" };
// @ts-expect-error: not a topic of chat
say.topic = "typing:lobby";

const rooms: CallOf<"chat.rooms"> = { type: "call", id: 3, method: "chat.rooms", deadline_ms: 1000, request: {} };
send(rooms);

/** Every frame has a branch, or the last line does not compile. */
export function told(frame: ServerFrame): string {
  switch (frame.type) {
    case "connected":
      return frame.user.name;
    case "subscribed":
      return frame.gap?.cause ?? `${frame.publications.length} publications`;
    case "publication": {
      const { event } = frame as PublicationOf<"chat">;
      return event?.type === "said" ? event.author.name : "";
    }
    case "refused": {
      const code: ErrorCode = frame.error.code;
      return code === 201 ? `in ${frame.error.retry_after_ms ?? 0} ms` : frame.error.detail;
    }
    case "ping":
      return frame.heads.map((head) => head.offset.toFixed()).join();
    case "unsubscribed":
    case "published":
    case "returned":
    case "history":
    case "present":
    case "refreshed":
    case "gap":
    case "joined":
    case "left":
    case "probed":
    case "drain":
    case "disconnect":
      return frame.type;
  }
  const never: never = frame;
  return never;
}
