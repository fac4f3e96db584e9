"""The dashboard in a browser: every page of real studies, while a search is at work beside it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from real_search import NO_MLFLOW

from automed.api.request import SearchRequest
from automed.api.search import start as begin
from automed.domain.workspace import Workspace
from automed.executors.outcome import Outcome
from automed.search.view import read_study

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt install chromium")

PAGES = {"Studies": "", "Front": "front", "Trial": "trial", "Space": "space", "Data": "data",
         "Papers": "papers"}  # fmt: skip
LINK = "stPageLink-NavLink"
QUICK = (
    "--no-pretrained", "--epochs", "1", "--image-size", "32", "--artifact", "weights",
    "--fix", "model.encoder=tf_mobilenetv3_small_075", "--set", "training.batch_size=4",
)  # fmt: skip
SECONDS = 120
"""On a busy machine; a page takes one."""
WATCHED = "live"


def start(workspace: Path, *arguments: str, **changes: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "AUTOMED_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"}
    environment |= {"MLFLOW_TRACKING_URI": NO_MLFLOW}
    environment.pop("AUTOMED_DASHBOARD_TOKEN", None)
    return subprocess.Popen(
        [sys.executable, "-m", "automed", *arguments], env=environment | changes, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, cwd=workspace,
    )  # fmt: skip


def end(process: subprocess.Popen[str]) -> str:
    """Stop a process with all its children; what it printed."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(workspace: Path, *arguments: str, **changes: str) -> Iterator[str]:
    """A dashboard; yields its address."""
    port = free_port()
    process = start(
        workspace, "dashboard", "--no-browser", "--port", str(port), *arguments, **changes
    )
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5)
                break
            except OSError:
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < deadline, "the dashboard does not answer"
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained study of masks, one of classes, and one that a search is at work on."""
    root = tmp_path_factory.mktemp("dashboard")
    for name, task in (("masks", "cell"), ("classes", "leukemia")):
        request = SearchRequest(
            task=task, name=name, budget=1, epochs=1, weights="none", image_size=(32, 32),
            artifact="weights", fix_values=("model.encoder=tf_mobilenetv3_small_075",),
        )  # fmt: skip
        search = begin(request, Workspace(root), device="cpu")
        with search.study:
            assert search.run() is Outcome.FINISHED
    return root


@pytest.fixture(scope="module")
def live(workspace: Path) -> Iterator[subprocess.Popen[str]]:
    """A search that does not end by itself."""
    search = start(workspace, "search", "cell", "--budget", "1000", "--name", WATCHED, *QUICK)
    journal = workspace / "studies" / WATCHED / "journal.log"
    deadline = time.monotonic() + SECONDS
    while not (journal.exists() and b"intermediate_value" in journal.read_bytes()):
        assert search.poll() is None, search.communicate()[0]
        assert time.monotonic() < deadline, "the search trains nothing"
        time.sleep(0.2)
    yield search
    end(search)


@pytest.fixture(scope="module")
def address(workspace: Path) -> Iterator[str]:
    with served(workspace) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """A browser's page, and all that went wrong on it."""

    def __init__(self, browser: Any) -> None:
        self.page = browser.new_context().new_page()
        self.page.set_default_timeout(1000 * SECONDS)
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        self.page.on("console", self._console)
        self.page.on("request", self._request)
        self.page.on("requestfailed", lambda r: self.wrong.append(f"{r.url}: {r.failure}"))

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.settle()

    def settle(self) -> None:
        """Wait until the script has drawn all of the page."""
        self.page.wait_for_selector("h1, h2, h3")
        self.page.wait_for_selector('.stApp[data-test-script-state="notRunning"]')

    def follow(self, title: str) -> None:
        """Click on the link to a page."""
        self.page.get_by_test_id(LINK).filter(has_text=title).click()
        self.page.wait_for_url(re.compile(rf"/{PAGES[title]}(\?.*)?$"))
        self.settle()

    def title(self) -> str:
        return str(self.page.locator("h1").first.inner_text())

    def check(self, where: str) -> None:
        broken = self.page.locator('[data-testid="stException"]')
        assert broken.count() == 0, f"{where}: {broken.first.inner_text()}"
        assert not self.wrong, f"{where}: {self.wrong}"

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.wrong.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if not re.match(r"(http|ws)://127\.0\.0\.1:|data:|blob:", request.url):
            self.wrong.append(f"asks for {request.url}")


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    made = Visit(browser)
    yield made
    made.page.context.close()


@pytest.mark.parametrize("study", ["masks", "classes", WATCHED])
def test_every_page_of_a_study(
    study: str, address: str, visit: Visit, live: subprocess.Popen[str]
) -> None:
    visit.open(f"{address}/?study={study}")
    assert visit.title() == "Studies"
    visit.check("Studies")
    for title in PAGES:
        visit.follow(title)
        visit.check(title)
        assert f"study={study}" in visit.page.url, "the address can be passed on"
    assert live.poll() is None, "the search goes on"


@pytest.mark.parametrize("path", ["front", "trial", "studies"])
def test_an_address_that_was_passed_on(path: str, address: str, visit: Visit) -> None:
    visit.open(f"{address}/{path}?study=masks")
    visit.check(path)
    assert "study=masks" in visit.page.url


def test_the_way_back(address: str, visit: Visit) -> None:
    visit.page.goto("about:blank")
    visit.open(f"{address}/?study=masks")
    for title in ("Front", "Space", "Front"):
        visit.follow(title)
    seen = []
    for _ in range(3):
        visit.page.go_back()
        visit.settle()
        visit.page.wait_for_timeout(500)  # for an address that is written again
        seen.append(visit.title())
    assert seen == ["Space", "Front", "Studies"]
    visit.open(f"{address}/trial?study=masks")
    visit.page.get_by_text("Log", exact=True).click()
    visit.page.wait_for_url(re.compile("view=log"))
    for _ in range(3):  # the view, the number of the trial, the page
        visit.page.go_back()
        visit.page.wait_for_timeout(1000)
    assert not visit.page.url.startswith(f"{address}/trial")
    visit.check("the way back")


def test_a_running_search_is_followed(
    address: str, visit: Visit, workspace: Path, live: subprocess.Popen[str]
) -> None:
    folder = workspace / "studies" / WATCHED
    visit.open(f"{address}/?study={WATCHED}")
    card = visit.page.locator(".st-key-card-live")
    card.get_by_text(re.compile("running$")).first.wait_for()
    before = len(read_study(folder).trials)
    deadline = time.monotonic() + SECONDS
    shown = 0
    while shown < before + 2:
        assert time.monotonic() < deadline, f"{shown} trials are shown, {before} were there"
        told = card.get_by_text(re.compile(r"\d+ of 1000 trials")).first.inner_text()
        shown = int(told.split()[0])
        visit.page.wait_for_timeout(200)
    assert live.poll() is None
    visit.check("a running search")


def test_addresses_leave_the_workspace_nowhere(address: str, visit: Visit) -> None:
    visit.open(f"{address}/trial?study=../../../etc&trial=0")
    visit.page.get_by_text("There is no such study").wait_for()
    visit.check("trial")
    assert visit.page.get_by_text("Trial 0").count() == 0


def test_others_need_the_token(workspace: Path, visit: Visit) -> None:
    with served(workspace, "--host", "0.0.0.0", AUTOMED_DASHBOARD_TOKEN="let-me-in") as address:
        visit.open(f"{address}/trial?study=masks")
        assert visit.page.get_by_text("masks").count() == 0
        visit.page.get_by_label("Token").fill("wrong")
        visit.page.get_by_role("button", name="Open").click()
        visit.page.get_by_text("That is not the token").wait_for()
        visit.page.get_by_label("Token").fill("let-me-in")
        visit.page.get_by_role("button", name="Open").click()
        visit.page.get_by_test_id(LINK).first.wait_for()
        visit.settle()
        visit.check("trial")
        assert visit.title().startswith("Trial"), "the address that was passed on"
        visit.open(f"{address}/front?study=masks&token=let-me-in")
        assert visit.title() == "Front"
        assert "let-me-in" not in visit.page.url
