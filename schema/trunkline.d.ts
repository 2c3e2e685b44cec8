// What travels over a WebSocket of Trunkline at /ws with the subprotocol trunkline.v1.json: each
// text message is the JSON of one ClientFrame or ServerFrame. Written from the Rust types by
// `cargo xtask schema`; PROTOCOL.md tells the rules.

/** An alarm that waits. */
export interface Alarm {
  /** What it is dropped by. The server chooses it, below 2^53. A whole number up to 9007199254740991. */
  id: number;
  /** Which board. At most 32 bytes of UTF-8. */
  board: string;
  /** The number of the symbol. A whole number up to 65535. */
  symbol: number;
  /** What the symbol was called when the alarm was set. Empty if nobody had said so. At most 12 bytes of UTF-8. */
  ticker: string;
  /** From which side the price comes. */
  way: AlarmWay;
  /** The price, in parts of `PRICE_SCALE`. A whole number up to 9007199254740991. */
  price: number;
}

/** Names an alarm: the one to drop, and the one that was. */
export interface AlarmNamed {
  /** Its id. A whole number up to 9007199254740991. */
  id: number;
}

/** Asks for an alarm. */
export interface AlarmRequest {
  /** Which board. At most 32 bytes of UTF-8. */
  board: string;
  /** The number of the symbol. A whole number up to 65535. */
  symbol: number;
  /** From which side the price comes. */
  way: AlarmWay;
  /** The price, in parts of `PRICE_SCALE`: at least 1 and at most `PRICE_MAX`. A whole number up to 9007199254740991. */
  price: number;
}

/** From which side a price comes to an alarm. */
export type AlarmWay =
  /** It is told at this price or above it. */
  | "above"
  /** It is told at this price or below it. */
  | "below";

/** One's own alarms that wait, by board, symbol, way and price. */
export interface Alarms {
  /** All of them. At most 20 elements. */
  alarms: Alarm[];
}

/** Asks for one's own alarms. */
export type AlarmsRequest = Record<string, never>;

/** What a user does with notifications, and what a back end tells a user. */
export type AlertCommand =
  /** Tells the user something. */
  | {
    type: "notify";
    /** What. */
    notification: Notification;
  }
  /** These were read. */
  | {
    type: "read";
    /** Where they stand: at least one. At most 100 elements. */
    offsets: number[];
  }
  /** All up to this one were read. */
  | {
    type: "read_up_to";
    /** Where the last of them stands. A whole number up to 9007199254740991. */
    offset: number;
  }
  /** These are not to be shown any more. */
  | {
    type: "dismiss";
    /** Where they stand: at least one. At most 100 elements. */
    offsets: number[];
  };

/** What happened to a user's notifications. What changes some names where they stand. */
export type AlertEvent =
  /** The user was told something. */
  | {
    type: "notified";
    /** When, by the server's clock. */
    at: Timestamp;
    /** What. */
    notification: Notification;
  }
  /** These were read. */
  | {
    type: "read";
    /** Where they stand. At most 100 elements. */
    offsets: number[];
  }
  /** All up to this one were read. */
  | {
    type: "read_up_to";
    /** Where the last of them stands. A whole number up to 9007199254740991. */
    offset: number;
  }
  /** These are not to be shown any more. */
  | {
    type: "dismissed";
    /** Where they stand. At most 100 elements. */
    offsets: number[];
  };

/** How much a notification matters. */
export type AlertLevel =
  /** Good to know. */
  | "info"
  /** Something went well. */
  | "success"
  /** Something needs a look. */
  | "warning"
  /** Something needs a look now. */
  | "critical";

/** Asks for the rooms. */
export type ArenaAsked = Record<string, never>;

/** The game after a tick. The bytes are a snapshot of `trunkline-arena`, which has a hash of what it says: who reads it sees what the server saw, or knows that this is not so. */
export type ArenaEvent =
  /** All that there is. */
  | {
    type: "keyframe";
    /** The snapshot. At most 700 elements. */
    bytes: number[];
  }
  /** What changed since the last keyframe, whatever was lost between. */
  | {
    type: "delta";
    /** The snapshot. At most 700 elements. */
    bytes: number[];
  };

/** What a player does in one tick. */
export interface ArenaInput {
  /** The sum of 1 for up, 2 for down, 4 for left, 8 for right, and 16 to fire. A whole number up to 255. */
  does: number;
  /** Where the disc looks, in 256ths of a turn: 0 is to the right, 64 down. A whole number up to 255. */
  aim: number;
  /** How many ticks before this one the others were as the player saw them, at most 12. A whole number up to 255. */
  view_back: number;
}

/** What came of a wish for a seat. */
export type ArenaJoined =
  /** One sits. What is on the field comes with the room's topic. */
  | {
    type: "seated";
    /** In this room. At most 24 bytes of UTF-8. */
    room: string;
    /** On this seat, from 0. A whole number up to 255. */
    seat: number;
    /** The room has made the steps up to this tick. A whole number up to 4294967295. */
    tick: number;
    /** How many ticks there are in a second. A whole number up to 255. */
    ticks_per_second: number;
    /** How long the seat is kept for a player who is neither there nor steers, in milliseconds. A whole number up to 4294967295. */
    kept_ms: number;
  }
  /** People sit on all seats of the room that was asked for. One may watch. */
  | {
    type: "full";
    /** How many seats it has. A whole number up to 255. */
    seats: number;
  };

/** Whether a seat was given up. */
export interface ArenaLeft {
  /** False if there was none. */
  left: boolean;
}

/** Names a room. */
export interface ArenaNamed {
  /** Which room. At most 24 bytes of UTF-8. */
  room: string;
}

/** Who sits on a seat. */
export interface ArenaPlayer {
  /** The seat. A whole number up to 255. */
  seat: number;
  /** How many others they have put out in this match. A whole number up to 65535. */
  score: number;
  /** Who it is. Nobody, if it is a bot of the server. */
  user?: User;
}

/** Who sits where, by seat. */
export interface ArenaPlayers {
  /** The number of the snapshot's roster that this is of: ask again when that changes. A whole number up to 255. */
  roster: number;
  /** All of them. None in a room that there is not. At most 32 elements. */
  players: ArenaPlayer[];
}

/** The name of a room of the arena: 1 to 24 lowercase letters, digits and dashes, no dash at the ends. Pattern: `^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$`. */
export type ArenaRoom = string;

/** A room. */
export interface ArenaRoomInfo {
  /** Its name. At most 24 bytes of UTF-8. */
  room: string;
  /** How many people play. A whole number up to 255. */
  players: number;
  /** How many bots of the server play. A whole number up to 255. */
  bots: number;
  /** How many people watch without a seat. A whole number up to 4294967295. */
  spectators: number;
  /** How long the match goes on, in milliseconds; 0 in the pause after it. A whole number up to 4294967295. */
  left_ms: number;
}

/** The rooms, those with most players first. */
export interface ArenaRooms {
  /** At most a hundred of them. At most 100 elements. */
  rooms: ArenaRoomInfo[];
}

/** Says what a player does. */
export interface ArenaSteer {
  /** In which room. At most 24 bytes of UTF-8. */
  room: string;
  /** The tick that the first input is for. The others are for those that follow. A whole number up to 4294967295. */
  tick: number;
  /** What is done in each tick. At most 8 elements. */
  inputs: ArenaInput[];
}

/** What became of inputs. */
export interface ArenaSteered {
  /** The room had made the steps up to this tick when they came. A whole number up to 4294967295. */
  tick: number;
  /** What became of each, in their order. At most 8 elements. */
  inputs: ArenaTaken[];
}

/** What became of an input. */
export type ArenaTaken =
  /** It waits for its tick. */
  | "taken"
  /** Its tick is over. */
  | "too_late"
  /** Its tick is more than a second ahead. */
  | "too_early"
  /** There is one for its tick already, and that one counts. */
  | "twice"
  /** The sender has no seat in this room. */
  | "not_seated";

/** Asks for a seat. */
export interface ArenaWish {
  /** In which room; one that there is not begins. Without it: where one sits already, else in the fullest room that has a free seat, else in a new one. At most 24 bytes of UTF-8. */
  room?: string;
}

/** The name of a board: 1 to 32 lowercase letters, digits and dashes, no dash at the ends. After "user-" comes the id of the user whose board it is, and perhaps a dash and a name. Pattern: `^(?!user-)[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$|^user-[0-9a-f]{16}(-[a-z0-9-]{0,9}[a-z0-9])?$`. */
export type BoardName = string;

/** What was traded in a span of time. Prices are in parts of `PRICE_SCALE`. */
export interface Candle {
  /** When it begins. */
  start: Timestamp;
  /** The first price. A whole number up to 9007199254740991. */
  open: number;
  /** The highest. A whole number up to 9007199254740991. */
  high: number;
  /** The lowest. A whole number up to 9007199254740991. */
  low: number;
  /** The last. A whole number up to 9007199254740991. */
  close: number;
  /** How much was traded. A whole number up to 9007199254740991. */
  volume: number;
}

/** Candles, the oldest first. Where nothing was traded there is none. */
export interface Candles {
  /** As many as are kept and wanted. The last one may still grow. At most 500 elements. */
  candles: Candle[];
}

/** Asks for the newest candles of a symbol. */
export interface CandlesRequest {
  /** Which board. At most 32 bytes of UTF-8. */
  board: string;
  /** The number of the symbol. A whole number up to 65535. */
  symbol: number;
  /** How long each is. */
  span: Span;
  /** How many at most, up to `CANDLES_MAX`. A whole number up to 65535. */
  count: number;
}

/** What a person does in a room. */
export type ChatCommand =
  /** Says something. */
  | {
    type: "say";
    /** What to say. It is trimmed; nothing but white space is refused. At most 8000 bytes of UTF-8. */
    text: string;
  }
  /** Puts other words in place of what the same person said before. */
  | {
    type: "edit";
    /** Where it was said. A whole number up to 9007199254740991. */
    offset: number;
    /** The new words. At most 8000 bytes of UTF-8. */
    text: string;
  }
  /** Takes back what the same person said before. */
  | {
    type: "delete";
    /** Where it was said. A whole number up to 9007199254740991. */
    offset: number;
  };

/** What happened in a room. Edits and deletions are events of their own and name what they change. */
export type ChatEvent =
  /** Somebody said something. */
  | {
    type: "said";
    /** Who, as the server knows them. */
    author: User;
    /** When, by the server's clock. */
    at: Timestamp;
    /** What. At most 8000 bytes of UTF-8. */
    text: string;
  }
  /** The author put other words in place. */
  | {
    type: "edited";
    /** Where the words were said. A whole number up to 9007199254740991. */
    offset: number;
    /** When they were replaced. */
    at: Timestamp;
    /** The new words. At most 8000 bytes of UTF-8. */
    text: string;
  }
  /** The author took the words back. */
  | {
    type: "deleted";
    /** Where the words were said. A whole number up to 9007199254740991. */
    offset: number;
    /** When they were taken back. */
    at: Timestamp;
  };

/** Calls a method. Answered by `returned` or `refused`. */
export interface ClientCall {
  type: "call";
  /** Comes back in the answer. A whole number up to 4294967295. */
  id: number;
  /** The method, such as `chat.rooms`. At most 64 bytes of UTF-8. */
  method: string;
  /** How long the caller waits, in milliseconds; the server stops working on it then. A whole number up to 4294967295. */
  deadline_ms: number;
  /** The request. Any JSON value of at most 61440 bytes. */
  request: unknown;
  /** The contract that the request was encoded with. JSON clients leave it out. */
  contract?: Fingerprint;
}

/** Gives up a call. The call is answered by `refused` unless its answer is under way. */
export interface ClientCancel {
  type: "cancel";
  /** The id of the call. A whole number up to 4294967295. */
  id: number;
}

/** Opens the conversation: the first frame, once. */
export interface ClientConnect {
  type: "connect";
  /** The version of the conversation that the client speaks: 1. A whole number up to 65535. */
  version: number;
  /** Who connects: an access token from `POST /auth/token`. At most 2048 bytes of UTF-8. */
  token: string;
  /** The program and its version, for the server's log. At most 64 bytes of UTF-8. */
  agent: string;
  /** What to subscribe to at once. Each is answered like a `subscribe` frame, after `connected`, so that the first event arrives after one round trip. At most 128 elements. */
  subscriptions?: Subscribe[];
}

/** What a client says. */
export type ClientFrame =
  | ClientConnect
  | ClientSubscribe
  | ClientUnsubscribe
  | ClientPublish
  | ClientCall
  | ClientCancel
  | ClientHistory
  | ClientPresence
  | ClientRefresh
  | ClientPong
  | ClientProbe;

/** Reads kept publications of a topic. Answered by `history` or `refused`. */
export interface ClientHistory {
  type: "history";
  /** Comes back in the answer. A whole number up to 4294967295. */
  id: number;
  /** The topic. At most 96 bytes of UTF-8. */
  topic: string;
  /** Which publications. */
  range: Range;
  /** At most how many; 256 if more. A whole number up to 65535. */
  limit: number;
}

/** Answers `ping`. */
export interface ClientPong {
  type: "pong";
}

/** Asks who is present. Answered by `present` or `refused`. */
export interface ClientPresence {
  type: "presence";
  /** Comes back in the answer. A whole number up to 4294967295. */
  id: number;
  /** The topic. At most 96 bytes of UTF-8. */
  topic: string;
}

/** Asks whether the line is alive. Answered by `probed` at once. */
export interface ClientProbe {
  type: "probe";
  /** Comes back in the answer. A whole number up to 4294967295. */
  nonce: number;
}

/** Hands a command to a topic's handler. Answered by `published` or `refused`. */
export interface ClientPublish {
  type: "publish";
  /** Comes back in the answer. A whole number up to 4294967295. */
  id: number;
  /** Stays the same when the command is sent again. */
  message_id: MessageId;
  /** The topic. At most 96 bytes of UTF-8. */
  topic: string;
  /** The command. Any JSON value of at most 61440 bytes. */
  command: unknown;
  /** The contract that the command was encoded with. JSON clients leave it out. */
  contract?: Fingerprint;
}

/** Brings a new token before the old one expires. Answered by `refreshed` or `refused`. */
export interface ClientRefresh {
  type: "refresh";
  /** Comes back in the answer. A whole number up to 4294967295. */
  id: number;
  /** The new token, of the same user. At most 2048 bytes of UTF-8. */
  token: string;
}

/** Asks for a topic. Answered by `subscribed` or `refused`. */
export type ClientSubscribe = {
  type: "subscribe";
} & Subscribe;

/** Leaves a topic. Answered by `unsubscribed` or `refused`. */
export interface ClientUnsubscribe {
  type: "unsubscribe";
  /** Comes back in the answer. A whole number up to 4294967295. */
  id: number;
  /** The topic to leave. At most 96 bytes of UTF-8. */
  topic: string;
}

/** Why a connection ended: the code of the Close frame. x-class is what a client does then. */
export type CloseCode =
  /** `normal`: The conversation is over. */
  | 1000
  /** `going away`: The page or the server goes away. */
  | 1001
  /** `websocket protocol violation`: The peer broke the WebSocket protocol. */
  | 1002
  /** `wrong kind of message for this subprotocol`: The peer sent text where binary is spoken, or the other way round. */
  | 1003
  /** `line lost`: The line was lost without a Close frame. */
  | 1006
  /** `invalid utf-8`: A text was not UTF-8. */
  | 1007
  /** `policy violation`: The peer broke a rule that has no code of its own. */
  | 1008
  /** `message too long`: A message was longer than allowed. */
  | 1009
  /** `internal error`: Something of the server failed. */
  | 1011
  /** `service restart`: The server restarts. */
  | 1012
  /** `try again later`: The server has no room now. */
  | 1013
  /** `go on with another request`: A response over HTTP has lasted as long as one may: the next one goes on from here. */
  | 4000
  /** `rebalance`: The server asks to connect to another place now. */
  | 4001
  /** `overloaded`: The server has too much to do. */
  | 4101
  /** `no heartbeat`: The peer was silent for longer than agreed. */
  | 4103
  /** `too many requests`: The peer sent too many requests. */
  | 4105
  /** `token expired`: The token expired and was not refreshed. */
  | 4200
  /** `token invalid`: The token is not one of ours. */
  | 4201
  /** `forbidden`: The user may not connect. */
  | 4300
  /** `disconnected by an operator`: The user was disconnected by an operator. */
  | 4301
  /** `signed out`: The user signed out. */
  | 4302
  /** `too many connections`: The user has as many connections as allowed. */
  | 4303
  /** `malformed frame`: A frame could not be read. */
  | 4400
  /** `first frame late`: The first frame did not come in time. */
  | 4401
  /** `version unsupported`: The version of the protocol is not spoken here. */
  | 4402
  /** Another one: x-class of its hundred tells what to do. A whole number up to 4999. */
  | (number & {});

/** The CRC-32 (IEEE 802.3, as in zip and PNG) of an event's bytes as the server sent them: those of the payload in a binary frame, the text of the value in a JSON frame. It detects accidents, not forgeries: a client that lies about its event harms only itself. A whole number up to 4294967295. */
export type Digest = number;

/** What is sent, and comes back. */
export interface EchoText {
  /** Anything. At most 4096 bytes of UTF-8. */
  text: string;
}

/** The lifetime of a topic's history. A history that lost something gets another epoch, so that an offset never names two different publications. A whole number up to 4294967295. */
export type Epoch = number;

/** Why one request was refused. */
export interface Error {
  /** What a program acts on. */
  code: ErrorCode;
  /** What a developer reads, in English. Pages show their own words for the code. At most 200 bytes of UTF-8. */
  detail: string;
  /** When to try again, in milliseconds, where the server knows. A whole number up to 4294967295. */
  retry_after_ms?: number;
}

/** Why a request is refused. 1xx: it is wrong, do not send it again as it is. 2xx: not now, the same request may succeed later. */
export type ErrorCode =
  /** `malformed`: The message inside the frame is not what this topic or method takes. */
  | 100
  /** `invalid_topic`: The topic's name is not `namespace:key`. */
  | 101
  /** `unknown_namespace`: No topic has this namespace. */
  | 102
  /** `invalid_key`: This namespace has no such key. */
  | 103
  /** `forbidden`: This user may not do this. */
  | 104
  /** `contract_mismatch`: Client and server were built from different versions of this message. */
  | 105
  /** `already_subscribed`: The connection is subscribed to this topic already. */
  | 106
  /** `not_subscribed`: The connection is not subscribed to this topic. */
  | 107
  /** `too_many_subscriptions`: The connection has as many subscriptions as it may have. */
  | 108
  /** `unknown_method`: No call has this name. */
  | 109
  /** `invalid`: The command breaks a rule of its topic; the detail says which. */
  | 110
  /** `not_kept`: What the command refers to is no longer kept. */
  | 111
  /** `duplicate_id`: The request's id is in use by one that is not answered yet. */
  | 112
  /** `cancelled`: The request was cancelled by its sender. */
  | 113
  /** `too_long`: The message is longer than its topic allows. */
  | 114
  /** `other_user`: A new token belongs to another user than the connection. */
  | 115
  /** `unavailable`: The server cannot do this now. */
  | 200
  /** `too_fast`: The sender is faster than it may be. */
  | 201
  /** `deadline_exceeded`: The answer did not come in time. */
  | 202
  /** `too_many_requests`: Too many requests of this connection wait for an answer. */
  | 203
  /** `internal`: Something of ours failed. */
  | 204
  /** One that is newer than this document: treat it by its hundreds. A whole number up to 65535. */
  | (number & {});

/** A contract as it travels: 32 bits, so that every JSON reader holds it exactly. A whole number up to 4294967295. */
export type Fingerprint = number;

/** Publications that a reader did not get and will not get. */
export interface Gap {
  /** The first offset that is missing. A whole number up to 9007199254740991. */
  from: number;
  /** The last offset that is missing. Below `from` when nobody knows, which is so after a change of epoch. A whole number up to 9007199254740991. */
  to: number;
  /** How many publications of that range are missing; 0 when nobody knows. A whole number up to 9007199254740991. */
  count: number;
  /** Why they are missing. */
  cause: GapCause;
}

/** Why publications are missing. */
export type GapCause =
  /** They are older than what the topic keeps. */
  | "retention"
  /** The history is another one: the reader's position belongs to another epoch, or its event to another branch of this one. */
  | "epoch"
  /** The reader was behind, and the topic's delivery lets old values give way. */
  | "slow"
  /** They were overtaken by newer values of the same key. */
  | "conflated";

/** The begin of a connection, byte by byte: at most `WITNESSED_LEN_MAX` of each part. */
export interface Handshake {
  /** The head of the request. At most 4096 elements. */
  request: number[];
  /** The head of the response. At most 4096 elements. */
  response: number[];
  /** What the client has sent after it. At most 4096 elements. */
  up: number[];
  /** What the server has sent after it. At most 4096 elements. */
  down: number[];
}

/** The newest offset of a topic. */
export interface Head {
  /** The topic. */
  topic_id: TopicId;
  /** Its newest offset. A whole number up to 9007199254740991. */
  offset: number;
}

/** A question that needs no more words than its method. */
export type LabAsked = Record<string, never>;

/** "feed", which only the lanes of a race have, or a user's id. Pattern: `^(feed|[0-9a-f]{16})$`. */
export type LabKey = string;

/** A way on which a feed travels. */
export type Lane =
  /** A request every so often. */
  | "poll"
  /** A request that is answered when there is something to tell. */
  | "long_poll"
  /** Server-sent events. */
  | "events"
  /** One long response. */
  | "stream"
  /** A WebSocket that speaks JSON. */
  | "socket_json"
  /** A WebSocket that speaks bincode. */
  | "socket";

/** Where a lane is. */
export interface LaneAt {
  /** Which. */
  lane: Lane;
  /** The port of its listener. A whole number up to 65535. */
  port: number;
}

/** What a lane has taken, counted at the server's sockets, with all headers. */
export interface LaneReport {
  /** Which. */
  lane: Lane;
  /** Ticks that were published on it. A whole number up to 4294967295. */
  published: number;
  /** Bytes from its readers. A whole number up to 9007199254740991. */
  received: number;
  /** Bytes to its readers. A whole number up to 9007199254740991. */
  sent: number;
  /** Microseconds of processor time of its threads, publishing included. Nothing where the system does not tell. A whole number up to 9007199254740991. */
  cpu_us?: number;
}

/** Where the lanes are: at the host of the page, under these ports. */
export interface Lanes {
  /** Each lane once, or none. At most 6 elements. */
  lanes: LaneAt[];
  /** The port of the witness, which hands everything on to the server and remembers the begin. A whole number up to 65535. */
  witness?: number;
}

/** What a connection may do. */
export interface Limits {
  /** The longest frame, in bytes. A whole number up to 4294967295. */
  frame_len_max: number;
  /** The most subscriptions. A whole number up to 4294967295. */
  subscriptions_max: number;
  /** The most requests that wait for an answer. A whole number up to 4294967295. */
  requests_max: number;
}

/** Asks for the rooms in use. */
export type ListRoomsRequest = Record<string, never>;

/** What a number on a board stands for. */
export interface Listed {
  /** The number. A whole number up to 65535. */
  symbol: number;
  /** The short name, as it stands in `ticker:BOARD.SYMBOL`. At most 12 bytes of UTF-8. */
  ticker: string;
  /** What it is called. Empty if it has no other name. At most 48 bytes of UTF-8. */
  name: string;
  /** What it belongs to. Empty if that is not known. At most 24 bytes of UTF-8. */
  sector: string;
}

/** Asks for what is broadcast. */
export type LiveAsked = Record<string, never>;

/** Who watches, and how well: by the reports of the last seconds. */
export interface LiveAudience {
  /** Users who watch. A whole number up to 4294967295. */
  viewers: number;
  /** Of those who reported: how many skipped something, or did not show it. A whole number up to 4294967295. */
  slow: number;
  /** How many events viewers have skipped since the broadcast began. A whole number up to 9007199254740991. */
  skipped: number;
  /** How much came from the broadcaster in the last seconds, in bits per second. A whole number up to 4294967295. */
  bitrate: number;
  /** How long the broadcast may go on, in seconds. A whole number up to 4294967295. */
  seconds_left: number;
  /** The median of the latencies that were reported, in milliseconds. None if there is none. A whole number up to 4294967295. */
  latency_ms?: number;
}

/** How many watch. */
export interface LiveCrowd {
  /** Users who watch. A whole number up to 4294967295. */
  viewers: number;
  /** How much came in the last seconds, in bits per second. A whole number up to 4294967295. */
  bitrate: number;
}

/** Why a broadcast is over. */
export type LiveEnd =
  /** The broadcaster ended it. */
  | "done"
  /** Nothing came from the broadcaster any more. */
  | "lost"
  /** It has lasted as long as a broadcast may. */
  | "time_over"
  /** It brought more than was agreed, again and again. */
  | "too_fast";

/** What a broadcaster puts into a room, and what its viewers get. */
export type LiveEvent =
  /** A run begins: what follows can be shown without anything from before. */
  | {
    type: "run";
    /** Its number: the one that `BeginLive` gave or a higher one, and higher than the last. A whole number up to 4294967295. */
    run: number;
    /** What its parts are. */
    form: LiveForm;
    /** Of frames the codec of the pictures, empty if there are none; of a container its type. At most 64 bytes of UTF-8. */
    video: string;
    /** Of frames the codec of the sound, empty if there is none. Of a container empty. At most 64 bytes of UTF-8. */
    audio: string;
    /** Width of the pictures in pixels, 0 if there are none. A whole number up to 65535. */
    width: number;
    /** Height of the pictures in pixels, 0 if there are none. A whole number up to 65535. */
    height: number;
    /** Samples of sound per second, 0 if there is none. A whole number up to 4294967295. */
    rate: number;
    /** Channels of sound, 0 if there is none. A whole number up to 255. */
    channels: number;
    /** What the decoder of the pictures (its `description`) or the container needs first. May be empty. At most 4096 elements. */
    init: number[];
    /** When the run began: microseconds since the server started, as the broadcaster reckons by `TellTime`. A whole number up to 9007199254740991. */
    began_us: number;
  }
  /** A part of a chunk. */
  | {
    type: "part";
    /** The number of its run. A whole number up to 4294967295. */
    run: number;
    /** Its number in the run, from 0. A whole number up to 4294967295. */
    number: number;
    /** What its chunk is. */
    kind: LiveKind;
    /** It is the last part of its chunk. */
    last: boolean;
    /** When the chunk's picture or sound was captured: microseconds since the run began. A whole number up to 4294967295. */
    at_us: number;
    /** Some of the chunk. At most 12288 elements. */
    bytes: number[];
  }
  /** The broadcast is over. A broadcaster says `LiveEnd::Done`; the rest is the server's. */
  | {
    type: "ended";
    /** Why. */
    reason: LiveEnd;
  };

/** What the parts of a run are. */
export type LiveForm =
  /** Encoded pictures and sounds, one a chunk: for WebCodecs. */
  | "frames"
  /** Pieces of a file: for Media Source Extensions. */
  | "container";

/** What a chunk is. */
export type LiveKind =
  /** A picture that needs no other. */
  | "key"
  /** A picture that needs those before it. */
  | "delta"
  /** A piece of sound. */
  | "audio"
  /** A piece of a container. */
  | "container";

/** Names a room. */
export interface LiveNamed {
  /** Which room. At most 27 bytes of UTF-8. */
  room: string;
}

/** How well a viewer sees. Said every few seconds. */
export interface LiveReport {
  /** Which room. At most 27 bytes of UTF-8. */
  room: string;
  /** How many events were skipped since the last report, because the line was slow. A whole number up to 4294967295. */
  skipped: number;
  /** How many pictures were not shown since the last report, because the decoder was slow. A whole number up to 4294967295. */
  dropped: number;
  /** From the broadcaster's camera to this viewer's screen, in milliseconds. None if it is unknown. A whole number up to 4294967295. */
  latency_ms?: number;
}

/** The name of a room of a broadcast: 1 to 27 lowercase letters, digits and dashes, no dash at the ends. Pattern: `^[a-z0-9]([a-z0-9-]{0,25}[a-z0-9])?$`. */
export type LiveRoom = string;

/** A broadcast. */
export interface LiveRoomInfo {
  /** Its room. At most 27 bytes of UTF-8. */
  room: string;
  /** What it is called. At most 320 bytes of UTF-8. */
  title: string;
  /** Who broadcasts. */
  broadcaster: User;
  /** What it shows. */
  source: LiveSource;
  /** When it began, by the server's clock. */
  since: Timestamp;
  /** How many users watch. The broadcaster counts if they watch, too. A whole number up to 4294967295. */
  viewers: number;
  /** How much came in the last seconds, in bits per second. A whole number up to 4294967295. */
  bitrate: number;
  /** The codec of its pictures, or the type of its container. Empty before the first. At most 64 bytes of UTF-8. */
  video: string;
  /** What the parts of the newest run are. None before the first. */
  form?: LiveForm;
}

/** What is broadcast, those with most viewers first. */
export interface LiveRooms {
  /** At most a hundred of them. At most 100 elements. */
  rooms: LiveRoomInfo[];
}

/** The seat of a room. */
export interface LiveSeat {
  /** The lowest number that the next run may have. Whoever had the seat before has lower ones. A whole number up to 4294967295. */
  run: number;
  /** How much may be sent, in bits per second: what was asked for, or what the server allows if that is less. A whole number up to 4294967295. */
  bitrate: number;
  /** How long the broadcast may go on, in seconds. A whole number up to 4294967295. */
  seconds_left: number;
  /** How long nothing may come before the broadcast is over, in milliseconds. A whole number up to 4294967295. */
  silence_max_ms: number;
}

/** What is broadcast. */
export type LiveSource =
  /** A camera, perhaps with a microphone. */
  | "camera"
  /** A screen or a window, perhaps with sound. */
  | "screen"
  /** Sound alone. */
  | "microphone";

/** Asks for the seat of a room. */
export interface LiveWish {
  /** Which room. At most 27 bytes of UTF-8. */
  room: string;
  /** What to call the broadcast: one line. It is trimmed; nothing but white space is refused. At most 320 bytes of UTF-8. */
  title: string;
  /** What it shows. */
  source: LiveSource;
  /** How much is to be sent at most, in bits per second. A whole number up to 4294967295. */
  bitrate: number;
}

/** A user who is present, and on how many connections. */
export interface Member {
  /** Who is present. */
  user: User;
  /** On how many connections: two tabs are two. A whole number up to 4294967295. */
  connections: number;
}

/** Everybody who is present, in order of user id. */
export interface Members {
  /** How many users are present, listed or not. A whole number up to 4294967295. */
  count: number;
  /** The first 200 of them. At most 200 elements. */
  listed: Member[];
}

/** What makes a command the same command when it is sent again. It is unique for its user and topic: another user's equal id is another command. */
export interface MessageId {
  /** Who counts: one outbox, drawn at random once. */
  sender: SenderId;
  /** The number of the command among those of that sender. A whole number up to 4294967295. */
  counter: number;
}

/** Nothing: this topic takes no commands. */
export type Never = never;

/** What one has put into the query of an address at the witness, as `witness=NONCE`. */
export interface Nonce {
  /** A random number up to 2^53 - 1, in decimal digits there. A whole number up to 9007199254740991. */
  nonce: number;
}

/** What somebody is told. */
export interface Notification {
  /** What it is about, in one line. It is trimmed; nothing but white space is refused. At most 480 bytes of UTF-8. */
  title: string;
  /** What one does there, in a few words. Only with a link. At most 160 bytes of UTF-8. */
  action?: string;
  /** More about it, or nothing. It is a text: nothing in it is markup. At most 4000 bytes of UTF-8. */
  body?: string;
  /** From when on it means nothing any more. */
  expires?: Timestamp;
  /** How much it matters. */
  level?: AlertLevel;
  /** Where there is more: an address of `http` or `https`. At most 2000 bytes of UTF-8. */
  link?: string;
}

/** A part of a day of the built-in market. */
export type Phase =
  /** Orders are collected, and meet at one price when it ends. */
  | "auction"
  /** Orders meet as they come. */
  | "open"
  /** Nothing happens. */
  | "closed";

/** Where a reader stands: the offset of the last publication it has, and the epoch it belongs to. */
export interface Position {
  /** The lifetime of the history. */
  epoch: Epoch;
  /** The last offset that the reader has. A whole number up to 9007199254740991. */
  offset: number;
}

/** An encoded event with its place in the topic, as kept and as sent. */
export interface Publication {
  /** Its number in the topic. A whole number up to 9007199254740991. */
  offset: number;
  /** Its offset minus that of the publication before it, so that a reader notices a hole even where offsets are not contiguous. A whole number up to 4294967295. */
  step: number;
  /** The event. Any JSON value of at most 61440 bytes. */
  event: unknown;
}

/** What a symbol costs now: put on a board, and read from it. In the binary form it has 11 to 15 bytes where the price is from 6.5536 to 429,496.7295, the size from 251 on, and both distances are up to 250 (0.025 units of money). It never has more than 23. */
export interface Quote {
  /** The symbol's number on its board. `ListSymbols` tells what it stands for. A whole number up to 65535. */
  symbol: number;
  /** The price of the last trade in parts of `PRICE_SCALE`, at most `PRICE_MAX` and never 0. A whole number up to 9007199254740991. */
  price: number;
  /** How far the best bid is below the price, in the same parts; not more than the price. A whole number up to 65535. */
  bid_below: number;
  /** How far the best ask is above the price, in the same parts. A whole number up to 65535. */
  ask_above: number;
  /** How much the last trade was about, in whole shares, contracts or lots. A whole number up to 4294967295. */
  size: number;
}

/** A race that begins. */
export interface Race {
  /** Its number. A whole number up to 4294967295. */
  id: number;
  /** When its first tick is due, by the server's clock in microseconds. There is time to connect. A whole number up to 9007199254740991. */
  begins_us: number;
  /** Microseconds from one tick to the next. A whole number up to 4294967295. */
  period_us: number;
  /** How many ticks there will be, from number 1 on. A whole number up to 4294967295. */
  ticks: number;
}

/** Which race. */
export interface RaceId {
  /** Its number. A whole number up to 4294967295. */
  id: number;
}

/** What a race has taken so far, since the moment before it was answered that it begins. */
export interface RaceReport {
  /** Each lane. At most 6 elements. */
  lanes: LaneReport[];
}

/** What a race is to be like. */
export interface RaceWish {
  /** Ticks per second: 1 to `RACE_RATE_MAX`. A whole number up to 65535. */
  rate: number;
  /** How much fills a tick, in bytes: up to `FILLER_LEN_MAX`. A whole number up to 65535. */
  filler_len: number;
  /** How long: 1 to `RACE_SECONDS_MAX`. A whole number up to 255. */
  seconds: number;
}

/** Which kept publications to read. */
export type Range =
  /** The newest of those below this offset. */
  | {
    type: "before";
    /** The first offset that is not wanted. A whole number up to 9007199254740991. */
    offset: number;
  }
  /** The oldest of those above this offset. */
  | {
    type: "after";
    /** The last offset that is not wanted. A whole number up to 9007199254740991. */
    offset: number;
  };

/** A room in use. */
export interface RoomInfo {
  /** Its name. At most 32 bytes of UTF-8. */
  name: string;
  /** How many users are present. A whole number up to 4294967295. */
  people: number;
  /** How many events it has had. A whole number up to 9007199254740991. */
  events: number;
}

/** The name of a room: 1 to 32 lowercase letters, digits and dashes, no dash at the ends. Pattern: `^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`. */
export type RoomName = string;

/** The rooms in use, those with most people first. */
export interface Rooms {
  /** At most a hundred of them. At most 100 elements. */
  rooms: RoomInfo[];
}

/** Who counts: a random number that one outbox draws once. A whole number up to 9007199254740991. */
export type SenderId = number;

/** Answers `connect`: the first frame. */
export interface ServerConnected {
  type: "connected";
  /** Names this conversation in logs and on the console. Not a secret. A whole number up to 4294967295. */
  session: number;
  /** Who the token says is speaking. */
  user: User;
  /** How often `ping` comes, in milliseconds. A client that hears nothing for longer probes. A whole number up to 4294967295. */
  ping_interval_ms: number;
  /** When the token expires, in milliseconds from now. Refresh it before. A whole number up to 4294967295. */
  token_ttl_ms: number;
  /** What the client may do. */
  limits: Limits;
}

/** Ends a conversation over HTTP, as a Close frame ends one over WebSocket: nothing follows. It never travels in a WebSocket. */
export interface ServerDisconnect {
  type: "disconnect";
  /** What a Close frame would say: a close code. A whole number up to 65535. */
  code: number;
  /** For developers. At most 123 bytes of UTF-8. */
  reason: string;
}

/** The server is about to close the connection and says when to come back. */
export interface ServerDrain {
  type: "drain";
  /** How long to wait before connecting again, in milliseconds. A whole number up to 4294967295. */
  after_ms: number;
}

/** What a server says. */
export type ServerFrame =
  | ServerConnected
  | ServerSubscribed
  | ServerUnsubscribed
  | ServerPublished
  | ServerRefused
  | ServerReturned
  | ServerHistory
  | ServerPresent
  | ServerRefreshed
  | ServerPublication
  | ServerGap
  | ServerJoined
  | ServerLeft
  | ServerPing
  | ServerProbed
  | ServerDrain
  | ServerDisconnect;

/** Publications of a topic that this reader will not get. */
export interface ServerGap {
  type: "gap";
  /** The topic. */
  topic_id: TopicId;
  /** Which, and why. */
  gap: Gap;
}

/** Answers `history`. */
export interface ServerHistory {
  type: "history";
  /** The id of the request. A whole number up to 4294967295. */
  id: number;
  /** The epoch of the history. */
  epoch: Epoch;
  /** The oldest offset that is kept; above `head` when nothing is kept. A whole number up to 9007199254740991. */
  first: number;
  /** The newest offset of the topic. A whole number up to 9007199254740991. */
  head: number;
  /** The publications, oldest first. At most 256 elements. */
  publications: Publication[];
}

/** A user joined a topic, or has another number of connections. */
export interface ServerJoined {
  type: "joined";
  /** The topic. */
  topic_id: TopicId;
  /** How many users are present now. A whole number up to 4294967295. */
  count: number;
  /** Who joined. */
  member: Member;
}

/** A user left a topic. */
export interface ServerLeft {
  type: "left";
  /** The topic. */
  topic_id: TopicId;
  /** How many users are present now. A whole number up to 4294967295. */
  count: number;
  /** Who left. */
  user: UserId;
}

/** The heartbeat. Answered by `pong`. */
export interface ServerPing {
  type: "ping";
  /** The newest offsets of subscribed log topics that moved since they were last told, so that a reader notices even a lost last publication. At most 128 elements. */
  heads: Head[];
}

/** Answers `presence`. */
export interface ServerPresent {
  type: "present";
  /** The id of the request. A whole number up to 4294967295. */
  id: number;
  /** Who is present. */
  members: Members;
}

/** Answers `probe`. */
export interface ServerProbed {
  type: "probed";
  /** The nonce of the probe. A whole number up to 4294967295. */
  nonce: number;
}

/** An event of a topic. The same bytes for every subscriber. */
export interface ServerPublication {
  type: "publication";
  /** The topic. */
  topic_id: TopicId;
  /** Its number in the topic. A whole number up to 9007199254740991. */
  offset: number;
  /** Its offset minus that of the publication before it. A whole number up to 4294967295. */
  step: number;
  /** The event. In a binary frame it reaches to the end. Any JSON value of at most 61440 bytes. */
  event: unknown;
}

/** Answers `publish`. */
export interface ServerPublished {
  type: "published";
  /** The id of the request. A whole number up to 4294967295. */
  id: number;
  /** Where the event stands. */
  position: Position;
  /** True when the command had been taken before, and this is where its event stands. */
  duplicate: boolean;
}

/** Answers `refresh`. */
export interface ServerRefreshed {
  type: "refreshed";
  /** The id of the request. A whole number up to 4294967295. */
  id: number;
  /** When the new token expires, in milliseconds from now. A whole number up to 4294967295. */
  token_ttl_ms: number;
}

/** Answers any request that is not done. Nothing has changed. */
export interface ServerRefused {
  type: "refused";
  /** The id of the request. A whole number up to 4294967295. */
  id: number;
  /** Why. */
  error: Error;
}

/** Answers `call`. */
export interface ServerReturned {
  type: "returned";
  /** The id of the request. A whole number up to 4294967295. */
  id: number;
  /** The response. Any JSON value of at most 61440 bytes. */
  response: unknown;
}

/** Answers `subscribe`. The topic's publications follow it, never precede it. */
export interface ServerSubscribed {
  type: "subscribed";
  /** The id of the request. A whole number up to 4294967295. */
  id: number;
  /** What the topic is called from here on. */
  topic_id: TopicId;
  /** The epoch of its history, and the offset before the first of what follows: the publications in this frame, then those to come. */
  position: Position;
  /** True when the start was `after` and nothing was missed. */
  recovered: boolean;
  /** The newest offset of the topic now. A whole number up to 9007199254740991. */
  head: number;
  /** The first publications, in order. The others follow as `publication` frames. At most 256 elements. */
  publications: Publication[];
  /** What was missed and will not come, when the start was `after` and `recovered` is false. */
  gap?: Gap;
  /** Who is present, if that was asked for. */
  members?: Members;
}

/** The time. */
export interface ServerTime {
  /** Microseconds since the server started, by a clock that never goes back. A whole number up to 9007199254740991. */
  now_us: number;
}

/** Answers `unsubscribe`. No publication of the topic follows it. */
export interface ServerUnsubscribed {
  type: "unsubscribed";
  /** The id of the request. A whole number up to 4294967295. */
  id: number;
  /** The topic that was left. */
  topic_id: TopicId;
}

/** What the built-in market does now. */
export interface Session {
  /** What it does. */
  phase: Phase;
  /** When that ends. */
  ends: Timestamp;
  /** When the day began. It has `MARKET_DAY_SECONDS`. */
  began: Timestamp;
}

/** A side of a trade. */
export type Side =
  /** Somebody bought at the price that was asked. */
  | "buy"
  /** Somebody sold at the price that was bid. */
  | "sell";

/** How long a candle is. */
export type Span =
  /** Five seconds. */
  | "five_seconds"
  /** A minute. */
  | "minute"
  /** Five minutes. */
  | "five_minutes"
  /** A day of the built-in market, which is `MARKET_DAY_SECONDS`. */
  | "day";

/** Where a subscription starts. */
export type Start =
  /** With the newest kept publications, at most `count` and at most 256. */
  | {
    type: "newest";
    /** How many; 0 for only what is new from now on. A whole number up to 65535. */
    count: number;
  }
  /** After this position: recovers what was missed since. */
  | {
    type: "after";
  } & Position
  /** After this event: as `after`, and the digest proves which event the client has there. If the server keeps another event at this offset, the client comes from another branch of the history and is answered like one from another epoch. */
  | {
    type: "after_event";
    /** The lifetime of the history. */
    epoch: Epoch;
    /** The last offset that the client has. A whole number up to 9007199254740991. */
    offset: number;
    /** The digest of the event at this offset, as the server sent it to this client. */
    digest: Digest;
  };

/** A wish to receive a topic. */
export interface Subscribe {
  /** Comes back in the answer. A whole number up to 4294967295. */
  id: number;
  /** The topic. At most 96 bytes of UTF-8. */
  topic: string;
  /** The contract that events will be decoded with. JSON clients leave it out. */
  contract?: Fingerprint;
  /** How many updates per second and key are wanted at most, of a topic that delivers the latest. What is given is the next lower of `PACES`, or what the topic gives if that is less. Refused as invalid if it is 0, or the topic delivers in another way. A whole number up to 65535. */
  max_hz?: number;
  /** Whether to be told who is present, who joins and who leaves. */
  presence?: boolean;
  /** Where to start. */
  start?: Start;
}

/** How the day has been so far. */
export interface Summaries {
  /** Of each symbol that was asked for and is known, in the order in which they were asked for. At most 100 elements. */
  symbols: Summary[];
  /** What the market does now. Nothing where there are no days. */
  session?: Session;
}

/** The day of a symbol so far. Prices are in parts of `PRICE_SCALE`. */
export interface Summary {
  /** Its number on the board. A whole number up to 65535. */
  symbol: number;
  /** The price at the end of the day before. A whole number up to 9007199254740991. */
  previous_close: number;
  /** The first price. A whole number up to 9007199254740991. */
  open: number;
  /** The highest. A whole number up to 9007199254740991. */
  high: number;
  /** The lowest. A whole number up to 9007199254740991. */
  low: number;
  /** The newest. A whole number up to 9007199254740991. */
  last: number;
  /** How much was traded. A whole number up to 9007199254740991. */
  volume: number;
  /** The last prices of the last minutes, the oldest first. At most 32 elements. */
  spark: number[];
}

/** Asks for the day of some symbols. */
export interface SummaryRequest {
  /** Which board. At most 32 bytes of UTF-8. */
  board: string;
  /** The numbers of the symbols. At most 100 elements. */
  symbols: number[];
}

/** What a symbol stands for. */
export interface SymbolInfo {
  /** Its number on the board. A whole number up to 65535. */
  symbol: number;
  /** Its short name, as it stands in `ticker:BOARD.SYMBOL`. At most 12 bytes of UTF-8. */
  ticker: string;
  /** What it is called. At most 48 bytes of UTF-8. */
  name: string;
  /** What it belongs to. Empty if nobody said so. At most 24 bytes of UTF-8. */
  sector: string;
  /** The first price of this day, if there is one. A whole number up to 9007199254740991. */
  open?: number;
  /** Its price at the end of the day before, in parts of `PRICE_SCALE`, if it is known. A whole number up to 9007199254740991. */
  previous_close?: number;
}

/** Symbols of a board, in the order of their numbers. */
export interface Symbols {
  /** At most `SYMBOLS_PAGE_MAX` of them. At most 250 elements. */
  symbols: SymbolInfo[];
  /** True if this market is made up by the server: nobody can trade there. */
  simulated: boolean;
  /** From where to ask for more, if there are more. A whole number up to 65535. */
  next?: number;
}

/** Asks for the symbols of a board. */
export interface SymbolsRequest {
  /** Which board. At most 32 bytes of UTF-8. */
  board: string;
  /** The lowest number that is wanted. A whole number up to 65535. */
  from?: number;
}

/** One of a row of messages whose arrival is watched. */
export interface Tick {
  /** Its number in the row. A whole number up to 4294967295. */
  number: number;
  /** Microseconds from the begin of the row to when it was due. A whole number up to 9007199254740991. */
  at_us: number;
  /** What makes it as long as it is to be. At most 4096 bytes of UTF-8. */
  filler: string;
}

/** The name of a board, or that of a board, a dot and the name of a symbol: 1 to 12 capital letters, digits, dots and dashes, no dot or dash at the ends. Pattern: `^((?!user-)[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?|user-[0-9a-f]{16}(-[a-z0-9-]{0,9}[a-z0-9])?)(\.[A-Z0-9]([A-Z0-9.-]{0,10}[A-Z0-9])?)?$`. */
export type TickerKey = string;

/** A wall-clock time for people: whole seconds since 1970-01-01T00:00:00Z, good until 2106. Four bytes, because a varint above 2^32 takes nine. A whole number up to 4294967295. */
export type Timestamp = number;

/** The number that stands for a topic on the wire. A server announces it when it confirms a subscription; it is the same for all its connections, so that events are encoded once. A whole number up to 4294967295. */
export type TopicId = number;

/** The name of a topic: `namespace:key`. A request with a text of another form is read, and refused with 101. Pattern: `^[a-z0-9-]{1,32}:[A-Za-z0-9_./-]{1,63}$`. */
export type TopicName = string;

/** A trade. */
export interface Trade {
  /** When. */
  at: Timestamp;
  /** At which price, in parts of `PRICE_SCALE`. A whole number up to 9007199254740991. */
  price: number;
  /** How much. A whole number up to 4294967295. */
  size: number;
  /** Whose order made it happen. */
  side: Side;
}

/** Trades, the newest first. */
export interface Trades {
  /** As many as are kept and wanted. At most 50 elements. */
  trades: Trade[];
}

/** Asks for the newest trades of a symbol. */
export interface TradesRequest {
  /** Which board. At most 32 bytes of UTF-8. */
  board: string;
  /** The number of the symbol. A whole number up to 65535. */
  symbol: number;
  /** How many at most, up to `TRADES_MAX`. A whole number up to 255. */
  count: number;
}

/** What a composer tells. */
export type TypingCommand =
  /** Keys are being pressed. Repeat it every few seconds while that is so. */
  | {
    type: "started";
  }
  /** The composer is empty again. */
  | {
    type: "stopped";
  };

/** Somebody types, or has stopped. Who is not heard of for six seconds has stopped, too. */
export interface TypingEvent {
  /** Who. */
  user: User;
  /** True while they type. */
  typing: boolean;
}

/** A user as others see them. */
export interface User {
  /** Who this is. Two users may have one name; they never have one id. */
  id: UserId;
  /** What they are called. At most 128 bytes of UTF-8. */
  name: string;
}

/** A user's id: sixteen lowercase hexadecimal digits. Pattern: `^[0-9a-f]{16}$`. */
export type UserId = string;

/** The kinds of topics, by namespace. */
export interface Topics {
  /** What one user is told, and what of it they have read and put away. Nobody else reads it. */
  "alerts": {
    key: UserId;
    command: AlertCommand;
    event: AlertEvent;
  };
  /** The game of a room: a snapshot after every tick, 30 a second. Kept are the newest keyframe and what followed. What players do comes by `arena.steer`. */
  "arena": {
    key: ArenaRoom;
    command: Never;
    event: ArenaEvent;
  };
  /** A room. What is said is kept, in order. */
  "chat": {
    key: RoomName;
    command: ChatCommand;
    event: ChatEvent;
  };
  /** Ticks of a user's own, to see what becomes of them; and the feed of a race, which only the lanes of the lab carry. */
  "lab": {
    key: LabKey;
    command: Tick;
    event: Tick;
  };
  /** What the symbols of a board are called. Of each the newest is kept. */
  "listing": {
    key: BoardName;
    command: Listed;
    event: Listed;
  };
  /** What is broadcast in a room: runs of encoded pictures and sounds. The newest run is kept, in memory. */
  "live": {
    key: LiveRoom;
    command: LiveEvent;
    event: LiveEvent;
  };
  /** A board of quotes, or one symbol of it. Of each symbol the newest is kept. */
  "ticker": {
    key: TickerKey;
    command: Quote;
    event: Quote;
  };
  /** Who is typing in a room. Never kept, and dropped for slow readers. */
  "typing": {
    key: RoomName;
    command: TypingCommand;
    event: TypingEvent;
  };
}

/** The kinds of calls, by method. */
export interface Calls {
  /** Takes a seat in a room of the arena, or returns to one's own. */
  "arena.join": {
    request: ArenaWish;
    response: ArenaJoined;
  };
  /** Gives a seat up. */
  "arena.leave": {
    request: ArenaNamed;
    response: ArenaLeft;
  };
  /** Lists the rooms of the arena, with most players first. */
  "arena.list": {
    request: ArenaAsked;
    response: ArenaRooms;
  };
  /** Tells who sits where in a room. */
  "arena.players": {
    request: ArenaNamed;
    response: ArenaPlayers;
  };
  /** Says what a player does in ticks to come, and tells what became of it. */
  "arena.steer": {
    request: ArenaSteer;
    response: ArenaSteered;
  };
  /** Lists the rooms in use: those with people or with something said. */
  "chat.rooms": {
    request: ListRoomsRequest;
    response: Rooms;
  };
  /** Tells the server's time, to find out how far one's own clock is from it. */
  "lab.clock": {
    request: LabAsked;
    response: ServerTime;
  };
  /** Sends a text back as it came: for measurements, and to try a client. */
  "lab.echo": {
    request: EchoText;
    response: EchoText;
  };
  /** Shows how a connection began that went by the witness, byte by byte. */
  "lab.handshake": {
    request: Nonce;
    response: Handshake;
  };
  /** Tells at which ports the lanes of the lab listen, and its witness. */
  "lab.lanes": {
    request: LabAsked;
    response: Lanes;
  };
  /** Begins a race: one feed over all lanes. There is one race at a time. */
  "lab.race": {
    request: RaceWish;
    response: Race;
  };
  /** Tells what a race has taken so far, counted at the server's sockets. */
  "lab.report": {
    request: RaceId;
    response: RaceReport;
  };
  /** Tells a broadcaster how many watch, and how well. */
  "live.audience": {
    request: LiveNamed;
    response: LiveAudience;
  };
  /** Takes the broadcaster's seat of a room, also anew after the line was lost. */
  "live.begin": {
    request: LiveWish;
    response: LiveSeat;
  };
  /** Tells the broadcaster how well a viewer sees, and the viewer how many watch. */
  "live.report": {
    request: LiveReport;
    response: LiveCrowd;
  };
  /** Lists what is broadcast, with most viewers first. */
  "live.rooms": {
    request: LiveAsked;
    response: LiveRooms;
  };
  /** Lists one's own alarms that wait. */
  "ticker.alarms": {
    request: AlarmsRequest;
    response: Alarms;
  };
  /** Tells the newest candles of a symbol. */
  "ticker.candles": {
    request: CandlesRequest;
    response: Candles;
  };
  /** Drops an alarm of one's own. */
  "ticker.drop_alarm": {
    request: AlarmNamed;
    response: AlarmNamed;
  };
  /** Sets an alarm: a notification, once, when a price has come so far. */
  "ticker.set_alarm": {
    request: AlarmRequest;
    response: Alarm;
  };
  /** Tells how the day of some symbols has been so far. */
  "ticker.summary": {
    request: SummaryRequest;
    response: Summaries;
  };
  /** Lists the symbols of a board, those with the lowest numbers first. */
  "ticker.symbols": {
    request: SymbolsRequest;
    response: Symbols;
  };
  /** Tells the newest trades of a symbol. */
  "ticker.trades": {
    request: TradesRequest;
    response: Trades;
  };
}

/** A command for a topic of this namespace. */
export type PublishTo<Namespace extends keyof Topics> = Omit<ClientPublish, "topic" | "command"> & {
  topic: `${Namespace}:${string}`;
  command: Topics[Namespace]["command"];
};

/** A publication of a topic of this namespace: null where the server could not turn what it keeps into JSON. */
export type PublicationOf<Namespace extends keyof Topics> = Omit<Publication, "event"> & {
  event: Topics[Namespace]["event"] | null;
};

/** A call of this method. */
export type CallOf<Method extends keyof Calls> = Omit<ClientCall, "method" | "request"> & {
  method: Method;
  request: Calls[Method]["request"];
};

/** The answer to a call of this method. */
export type ReturnedOf<Method extends keyof Calls> = Omit<ServerReturned, "response"> & {
  response: Calls[Method]["response"];
};
