"""Checkpoints on the Hugging Face Hub: listed first, downloaded one by one when they are used."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from glob import escape
from pathlib import Path, PurePosixPath
from typing import TypeVar

from huggingface_hub import (
    CachedRepoInfo,
    HfApi,
    constants,
    hf_hub_download,
    scan_cache_dir,
    snapshot_download,
)

# HTTPError is not exported there, but its name outlasts the HTTP library that it comes from.
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    CacheNotFound,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import repo_folder_name

from alpharl_bench.checkpoints.candidates import ADAPTER_CONFIG
from alpharl_bench.checkpoints.find import (
    Found,
    find_checkpoints,
    holds_weights,
    one_run,
)
from alpharl_bench.errors import AlphaRLBenchError

_REFERENCE = re.compile(r"(?P<repo>[\w.-]+/[\w.*-]+)(?:@(?P<revision>\S+))?")
#: What decides over a model beside its weights. No Python: the code of a repository is never run,
#: so it is never fetched.
BESIDE_WEIGHTS = ("*.json", "*.txt", "*.model", "*.jinja")
_SAFETENSORS = (*BESIDE_WEIGHTS, "*.safetensors")
_TOP = PurePosixPath()
_LEGACY = (*BESIDE_WEIGHTS, "pytorch_model*.bin", "adapter_model.bin")
# What holds weights, or says which file does.
_WEIGHTS = ("*.safetensors", "*.bin", "*.index.json")
# What else there may be is asked for only where there are no safetensors.
_PATTERNS = (_SAFETENSORS, _LEGACY)
# A second copy of the weights in Mistral's own format.
_NEVER = ("consolidated*",)
R = TypeVar("R")
_MAY_ASK = ContextVar("may_ask", default=True)


@dataclass(frozen=True, order=True)
class HubFolder:
    """A folder of a model repository at one revision.

    Args:
        repo: ``org/name``.
        revision: a branch, a tag or a commit; None means the main branch.
        subfolder: a folder of the repository; empty means its top.
    """

    repo: str
    revision: str | None = None
    subfolder: str = ""

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        return f"{self.repo}{at}" + (f"/{self.subfolder}" if self.subfolder else "")

    def download(self) -> Path:
        """The local folder with the model; what the cache lacks is fetched first.

        Raises:
            AlphaRLBenchError: the repository or revision does not exist or is not open to this
                user, it holds no weights, or it is not in the cache and there is no network.
        """
        return _downloaded(self)

    def cached(self) -> Path | None:
        """The local folder with the model if all of it was downloaded before."""
        for patterns in _PATTERNS:
            try:
                folder = _snapshot(self, patterns, local_files_only=True)
            except LocalEntryNotFoundError:
                continue
            if holds_weights(folder):
                return folder
        return None

    def snapshot(self) -> Path:
        """Where the local folder is, or will be, in the Hub's cache.

        Raises:
            AlphaRLBenchError: as for :meth:`download`.
        """
        return self._repository() / "snapshots" / self.commit() / self.subfolder

    def remove_weights(self) -> None:
        """Take the weights out of the Hub's cache, also those of a download that was cut off.

        A file that another revision or folder has too stays.
        """
        repository, snapshot = self._repository(), self.snapshot()
        weights = {path for pattern in _WEIGHTS for path in snapshot.glob(pattern)}
        contents = {path.resolve() for path in weights}
        for path in weights:
            path.unlink()
        for content in contents - _linked(repository / "snapshots"):
            content.unlink(missing_ok=True)
        for part in (repository / "blobs").glob("*.incomplete"):
            part.unlink()
        _downloaded.cache_clear()

    def _repository(self) -> Path:
        name = repo_folder_name(repo_id=self.repo, repo_type="model")
        return Path(constants.HF_HUB_CACHE) / name

    def commit(self) -> str:
        """The commit that the revision is now: a branch may be moved to other weights.

        Raises:
            AlphaRLBenchError: as for :meth:`download`.
        """
        with _plain_errors(self):
            named = self.revision or constants.DEFAULT_REVISION
            return _refs(self.repo).get(named, named)

    def adapter_config(self) -> Path | None:
        """The local copy of the file that says what a LoRA adapter belongs to, if there is one.

        Raises:
            AlphaRLBenchError: as for :meth:`download`.
        """
        with _plain_errors(self):
            try:
                return self._file(ADAPTER_CONFIG)
            except EntryNotFoundError:
                return None

    def config(self) -> Path:
        """The local copy of the file that says what model it is.

        Raises:
            AlphaRLBenchError: as for :meth:`download`.
        """
        with _plain_errors(self):
            return self._file("config.json")

    def beside(self) -> Path:
        """The local folder with what lies beside the weights: configs, tokenizer, template.

        Raises:
            AlphaRLBenchError: as for :meth:`download`.
        """
        with _plain_errors(self):
            return _snapshot(self, BESIDE_WEIGHTS)

    def _file(self, name: str) -> Path:
        path = str(PurePosixPath(self.subfolder) / name)
        return Path(hf_hub_download(self.repo, path, revision=self.revision))


@contextmanager
def cache_alone() -> Iterator[None]:
    """Inside the block the Hub is not asked: its local cache is all that there is."""
    _refs.cache_clear()
    token = _MAY_ASK.set(False)
    try:
        yield
    finally:
        _MAY_ASK.reset(token)
        _refs.cache_clear()


def parse_reference(reference: str) -> HubFolder | None:
    """Read ``org/name`` or ``org/name@revision``; None if it is something else."""
    match = _REFERENCE.fullmatch(reference)
    return HubFolder(match["repo"], match["revision"]) if match else None


def find_on_hub(place: HubFolder) -> Found[HubFolder]:
    """The checkpoints of a run on the Hub; only listings are fetched.

    They are sibling repositories if the name has a ``*`` in the place of the step; otherwise the
    branches and tags that are named as steps (``@step_*`` takes those of this name alone), or the
    step folders, or the repository is itself the one checkpoint. Without network the local cache is
    what there is.

    Raises:
        AlphaRLBenchError: there are none or those of several runs, or see
            :meth:`HubFolder.download`.
    """
    with _plain_errors(place):
        if "*" in place.repo:
            return _siblings(place)
        if place.revision is None or "*" in place.revision:
            return _branches(place) or _folders(place)
        return _folders(place)


def _siblings(place: HubFolder) -> Found[HubFolder]:
    before, _, after = place.repo.partition("*")
    author, _, prefix = before.partition("/")
    listed = _online(
        lambda api: [
            model.id for model in api.list_models(author=author, search=prefix.rstrip("-_"))
        ]
    )
    ids = [repo.repo_id for repo in _cached_repos()] if listed is None else listed
    pattern = re.compile(f"{re.escape(before)}\\d+{re.escape(after)}")
    named = {
        repo.partition("/")[2]: HubFolder(repo, place.revision)
        for repo in ids
        if pattern.fullmatch(repo)
    }
    steps = one_run(named, f"{author}/")
    if not steps:
        raise AlphaRLBenchError(
            f"{place}: no such repositories {_where(listed)}; the * stands for the step, as in "
            "org/name-step-*"
        )
    return Found("sibling repositories on the Hub", (), place, _values(steps))


def _branches(place: HubFolder) -> Found[HubFolder] | None:
    named = {name: HubFolder(place.repo, name) for name in _refs(place.repo)}
    steps = one_run(named, f"{place.repo}@", place.revision)
    return Found("branches on the Hub", (), place, _values(steps)) if steps else None


# Once a process: a repository may have hundreds of branches, and each checkpoint asks for its own.
@cache
def _refs(repo: str) -> Mapping[str, str]:
    """The commit of every branch and tag."""
    listed = _online(lambda api: api.list_repo_refs(repo))
    if listed is None:
        revisions = _cached(HubFolder(repo)).revisions
        return {ref: revision.commit_hash for revision in revisions for ref in revision.refs}
    return {ref.name: ref.target_commit for ref in (*listed.branches, *listed.tags)}


def _folders(place: HubFolder) -> Found[HubFolder]:
    listed = _online(lambda api: api.list_repo_files(place.repo, revision=place.revision))
    files = _cached_files(place) if listed is None else listed
    found = find_checkpoints(RepoListing.of(place, files))
    return Found(
        f"{found.layout}, on the Hub",
        found.notes,
        place,
        {
            step: HubFolder(place.repo, place.revision, found_at.subfolder)
            for step, found_at in found.checkpoints.items()
        },
    )


def _values(steps: Mapping[int, tuple[object, R]]) -> dict[int, R]:
    return {step: value for step, (_, value) in steps.items()}


@dataclass(frozen=True)
class RepoListing:
    """A folder of a repository that is known by its listing alone."""

    repo: str
    children: Mapping[PurePosixPath, frozenset[str]]
    path: PurePosixPath = _TOP

    @classmethod
    def of(cls, place: HubFolder, files: Iterable[str]) -> "RepoListing":
        """The top of a repository with these files."""
        children = defaultdict[PurePosixPath, set[str]](set)
        for file in map(PurePosixPath, files):
            for path in (file, *file.parents[:-1]):
                children[path.parent].add(path.name)
        return cls(str(place), {path: frozenset(names) for path, names in children.items()})

    def __str__(self) -> str:
        return f"{self.repo}/{self.subfolder}" if self.subfolder else self.repo

    @property
    def subfolder(self) -> str:
        """The path inside the repository; empty for its top."""
        return "" if self.path == _TOP else str(self.path)

    @property
    def name(self) -> str:
        """The name of the folder; that of the repository for its top."""
        return self.path.name or self.repo.partition("/")[2].partition("@")[0]

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self.path in self.children

    def is_file(self) -> bool:
        """Whether it is a file."""
        listed = self.path.name in self.children.get(self.path.parent, ())
        return listed and not self.is_dir()

    def iterdir(self) -> Iterator["RepoListing"]:
        """What is in it."""
        return (self / name for name in sorted(self.children.get(self.path, ())))

    def __truediv__(self, key: str) -> "RepoListing":
        return RepoListing(self.repo, self.children, self.path / key)


# Once a process: a checkpoint's folder is asked for at every tensor, and each time costs a request.
@cache
def _downloaded(place: HubFolder) -> Path:
    for patterns in _PATTERNS:
        with _plain_errors(place):
            folder = _snapshot(place, patterns)
        if holds_weights(folder):
            return folder
    raise AlphaRLBenchError(
        f"{place}: no weights in this folder of the Hub, neither safetensors nor pytorch_model.bin"
    )


def _snapshot(place: HubFolder, patterns: Sequence[str], *, local_files_only: bool = False) -> Path:
    prefix = f"{escape(place.subfolder)}/" if place.subfolder else ""
    snapshot = snapshot_download(
        place.repo,
        revision=place.revision,
        allow_patterns=[prefix + pattern for pattern in patterns],
        # A * of these patterns matches / as well.
        ignore_patterns=[f"{prefix}*/*", *(prefix + pattern for pattern in _NEVER)],
        local_files_only=local_files_only,
    )
    return Path(snapshot) / place.subfolder


def _online(question: Callable[[HfApi], R]) -> R | None:
    """What the Hub answers; None where it cannot be reached, or must not be asked."""
    if not _MAY_ASK.get():
        return None
    try:
        return question(HfApi())
    except HfHubHTTPError:
        raise
    except (OfflineModeIsEnabled, HTTPError):
        return None


def _linked(snapshots: Path) -> set[Path]:
    """The files of all snapshots; without links each snapshot has its own."""
    return {path.resolve() for path in snapshots.rglob("*") if path.is_symlink()}


def _cached_repos() -> list[CachedRepoInfo]:
    try:
        scanned = scan_cache_dir(constants.HF_HUB_CACHE)
    except CacheNotFound:
        return []
    return [repo for repo in scanned.repos if repo.repo_type == "model"]


def _cached(place: HubFolder) -> CachedRepoInfo:
    for repo in _cached_repos():
        if repo.repo_id == place.repo:
            return repo
    raise _not_cached(place)


def _cached_files(place: HubFolder) -> list[str]:
    wanted = place.revision or constants.DEFAULT_REVISION
    for revision in _cached(place).revisions:
        if wanted == revision.commit_hash or wanted in revision.refs:
            return [
                file.file_path.relative_to(revision.snapshot_path).as_posix()
                for file in revision.files
            ]
    raise _not_cached(place)


def _not_cached(place: HubFolder) -> AlphaRLBenchError:
    return AlphaRLBenchError(
        f"{place}: not whole in the Hub cache {constants.HF_HUB_CACHE}, and the Hub cannot be "
        f"reached; download it where there is network, or unset HF_HUB_OFFLINE"
    )


def _where(listed: object) -> str:
    if listed is not None:
        return "on the Hub"
    return f"in the Hub cache {constants.HF_HUB_CACHE}, and the Hub cannot be reached"


@contextmanager
def _plain_errors(place: HubFolder) -> Iterator[None]:
    """Say in one line what the Hub's errors say in many."""
    try:
        yield
    except GatedRepoError as error:
        raise AlphaRLBenchError(
            f"{place}: this repository is gated; accept its licence on {constants.ENDPOINT}/"
            f"{place.repo} and log in with `hf auth login`"
        ) from error
    except RepositoryNotFoundError as error:
        raise AlphaRLBenchError(
            f"{place}: no such repository on the Hub, or a private one; check the name, or log in "
            "with `hf auth login`"
        ) from error
    except RevisionNotFoundError as error:
        raise AlphaRLBenchError(
            f"{place}: the repository has no revision '{place.revision or 'main'}'"
        ) from error
    except LocalEntryNotFoundError as error:
        raise _not_cached(place) from error
    except HFValidationError as error:
        raise AlphaRLBenchError(f"{place}: not the name of a repository: {error}") from error
    except (HTTPError, OSError) as error:
        reason = " ".join(str(error).split())
        raise AlphaRLBenchError(f"{place}: cannot be fetched from the Hub: {reason}") from error
