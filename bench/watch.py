#!/usr/bin/env python3
"""`vedette watch` beside the Python peer: same clips, engine, precision and threads, in one run, taking turns.

    bench/watch.py [--runs 5] [--threads 1,2] [--auto] [--vedette build/release/src/app/vedette] [--beside OTHER]
                   [--peer-python PYTHON] [--no-peer]

Prints medians and ratios as Markdown, and checks the counts of every run against the samples' truth (exit 1 when one is
wrong). Samples: $VEDETTE_SAMPLES or ../shared/samples; peer: $VEDETTE_PEERS or ../shared/peers. The peer's Python is
made once in the user's cache (registries needed). $MEASURE_LOCK: each run is made under flock on that file.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Frames by eye from the samples' README: (first, last) of a crossing; one direction a clip.
CLIPS = {
    "street-oneway.mp4": dict(line="200,250,639,250", direction="a_to_b", least=8, most=8,
                              truth=[(f, f) for f in (28, 85, 137, 193, 250, 432, 488, 724)]),
    "highway-two-way.avi": dict(line="0,205,319,205", direction="b_to_a", least=21, most=22,
                                truth=[(f, f) for f in (67, 152, 342, 407, 444, 459, 483, 507, 642, 13, 55, 92, 175, 251,
                                                        287, 375, 503, 523, 543, 669, 694)] + [(415, 455)]),
}
PEER_SETTINGS = ["--conf", "0.1", "--activate", "0.25", "--high", "0.25", "--anchor", "bottom"]


def first_folder(variable, fallback):
    folder = Path(os.environ.get(variable) or ROOT / fallback)
    if not folder.is_dir():
        sys.exit(f"no {folder}; set ${variable}")
    return folder.resolve()


def peer_python(folder):
    """A Python with what the peer wants, made once."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vedette/peers/traffic"
    python = cache / "bin/python"
    if not (cache / ".complete").exists():
        print(f"setting up the peer in {cache}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", cache], check=True)
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", folder / "requirements.txt"], check=True)
        subprocess.run([*pip, "--no-deps", "trackers==2.6.1"], check=True)
        (cache / ".complete").touch()
    return python


def measured(command):
    """Runs a command; its output lines of JSON, and the processor seconds it took, start-up included."""
    lock = os.environ.get("MEASURE_LOCK")
    if lock:
        command = ["flock", lock, *command]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexit {done.returncode}\n{done.stderr}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [json.loads(line) for line in done.stdout.splitlines()], cpu_s


def wrong_counts(clip, events):
    """What is wrong with these crossings; None when each is one of the truth's, and enough of them are there."""
    if not clip["least"] <= len(events) <= clip["most"]:
        return f"{len(events)} crossings"
    taken = {}  # truth -> event

    def place(event, tried):
        for number, (first, last) in enumerate(clip["truth"]):
            if number in tried or not first - 15 <= event["frame"] <= last + 45:
                continue
            tried.add(number)
            if number not in taken or place(taken[number], tried):
                taken[number] = event
                return True
        return False
    for event in events:
        if event["direction"] != clip["direction"] or not place(event, set()):
            return f"the crossing at frame {event['frame']} is none of the truth's"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--auto", action="store_true", help="Vedette also at the precision the engine finds fastest")
    parser.add_argument("--vedette", default=f"{ROOT}/build/release/src/app/vedette watch", help="program and subcommand")
    parser.add_argument("--beside", metavar="PROGRAM", help="another version of the program, such as the one before a change")
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--out", type=Path, help="every run as a line of JSON is added to this file")
    arguments = parser.parse_args()
    samples = first_folder("VEDETTE_SAMPLES", "../shared/samples")
    model = samples / "models/yolox_nano.onnx"
    peers = None if arguments.no_peer else first_folder("VEDETTE_PEERS", "../shared/peers") / "traffic"
    python = peers and (arguments.peer_python or peer_python(peers))

    def ours(clip, threads, precision="f32", program=arguments.vedette.split()):
        lines, cpu_s = measured([*program, samples / "traffic" / clip, "--line", f"line:{CLIPS[clip]['line']}",
                                 "--model", model, "--threads", threads, "--precision", precision, "--events", "--json"])
        result, events = lines[-1], lines[:-1]
        return dict(ms=result["total_ms"], model_ms=result["model_ms"], ratio=result["total_over_model"],
                    mib=result["peak_rss_mib"], cpu_s=cpu_s, count=len(events), wrong=wrong_counts(CLIPS[clip], events))

    def theirs(clip, threads, more=()):
        lines, cpu_s = measured([python, peers / "pipeline.py", *PEER_SETTINGS, "--model", model, "--threads", threads, *more,
                                 samples / "traffic" / clip])
        result = lines[-1]
        count = sum(line["in"] + line["out"] for line in result["counts"].values())
        return dict(ms=result["ms_per_frame"], model_ms=result["ms_model"], ratio=result["ratio_total_model"],
                    mib=result["peak_rss_mib"], cpu_s=cpu_s, count=count, wrong=None)

    cells = []
    for clip in CLIPS:
        for threads in arguments.threads.split(","):
            cells.append((clip, threads, "vedette", lambda c=clip, t=threads: ours(c, t)))
            if arguments.auto:
                cells.append((clip, threads, "vedette --precision auto", lambda c=clip, t=threads: ours(c, t, "auto")))
            if arguments.beside:
                cells.append((clip, threads, "the other version", lambda c=clip, t=threads: ours(c, t, program=[arguments.beside, "watch"])))
            if peers:
                cells.append((clip, threads, "peer", lambda c=clip, t=threads: theirs(c, t)))
                if threads != "1":
                    cells.append((clip, threads, f"peer --overlap {threads}",
                                  lambda c=clip, t=threads: theirs(c, t, ("--overlap", t))))
    runs = {}
    for number in range(arguments.runs):  # round and round, so that a noisy minute hits all alike
        for clip, threads, name, run in cells:
            result = run()
            runs.setdefault((clip, threads, name), []).append(result)
            print(f"run {number + 1}: {clip} {threads} {name}: {result}", file=sys.stderr, flush=True)
            if arguments.out:
                with arguments.out.open("a") as log:
                    print(json.dumps(dict(clip=clip, threads=int(threads), name=name, load=os.getloadavg()[0], **result)), file=log)

    print("| clip | threads | program | total, ms/frame: min / median | model, ms/frame | total/model: min / median |"
          " processor s, start included: min / median | peak MiB | counted |\n|---|---|---|---|---|---|---|---|---|")
    for (clip, threads, name), results in runs.items():
        def column(key, digits=2):
            values = [r[key] for r in results]
            return "-" if values[0] is None else f"{min(values):.{digits}f} / {statistics.median(values):.{digits}f}"
        # With frames in flight the model's own time is waiting (peer) or overlaps itself (Vedette): no ratio.
        model_ms = f"{statistics.median(r['model_ms'] for r in results):.2f}" if results[0]["ratio"] else "-"
        print(f"| {clip} | {threads} | {name} | {column('ms')} | {model_ms} | {column('ratio', 3)} | {column('cpu_s', 1)} |"
              f" {max(r['mib'] for r in results):.0f} | {', '.join(str(n) for n in sorted({r['count'] for r in results}))} |")
    print()
    for clip in CLIPS:
        for threads in arguments.threads.split(","):
            def median(name, key):
                return statistics.median(r[key] for r in runs[clip, threads, name])
            for name in [n for c, t, n in runs if (c, t) == (clip, threads) and n != "vedette"]:
                print(f"{clip}, {threads} thread(s): vedette / {name}: time {median('vedette', 'ms') / median(name, 'ms'):.3f},"
                      f" processor {median('vedette', 'cpu_s') / median(name, 'cpu_s'):.3f},"
                      f" memory {median('vedette', 'mib') / median(name, 'mib'):.3f}")
    problems = [f"{clip}, {threads} thread(s): {r['wrong']}" for (clip, threads, name), rs in runs.items() for r in rs if r["wrong"]]
    for problem in problems:
        print(f"WRONG {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
