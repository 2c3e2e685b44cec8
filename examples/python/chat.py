"""Talks in #lobby: python chat.py http://127.0.0.1:8787 Mina (needs the package `websockets`)."""
import asyncio, contextlib, json, random, sys, threading, urllib.request
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

SERVER, NAME = sys.argv[1:] if len(sys.argv) == 3 else ("http://127.0.0.1:8787", "Mina")
http = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())  # keeps the guest's cookie
here, waiting, sender = {}, {}, random.randrange(2**53)  # the last event's position; what has no answer, by number

def post(path, **body):
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(http.open(request, timeout=10))

def take(publication):
    if publication["offset"] > here["offset"]:  # others are repetitions
        here["offset"], event = publication["offset"], publication["event"]
        if event and event["type"] == "said":
            print(f"{event['author']['name']}: {event['text']}", flush=True)

async def talk(socket, said):
    async def send(**frame):
        with contextlib.suppress(ConnectionClosed):  # what is lost with the line is sent again
            await socket.send(json.dumps(frame))
    async def say(number, text):
        await send(type="publish", id=number, message_id={"sender": sender, "counter": number},
                   topic="chat:lobby", command={"type": "say", "text": text})
    async def publish():
        for number, text in list(waiting.items()):  # again, under its old id: it is taken once
            await say(number, text)
        while True:
            number, text = await said.get()
            waiting[number] = text
            await say(number, text)
    start = {"type": "after", **here} if here else {"type": "newest", "count": 20}
    token = (await asyncio.to_thread(post, "/auth/token"))["token"]
    await send(type="connect", version=1, token=token, agent="chat.py/1.0",
               subscriptions=[{"id": 0, "topic": "chat:lobby", "start": start}])
    publishing = None
    try:
        async for message in socket:
            match json.loads(message):
                case {"type": "ping"}:
                    await send(type="pong")
                case {"type": "subscribed", "position": position, "recovered": recovered, "publications": missed}:
                    here.update(position)
                    print("-- recovered" if recovered else "-- live", flush=True)
                    [take(publication) for publication in missed]
                    publishing = asyncio.create_task(publish())
                case {"type": "publication"} as publication:
                    take(publication)
                case {"type": "published", "id": number}:
                    waiting.pop(number)
                case {"type": "refused", "id": number, "error": error}:
                    waiting.pop(number, None)
                    print(f"-- refused: {error['detail']}", flush=True)
    finally:
        if publishing:
            publishing.cancel()

async def main():
    post("/auth/guest", name=NAME)
    said, loop = asyncio.Queue(), asyncio.get_running_loop()
    def read():
        for number_and_text in enumerate(map(str.strip, sys.stdin), 1):
            loop.call_soon_threadsafe(said.put_nowait, number_and_text)
    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            async with connect(SERVER.replace("http", "ws", 1) + "/ws", subprotocols=["trunkline.v1.json"]) as socket:
                await talk(socket, said)
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code >= 4300:  # no other attempt would do better
                sys.exit(f"closed by the server: {closed.rcvd.code} {closed.rcvd.reason}")
        except (OSError, WebSocketException):
            pass  # nobody listens
        await asyncio.sleep(random.uniform(0, 2))

asyncio.run(main())
