"""The programs that measure: C, Python, C# and Java. Each prints a JSON object a line, a
measurement of one round; what belongs together is measured in turns."""

import functools
import json
import os
import shutil
import statistics
import subprocess
import sys

from scene import RELEASE, ROOT, say

PYTHON_BENCH = ROOT / "bindings" / "python" / "bench"
CSHARP_PROJECT = ROOT / "bindings" / "csharp" / "bench"
CSHARP_PROGRAM = CSHARP_PROJECT / "bin" / "Release" / "net10.0" / "ThingSpace.Bench.dll"
# As in a program that has run for long. On a busy core .NET puts off compiling for good what it has
# seen used, in some runs to their end: what is measured then is half as fast.
COMPILED = {"DOTNET_TC_CallCountingDelayMs": "0"}
JAVA = ROOT / "bindings" / "java"
JAVA_JAR = ROOT / "target" / "java" / "thingspace-session.jar"


class Measured:
    """What one program printed."""

    def __init__(self, lines):
        self.rounds = {}
        for line in lines:
            measured = json.loads(line)
            name = measured.pop("name")
            for unit, value in measured.items():
                self.rounds.setdefault((name, unit), []).append(value)

    def __contains__(self, name):
        return any(name == known for known, _ in self.rounds)

    def median(self, name, unit="wall_us"):
        return statistics.median(self.rounds[name, unit])

    def least(self, name, unit="wall_us"):
        return min(self.rounds[name, unit])

    def ratio(self, name, other, unit="wall_us"):
        """The median of the rounds' ratios: what disturbs a round disturbs both in it."""
        pairs = zip(self.rounds[name, unit], self.rounds[other, unit])
        return statistics.median(ours / theirs for ours, theirs in pairs)


class Programs:
    def __init__(self, folder):
        self.folder = folder
        self.c = build_c(folder / "bench")

    @functools.cached_property
    def csharp(self):
        return build_csharp()

    @functools.cached_property
    def java(self):
        return build_java(self.folder / "java")

    def run_c(self, environment, *arguments):
        return run([self.c, *map(str, arguments)], environment)

    def run_python(self, environment, *arguments, program="post.py"):
        return run([sys.executable, PYTHON_BENCH / program, *map(str, arguments)], environment)

    def run_csharp(self, environment, **settings):
        return run(["dotnet", CSHARP_PROGRAM], {**environment, **COMPILED, **named(settings)})

    def run_java(self, environment, **settings):
        return run(self.java, {**environment, **named(settings)})

    def trips(self, language, client):
        """The command that does steps with this client, as standard input names them."""
        if language == "C":
            return [self.c, "trips", client]
        if language == "Python":
            return [sys.executable, PYTHON_BENCH / "trips.py", client]
        return ["dotnet", CSHARP_PROGRAM, "trips", client]


def named(settings):
    return {f"TSM_BENCH_{name.upper()}": str(value) for name, value in settings.items()}


def run(command, environment):
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(done.stdout.splitlines())


def build_c(program):
    say("building the C programs (libcurl's headers are needed: libcurl4-openssl-dev) ...")
    compile_c = [os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-I", ROOT / "include"]
    sources = sorted((ROOT / "benches" / "c").glob("*.c"))
    libraries = ["thingspace_session", "thingspace_bench_peers", "curl", "pthread"]
    link = ["-L", RELEASE, *(f"-l{library}" for library in libraries)]
    subprocess.run([*compile_c, *sources, *link, "-o", program], check=True)
    return program


def build_csharp():
    """Whether there is a C# program to run."""
    if not shutil.which("dotnet"):
        say("C# is left out: no dotnet on PATH")
        return False
    say("building the C# program ...")
    build = ["dotnet", "build", "-c", "Release", "-v", "quiet", "--nologo", CSHARP_PROJECT]
    subprocess.run(build, check=True, stdout=sys.stderr)
    return True


def build_java(folder):
    """The command of the Java program; nothing if it cannot run."""
    find = ["sh", "-c", '. "$0"; jdk 22 999', JAVA / "jdks.sh"]
    home = subprocess.run(find, stdout=subprocess.PIPE, text=True).stdout.strip()
    if not home:
        say("Java is left out: no JDK of 22 or later")
        return []
    say("building the Java program ...")
    subprocess.run([JAVA / "build.sh"], check=True, stdout=sys.stderr)
    compile_java = [f"{home}/bin/javac", "-cp", JAVA_JAR, "-d", folder]
    subprocess.run([*compile_java, JAVA / "bench" / "Posts.java"], check=True)
    return [
        f"{home}/bin/java",
        "--enable-native-access=ALL-UNNAMED",
        f"-Djava.util.logging.config.file={ROOT / 'examples' / 'java' / 'logging.properties'}",
        *("-cp", f"{JAVA_JAR}:{folder}"),
        "Posts",
    ]
