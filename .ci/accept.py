"""Acceptance against the shared measurements. Prints one line a claim; exits 1 if one fails."""
import csv, json, math, pathlib, shutil, subprocess, sys, tempfile, time

LAB, SHARED, BOX = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
passed, failed = 0, 0


def claim(text, ok):
    global passed, failed
    print(("ok    " if ok else "FAILED"), text, flush=True)
    passed, failed = passed + ok, failed + (not ok)


def run(*args):
    return subprocess.run([LAB, *map(str, args)], capture_output=True, text=True)


def table(path):
    rows = list(csv.reader(open(path)))
    return rows[0], [[float(v) for v in row] for row in rows[1:]]


def errors(shot, out):
    """RMSE of P2 and P3 over 0 to 6 s as percent of peak above 1 bar, and front arrival in ms."""
    head, measured = table(shot)
    names, simulated = table(out / "sensors.csv")
    found = {}
    for sensor in ("p2_pa", "p3_pa"):
        m = [r[head.index(sensor)] for r in measured if r[0] <= 6.0]
        s = [r[names.index(sensor)] for r in simulated if r[0] <= 6.0]
        peak = max(m) - 1e5
        rms = math.sqrt(sum((a - b) ** 2 for a, b in zip(m, s)) / len(m))
        arrive = lambda c: next(0.01 * i for i, p in enumerate(c) if p > 6e5)
        found[sensor] = 100 * rms / peak, 1000 * (arrive(s) - arrive(m))
    return found


def box(tmp):
    """The pipeline of the box over the measured shots: error and share inside two standard deviations, 0 to 6 s."""
    for used, goals in (("p1", {"p2": 2.7, "p3": 2.2}), ("p1,p2", {"p3": 2.0})):
        mean, inside = {s: [] for s in goals}, {s: [] for s in goals}
        for name in ("02", "05", "08"):
            shot, out = SHARED / "data/cavity-pressure" / f"ps_shot_{name}.csv", tmp / "estimate.csv"
            call = [BOX, "estimate", "--weights", "strip-ps", "--recording", shot, "--use", used, "--out", out]
            done = subprocess.run([*map(str, call)], capture_output=True, text=True)
            claim(f"box on PS shot {name} with {used}", done.returncode == 0)
            head, measured = table(shot)
            names, estimated = table(out)
            for sensor in goals:
                column, sd = names.index(f"{sensor}_pa"), names.index(f"{sensor}_sd_pa")
                pairs = [(m[head.index(f"{sensor}_pa")], e) for m, e in zip(measured, estimated) if m[0] <= 6.0]
                peak = max(m for m, _ in pairs) - 1e5
                mean[sensor].append(100 * math.sqrt(sum((m - e[column]) ** 2 for m, e in pairs) / len(pairs)) / peak)
                inside[sensor].append(sum(abs(m - e[column]) <= 2 * e[sd] for m, e in pairs) / len(pairs))
        for sensor, most in goals.items():
            value, share = sum(mean[sensor]) / 3, 100 * sum(inside[sensor]) / 3
            claim(f"box with {used}, {sensor}: {value:.2f} % (goal {most}), worst {max(mean[sensor]):.2f} %", value <= most)
            claim(f"box with {used}, {sensor}: {share:.1f} % inside two sd (goal 90 to 99, refused outside 90 to 99.5)", 90 <= share <= 99.5)
    call = [BOX, "estimate", "--weights", "strip-ps", "--recording", shot, "--use", "p2", "--out", tmp / "never.csv"]
    done = subprocess.run([*map(str, call)], capture_output=True, text=True)
    refused = done.returncode == 2 and done.stderr.count("\n") == 1 and not (tmp / "never.csv").exists()
    claim(f"box without its driving sensor: {done.stderr.strip()}", refused)


def network(tmp):
    """The release alone, driven by P1, beside the measurement and beside the solver at the same latents."""
    mean, apart = {"p2_pa": [], "p3_pa": []}, 0.0
    for name in ("02", "05", "08"):
        shot = SHARED / "data/cavity-pressure" / f"ps_shot_{name}.csv"
        (tmp / f"n{name}").mkdir()
        out = tmp / f"n{name}" / "sensors.csv"
        done = run("predict", "--weights", "strip-ps", "--drive", shot, "--at", "p1", "--out", out)
        claim(f"network on PS shot {name}: {(done.stdout or done.stderr).strip().split(': ')[-1]}", done.returncode == 0)
        if done.returncode:
            continue
        for sensor, (rms, arrival) in errors(shot, tmp / f"n{name}").items():
            mean[sensor].append(rms)
            print(f"      network on PS shot {name} {sensor[:2]}: {rms:.2f} % of peak, front {arrival:+.0f} ms")
        _, here = table(out)
        _, there = table(tmp / name / "sensors.csv")
        for column in (2, 3):
            off = [a[column] - b[column] for a, b in zip(here, there) if a[0] <= 6.0]
            apart = max(apart, math.sqrt(sum(d * d for d in off) / len(off)) * 1e-6)
    for sensor, most in (("p2_pa", 2.7), ("p3_pa", 2.2)):
        value = sum(mean[sensor]) / max(len(mean[sensor]), 1)
        text = f"network, mean of {sensor[:2]}: {value:.2f} % (goal {most}, refused above {most + 1.0})"
        claim(text, 0 < value <= most + 1.0)
    print(f"      network and solver at the same latents are at most {apart:.2f} MPa apart (root mean square; goal 0.1)")
    weights = sorted(pathlib.Path("models/weights").glob("strip-ps-*"))[-1]
    broken = tmp / "broken"
    shutil.copytree(weights, broken)
    data = bytearray((broken / "weights.safetensors").read_bytes())
    data[len(data) // 2] ^= 1
    (broken / "weights.safetensors").write_bytes(data)
    done = run("predict", "--weights", broken, "--drive", shot, "--at", "p1", "--out", tmp / "never.csv")
    claim("network with one flipped bit: refused, exit 2", done.returncode == 2 and "SHA-256" in done.stderr and not (tmp / "never.csv").exists())
    done = run("predict", "--weights", "strip-ps", "--drive", shot, "--at", "p2", "--out", tmp / "never.csv")
    claim("network driven at another sensor: refused, exit 2", done.returncode == 2 and "p1" in done.stderr and not (tmp / "never.csv").exists())


with tempfile.TemporaryDirectory() as tmp:
    tmp = pathlib.Path(tmp)
    mean = {"p2_pa": [], "p3_pa": []}
    for name in ("02", "05", "08"):
        shot = SHARED / "data/cavity-pressure" / f"ps_shot_{name}.csv"
        done = run("simulate", "--mold", "models/molds/strip-ps.toml", "--drive", shot, "--at", "p1", "--out", tmp / name)
        claim(f"PS shot {name} runs", done.returncode == 0)
        if done.returncode:
            print(done.stderr)
            continue
        for sensor, (rms, arrival) in errors(shot, tmp / name).items():
            mean[sensor].append(rms)
            claim(f"PS shot {name} {sensor[:2]}: {rms:.2f} % of peak (at most 3.8)", rms <= 3.8)
            claim(f"PS shot {name} {sensor[:2]}: front {arrival:+.0f} ms in samples of 10 ms (at most 17)", abs(arrival) <= 17)
    for sensor, most in (("p2_pa", 2.6), ("p3_pa", 2.1)):
        value = sum(mean[sensor]) / max(len(mean[sensor]), 1)
        claim(f"mean of {sensor[:2]}: {value:.2f} % (at most {most})", 0 < value <= most)

    if list(pathlib.Path("models/weights").glob("strip-ps-*/model.toml")):
        network(tmp)
        box(tmp)

    start = time.time()
    done = run("validate", "--json")
    rows = json.loads(done.stdout or "[]")
    claim(f"validate: {len(rows)} rows in {time.time() - start:.0f} s", len(rows) >= 20 and time.time() - start < 45)
    for row in rows:
        claim(f"validate {row['id']}: expected {row['expected']}, found {row['found']}", row["pass"])

    shot = SHARED / "data/cavity-pressure/ps_shot_05.csv"
    lines = shot.read_text().splitlines()
    bad = {
        "NaN": lines[:50] + ["0.49,nan,1e5,1e5"] + lines[51:],
        "gap": lines[:50] + lines[80:],
        "unsorted times": lines[:50] + [lines[52], lines[51]] + lines[53:],
        "missing column": [",".join(l.split(",")[:1] + l.split(",")[2:]) for l in lines],
    }
    for what, text in bad.items():
        path = tmp / "bad.csv"
        path.write_text("\n".join(text))
        done = run("simulate", "--mold", "models/molds/strip-ps.toml", "--drive", path, "--at", "p1", "--out", tmp / "never")
        claim(f"waveform with {what}: refused by file, exit 2", done.returncode == 2 and "bad.csv" in done.stderr and not (tmp / "never").exists())
    mold = pathlib.Path("models/molds/plate-ps.toml").read_text()
    for what, old, new, key in (
        ("negative gap", "gap_mm = 2.5", "gap_mm = -2.5", "gap_mm"),
        ("unknown material", '"ps_styron678e"', '"unobtainium"', "material"),
        ("sensor off the mold", "at_mm = 60.0", "at_mm = 600.0", "at_mm"),
        ("disconnected graph", 'from = "step"', 'from = "nowhere"', "plate_end"),
    ):
        path = tmp / "bad.toml"
        path.write_text(mold.replace(old, new, 1))
        done = run("simulate", "--mold", path, "--recipe", "plate-ps", "--out", tmp / "never")
        claim(f"mold with {what}: refused by file and key, exit 2", done.returncode == 2 and "bad.toml" in done.stderr and key in done.stderr and not (tmp / "never").exists())

    caps = SHARED / "data/part-weight/cap_shots.csv"
    start = time.time()
    done = run("quality", "--train", caps, "--features", "models/quality/features/cap-machine-cavity.txt",
               "--target", "part_weight_g", "--predict", caps, "--out", tmp / "caps.csv")
    took = time.time() - start
    rows = list(csv.DictReader(open(tmp / "caps.csv"))) if done.returncode == 0 else []
    claim(f"quality: {len(rows)} rows in {took:.0f} s (at most 20)", len(rows) == 2104 and took < 20)
    claim("quality: every prediction has a positive sd", all(float(r["sd"]) > 0 for r in rows) and bool(rows))

print(f"\n{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
