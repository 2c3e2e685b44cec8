"""Talks in #lobby: python chat.py http://127.0.0.1:8787 Mina (needs the package `websockets`)."""
import asyncio, json, random, sys, threading, urllib.request
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

SERVER, NAME = sys.argv[1:] if len(sys.argv) == 3 else ("http://127.0.0.1:8787", "Mina")
http = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())  # keeps the guest's cookie
here, waiting, live, sender = {}, {}, {}, random.randrange(2**53)  # the last event's position; what has no answer

def post(path, **body):
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(http.open(request, timeout=10))

async def talk(socket, token):
    send = lambda type, **frame: socket.send(json.dumps({"type": type, **frame}))
    say = lambda number: send("publish", id=number, message_id={"sender": sender, "counter": number},
                              topic="chat:lobby", command={"type": "say", "text": waiting[number]})
    wish = lambda: {"id": 0, "topic": "chat:lobby", "start": {"type": "after", **here} if here else {"type": "newest", "count": 20}}
    async def take(offset, step, event, **_):
        if live and offset > here["offset"]:  # others are repetitions, or come before what is missing
            if offset - step != here["offset"]:
                return await ask_again()
            here["offset"] = offset
            if event["type"] == "said":
                print(f"{event['author']['name']}: {event['text']}", flush=True)
    async def ask_again():
        print("-- a hole", flush=True)
        live.clear()
        await send("subscribe", **wish())
    await send("connect", version=1, token=token, agent="chat.py/1.0", subscriptions=[wish()])
    async for message in socket:
        match json.loads(message):
            case {"type": "ping", "heads": heads}:
                await send("pong")
                if live and any(head["offset"] > here["offset"] for head in heads):  # the last events were lost
                    await ask_again()
            case {"type": "subscribed", "topic_id": topic_id, "position": position, "publications": missed} as answer:
                here.update(position)
                live.update(topic_id=topic_id, say=say)
                print("-- recovered" if answer["recovered"] else "-- live", flush=True)
                if "gap" in answer:
                    print(f"-- lost: {answer['gap']}", flush=True)
                for publication in missed:
                    await take(**publication)
                for number in list(waiting):  # again, under its old id: it is taken once
                    await say(number)
            case {"type": "publication" | "gap" as kind, "topic_id": topic_id, **frame} if topic_id == live.get("topic_id"):
                if kind == "publication":
                    await take(**frame)
                else:  # the answer tells what is left
                    await ask_again()
            case {"type": "published", "id": number}:
                waiting.pop(number, None)
            case {"type": "refused", "id": number, "error": error}:
                print(f"-- refused: {error['detail']}", waiting.pop(number, ""), flush=True)

async def hear(number, text):
    waiting[number] = text
    if live:
        await live["say"](number)  # if the line is lost meanwhile, the next one brings it

def read(loop):
    for number, text in enumerate(sys.stdin, 1):
        asyncio.run_coroutine_threadsafe(hear(number, text.strip()), loop)

async def main():
    post("/auth/guest", name=NAME)
    threading.Thread(target=read, args=[asyncio.get_running_loop()], daemon=True).start()
    async for socket in connect(SERVER.replace("http", "ws", 1) + "/ws", subprotocols=["trunkline.v1.json"]):
        try:
            await talk(socket, (await asyncio.to_thread(post, "/auth/token"))["token"])
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code >= 4300:  # no other attempt would do better
                sys.exit(f"closed by the server: {closed.rcvd.code} {closed.rcvd.reason}")
        except OSError:
            pass  # nobody listens
        live.clear()
        await asyncio.sleep(random.uniform(0, 2))

if __name__ == "__main__":
    asyncio.run(main())
