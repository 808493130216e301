"""Fixtures of the end-to-end tests: the programs, a laboratory, a time limit, and logs when a test fails."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from lab.fleet import Fleet
from lab.namespace import Laboratory, close_all, exit_on_signals, open_laboratories
from lab.programs import Programs, find_programs, what_is_missing
from lab.site import Site

SECONDS = 30


def pytest_sessionstart() -> None:
    exit_on_signals()
    # A shell has its background jobs ignore it, and what they start would.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish() -> None:
    close_all()


@pytest.fixture(scope="session")
def programs() -> Programs:
    """The programs under test, or a skip that says what this machine lacks."""
    lacking = what_is_missing()
    if lacking:
        pytest.skip(lacking)
    found = find_programs()
    if found.missing:
        pytest.fail(f"not built: {', '.join(found.missing)} in {found.folder} (make build)", pytrace=False)
    return found


@pytest.fixture
def laboratory(programs: Programs, request: pytest.FixtureRequest) -> Iterator[Laboratory]:
    with Laboratory() as made:
        yield made
        # Whatever a test was about: no daemon may lose count of a packet.
        made.check()


@pytest.fixture
def site(laboratory: Laboratory, programs: Programs) -> Site:
    """One PoP between both internets."""
    return Site(laboratory, programs)


@pytest.fixture
def fleet(laboratory: Laboratory, programs: Programs) -> Fleet:
    """A centre and three PoPs, whose host keys it does not know yet."""
    return Fleet(laboratory, programs)


@pytest.fixture(autouse=True)
def time_limit(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ends a test that hangs."""
    marker = request.node.get_closest_marker("seconds")
    seconds = marker.args[0] if marker else SECONDS

    def expire(*_: object) -> None:
        raise TimeoutError(f"the test took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Adds what the programs said to a failure's report."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for made in open_laboratories():
            for name, tail in made.tail_of_logs().items():
                report.sections.append((f"log of {name}", tail))
