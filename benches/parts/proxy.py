"""`thingspace proxy` beside nginx as a reverse proxy, on one core: the same POST over both to the
same sandbox, on connections that are kept on both sides. nginx adds tokens that it is given."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from figures import Aim, Bars, Part, Table, number
from scene import RELEASE, Sandbox, one_core, say

LIMIT = 0.5
OURS, THEIRS = "thingspace proxy", "nginx"
SIZES = {"1 KiB": 1024, "1 MiB": 1024 * 1024}
# Posts of a round, by all connections together.
CALLS = {"1 KiB": 1600, "1 MiB": 32}
ROUNDS = 31

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{}}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_max_body_size 16m;
  client_body_buffer_size 2m;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  upstream platform {{
    server 127.0.0.1:{port};
    keepalive 64;
    keepalive_requests 1000000;
  }}
  server {{
    listen 127.0.0.1:{listen};
    location / {{
      proxy_pass {scheme}://platform/api/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host localhost:{port};
      proxy_set_header Authorization "Bearer {api_token}";
      proxy_set_header VZ-M2M-Token {token};
      proxy_buffers 8 64k;
      proxy_max_temp_file_size 0;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate {ca_file};
      proxy_ssl_name localhost;
      proxy_ssl_server_name on;
    }}
  }}
}}
"""


def measure(programs, scale):
    if not shutil.which("nginx"):
        say("proxies are left out: no nginx on PATH")
        return Part()
    cells = {}
    with one_core(), Sandbox() as sandbox:
        for tls in (False, True):
            with ours(sandbox, tls) as our_port, nginx(sandbox, tls) as their_port:
                for size, length in SIZES.items():
                    sandbox.answer_with(length)
                    for connections in (1, 16):
                        row = ("TLS" if tls else "plain", size, connections)
                        say(f"proxies: {row[0]}, {size}, ×{connections} ...")
                        cells[row] = programs.run_c(
                            sandbox.environment(tls),
                            *("proxy", connections, length),
                            max(scale.calls(CALLS[size]), 2 * connections),
                            scale.rounds(ROUNDS),
                            *(OURS, our_port, THEIRS, their_port),
                        )
    return Part([table(cells)], aims(cells), [plot(cells)])


@contextlib.contextmanager
def ours(sandbox, tls):
    process = subprocess.Popen(
        [RELEASE / "thingspace", "proxy", "-q"],
        env=sandbox.environment(tls),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield int(process.stdout.readline().rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def nginx(sandbox, tls):
    api_token, token = tokens(sandbox)
    with tempfile.TemporaryDirectory() as folder:
        listen = free_port()
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(
            NGINX.format(
                folder=folder,
                listen=listen,
                port=sandbox.port(tls),
                scheme="https" if tls else "http",
                api_token=api_token,
                token=token,
                ca_file=sandbox.where["ca_file"],
            )
        )
        process = subprocess.Popen(["nginx", "-p", folder, "-c", configuration])
        try:
            await_port(listen)
            yield listen
        finally:
            process.terminate()
            process.wait()


def tokens(sandbox):
    base = sandbox.where["base_url"]

    def post(path, body, kind, authorization):
        request = urllib.request.Request(base + path, data=body, method="POST")
        request.add_header("Content-Type", kind)
        request.add_header("Authorization", authorization)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    basic = "Basic " + base64.b64encode(b"key:secret").decode()
    form = "application/x-www-form-urlencoded"
    api_token = post("/ts/v1/oauth2/token", b"grant_type=client_credentials", form, basic)
    api_token = api_token["access_token"]
    contact = json.dumps({"username": "zbeeblebrox", "password": "IMgr8"}).encode()
    login = post("/m2m/v1/session/login", contact, "application/json", f"Bearer {api_token}")
    return api_token, login["sessionToken"]


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port):
    for _ in range(200):
        with contextlib.closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("nginx does not listen")


def throughput(measured):
    """Ours beside nginx's: how many requests in the same time."""
    return measured.ratio(THEIRS, OURS)


def table(cells):
    head = ["", "size", "connections", "throughput", "wall µs", "nginx's"]
    rows = [
        [*row, number(throughput(measured))]
        + [number(measured.median(name)) for name in (OURS, THEIRS)]
        for row, measured in cells.items()
    ]
    note = (
        "The same POST over either on one core, with the sandbox and the client; throughput is "
        "ours ÷ nginx's. As many bytes in the answer as in the request."
    )
    return Table("A local endpoint: thingspace proxy beside nginx", head, rows, note)


def aims(cells):
    least, (where, size, connections) = min(
        (throughput(measured), row) for row, measured in cells.items()
    )
    what = (
        f"thingspace proxy ÷ nginx, throughput on one core: the least of {len(cells)} "
        f"({where}, {size}, ×{connections})"
    )
    return [Aim(what, least, LIMIT, at_least=True)]


def plot(cells):
    groups = [
        (f"{where}, {size}, ×{connections}", [throughput(measured)])
        for (where, size, connections), measured in cells.items()
    ]
    title = "thingspace proxy ÷ nginx, throughput on one core"
    return Bars("proxy.svg", title, ["throughput"], groups, line=LIMIT)
