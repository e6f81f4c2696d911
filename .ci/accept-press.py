"""The press port against a press of another stack. Prints one line a claim; exits 1 if one fails."""
import pathlib, re, signal, socket, subprocess, sys, tempfile, threading, time

CHECK, PRESS = sys.argv[1], sys.argv[2]
PROFILES = pathlib.Path("appliance/press/profiles")
passed, failed = 0, 0


def claim(text, ok):
    global passed, failed
    print(("ok    " if ok else "FAILED"), text, flush=True)
    passed, failed = passed + bool(ok), failed + (not ok)


class Lines:
    """A program and the lines it has printed, with the time each came."""

    def __init__(self, *args):
        self.seen, self.start = [], time.monotonic()
        self.program = subprocess.Popen([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        for line in self.program.stdout:
            self.seen.append((time.monotonic(), line.rstrip()))

    def wait(self, pattern, within=60.0, after=0.0):
        """Time of the first line like that after a time; None if none comes."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            for at, line in list(self.seen):
                if at > after and re.search(pattern, line):
                    return at
            time.sleep(0.02)
        return None

    def has(self, pattern, after=0.0):
        return any(at > after and re.search(pattern, line) for at, line in list(self.seen))

    def end(self, how=signal.SIGKILL):
        if self.program.poll() is None:
            self.program.send_signal(how)
            self.program.wait()
        return self.program.returncode


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def press(port, *flags, keys):
    started = Lines(sys.executable, "-u", PRESS, "--port", port, "--cycle-s", 1, "--keys", keys, *flags)
    if started.wait("^ready", 120) is None:
        print(*(line for _, line in started.seen), sep="\n")
        sys.exit("accept-press: the press did not start")
    return started


def profile(tmp, name, *edits, source="independent-press.toml"):
    text = (PROFILES / source).read_text()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    (tmp / name).write_text(text)
    return tmp / name


def box(tmp, port, which, *flags):
    return CHECK, "--profile", which, "--address", f"opc.tcp://127.0.0.1:{port}/", "--folder", tmp / "box", *flags


def check(tmp, port, which, *flags):
    done = subprocess.run([str(a) for a in box(tmp, port, which, *flags)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def main(tmp):
    keys, port = tmp / "keys", free_port()
    plain = PROFILES / "independent-press.toml"
    none = profile(tmp, "none.toml", ('policy = "Basic256Sha256"', 'policy = "None"'), ('mode = "SignAndEncrypt"', 'mode = "None"'))
    pss = profile(tmp, "pss.toml", ('policy = "Basic256Sha256"', 'policy = "Aes256Sha256RsaPss"'))
    wide = profile(tmp, "wide.toml", ("high = 1200.0", "high = 5000.0"))
    typed = profile(tmp, "typed.toml", ('at = "s=SetHoldPressure1"\ntype = "double"', 'at = "s=SetHoldPressure1"\ntype = "int32"'))
    modes = 'automatic = ["Automatic"]\nsemi_automatic = ["SemiAutomatic"]\nmanual = ["Manual"]\nsetup = ["Setup"]\n'
    blind = profile(tmp, "blind.toml", ('[signal.operating_mode]\nat = "s=OperatingMode"\n' + modes, ""), ('[signal.released]\nat = "s=SetpointsReleased"\n', ""))

    one = press(port, keys=keys)
    code, said = check(tmp, port, plain)
    claim("a certificate nobody confirmed is refused: " + said.strip().splitlines()[-1], code == 2 and "nobody has confirmed" in said)
    thumb = re.search(r"SHA-256 ([0-9a-f]{64})", said).group(1)
    code, said = check(tmp, port, plain, "--confirm", thumb)
    claim("confirmed, it is read: " + said.strip().splitlines()[-1][:100], code == 0 and "hold_pressure 450.000 bar" in said)
    for name, which, value in (("None", none, 451), ("Basic256Sha256 SignAndEncrypt", plain, 452), ("Aes256Sha256RsaPss SignAndEncrypt", pss, 453)):
        code, said = check(tmp, port, which, "--set", f"hold_pressure={value}", "--set", f"melt_temperature={value - 220}")
        arrived = one.wait(f"setpoint SetHoldPressure1 {value}.0", 5) and one.wait(f"setpoint SetMeltTemperature {value - 220}.0", 5)
        claim(f"setpoints arrive and are read back over {name}", code == 0 and arrived)
    for name, which in (("None", none), ("Basic256Sha256 SignAndEncrypt", plain), ("Aes256Sha256RsaPss SignAndEncrypt", pss)):
        before = sum("SetHoldTime1 4.5" in line for _, line in one.seen)
        code, said = check(tmp, port, which, "--set", "hold_pressure=455", "--set", "hold_time=4.5", "--times", 100)
        arrived = sum("SetHoldTime1 4.5" in line for _, line in one.seen) - before
        found = re.search(r"median ([\d.]+) ms, longest ([\d.]+) ms", said)
        claim(f"two values written and read back 100 times over {name}: {found.group(0) if found else said} (median below 1000)", found and arrived == 100 and float(found.group(1)) < 1000)
    quiet = len(one.seen)
    code, said = check(tmp, port, plain, "--set", "hold_pressure=1300")
    claim("outside the profile, never sent: " + said.strip().splitlines()[-1], code == 1 and "outside 100 to 1200" in said and len(one.seen) == quiet)
    code, said = check(tmp, port, wide, "--set", "hold_pressure=1300")
    claim("range, refused by the press once: " + said.strip().splitlines()[-1], code == 1 and "out of range" in said and sum("1300" in l for _, l in one.seen) == 1)
    code, said = check(tmp, port, typed, "--set", "hold_pressure=460")
    claim("type, refused by the press: " + said.strip().splitlines()[-1], code == 1 and "wrong type" in said)
    code, said = check(tmp, port, wide, "--set", "hold_pressure=1300", "--set", "hold_time=5")
    claim("in part: " + said.strip().splitlines()[-1], code == 1 and "written: hold_time; refused: hold_pressure" in said)
    code, said = check(tmp, port, PROFILES / "e77-reading.toml")
    claim("the reading profile of OPC 40077 reads: " + " | ".join(said.strip().splitlines()[1:])[:160], code == 0 and "signals" in said)

    watch = Lines(*box(tmp, port, plain, "--seconds", 90, "--every", 0.1))
    watch.wait("cycle .* announced", 30)
    one.end()
    gone = time.monotonic()
    lost = watch.wait("^lost", 20, gone)
    claim(f"a press that is gone is named after {(lost or 1e9) - gone:.1f} s", lost and lost - gone < 5)
    one = press(port, keys=keys)
    there = time.monotonic()
    back = watch.wait("^signals", 30, there)
    event = watch.wait("announced", 30, there)
    claim(f"restarted, it is read again after {(back or 1e9) - there:.1f} s", back and back - there < 8)
    claim(f"restarted, its events flow again after {(event or 1e9) - there:.1f} s", event and event - there < 12)
    one.end()
    one = press(port, keys=tmp / "other-keys")
    claim("restarted with another certificate, it is refused", watch.wait("another certificate", 30, time.monotonic() - 5))
    watch.end()
    one.end()

    one = press(port, "--silent-after", 4, keys=keys)
    watch = Lines(*box(tmp, port, plain, "--seconds", 40, "--every", 0.1))
    silent = watch.wait("SILENT", 40)
    last = max((at for at, line in watch.seen if "announced" in line), default=0.0)
    claim(f"a press that hangs is named {(silent or 1e9) - last:.1f} s after its last cycle (two cycles: 2 s)", silent and silent - last < 2.2)
    watch.end()
    one.end()

    one = press(port, "--manual-after", 4, "--operator-edit-at", 3, keys=keys)
    watch = Lines(*box(tmp, port, plain, "--seconds", 40, "--every", 0.1))
    code, said = check(tmp, port, plain, "--set", "hold_time=4.5", "--times", 1000000)
    refused = re.search("refused (.*)", said)
    claim(f"an operator's edit stops writing: {refused.group(1) if refused else said}", code == 1 and "was 450 bar when last read and is 475 bar now" in said)
    claim("an operator's edit is seen", watch.wait("hold_pressure 475.000 bar", 20))
    claim("a press in manual is seen", watch.wait("Manual", 20))
    code, said = check(tmp, port, plain, "--set", "hold_time=4.6")
    claim("a press in manual gets nothing: " + said.strip().splitlines()[-1], code == 1 and "in Manual" in said and not one.has(" 4.6"))
    watch.end()
    one.end()

    one = press(port, "--revoke-after", 4, keys=keys)
    watch = Lines(*box(tmp, port, plain, "--seconds", 40, "--every", 0.1))
    claim("setpoints taken back are seen", watch.wait("released false", 30))
    code, said = check(tmp, port, plain, "--set", "hold_time=4.6")
    claim("setpoints taken back get nothing: " + said.strip().splitlines()[-1], code == 1 and "not released" in said and not one.has(" 4.6"))
    code, said = check(tmp, port, blind, "--set", "hold_time=4.6")
    claim("access, refused by the press: " + said.strip().splitlines()[-1], code == 1 and "access denied" in said)
    watch.end()
    one.end()

    one = press(port, "--heartbeat-s", 3, keys=keys)
    watch = Lines(*box(tmp, port, plain, "--seconds", 60, "--every", 0.2, "--beat", "--set", "hold_pressure=470"))
    watch.wait("hold_pressure 470.000", 20)
    time.sleep(8)
    claim("while the heart beats the values stay", not one.has("baseline") and watch.program.poll() is None)
    watch.end()
    dead = time.monotonic()
    restored = one.wait("baseline", 20, dead)
    claim(f"the box killed, the press restores its recipe after {(restored or 1e9) - dead:.1f} s", restored)
    code, said = check(tmp, port, plain)
    claim("the recipe is read back", "hold_pressure 450.000 bar" in said)
    one.end()


with tempfile.TemporaryDirectory() as folder:
    main(pathlib.Path(folder))
print(f"\n{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
