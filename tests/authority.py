"""A time-stamp authority for tests, made and run by the program openssl."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

CONFIG = """
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[tsa]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[answers]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
tsa_name = yes
ess_cert_id_alg = sha256
"""
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass
class Authority:
    """`ca` is the certificate that its answers lead up to."""

    folder: Path
    name: str = "Test TSA"
    ca: Path = field(init=False)

    def __post_init__(self) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("needs openssl, which plays the time-stamp authority")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / "ca.pem"
        config = self.folder / "tsa.cnf"
        config.write_text(CONFIG.format(folder=self.folder), "utf-8")
        (self.folder / "serial").write_text("01")
        years = ("-days", "3650")
        own = ("-config", config, "-extensions", "ca", "-subj", f"/CN={self.name} CA")
        self._openssl("req", "-x509", "-new", *EC, "-keyout", "ca.key", "-out", "ca.pem", *years, *own)
        subject = ("-subj", f"/CN={self.name}", "-config", config)
        self._openssl("req", "-new", *EC, "-keyout", "tsa.key", "-out", "tsa.csr", *subject)
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", config, "-extensions", "tsa")
        self._openssl("x509", "-req", "-in", "tsa.csr", "-out", "tsa.pem", *years, *signed)

    def answers(self, query: bytes, *, chain: bool = False) -> bytes:
        """The TimeStampResp; with `chain` the CA's certificate goes with it, in an order that is not DER's."""
        (self.folder / "query").write_bytes(query)
        more = ("-chain", "ca.pem") if chain else ()
        which = ("-signer", "tsa.pem", "-inkey", "tsa.key", "-config", "tsa.cnf", "-section", "answers", *more)
        self._openssl("ts", "-reply", "-queryfile", "query", *which, "-out", "answer")
        return (self.folder / "answer").read_bytes()

    def token(self, answer: bytes) -> bytes:
        """The bare token of an answer."""
        (self.folder / "answer").write_bytes(answer)
        self._openssl("ts", "-reply", "-in", "answer", "-token_out", "-out", "token")
        return (self.folder / "token").read_bytes()

    def _openssl(self, *words: object) -> None:
        line = ["openssl", *map(str, words)]
        done = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@contextmanager
def served(authority: Authority, *, status: int = 200, size: int | None = None) -> Iterator[str]:
    """The address at which the authority answers over HTTP; with `size` it answers that many bytes of nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            answer = authority.answers(query) if size is None else bytes(size)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            try:
                self.wfile.write(answer)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
