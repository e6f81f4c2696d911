"""Programs under test: what they print and when; claims, one line each."""
import atexit, re, signal, socket, subprocess, threading, time

passed, failed = 0, 0


def claim(text, ok):
    """Prints a claim and whether it holds."""
    global passed, failed
    print(("ok    " if ok else "FAILED"), text, flush=True)
    passed, failed = passed + bool(ok), failed + (not ok)


def verdict():
    """Prints the sum; the exit status."""
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


class Lines:
    """A program and the lines it has printed, with the time each came."""

    def __init__(self, *args):
        self.seen = []
        self.program = subprocess.Popen([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # A claim that cannot go on leaves nothing running.
        atexit.register(self.end)
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

    def find(self, pattern):
        """The first match in what was printed."""
        return next((m for _, line in list(self.seen) if (m := re.search(pattern, line))), None)

    def has(self, pattern, after=0.0):
        return any(at > after and re.search(pattern, line) for at, line in list(self.seen))

    def count(self, pattern, after=0.0):
        return sum(at > after and bool(re.search(pattern, line)) for at, line in list(self.seen))

    def end(self, how=signal.SIGKILL):
        if self.program.poll() is None:
            self.program.send_signal(how)
            self.program.wait()
        return self.program.returncode


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
