"""Waiting for something to become true. The only place where these tests sleep, and only to ask again."""
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TimedOut(AssertionError):
    pass


def wait_until(what: str, check: Callable[[], T], timeout_s: float = 30, every_s: float = 0.05) -> T:
    """The first true value of check(); raises TimedOut with `what` and the last value or error.

    OSError and AssertionError of check() count as "not yet": a server that is still starting refuses connections.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            last = check()
            if last:
                return last
        except (OSError, AssertionError) as error:
            last = error
        if time.monotonic() > deadline:
            raise TimedOut(f"not within {timeout_s} s: {what}; last: {last!r}")
        time.sleep(every_s)


def stays_true(what: str, check: Callable[[], object], for_s: float, every_s: float = 0.1) -> None:
    """Asserts that check() is true all along."""
    deadline = time.monotonic() + for_s
    while time.monotonic() < deadline:
        assert check(), what
        time.sleep(every_s)
