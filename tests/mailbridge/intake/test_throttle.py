"""How many failures are heard, whoever guesses at whom from wherever."""

from __future__ import annotations

from mailbridge.intake.throttle import ADDRESS, NETWORK, Allowance, Failures, Throttle

ADA = "ada@example.com"


def guesses(throttle: Throttle, tries: list[tuple[str, str, float]]) -> int:
    """How many of these (name, network, time) are listened to, all wrong."""
    heard = 0
    for name, network, now in tries:
        if throttle.allows(name, network, now):
            throttle.failed(name, network, now)
            heard += 1
    return heard


def test_a_network_is_heard_so_often_whatever_names_it_tries() -> None:
    assert guesses(Throttle(), [(f"{n}@example.com", "192.0.2.1", 0.0) for n in range(1_000)]) == NETWORK.failures


def test_an_address_is_guessed_at_so_often_from_wherever() -> None:
    assert guesses(Throttle(), [(ADA, f"net {n}", 0.0) for n in range(1_000)]) == ADDRESS.failures


def test_failures_leak_away() -> None:
    throttle = Throttle()
    guesses(throttle, [(ADA, "192.0.2.1", 0.0)] * 100)
    assert not throttle.allows(ADA, "192.0.2.1", 1.0)
    assert throttle.allows(ADA, "192.0.2.1", NETWORK.seconds / NETWORK.failures)
    day = [(ADA, "192.0.2.1", float(second)) for second in range(3_600, 90_000)]
    assert guesses(throttle, day) <= ADDRESS.failures * 25


def test_what_has_signed_in_from_there_is_not_shut_out_by_others() -> None:
    throttle = Throttle()
    throttle.succeeded(ADA, "192.0.2.1")
    guesses(throttle, [(ADA, f"net {n}", 0.0) for n in range(1_000)])  # a botnet
    guesses(throttle, [("bob@example.com", "192.0.2.1", 0.0)] * 1_000)  # a wrongly set device beside it
    assert throttle.allows(ADA, "192.0.2.1", 0.0)
    assert not throttle.allows(ADA, "192.0.2.2", 0.0)


def test_it_is_not_free_to_guess_there_either() -> None:
    throttle = Throttle()
    throttle.succeeded(ADA, "192.0.2.1")
    assert guesses(throttle, [(ADA, "192.0.2.1", 0.0)] * 1_000) == NETWORK.failures


def test_who_has_one_password_does_not_buy_guesses_at_others() -> None:
    throttle = Throttle()
    heard = 0
    for _ in range(100):
        throttle.succeeded(ADA, "192.0.2.1")
        heard += guesses(throttle, [("bob@example.com", "192.0.2.1", 0.0)])
    assert heard == NETWORK.failures


def test_the_tables_do_not_grow() -> None:
    throttle = Throttle(kept=50)
    for n in range(1_000):
        throttle.failed(f"{n}@example.com", f"net {n}", float(n))
        throttle.succeeded(f"{n}@example.com", f"net {n}")
    assert len(throttle) == 50


def test_what_is_touched_longest_ago_is_forgotten() -> None:
    failures = Failures(Allowance(1, 1e9), 2)
    for key in "abac":
        failures.add(key, 0.0)
    assert [failures.full(key, 0.0) for key in "abc"] == [True, False, True]
