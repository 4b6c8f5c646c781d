// WebSockets for tests (RFC 6455), both sides: whole messages over a socket that was upgraded.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";

/** Frames of one side. `masked`: this side is the client. */
function talk(socket, masked, { message, closed = () => {} }) {
  socket.setNoDelay(true);
  let buffer = Buffer.alloc(0);
  let parts = [];
  let open = true;
  const gone = () => {
    if (open) closed();
    open = false;
  };
  const frame = (opcode, bytes) => {
    const bit = masked ? 0x80 : 0;
    const head =
      bytes.length < 126
        ? Buffer.from([0x80 | opcode, bit | bytes.length])
        : bytes.length < 65536
          ? Buffer.from([0x80 | opcode, bit | 126, bytes.length >> 8, bytes.length & 255])
          : Buffer.from([0x80 | opcode, bit | 127, 0, 0, 0, 0, ...new Uint8Array(new Uint32Array([bytes.length]).buffer).reverse()]);
    if (!masked) return Buffer.concat([head, bytes]);
    const mask = randomBytes(4);
    return Buffer.concat([head, mask, Buffer.from(bytes.map((byte, index) => byte ^ mask[index & 3]))]);
  };
  const read = (data) => {
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
      const hasMask = (buffer[1] & 128) !== 0;
      const start = at + (hasMask ? 4 : 0);
      if (buffer.length < start + length) return;
      const body = Buffer.from(buffer.subarray(start, start + length));
      if (hasMask) for (let i = 0; i < body.length; i++) body[i] ^= buffer[at + (i & 3)];
      const last = (buffer[0] & 128) !== 0;
      const opcode = buffer[0] & 15;
      buffer = buffer.subarray(start + length);
      if (opcode === 8) {
        if (open) socket.end(frame(8, body.subarray(0, 2)));
        gone();
        return;
      }
      if (opcode > 2) continue;
      parts.push(body);
      if (!last) continue;
      const whole = Buffer.concat(parts);
      parts = [];
      message(whole);
    }
  };
  socket.on("data", read);
  socket.on("close", gone);
  socket.on("error", gone);
  return {
    read,
    /** A binary message, or text when it is given a string. */
    send: (bytes) => open && socket.write(typeof bytes === "string" ? frame(1, Buffer.from(bytes)) : frame(2, Buffer.from(bytes))),
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

/** The server's side of an upgrade request. */
export function accept(request, socket, handlers) {
  const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
  return talk(socket, false, handlers);
}

/** The client's side of `ws://…`. */
export function connect(address, handlers) {
  return new Promise((resolve, reject) => {
    const request = http.request(address.replace(/^ws:/, "http:"), {
      headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": randomBytes(16).toString("base64") },
    });
    request.on("upgrade", (_response, socket, rest) => {
      const connection = talk(socket, true, handlers);
      if (rest.length > 0) connection.read(rest);
      resolve(connection);
    });
    request.on("response", (response) => reject(new Error(`refused with ${response.statusCode}`)));
    request.on("error", reject);
    request.end();
  });
}
