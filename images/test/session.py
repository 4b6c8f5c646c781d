"""One session container with a stand-in for the agent: what the tests and the measurements of images share.

The container is started with the flags that the broker uses (protocol/broker), as docker's command line says them.
"""

import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
DISPLAY_USER = 64010


def docker(*words, check=True, timeout=60):
    """Runs docker and returns its output without the last newline."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise RuntimeError(f"docker {' '.join(words[:3])}…: {done.stderr.strip()}")
    return done.stdout.rstrip("\n")


class Agent:
    """Listens on the control socket, answers hello with begin and listen, and remembers what it is told."""

    def __init__(self, directory, begin):
        self.directory = pathlib.Path(directory)
        self.begin = begin
        self.states = []          # (time, message)
        self.connections = 0
        self.peers = []           # uid of each connection
        self.stream_path = str(self.directory / "stream.sock")  # the real one is never inside the session's directory
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = str(self.directory / "control.sock")
        self.listener.bind(path)
        os.chown(path, -1, DISPLAY_USER)
        os.chmod(path, 0o660)
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            self.peers.append(struct.unpack("3i", peer)[1])
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""
        while True:
            try:
                more = connection.recv(65536)
            except OSError:
                return
            if not more:
                return
            data += more
            while len(data) >= 4:
                length = struct.unpack("<I", data[:4])[0]
                if len(data) < 4 + length:
                    break
                message = json.loads(data[4:4 + length])
                data = data[4 + length:]
                if message["type"] == "hello" and self.begin is not None:
                    self._send(connection, {"type": "begin", **self.begin})
                    self._listen(connection)
                elif message["type"] == "state":
                    self.states.append((time.time(), message))

    def _send(self, connection, message, descriptors=()):
        text = json.dumps(message, separators=(",", ":")).encode()
        framed = struct.pack("<I", len(text)) + text
        if descriptors:
            socket.send_fds(connection, [framed], list(descriptors))
        else:
            connection.sendall(framed)

    def _listen(self, connection):
        with tempfile.TemporaryDirectory() as directory:
            stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stream.bind(os.path.join(directory, "stream.sock"))
            stream.listen(8)
            self._send(connection, {"type": "listen"}, [stream.fileno()])
            stream.close()

    def close(self):
        self.listener.close()


class Session:
    """`with Session(image, tree) as session:` a running session; removed at the end with its volume."""

    def __init__(self, image, tree, begin=None, environment=None, pids=512, memory="2g", network="none", send_begin=True, extra=()):
        self.image, self.tree, self.pids, self.memory, self.network = image, tree, pids, memory, network
        self.environment = environment or {}
        self.extra = list(extra)
        self.begin = {
            "session": uuid.uuid4().hex, "name": "Test", "locale": "en_US.UTF-8", "timezone": "Europe/Paris", "environment": {},
            "open_url": None, "width": 1920, "height": 1080, "wallpaper": "default", "clipboard_in": True, "clipboard_out": True,
            **(begin or {}),
        } if send_begin else None
        self.name = f"oriel-images-test-{uuid.uuid4().hex[:12]}"

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="oriel-images-"))
        control = self.directory / "ctl"
        control.mkdir()
        os.chown(control, -1, DISPLAY_USER)
        os.chmod(control, 0o750)
        self.agent = Agent(control, self.begin)
        words = [
            "run", "--pull", "never", "--detach", "--name", self.name, "--label", "oriel.instance=images-test", "--network", self.network,
            "--cap-drop", "ALL", "--cap-add", "SETUID", "--cap-add", "SETGID", "--cap-add", "KILL",
            "--security-opt", "no-new-privileges", "--security-opt", f"seccomp={ROOT}/deploy/seccomp/session.json",
            "--pids-limit", str(self.pids), "--memory", self.memory, "--memory-swap", self.memory, "--shm-size", "256m",
            "--ipc", "private", "--read-only", "--user", "0", "--restart", "no",
            "--mount", f"type=bind,src={self.tree},dst=/opt/oriel,readonly",
            "--mount", f"type=bind,src={control},dst=/run/oriel,readonly",
            "--mount", "type=volume,dst=/home/user",
            "--tmpfs", "/tmp:mode=1777", "--tmpfs", "/run:mode=755",
            "--tmpfs", "/run/user/1000:uid=1000,gid=1000,mode=700",
            "--tmpfs", f"/run/oriel-display:uid={DISPLAY_USER},gid={DISPLAY_USER},mode=700",
            "--entrypoint", "/opt/oriel/bin/oriel-init",
        ]
        environment = {"ORIEL_SESSION": uuid.uuid4().hex, "ORIEL_RUNTIME": "test", "ORIEL_WIDTH": "1920", "ORIEL_HEIGHT": "1080", **self.environment}
        for name, value in environment.items():
            words += ["--env", f"{name}={value}"]
        self.started = time.time()
        try:
            docker(*words, *self.extra, self.image)
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        docker("rm", "--force", "--volumes", self.name, check=False)
        self.agent.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self):
        done = subprocess.run(["docker", "logs", self.name], capture_output=True, text=True, timeout=20)
        return done.stdout + done.stderr

    def log_lines(self):
        """The JSON lines of init (and of the stub, where it is the display server)."""
        lines = []
        for line in self.log().splitlines():
            if line.startswith("{"):
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    pass
        return lines

    def run(self, *words, user="1000:1000", check=True, timeout=30):
        """Runs something inside, as the desktop's user unless said otherwise."""
        return docker("exec", "--user", user, self.name, *words, check=check, timeout=timeout)

    def shell(self, script, user="1000:1000", check=True, timeout=30):
        prelude = "export DISPLAY=:0 XAUTHORITY=/run/user/1000/Xauthority HOME=/home/user XDG_RUNTIME_DIR=/run/user/1000; "
        return self.run("sh", "-c", prelude + script, user=user, check=check, timeout=timeout)

    def state(self):
        return json.loads(docker("inspect", "--format", "{{json .State}}", self.name))

    def processes(self):
        """pid (inside) → {name, parent, uid, CapEff, CapBnd, NoNewPrivs, Seccomp, …} of everything that runs."""
        text = self.run("sh", "-c", "for p in /proc/[0-9]*; do cat $p/status 2>/dev/null; echo; done", user="0")
        found = {}
        for block in text.split("\n\n"):
            fields = dict(line.split(":", 1) for line in block.splitlines() if ":" in line)
            if "Pid" in fields:
                fields = {name: value.strip() for name, value in fields.items()}
                fields["uid"] = int(fields["Uid"].split()[0])
                found[int(fields["Pid"])] = fields
        return found

    def wait(self, what, condition, seconds=20):
        """Waits until the condition holds and returns its value."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"{what}: not within {seconds} s; log:\n{self.log()[-3000:]}")

    def wait_ready(self, seconds=30):
        """Until the display server says running: the manifest's `ready` is true."""
        return self.wait("ready", lambda: next((t for t, s in self.agent.states if s["state"] == "running"), None), seconds)
