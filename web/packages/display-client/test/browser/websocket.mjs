// A WebSocket server side for tests (RFC 6455): enough for whole binary messages, over any HTTP upgrade.
import { createHash } from "node:crypto";

export function accept(request, socket, { message, closed = () => {} }) {
  const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
  socket.setNoDelay(true);
  let buffer = Buffer.alloc(0);
  let open = true;
  const gone = () => {
    if (open) closed();
    open = false;
  };
  const frame = (opcode, bytes) => {
    const head =
      bytes.length < 126
        ? Buffer.from([0x80 | opcode, bytes.length])
        : bytes.length < 65536
          ? Buffer.from([0x80 | opcode, 126, bytes.length >> 8, bytes.length & 255])
          : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), Buffer.from(new Uint32Array([bytes.length]).buffer).reverse()]);
    return Buffer.concat([head, bytes]);
  };
  socket.on("data", (data) => {
    buffer = Buffer.concat([buffer, data]);
    while (buffer.length >= 2) {
      let length = buffer[1] & 127;
      let at = 2;
      if (length === 126) {
        if (buffer.length < 4) return;
        length = buffer.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (buffer.length < 10) return;
        length = Number(buffer.readBigUInt64BE(2));
        at = 10;
      }
      if (buffer.length < at + 4 + length) return;
      const mask = buffer.subarray(at, at + 4);
      const body = Buffer.from(buffer.subarray(at + 4, at + 4 + length));
      for (let i = 0; i < body.length; i++) body[i] ^= mask[i & 3];
      const opcode = buffer[0] & 15;
      buffer = buffer.subarray(at + 4 + length);
      if (opcode === 8) {
        if (open) socket.end(frame(8, body.subarray(0, 2)));
        gone();
        return;
      }
      if (opcode === 2) message(body);
    }
  });
  socket.on("close", gone);
  socket.on("error", gone);
  return {
    send: (bytes) => open && socket.write(frame(2, Buffer.from(bytes))),
    close: (code, reason = "") => {
      if (!open) return;
      const body = Buffer.alloc(2 + Buffer.byteLength(reason));
      body.writeUInt16BE(code);
      body.write(reason, 2);
      socket.end(frame(8, body));
    },
    /** The network is gone: no closing handshake. */
    cut: () => socket.destroy(),
    get open() {
      return open;
    },
  };
}
