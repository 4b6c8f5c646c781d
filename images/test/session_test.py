#!/usr/bin/env python3
"""Starts each session image the way the broker does, with a stand-in for the agent, and looks from the inside.

usage: session_test.py --init BINARY --display BINARY [--only NAME] [--keep-images]
Needs Docker, root, and the images (built by images/build.sh when they are missing).
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from session import DISPLAY_USER, ROOT, Session, docker

arguments = None
tree = None
images = {}


def setUpModule():
    """Builds what is missing; both steps skip what exists."""
    global tree
    out = os.environ.get("ORIEL_TEST_TREES") or tempfile.mkdtemp(prefix="oriel-trees-")
    made = subprocess.run([ROOT / "images/runtime.sh", arguments.display, arguments.init, out], capture_output=True, text=True)
    if made.returncode != 0:
        raise RuntimeError(made.stderr)
    tree = pathlib.Path(out) / made.stdout.strip()
    with tempfile.NamedTemporaryFile("r", suffix=".json") as report:
        built = subprocess.run([ROOT / "images/build.sh", "--json", report.name, "desktop", "firefox"], capture_output=True, text=True)
        if built.returncode != 0:
            raise RuntimeError(built.stderr[-3000:])
        for line in report:
            image = json.loads(line)
            images[image["name"]] = image


def tearDownModule():
    if tree and not os.environ.get("ORIEL_TEST_TREES"):
        subprocess.run(["rm", "-rf", str(tree.parent)])


def find(processes, name=None, uid=None):
    return [pid for pid, process in processes.items()
            if (name is None or process["Name"] == name) and (uid is None or process["uid"] == uid) and process["State"][0] != "Z"]


def panel_window(session):
    """What xwininfo says of the panel's window that can be seen; its process has others of the same name."""
    script = "for id in $(xwininfo -root -tree | grep '\"xfce4-panel\"' | grep -o '0x[0-9a-f]*' | sort -u); do xwininfo -id $id; done"
    return next((text for text in session.shell(script, check=False).split("xwininfo: Window id") if "IsViewable" in text and "Class: InputOutput" in text), None)


class Images(unittest.TestCase):
    def test_say_what_they_are(self):
        for name, image in images.items():
            label = json.loads(docker("inspect", "--format", '{{index .Config.Labels "oriel.manifest"}}', image["tag"]))
            inside = json.loads(docker("run", "--rm", "--pull", "never", "--network", "none", "--label", "oriel.instance=images-test",
                                       image["tag"], "cat", "/usr/share/oriel/manifest.json"))
            self.assertEqual(label, inside)
            self.assertEqual(label, image["manifest"])
            self.assertEqual((label["contract"], label["name"]), ("oriel/1", name))
            self.assertTrue(label["icon"].lstrip().startswith("<svg"))

    def test_are_made_of_what_their_tag_says(self):
        tags = subprocess.run([ROOT / "images/build.sh", "--print-tags", "desktop", "firefox"], capture_output=True, text=True, check=True)
        self.assertEqual(tags.stdout.split(), [images["desktop"]["tag"], images["firefox"]["tag"]])

    def test_have_nothing_that_gains_rights_or_is_equal_in_all_sessions(self):
        script = ("find / -xdev -perm /6000 -type f; cat /etc/machine-id /var/lib/dbus/machine-id 2>/dev/null;"
                  "ls -d /run/user /run/oriel-display 2>/dev/null; find /home/user ! -user 1000; ls /etc/apt/apt.conf.d | grep -i proxy;"
                  "ls /home/user/.mozilla/firefox/default/key4.db 2>/dev/null; grep -rs 'network.proxy' /home/user/.mozilla; true")
        for image in images.values():
            found = docker("run", "--rm", "--pull", "never", "--network", "none", "--label", "oriel.instance=images-test", image["tag"], "sh", "-c", script)
            self.assertEqual(found, "", image["name"])


class Desktop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = Session(images["desktop"]["tag"], tree, begin={
            "locale": "fr_CA.UTF-8", "timezone": "Asia/Tokyo", "environment": {"EDITOR": "nano", "LD_PRELOAD": "/evil.so", "ORIEL_SESSION": "other"}})
        cls.session.__enter__()
        cls.addClassCleanup(cls.session.__exit__)
        cls.session.wait_ready()

    def test_shows_a_panel_over_the_wallpaper(self):
        panel = self.session.wait("panel", lambda: panel_window(self.session))
        self.assertIn("Width: 1920", panel)

    def test_gives_each_process_no_more_than_it_needs(self):
        processes = self.session.processes()
        self.assertEqual(processes[1]["uid"], 0)
        self.assertEqual(int(processes[1]["CapEff"], 16), 0xE0)  # KILL, SETGID, SETUID
        self.assertEqual(len(find(processes, "oriel-display", DISPLAY_USER)), 1)
        self.assertEqual(len(find(processes, "Xorg", 1000)), 1)
        for pid, process in processes.items():
            self.assertEqual((process["NoNewPrivs"], process["Seccomp"]), ("1", "2"), process["Name"])
            self.assertEqual(int(process["CapBnd"], 16), 0xE0, process["Name"])
            if process["uid"] == 0:
                continue  # PID 1, and the shell that asks
            self.assertIn(process["uid"], (1000, DISPLAY_USER))
            for capabilities in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                self.assertEqual(int(process[capabilities], 16), 0, process["Name"])
            self.assertEqual(process["Groups"], "", process["Name"])

    def test_application_goes_first_when_memory_runs_out(self):
        scores = self.session.shell("for name in xfce4-panel Xorg; do cat /proc/$(pgrep -x $name)/oom_score_adj; done").split()
        self.assertEqual(scores, ["500", "0"])
        display = find(self.session.processes(), "oriel-display")[0]
        self.assertEqual(self.session.run("cat", f"/proc/{display}/oom_score_adj"), "0")

    def test_protects_the_screen_from_who_has_no_cookie(self):
        self.assertEqual(self.session.shell("stat -c '%a %u' /run/user/1000/Xauthority"), "600 1000")
        self.assertEqual(self.session.run("stat", "-c", "%a %u", "/run/oriel-display/Xauthority", user=str(DISPLAY_USER)), f"600 {DISPLAY_USER}")
        refused = self.session.shell("XAUTHORITY=/nowhere xwininfo -root 2>&1", check=False)
        self.assertIn("unable to open display", refused)
        self.assertIn("Map State", self.session.shell("xwininfo -root"))
        self.assertNotIn("@/tmp/.X11-unix", self.session.shell("cat /proc/net/unix"))
        self.assertEqual(self.session.shell("tail -n +2 /proc/net/tcp"), "")

    def test_keeps_users_apart(self):
        display = find(self.session.processes(), "oriel-display")[0]
        for attempt in ("cat /run/oriel-display/Xauthority", "ls /run/oriel", "touch /opt/oriel/x", "touch /usr/x", "cat /proc/1/environ",
                        f"cat /proc/{display}/environ", f"ls /proc/{display}/fd", f"kill -9 {display}", "kill -9 1", "touch /run/machine-id"):
            done = subprocess.run(["docker", "exec", "--user", "1000:1000", self.session.name, "sh", "-c", attempt], capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0, attempt)

    def test_has_the_users_language_time_and_variables(self):
        environment = self.session.shell("tr '\\0' '\\n' < /proc/$(pgrep -x xfce4-panel)/environ").splitlines()
        for expected in ("LANG=fr_FR.UTF-8", "TZ=Asia/Tokyo", "EDITOR=nano", "HOME=/home/user", "USER=user", "DISPLAY=:0",
                         "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus", "NO_AT_BRIDGE=1"):
            self.assertIn(expected, environment)
        names = {entry.split("=")[0] for entry in environment}
        self.assertTrue(names.isdisjoint({"LD_PRELOAD", "ORIEL_SESSION"}), names)

    def test_has_one_bus_and_no_accessibility_daemon(self):
        processes = self.session.processes()
        self.assertEqual(len(find(processes, "dbus-daemon", 1000)), 1)
        self.assertEqual([process["Name"] for process in processes.values() if process["Name"].startswith("at-spi")], [])

    def test_fills_the_home_from_the_image(self):
        self.assertEqual(self.session.shell("stat -c '%u:%g' /home/user /home/user/.bashrc"), "1000:1000\n1000:1000")
        self.session.shell("touch /home/user/mine")

    def test_has_a_machine_id_of_its_own(self):
        one = self.session.shell("cat /etc/machine-id")
        self.assertRegex(one, "^[0-9a-f]{32}$")
        with Session(images["desktop"]["tag"], tree, send_begin=False) as other:
            another = other.wait("machine id", lambda: other.shell("cat /var/lib/dbus/machine-id", check=False))
            self.assertNotEqual(one, another)

    def test_only_the_display_server_speaks_to_the_agent(self):
        self.assertEqual(set(self.session.agent.peers), {DISPLAY_USER})


class Survival(unittest.TestCase):
    """Each test breaks its own session."""

    def session(self, **options):
        session = Session(images["desktop"]["tag"], tree, **options)
        session.__enter__()
        self.addCleanup(session.__exit__)
        return session

    def panel(self, session):
        return session.wait("panel", lambda: next(iter(find(session.processes(), "xfce4-panel", 1000)), None))

    def test_nothing_of_the_user_runs_before_the_begin(self):
        session = self.session(send_begin=False)
        session.wait("X", lambda: find(session.processes(), "Xorg", 1000))
        time.sleep(1.0)
        names = {process["Name"] for process in session.processes().values() if process["uid"] == 1000}
        self.assertEqual(names, {"Xorg"})

    def test_a_killed_display_server_comes_back_and_the_desktop_stays(self):
        session = self.session()
        session.wait_ready()
        panel, display = self.panel(session), find(session.processes(), "oriel-display")[0]
        connections = session.agent.connections
        killed = time.time()
        session.run("kill", "-9", str(display), user="0")
        session.wait("its successor speaks to the agent", lambda: session.agent.connections > connections, 5)
        self.assertLess(time.time() - killed, 1.5)
        self.assertEqual(self.panel(session), panel)
        started = [line for line in session.log_lines() if line.get("message") == "application started"]
        self.assertEqual(len(started), 1)  # the second begin is ignored

    def test_a_killed_application_comes_back(self):
        session = self.session()
        session.wait_ready()
        application = next(line["pid"] for line in session.log_lines() if line.get("message") == "application started")
        session.shell(f"kill -9 {application}")
        session.wait("second start", lambda: len([line for line in session.log_lines() if line.get("message") == "application started"]) == 2)
        self.assertTrue(session.state()["Running"])

    def test_a_killed_x_server_comes_back_with_a_new_cookie_and_the_application(self):
        session = self.session()
        session.wait_ready()
        cookie = session.shell("od -An -tx1 /run/user/1000/Xauthority")
        panel = self.panel(session)
        session.shell("kill -9 $(pgrep -x Xorg)")
        session.wait("another panel", lambda: [pid for pid in find(session.processes(), "xfce4-panel", 1000) if pid != panel])
        self.assertNotEqual(session.shell("od -An -tx1 /run/user/1000/Xauthority"), cookie)
        session.wait("a screen", lambda: panel_window(session))
        self.assertTrue(session.state()["Running"])

    def test_a_fork_storm_costs_the_desktop_but_not_the_session(self):
        session = self.session(pids=200)
        session.wait_ready()
        display = find(session.processes(), "oriel-display")[0]
        # Every copy tries for ever to make another one, so that a place that becomes free is taken at once.
        script = "import os, time\nwhile True:\n  try: os.fork()\n  except OSError: time.sleep(0.01)"
        storm = subprocess.Popen(["docker", "exec", "--user", "1000:1000", session.name, "python3", "-c", script],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(storm.kill)
        pid = docker("inspect", "--format", "{{.State.Pid}}", session.name)
        cgroup = next((line.strip().split(":")[2] for line in open(f"/proc/{pid}/cgroup") if ":pids:" in line or line.startswith("0::")), None)
        counter = next((path for path in (f"/sys/fs/cgroup/pids{cgroup}/pids.current", f"/sys/fs/cgroup{cgroup}/pids.current") if os.path.exists(path)), None)
        self.assertIsNotNone(counter, "no counter of the container's processes")
        session.wait("the limit", lambda: int(open(counter).read()) >= 199, 15)

        # With luck a successor gets the place that became free; then the storm goes on and the next one has less luck.
        def starts():
            return len([line for line in session.log_lines() if line.get("message") == "display server started"])
        for attempt in range(8):
            before = starts()
            host_pid = next((int(line.split()[1]) for line in docker("top", session.name, "-eo", "uid,pid,comm").splitlines()[1:]
                             if line.split()[0] == str(DISPLAY_USER)), None)
            if host_pid:
                os.kill(host_pid, 9)
            session.wait("a successor", lambda: starts() > before, 15)
            if "process limit" in session.log():
                break
        self.assertIn("process limit", session.log())
        self.assertNotEqual(find(session.processes(), "oriel-display"), [display])
        self.panel(session)
        self.assertLess(int(open(counter).read()), 150)
        self.assertTrue(session.state()["Running"])

    def test_ends_politely_within_three_seconds(self):
        session = self.session()
        session.wait_ready()
        self.panel(session)
        started = time.time()
        docker("stop", "--time", "3", session.name)
        took = time.time() - started
        state = session.state()
        self.assertEqual((state["ExitCode"], state["OOMKilled"]), (0, False))
        self.assertLess(took, 3.0)

    def test_a_memory_hog_is_killed_alone(self):
        session = self.session(memory="700m")
        session.wait_ready()
        before = {name: find(session.processes(), name) for name in ("Xorg", "oriel-display")}
        session.shell("python3 -c 'open(\"/proc/self/oom_score_adj\", \"w\").write(\"500\"); x = bytearray(900_000_000)'", check=False)
        after = {name: find(session.processes(), name) for name in ("Xorg", "oriel-display")}
        self.assertEqual(before, after)
        self.assertTrue(session.state()["Running"])


class Reasons(unittest.TestCase):
    """A container that can't work says why, in its exit code and its log."""

    def ended(self, files=(), tree_to_use=None, **options):
        with tempfile.TemporaryDirectory() as directory:
            extra = []
            for target, text in files:
                path = os.path.join(directory, target.replace("/", "_"))
                pathlib.Path(path).write_text(text)
                os.chmod(path, 0o644)
                extra += ["--mount", f"type=bind,src={path},dst={target},readonly"]
            with Session(images["desktop"]["tag"], tree_to_use or tree, extra=extra, **options) as session:
                session.wait("its end", lambda: not session.state()["Running"])
                return session.state()["ExitCode"], session.log()

    def manifest(self, **changes):
        return [("/usr/share/oriel/manifest.json", json.dumps({**images["desktop"]["manifest"], **changes}))]

    def test_contract(self):
        code, log = self.ended(self.manifest(contract="oriel/9"))
        self.assertEqual(code, 10)
        self.assertIn("oriel/9", log)

    def test_runtime_tree(self):
        with tempfile.TemporaryDirectory() as directory:
            os.makedirs(f"{directory}/bin")
            for name in ("oriel-init", "oriel-display"):
                subprocess.run(["cp", tree / "bin" / name, f"{directory}/bin"], check=True)
            os.chmod(directory, 0o755)
            code, log = self.ended(tree_to_use=directory)
        self.assertEqual(code, 11)
        self.assertIn("xorg.conf", log)

    def test_x_server(self):
        code, log = self.ended(self.manifest(x={"command": ["/usr/lib/xorg/Xorg", "-nonsense"]}))
        self.assertEqual(code, 12)
        code, log = self.ended(self.manifest(x={"command": ["/usr/bin/no-such-server"]}))
        self.assertEqual(code, 12)
        self.assertIn("/usr/bin/no-such-server", log)

    def test_x_servers_own_words(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["cp", "-r", f"{tree}/.", directory], check=True)
            subprocess.run(["chmod", "-R", "u+w", directory], check=True)
            configuration = pathlib.Path(directory, "etc/xorg.conf")
            configuration.write_text(configuration.read_text().replace('Driver "dummy"', 'Driver "absent"'))
            os.chmod(directory, 0o755)
            code, log = self.ended(tree_to_use=directory)
        self.assertEqual(code, 12)
        self.assertIn("no screens found", log)

    def test_application(self):
        code, log = self.ended(self.manifest(application={"command": ["/usr/bin/no-such-application"], "restart": True}))
        self.assertEqual(code, 14)
        self.assertIn("/usr/bin/no-such-application", log)

    def test_end_of_an_application_that_is_not_restarted(self):
        code, _ = self.ended(self.manifest(application={"command": ["/bin/sleep", "1"], "restart": False}))
        self.assertEqual(code, 0)


class Firefox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = Session(images["firefox"]["tag"], tree, begin={"open_url": "https://oriel.invalid/page"})
        cls.session.__enter__()
        cls.addClassCleanup(cls.session.__exit__)
        cls.session.wait_ready(60)

    def main_process(self):
        return self.session.shell("pgrep -o -x firefox-esr", check=False)

    def window(self):
        def look():
            text = self.session.shell("id=$(xwininfo -root -tree | grep 'Navigator' | grep -o '0x[0-9a-f]*' | head -1); xwininfo -id $id", check=False)
            return "IsViewable" in text and text
        return self.session.wait("window", look, 30)

    def test_1_fills_the_screen(self):
        window = self.window()
        for expected in ("Width: 1920", "Height: 1080", "Absolute upper-left X:  0", "Absolute upper-left Y:  0"):
            self.assertIn(expected, window)

    def test_2_opens_the_address_of_the_begin(self):
        command = self.session.shell(f"tr '\\0' ' ' < /proc/{self.main_process()}/cmdline")
        self.assertIn("https://oriel.invalid/page", command)

    def test_3_keeps_its_sandbox(self):
        script = """mine=$(readlink /proc/self/ns/user)
            for p in $(pgrep -f 'contentproc.* tab$'); do
              echo $(readlink /proc/$p/ns/user) $mine $(awk '/^Seccomp_filters/ {print $2}' /proc/$p/status) $(readlink /proc/$p/root)
            done"""
        def tabs():
            lines = [line.split() for line in self.session.shell(script, check=False).splitlines()]
            return [line for line in lines if len(line) == 4 and line[0] != line[1]]
        for tab in self.session.wait("content processes in user namespaces of their own", tabs):
            self.assertEqual(tab[2], "2", tab)
            self.assertRegex(tab[3], r"^/proc/\d+/fdinfo$")

    def test_4_obeys_no_dialogs(self):
        titles = self.session.shell("xwininfo -root -tree")
        self.assertNotIn("Welcome", titles)
        self.assertNotIn("Import", titles)

    def test_5_comes_back_when_it_is_closed(self):
        before = self.main_process()
        self.session.shell(f"kill -TERM {before}")
        after = self.session.wait("another Firefox", lambda: self.main_process() not in ("", before) and self.main_process(), 20)
        self.window()
        self.assertNotIn("oriel.invalid", self.session.shell(f"tr '\\0' ' ' < /proc/{after}/cmdline"))
        self.assertEqual(len(self.session.shell("pgrep -x xfwm4").split()), 1)

    def test_6_ends_politely(self):
        started = time.time()
        docker("stop", "--time", "3", self.session.name)
        self.assertLess(time.time() - started, 3.0)
        self.assertEqual(self.session.state()["ExitCode"], 0)


def main():
    global arguments
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--init", required=True)
    parser.add_argument("--display", required=True)
    parser.add_argument("--only", nargs="*", default=[], help="names of classes or class.method")
    arguments = parser.parse_args()
    if os.geteuid() != 0 or subprocess.run(["docker", "version"], capture_output=True).returncode != 0:
        print("ORIEL-SKIP-ALL: needs root and Docker")
        return 0
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    suite = loader.loadTestsFromNames(arguments.only, module) if arguments.only else loader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
