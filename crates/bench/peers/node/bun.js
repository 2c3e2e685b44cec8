// Bun, whose sockets are those of uWebSockets, with rooms as its documentation has them.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    const room = pathname.startsWith("/room/") ? pathname.slice(6) : undefined;
    if (!server.upgrade(request, { data: { room } })) {
      return new Response("expected a WebSocket", { status: 426 });
    }
  },
  websocket: {
    idleTimeout: 960,
    open(socket) {
      if (socket.data.room) socket.subscribe(socket.data.room);
    },
    message(socket, message) {
      // The server's `publish` reaches the sender, too; a socket's own does not.
      if (socket.data.room) server.publish(socket.data.room, message);
      else socket.send(message);
    },
  },
});
console.log(server.port);
