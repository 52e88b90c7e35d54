"""`nearcast lab` as verbs of Python."""

import json
import subprocess


class Lab:
    def __init__(self, program):
        self.program = program

    def try_run(self, *words):
        return subprocess.run([self.program, "lab", *words], text=True, timeout=180,
                              capture_output=True, check=False)

    def run(self, *words):
        done = self.try_run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def read(self, *words):
        return json.loads(self.run(*words, "--json"))

    def catchment(self):
        """Which PoP answers each city: {"tokyo": "sin", ...}."""
        return {row["city"]: row["pop"] for row in self.read("catchment")}

    def pops(self):
        return self.read("status")["pops"]

    def pop(self, name):
        return next(each for each in self.pops() if each["pop"] == name)

    def state(self, pop):
        return self.pop(pop)["state"]

    def effect(self, action, pop, *more):
        """Breaks or heals a PoP; what each city saw: {"tokyo": {"before", "after", "lost", …}}."""
        return {row["city"]: row for row in self.read(action, pop, *more)}
