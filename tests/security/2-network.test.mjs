// What a session's network reaches: nothing of ours, not the host, not its neighbours, no private or metadata address (bars H4, H5).
// Every peer is a container or a namespace made here; nothing is sent to anybody else.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { networkInterfaces } from "node:os";
import { Instance, run, until } from "../lib/instance.mjs";
import { Internet } from "../lib/internet.mjs";
import { identities, inNetworkOf, python } from "../lib/probe.mjs";

const bridgeCall = "/proc/sys/net/bridge/bridge-nf-call-iptables";

/** Python that tries many TCP addresses at once and prints those that opened. */
const connects = (targets) => `
import asyncio, json
async def one(host, port):
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 1.5)
        writer.close()
        return host + " " + str(port)
    except Exception: return None
async def main():
    print(json.dumps([each for each in await asyncio.gather(*[one(h, p) for h, p in ${JSON.stringify(targets)}]) if each]))
asyncio.run(main())`;

describe("a session's network", () => {
  let oriel;
  let person;
  let session;
  let neighbour;
  let container;
  let peer;
  let details;
  let peerDetails;
  let internet;
  let lan;
  let link;
  let listener;
  let names;
  before(async () => {
    oriel = new Instance();
    person = await oriel.signIn("user");
    internet = await Internet.create("198.51.100.0");
    await internet.serve({ "/": "outside" });
    lan = await Internet.create("10.98.7.0");
    await lan.serve({ "/": "private" });
    link = await Internet.create("169.254.77.0");
    await link.serve({ "/": "link-local" });
    listener = net.createServer((socket) => socket.on("error", () => undefined).end("the host"));
    await new Promise((resolve) => listener.listen(0, "::", resolve));
    session = await person.launch("Desktop", { width: 800, height: 600 });
    neighbour = await person.launch("Desktop", { width: 800, height: 600 });
    await Promise.all([person.running(session.id), person.running(neighbour.id)]);
    [container, peer] = [await oriel.containerOf(session), await oriel.containerOf(neighbour)];
    [details, peerDetails] = [await oriel.inspect(container), await oriel.inspect(peer)];
    names = { own: Object.values(details.NetworkSettings.Networks)[0], peer: Object.values(peerDetails.NetworkSettings.Networks)[0] };
  });
  after(async () => {
    listener?.close();
    for (const each of [session, neighbour]) if (each) await person.end(each.id);
    for (const each of [internet, lan, link]) await each?.remove();
    for (const each of [session, neighbour]) if (each) await oriel.gone({ kasm_id: each.id }, 20);
  });
  const opens = async (targets, user = identities.user) => JSON.parse((await python(container, user, connects(targets))).trim().split("\n").pop());

  test("a page outside is reached; a private network, a link-local address and another pool are not", async () => {
    const stand_ins = [[lan.address, 80], [link.address, 80], [lan.gateway, listener.address().port], [link.gateway, listener.address().port]];
    for (const [host, port] of stand_ins) {
      const made = net.connect(port, host);
      await new Promise((resolve, reject) => made.once("connect", resolve).once("error", reject)); // the host reaches them
      made.destroy();
    }
    for (const user of Object.values(identities)) assert.deepEqual(await opens([[internet.address, 80], ...stand_ins], user), [`${internet.address} 80`], `as ${user}`);
  });

  test("the host is not reached: on any of its addresses, a stand-in's port, ours, and every port that it listens on", async () => {
    const listening = (await run("ss", ["-Hltn"])).stdout.trim().split("\n").map((line) => Number(line.trim().split(/\s+/)[3].split(":").pop()));
    const ports = [...new Set([listener.address().port, oriel.port, 22, 2375, 5432, 6379, ...listening])].filter((port) => port > 0).slice(0, 60);
    const addresses = [...new Set([names.own.Gateway, ...Object.values(networkInterfaces()).flat().map((each) => (each.family === "IPv6" && each.scopeid ? `${each.address}%eth0` : each.address))])].filter((address) => !/^(127\.|::1)/.test(address)).slice(0, 40);
    const targets = addresses.flatMap((address) => ports.map((port) => [address, port]));
    assert.ok(addresses.includes(names.own.Gateway) && targets.length >= ports.length);
    // A stand-in's port of the session's own loopback would answer: it is not the host's.
    const open = [];
    for (let at = 0; at < targets.length; at += 600) open.push(...(await opens(targets.slice(at, at + 600))));
    assert.deepEqual(open, []);
    assert.deepEqual(await opens([[names.own.Gateway, listener.address().port], [names.own.Gateway, oriel.port]], identities.root), []);
  });

  test("a name that a foreign server answers with a private address leads nowhere: addresses decide, not names", async () => {
    const server = spawn("nsenter", [`--net=/run/netns/${internet.name}`, "python3", "-c", `
import socket
made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); made.bind(("${internet.address}", 53)); print("ready", flush=True)
turn = 0
while True:
    question, who = made.recvfrom(512)
    turn += 1
    address = socket.inet_aton("${internet.address}" if turn == 1 else "${lan.address}")
    made.sendto(question[:2] + b"\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0" + question[12:] + b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\0\\0\\4" + address, who)
`], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await new Promise((resolve) => server.stdout.once("data", resolve));
      const answer = await python(container, identities.user, `
import socket
def resolve():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); made.settimeout(3)
    made.sendto(b"\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\6rebind\\4test\\0\\0\\1\\0\\1", ("${internet.address}", 53))
    return socket.inet_ntoa(made.recv(512)[-4:])
for turn in range(2):
    address = resolve()
    try:
        socket.create_connection((address, 80), 1.5).close(); print(address, "open")
    except OSError: print(address, "closed")
`);
      assert.deepEqual(answer.trim().split("\n"), [`${internet.address} open`, `${lan.address} closed`]);
    } finally {
      server.kill();
    }
  });

  test("names are resolved by the host's resolver, and the table lets nothing else of that address pass", async () => {
    const { stdout } = await run("nft", ["list", "ruleset"]);
    const resolvers = readFileSync("/etc/resolv.conf", "utf8").split("\n").filter((line) => /^nameserver\s/.test(line)).map((line) => line.split(/\s+/)[1]).filter((address) => net.isIPv4(address) && !address.startsWith("127."));
    for (const address of resolvers) {
      assert.match(stdout, new RegExp(`ip daddr \\{? ?[^}]*${address.replaceAll(".", "\\.")}.*dport 53`), `no way to the resolver ${address}`);
      assert.deepEqual(await opens([[address, 80], [address, 22], [address, 443]]), [], "the resolver's other ports");
    }
    const answer = await python(container, identities.user, `print([line for line in open("/etc/resolv.conf") if line.startswith("nameserver")])`);
    assert.match(answer, /127\.0\.0\.11/);
  });

  for (const value of ["0", "1"]) {
    test(`neighbours of one bridge are apart with bridge-nf-call-iptables ${value}: everything the other one's interface hears`, async () => {
      // Heard with the host's rights in the neighbour's namespace: every frame but its own, counted by sender.
      const listens = inNetworkOf(peerDetails.State.Pid, `
import socket, sys, time
made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); made.bind(("eth0", 0)); made.settimeout(0.2)
print("ready", flush=True)
end = time.time() + 5; heard = {}
while time.time() < end:
    try: frame, where = made.recvfrom(2048)
    except OSError: continue
    if where[2] == 4: continue
    key = frame[6:12].hex(":") + " " + frame[12:14].hex(); heard[key] = heard.get(key, 0) + 1
print("\\n".join(heard) or "nothing")
`);
      await until("the neighbour listens", 5, () => listens.output.includes("ready"));
      const was = readFileSync(bridgeCall, "utf8").trim();
      try {
        writeFileSync(bridgeCall, value);
        // As the desktop's user, with what a session really has.
        const asUser = python(container, identities.user, `
import socket
B = "${names.peer.IPAddress}"
net = B.rsplit(".", 1)[0]
for port in (7000, 22, 6000):
    made = socket.socket(); made.settimeout(0.3)
    try: made.connect((B, port))
    except OSError: pass
made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for where in (B, net + ".255", "255.255.255.255", "224.0.0.251", "239.1.2.3"):
    try: made.sendto(b"hello", (where, 7001))
    except OSError: pass
try:
    ping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP); ping.sendto(b"\\x08\\0\\0\\0\\0\\1\\0\\1", (B, 0))
except OSError: pass
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
for where in ("ff02::1%eth0", "fe80::1%eth0"):
    try: six.sendto(b"hello", (where, 7001))
    except OSError: pass
print("sent")`, 8);
        // As nobody inside can: raw frames of every kind, with the session's own hardware address.
        const raw = inNetworkOf(details.State.Pid, `
import socket, struct
made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); made.bind(("eth0", 0))
own = bytes.fromhex("${names.own.MacAddress}".replace(":", "")); peer = bytes.fromhex("${names.peer.MacAddress}".replace(":", "")); everybody = b"\\xff" * 6
A = socket.inet_aton("${names.own.IPAddress}"); B = socket.inet_aton("${names.peer.IPAddress}")
for to in (peer, everybody, bytes.fromhex("01005e0000fb"), bytes.fromhex("333300000001")):
    made.send(to + own + b"\\x88\\xb5" + b"x" * 60)
    made.send(to + own + b"\\x08\\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + own + A + b"\\0" * 6 + B + b"\\0" * 18)
    made.send(to + own + b"\\x86\\xdd" + b"\\x60\\0\\0\\0\\0\\x08\\x11\\xff" + b"\\xfe\\x80" + b"\\0" * 13 + b"\\1" + b"\\xff\\2" + b"\\0" * 13 + b"\\1" + b"\\x1b\\x59\\x1b\\x59\\0\\x08\\0\\0" + b"\\0" * 20)
    made.send(to + own + b"\\x08\\0" + b"\\x45\\0\\0\\x1c\\0\\0\\0\\0\\x40\\x11\\0\\0" + A + B + b"\\x1b\\x59\\x1b\\x59\\0\\x08\\0\\0" + b"\\0" * 20)
print("sent")`, 8);
        assert.match(await asUser, /sent/);
        assert.match(await raw.done, /sent/);
      } finally {
        writeFileSync(bridgeCall, was);
      }
      // That the ear works: the host speaks to the neighbour.
      await run("ping", ["-c", "1", "-W", "2", names.peer.IPAddress], { tolerate: true });
      const heard = (await listens.done).trim().split("\n").filter((line) => line !== "ready");
      assert.ok(heard.some((line) => !line.startsWith(names.own.MacAddress)), `the neighbour's interface heard nobody at all: ${heard}`);
      assert.deepEqual(heard.filter((line) => line.startsWith(names.own.MacAddress)), [], "frames of the session");
    });
  }

  test("abstract sockets of the host are not there", async () => {
    const abstract = readFileSync("/proc/net/unix", "utf8").split("\n").map((line) => line.split(/\s+/)[7]).filter((name) => name?.startsWith("@"));
    const script = `
import socket
for name in ${JSON.stringify(abstract.map((name) => name.slice(1)))}:
    made = socket.socket(socket.AF_UNIX)
    try: made.connect("\\0" + name); print("open", name)
    except OSError: pass
print("tried")`;
    assert.equal((await python(container, identities.root, script)).trim(), "tried");
    assert.equal((await python(container, identities.user, script)).trim(), "tried");
  });
});
