// One topic of a Trunkline server, over one WebSocket that comes back by itself.
// For browsers and for Node 22 and later. PROTOCOL.md tells why it does what it does.

/** Signs a guest in. Returns what fetches access tokens. */
export async function signIn(server, name) {
  const guest = await post(`${server}/auth/guest`, { "content-type": "application/json" }, JSON.stringify({ name }));
  // A browser keeps the cookie by itself and shows it to no script; Node does neither.
  const cookie = guest.headers.getSetCookie().map((it) => it.split(";")[0]).join("; ");
  return async () => (await (await post(`${server}/auth/token`, cookie ? { cookie } : {})).json()).token;
}

async function post(url, headers, body) {
  const response = await fetch(url, { method: "POST", headers, body });
  if (!response.ok) throw new Error((await response.json()).detail);
  return response;
}

/** A topic that keeps a log, such as chat:lobby. `tell(kind, what)` is called with what happens:
 *  "status" and a word, "event" and the event, "gap" and what will not come. */
export class Topic {
  #position = null; // of the last publication that is here
  #topicId = null; // what the topic is called on this connection, once it is subscribed to
  #waiting = new Map(); // commands without an answer, by counter
  #sent = new Set(); // those of them that went out on this connection
  #sender = Math.floor(Math.random() * 2 ** 53);
  #counter = 0;
  #attempt = 0;

  constructor(server, name, token, tell) {
    Object.assign(this, { server, name, token, tell });
    this.#connect();
  }

  /** Hands a command to the topic. Resolves with its position, however often the line is lost. */
  publish(command) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#counter, { command, resolve, reject });
      if (this.#topicId !== null) this.#sendWaiting();
    });
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close(1000);
  }

  async #connect() {
    this.tell("status", "connecting");
    const token = await this.token().catch(() => null);
    if (this.closed) return;
    if (token === null) return this.#again();
    this.#sent.clear();
    const socket = new WebSocket(`${this.server.replace(/^http/, "ws")}/ws`, "trunkline.v1.json");
    this.socket = socket;
    socket.onopen = () =>
      this.#send({ type: "connect", version: 1, token, agent: "example/1.0", subscriptions: [this.#wish()] });
    socket.onmessage = ({ data }) => this.socket === socket && this.#handle(JSON.parse(data));
    socket.onclose = ({ code }) => this.socket === socket && this.#lost(code);
  }

  /** What to subscribe to: what came after the last publication, or the newest twenty. */
  #wish() {
    const start = this.#position ? { type: "after", ...this.#position } : { type: "newest", count: 20 };
    return { id: 0, topic: this.name, start };
  }

  #send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  /** Sends what has no answer, on a new connection again: under its old id it is taken once. */
  #sendWaiting() {
    for (const [counter, { command }] of this.#waiting) {
      if (this.#sent.has(counter)) continue;
      this.#sent.add(counter);
      const message_id = { sender: this.#sender, counter };
      this.#send({ type: "publish", id: counter, message_id, topic: this.name, command });
    }
  }

  #handle(frame) {
    this.#watch(frame.ping_interval_ms);
    switch (frame.type) {
      case "subscribed":
        this.#topicId = frame.topic_id;
        this.#position = { ...frame.position };
        this.#attempt = 0;
        this.tell("status", frame.recovered ? "recovered" : "live");
        if (frame.gap) this.tell("gap", frame.gap);
        frame.publications.forEach((it) => this.#take(it));
        return this.#sendWaiting();
      case "publication":
        return frame.topic_id === this.#topicId && this.#take(frame);
      case "gap":
        if (frame.topic_id !== this.#topicId) return;
        this.tell("gap", frame.gap);
        this.#position.offset = Math.max(this.#position.offset, frame.gap.to);
        return frame.gap.cause === "epoch" && this.#subscribe();
      case "ping":
        this.#send({ type: "pong" });
        // A head above what is here: the last publications were lost on the way.
        return frame.heads.some((it) => it.topic_id === this.#topicId && it.offset > this.#position.offset) && this.#subscribe();
      case "published":
        return this.#answer(frame.id, (it) => it.resolve(frame.position));
      case "refused":
        return this.#refused(frame.id, frame.error);
    }
  }

  /** 1xx is final. 2xx is "not now": the same command, under the same id, is taken once at most. */
  #refused(id, { code, detail, retry_after_ms }) {
    if (code >= 200) {
      this.#sent.delete(id);
      setTimeout(() => (id === 0 ? this.#subscribe() : this.#sendWaiting()), retry_after_ms ?? 1000);
    } else if (id === 0) {
      this.tell("status", `refused: ${detail}`);
    } else {
      this.#answer(id, (it) => it.reject(new Error(detail)));
    }
  }

  #take(publication) {
    if (publication.offset <= this.#position.offset) return; // a repetition
    if (publication.offset - publication.step !== this.#position.offset) return this.#subscribe(); // a hole
    this.#position.offset = publication.offset;
    this.tell("event", publication.event);
  }

  /** Asks for what is missing. What comes before the answer belongs to the past. */
  #subscribe() {
    this.#topicId = null;
    this.#send({ type: "subscribe", ...this.#wish() });
  }

  #answer(counter, tell) {
    const command = this.#waiting.get(counter);
    this.#waiting.delete(counter);
    if (command) tell(command);
  }

  /** Probes a line that is silent for too long, and gives it up when that is not answered. */
  #watch(interval) {
    this.interval = interval ?? this.interval;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.#send({ type: "probe", nonce: 1 });
      this.timer = setTimeout(() => this.#lost(1006), 3000);
    }, this.interval + 2000);
  }

  /** The close code's class tells what to do: most are worth another attempt, with a new token. */
  #lost(code) {
    const { socket } = this;
    this.socket = this.#topicId = null;
    socket?.close();
    clearTimeout(this.timer);
    if (this.closed) return this.tell("status", "closed");
    const again = [1001, 1006, 1011, 1012, 1013].includes(code) || (code >= 4000 && code < 4300);
    if (!again) return this.tell("status", `closed by the server: ${code}`);
    this.#again();
  }

  #again() {
    this.tell("status", "offline");
    const limit = Math.min(30_000, 250 * 2 ** this.#attempt++);
    this.timer = setTimeout(() => this.#connect(), Math.random() * limit);
  }
}
