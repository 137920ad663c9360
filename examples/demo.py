"""Runs the example of every language against a local ThingSpace and shows what each sent, and why.

`make demo` calls it. It needs a C compiler; C# joins in where there is a `dotnet`, Java where there
is a JDK.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "target" / "debug"
BOLD, DIM, GREEN, RED, PLAIN = (
    ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m") if sys.stdout.isatty() else ("",) * 5
)


class Sandbox:
    """A thingspace-sandbox of our own; it ends with us."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [BUILT / "thingspace-sandbox", "--json", "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.where = json.loads(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def call(self, method, path):
        request = urllib.request.Request(
            self.where["control_url"] + path,
            method=method,
            data=b"{}" if method == "POST" else None,
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def environment(sandbox, state):
    """What the examples read: where the platform is, and who logs in."""
    return {
        **os.environ,
        "TSM_BASE_URL": sandbox.where["base_url"],
        "TSM_USERNAME": "zbeeblebrox",
        "TSM_PASSWORD": "IMgr8",
        "TSM_APP_KEY": "key",
        "TSM_APP_SECRET": "secret",
        "TSM_STORE": f"file:{state}",
        "TSM_SANDBOX_CONTROL": sandbox.where["control_url"],
        "TSM_LIBRARY": str(BUILT / "libthingspace_session.so"),
        "PYTHONPATH": str(ROOT / "bindings" / "python" / "src"),
        "PATH": f"{BUILT}{os.pathsep}{os.environ['PATH']}",
        "DOTNET_NOLOGO": "1",
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    }


def languages(folder):
    """Name and command of every example that can run here."""
    compiler = (
        os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    )
    if compiler:
        program = Path(folder) / "devices"
        subprocess.run(
            [
                compiler,
                "-I",
                ROOT / "include",
                ROOT / "examples" / "c" / "devices.c",
                "-L",
                BUILT,
                "-lthingspace_session",
                f"-Wl,-rpath,{BUILT}",
                "-o",
                program,
            ],
            check=True,
        )
        yield "C", [program]
    else:
        print("No C compiler was found: the C example is left out.")
    yield "Python", [sys.executable, ROOT / "examples" / "python" / "devices.py"]
    if shutil.which("curl"):
        yield "shell", [ROOT / "examples" / "shell" / "devices.sh"]
    else:
        print("No curl was found: the shell example is left out.")
    if shutil.which("dotnet"):
        print(f"{DIM}Building the C# example ...{PLAIN}", flush=True)
        output = Path(folder) / "csharp"
        project = ROOT / "examples" / "csharp" / "Devices.csproj"
        subprocess.run(
            ["dotnet", "build", "-v", "quiet", "-c", "Release", "-o", output, project],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield "C#", ["dotnet", output / "Devices.dll"]
    else:
        print("No dotnet was found: the C# example is left out.")
    yield from java(Path(folder) / "java")


def java(folder):
    """The same for Java: over java.lang.foreign, or over JNA with a JDK before 22."""
    binding = ROOT / "bindings" / "java"
    found = subprocess.run(
        ["sh", "-c", '. "$0"; home=$(jdk 17 999); echo "$(jdk_version "$home") $home"']
        + [binding / "jdks.sh"],
        capture_output=True,
        text=True,
    ).stdout.split()
    jna = Path(os.environ.get("JNA", "/usr/share/java/jna.jar"))
    if len(found) < 2 or not jna.exists():
        print("No JDK of 17 or later with JNA was found: the Java example is left out.")
        return
    print(f"{DIM}Building the Java example ...{PLAIN}", flush=True)
    version, home = int(found[0]), Path(found[1])
    made = {"TSM_JAVA_OUT": str(folder), "TSM_LIBRARY": str(BUILT / "libthingspace_session.so")}
    subprocess.run([binding / "build.sh"], env={**os.environ, **made}, check=True)
    jars = [folder / "thingspace-session.jar"] + ([jna] if version < 22 else [])
    yield (
        "Java",
        [
            home / "bin" / "java",
            *(["--enable-native-access=ALL-UNNAMED"] if version >= 22 else []),
            f"-Djava.util.logging.config.file={ROOT / 'examples' / 'java' / 'logging.properties'}",
            "--class-path",
            os.pathsep.join(map(str, jars)),
            ROOT / "examples" / "java" / "Devices.java",
        ],
    )


def show_wire(traces):
    """One row a request; a mark for each language that sent the same at that place."""
    first = next(iter(traces.values()))
    rows = [
        (line["method"] + " " + line["path"], str(line["status"]), line["why"]) for line in first
    ]
    widths = [
        max(len(row[column]) for row in [("sent", "got", "why"), *rows]) for column in range(3)
    ]
    names = list(traces)
    head = "  ".join(text.ljust(width) for text, width in zip(("sent", "got", "why"), widths))
    print(
        f"\n{BOLD}What went over the wire, and why{PLAIN}\n{BOLD}{head}  {'  '.join(names)}{PLAIN}"
    )
    for n, row in enumerate(rows):
        marks = []
        for name in names:
            trace = traces[name]
            same = n < len(trace) and (trace[n]["kind"], trace[n]["status"]) == (
                first[n]["kind"],
                first[n]["status"],
            )
            marks.append(
                f"{GREEN}{'yes'.ljust(len(name))}{PLAIN}"
                if same
                else f"{RED}{'NO'.ljust(len(name))}{PLAIN}"
            )
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths))
            + "  "
            + "  ".join(marks)
        )
    agree = all(
        [(x["kind"], x["status"]) for x in t] == [(x["kind"], x["status"]) for x in first]
        for t in traces.values()
    )
    print("All languages did the same." if agree else "The languages did not do the same.")
    return agree


def main():
    traces = {}
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        for name, command in languages(folder):
            sandbox.call("POST", "/reset")
            sandbox.call("DELETE", "/log")
            print(f"\n{BOLD}{name}{PLAIN} {DIM}{Path(command[-1]).name}{PLAIN}", flush=True)
            state = Path(folder) / f"state-{len(traces)}"
            subprocess.run(command, env=environment(sandbox, state), check=True)
            traces[name] = sandbox.call("GET", "/log")
    if not show_wire(traces):
        return 1
    print(
        "\nThe examples: examples/c/devices.c, examples/python/devices.py, "
        "examples/shell/devices.sh, examples/csharp/Program.cs, examples/java/Devices.java"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
