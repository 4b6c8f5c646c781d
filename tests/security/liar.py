"""A display server that lies: run in a session's container as its user, it stops the real one and takes its place.

usage: liar.py MODE     says on stdout what happened; MODE is what it does with a viewer's stream (see `lies`), or a way to talk to the agent (`fuzz_*`).
"""
import array, base64, hashlib, json, os, random, signal, socket, struct, sys, threading, time

SESSION = next((line.split("=", 1)[1] for line in open("/proc/self/environ").read().split("\0") if line.startswith("ORIEL_SESSION=")), "0" * 32)
HTML = "<img src=x onerror=\"window.__executed=1\"><script>window.__executed=1</script>\u202e\x07\x1b[31m"


def stop_the_real_one():
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid(): continue
        try:
            if os.readlink(f"/proc/{name}/exe").endswith("/oriel-display"): os.kill(int(name), signal.SIGSTOP)
        except OSError: pass


def control():
    made = socket.socket(socket.AF_UNIX)
    made.setblocking(False)
    until = time.time() + 5
    while True:  # the agent takes one connection at a time, and a full queue answers at once
        try:
            made.connect("/run/oriel/control.sock")
            made.settimeout(5)
            return made
        except BlockingIOError:
            if time.time() > until: raise
            time.sleep(0.005)


def packed(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack("<I", len(body)) + body


def hello(**changes):
    return packed({"type": "hello", "session": SESSION, "protocol": 1, "build": "x", "runtime": "x", **changes})


def listening(agent):
    """Reads until the listening socket comes."""
    agent.sendall(hello(build=HTML))
    deadline = time.time() + 10
    while time.time() < deadline:
        data, rights, _, _ = agent.recvmsg(65536, socket.CMSG_SPACE(16))
        for level, kind, value in rights:
            if kind == socket.SCM_RIGHTS:
                return socket.socket(fileno=array.array("i", value[:4])[0])
        if not data: raise SystemExit("the agent closed")
    raise SystemExit("no listening socket")


# --- what viewers get
def message(kind, body): return bytes([kind]) + struct.pack("<I", len(body)) + body
def frame(payload, opcode=2, final=True):
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) < 126: head += bytes([len(payload)])
    elif len(payload) < 65536: head += b"\x7e" + struct.pack(">H", len(payload))
    else: head += b"\x7f" + struct.pack(">Q", len(payload))
    return head + payload
def reset(epoch=1, width=640, height=480, keep=0): return message(2, struct.pack("<IBHH", epoch, keep, width, height))
def end(number=1): return message(4, struct.pack("<IQIB", number, 0, 0, 3))
def state(**members): return message(7, json.dumps(members).encode())
def greeting(): return message(1, struct.pack("<HH", 1, 0) + b"\x01x")
def endless(send, piece):
    until = time.time() + 20
    while time.time() < until: send(piece)

def lie_strings(send):
    send(frame(message(1, struct.pack("<HH", 1, 0) + bytes([len(HTML.encode())]) + HTML.encode()) + reset() + end()))
    for value in ("running", "starting", HTML, "__proto__", 7, None, {"a": 1}):
        send(frame(state(state=value, reason=HTML, step=HTML, owner_of_input=HTML, viewers=HTML, size_fixed=HTML)))
    send(frame(message(9, json.dumps({"encode_us": HTML, "rtt_us": HTML, "frames_per_second": HTML, "bytes_per_second": HTML, "in_flight": {"a": HTML}}).encode())))
    send(frame(message(7, b"{" * 200000)))
def lie_zstd(send):
    send(frame(greeting() + reset()))
    send(frame(message(3, b"\x28\xb5\x2f\xfd" + os.urandom(30000)) + end()))
def lie_bomb(send):
    # One zstd frame of 2 GiB of zeros in a few bytes: RLE blocks.
    block = struct.pack("<I", (131072 << 3) | 2)[:3] + b"\0"
    send(frame(greeting() + reset()))
    send(frame(message(3, b"\x28\xb5\x2f\xfd\x00\x58" + block * 16384) + end()))
def lie_epochs(send):
    send(frame(greeting() + reset(0xffffffff, 64, 64) + end(0xffffffff) + reset(7, 64, 64, keep=1) + reset(8, 65, 64, keep=1) + end(0)))
def lie_giant_screen(send): send(frame(greeting() + reset(1, 16384, 16384) + end()))
def lie_giant_body(send): send(frame(bytes([3]) + struct.pack("<I", 0xfffffff0) + b"x" * 1000))
def lie_giant_frame(send):
    send(b"\x82\x7f" + struct.pack(">Q", 1 << 62))
    endless(send, b"x" * 65536)
def lie_endless_message(send):
    send(frame(b"\x03", 2, False))
    endless(send, frame(b"x" * 65536, 0, False))
def lie_flood_state(send): endless(send, frame(state(state="running", viewers=1) * 200))
def lie_flood_cursor(send):
    serial = 0
    until = time.time() + 20
    while time.time() < until:
        serial += 1
        send(frame(message(5, struct.pack("<IHHHH", serial, 0, 0, 128, 128) + os.urandom(16) * 4096)))
def lie_flood_frames(send):
    send(frame(greeting() + reset(1, 1920, 1080)))
    number = 0
    until = time.time() + 20
    while time.time() < until:
        number += 1
        send(frame(end(number) * 50))
def lie_text(send): send(frame(HTML.encode(), 1))
def lie_mask(send): send(b"\x82\x85\1\2\3\4hello")
def lie_control_frames(send): endless(send, frame(b"", 9))
def lie_ended(send): send(frame(greeting() + state(state="ended", reason=HTML)) + frame(struct.pack(">H", 4001) + HTML.encode()[:100], 8))
def lie_close(send): send(frame(struct.pack(">H", 1003) + b"\xff\xfe", 8))
def lie_silence(send): time.sleep(30)

rotation = ["strings", "zstd", "bomb", "epochs", "giant_screen", "giant_body", "text", "mask", "close"]
turn = 0
def lie_rotate(send):
    """Another lie for each connection."""
    global turn
    turn += 1
    with open("/tmp/liar-requests", "a") as file: file.write("lie " + rotation[turn % len(rotation)] + "\n")
    globals()["lie_" + rotation[turn % len(rotation)]](send)

def serve(viewer, mode, seen):
    try:
        viewer.settimeout(20)
        request = b""
        while b"\r\n\r\n" not in request: request += viewer.recv(65536) or (_ for _ in ()).throw(OSError())
        seen.append(request.decode("latin1"))
        with open("/tmp/liar-requests", "a") as file: file.write(request.decode("latin1") + "\n")
        if mode == "mute": return time.sleep(30)
        if mode == "garbage": return viewer.sendall(os.urandom(4096))
        if mode == "headers": return viewer.sendall(b"HTTP/1.1 101 Switching Protocols\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(300)) + b"\r\n")
        if mode == "endless_headers":
            viewer.sendall(b"HTTP/1.1 200 OK\r\n")
            return endless(viewer.sendall, b"X-Header: " + b"y" * 1000 + b"\r\n")
        if mode == "page":
            page = ("<title>mine</title>" + HTML).encode()
            return viewer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: __Host-oriel=stolen; Secure; Path=/\r\nAccess-Control-Allow-Origin: *\r\nContent-Security-Policy: script-src * 'unsafe-inline'\r\nX-Accel-Redirect: /api/v1/me\r\nLink: </x>; rel=preload\r\nContent-Length: %d\r\n\r\n" % len(page) + page)
        key = next((line.split(":", 1)[1].strip() for line in request.decode("latin1").split("\r\n") if line.lower().startswith("sec-websocket-key:")), "")
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        viewer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: stolen=1; Path=/\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        if b"/clipboard" in request.split(b"\r\n")[0]:
            for serial in range(2000 if mode.startswith("flood") else 3): viewer.sendall(frame(message(0x71, struct.pack("<I", serial) + HTML.encode() * (100 if mode.startswith("flood") else 1))))
            return viewer.sendall(frame(message(0x72, HTML.encode())))
        if b"/input" in request.split(b"\r\n")[0]: return time.sleep(20)
        globals()["lie_" + mode](viewer.sendall)
        time.sleep(3)
    except (OSError, ValueError): pass
    finally: viewer.close()


def take_place(mode, seconds):
    stop_the_real_one()
    agent = control()
    stream = listening(agent)
    for text in (HTML, "x" * 20000): agent.sendall(packed({"type": "state", "state": "running", "step": text, "detail": text}))
    agent.sendall(packed({"type": "viewers", "count": 2**62, "last_input_seconds": 1e308}))
    print("serving", flush=True)
    stream.settimeout(0.5)
    until = time.time() + seconds
    while time.time() < until:
        try: viewer, _ = stream.accept()
        except socket.timeout: continue
        viewer.setblocking(True)
        threading.Thread(target=serve, args=(viewer, mode, []), daemon=True).start()
    print("done", flush=True)


# --- what the agent gets
def fuzz(seed, seconds):
    stop_the_real_one()
    random.seed(seed)
    until = time.time() + seconds
    kinds = {}
    strings = ["", HTML, "x" * 50000, "\0", "running", "starting", "ready", SESSION, "0" * 32]
    def value(depth=0):
        return random.choice([lambda: random.choice(strings), lambda: random.randint(-2**63, 2**64), lambda: random.random() * 10 ** random.randint(-300, 300), lambda: None, lambda: True,
                              lambda: [value(depth + 1)] * random.randint(0, 3) if depth < 4 else [], lambda: {random.choice(strings)[:20]: value(depth + 1)} if depth < 4 else {}])()
    def well_formed():
        kind = random.choice(["hello", "state", "viewers", "statistics", "begin", "listen", "end", "close_viewer", HTML])
        return {"type": kind, **{name: value() for name in random.sample(["session", "protocol", "build", "runtime", "state", "step", "detail", "count", "last_input_seconds", "viewers", "frames"], 5)}}
    def nest(): return packed(b"[" * 60000)
    while time.time() < until:
        what = random.choice(["random", "length", "half", "order", "well", "fds", "many", "endless", "nest", "slow", "hello twice"])
        kinds[what] = kinds.get(what, 0) + 1
        held = []
        try:
            agent = control()
            agent.settimeout(1)
            if what == "random": agent.sendall(os.urandom(random.randint(1, 70000)))
            elif what == "length": agent.sendall(struct.pack("<I", random.choice([0, 65537, 2**31, 2**32 - 1])) + b"x" * 1000)
            elif what == "half": agent.sendall(hello()[: random.randint(0, 40)])
            elif what == "order": agent.sendall(packed({"type": "state", "state": "running", "step": "ready", "detail": ""}) + hello())
            elif what == "well":
                agent.sendall(hello())
                for _ in range(20): agent.sendall(packed(well_formed()))
            elif what == "nest": agent.sendall(hello() + nest())
            elif what == "hello twice": agent.sendall(hello() * 50)
            elif what == "endless":
                agent.sendall(hello())
                stop = time.time() + 0.5
                while time.time() < stop: agent.sendall(packed({"type": "viewers", "count": 1, "last_input_seconds": 0}) * 50)
            elif what == "slow":
                agent.sendall(hello())
                time.sleep(0.3)  # reads nothing
            elif what == "many":
                for _ in range(100):
                    made = socket.socket(socket.AF_UNIX)
                    made.setblocking(False)
                    held.append(made)
                    made.connect("/run/oriel/control.sock")
            elif what == "fds":
                files = [os.open("/dev/null", os.O_RDONLY) for _ in range(200)]
                held += [socket.socket(fileno=os.dup(agent.fileno()))]
                try:
                    for _ in range(20):
                        socket.send_fds(agent, [b"\x10"], files[: random.choice([1, 5, 200])])
                finally:
                    for file in files: os.close(file)
            time.sleep(random.random() * 0.02)
            agent.close()
        except OSError: pass
        for made in held: made.close()
    print(json.dumps(kinds), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "fuzz": fuzz(int(sys.argv[2]), float(sys.argv[3]))
    else: take_place(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 20)
