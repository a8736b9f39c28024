"""A Hub cache on disk, and a small Hub on 127.0.0.1, for the real client."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from alpharl_bench.checkpoints import hub

Files = dict[str, bytes]
Answer = tuple[int, dict[str, str], bytes]


def below(folder: str, files: Files) -> Files:
    return {f"{folder}/{name}": content for name, content in files.items()}


def commit(repo: str, revision: str) -> str:
    return hashlib.sha1(f"{repo}@{revision}".encode(), usedforsecurity=False).hexdigest()


def forget() -> None:
    """Ask the Hub again, as the next process would."""
    hub._downloaded.cache_clear()
    hub._refs.cache_clear()


def put(cache: Path, repo: str, revision: str, files: Files) -> Path:
    """Write a snapshot as huggingface_hub keeps it: blobs, a ref, and links between them."""
    top = cache / f"models--{repo.replace('/', '--')}"
    sha = commit(repo, revision)
    (top / "refs").mkdir(parents=True, exist_ok=True)
    (top / "refs" / revision).write_text(sha)
    snapshot = top / "snapshots" / sha
    for name, content in files.items():
        blob = top / "blobs" / hashlib.sha256(content).hexdigest()
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(content)
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).symlink_to(blob)
    return snapshot


class SmallHub:
    """The part of the Hub's HTTP interface that huggingface_hub uses here."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, Files]] = {}
        self.gated: set[str] = set()
        self.moved: dict[str, str] = {}
        self.fetched: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = hub.answer(self.path, count=self.command == "GET")
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815  (the name that http.server calls)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, target: str, *, count: bool) -> Answer:
        url = urlsplit(target)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        if parts == ["api", "models"]:
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            ids = [repo for repo in self.repos if repo.startswith(f"{asked['author']}/")]
            return self.json([{"id": repo} for repo in ids if asked["search"] in repo])
        if parts[:2] == ["api", "models"]:
            return self.api("/".join(parts[2:4]), *parts[4:])
        repo, revision, name = "/".join(parts[:2]), parts[3], "/".join(parts[4:])
        if repo in self.gated:
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        known = {commit(repo, key): files for key, files in self.repos[repo].items()}
        sha = revision if revision in known else commit(repo, revision)
        if name not in known[sha]:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha}, b""
        content = known[sha][name]
        if count:
            self.fetched.append(name)
        return 200, {"X-Repo-Commit": sha, "ETag": hashlib.sha256(content).hexdigest()}, content

    def api(
        self, repo: str, what: str = "", revision: str = "main"
    ) -> tuple[int, dict[str, str], bytes]:
        if repo not in self.repos:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        revisions = self.repos[repo]
        if what == "refs":
            branches = [
                {
                    "name": name,
                    "ref": f"refs/heads/{name}",
                    "targetCommit": self.moved.get(f"{repo}@{name}", commit(repo, name)),
                }
                for name in revisions
            ]
            return self.json({"branches": branches, "tags": [], "converts": []})
        by_commit = {commit(repo, name): name for name in revisions}
        revision = by_commit.get(revision, revision)
        if revision not in revisions:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        if what == "tree":
            return self.json(
                [
                    {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                    for name, content in revisions[revision].items()
                ]
            )
        return self.json({"id": repo, "sha": commit(repo, revision)})

    @staticmethod
    def json(content: object) -> Answer:
        return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()
