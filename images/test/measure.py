#!/usr/bin/env python3
"""How fast an image starts: seconds from `docker run`, with the stub as the display server.

usage: measure.py IMAGE TREE [RUNS [SETTLE_SECONDS [PICTURES_DIRECTORY]]]
"""

import statistics
import sys
import time

from session import Session, docker


def one(image, tree, settle, pictures):
    environment = {"ORIEL_STUB_PICTURES": "/run/oriel-display"} if pictures else {}
    with Session(image, tree, environment=environment) as session:
        time.sleep(settle)
        lines = session.log_lines()
        def first(condition):
            return next((line["time"] - session.started for line in lines if condition(line)), None)
        changes = [line for line in lines if line.get("stub") == "changed"]
        times = {
            "display": first(lambda line: line.get("stub") == "started"),
            "begin": first(lambda line: line.get("stub") == "begin"),
            "x": first(lambda line: line.get("stub") == "x"),
            "application": first(lambda line: line.get("stub") == "application started"),
            "first": first(lambda line: line.get("stub") == "first"),
            "last": changes[-1]["time"] - session.started if changes else None,
        }
        steps = [f'{line["time"] - session.started:.2f}:{line["drawn_percent"]}%' for line in changes]
        if pictures:
            number = sum(1 for line in changes)
            docker("exec", session.name, "sh", "-c", "true")
            import subprocess
            for i in range(1, number + 1):
                data = subprocess.run(["docker", "exec", "--user", "64010", session.name, "cat", f"/run/oriel-display/picture-{i}.ppm"], capture_output=True).stdout
                open(f"{pictures}/{i:03d}.ppm", "wb").write(data)
        return times, steps, session.log()


def main():
    image, tree = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    settle = float(sys.argv[4]) if len(sys.argv) > 4 else 6
    pictures = sys.argv[5] if len(sys.argv) > 5 else None
    all_times = []
    for _ in range(runs):
        times, steps, log = one(image, tree, settle, pictures)
        all_times.append(times)
        print({name: None if value is None else round(value, 2) for name, value in times.items()}, " ".join(steps[:40]))
    for name in all_times[0]:
        values = [times[name] for times in all_times if times[name] is not None]
        if values:
            print(f"{name}: median {statistics.median(values):.2f} s ({min(values):.2f}-{max(values):.2f}), {len(values)} runs")
    if runs == 1:
        print(log[-4000:])


main()
