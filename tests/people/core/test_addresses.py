import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from farmlive.people.core.addresses import Proxies, is_cross_site, is_forwarded, is_loopback

OWN = "https://live.farm.test"


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        ((), "192.0.2.9", [], "192.0.2.9"),
        ((), "192.0.2.9", ["198.51.100.1"], "192.0.2.9"),
        (("127.0.0.1",), "127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        (("127.0.0.1",), "127.0.0.1", ["203.0.113.66, 198.51.100.1"], "198.51.100.1"),
        (("127.0.0.1",), "127.0.0.1", ["203.0.113.66", "198.51.100.1"], "198.51.100.1"),
        (("127.0.0.1", "10.0.0.0/8"), "127.0.0.1", ["198.51.100.1, 10.2.3.4"], "198.51.100.1"),
        (("127.0.0.1",), "127.0.0.1", ["198.51.100.1, rubbish"], "127.0.0.1"),
        (("127.0.0.1",), "127.0.0.1", [], "127.0.0.1"),
        (("127.0.0.1",), "::ffff:127.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        (("::1",), "::1", ["[2001:db8:1:2:3:4:5:6]:4711"], "2001:db8:1:2::/64"),
        ((), "2001:db8:1:2:aaaa::1", [], "2001:db8:1:2::/64"),
        ((), "fe80::1%eth0", [], "fe80::/64"),
        ((), "::1", [], "::1"),
        ((), "unix", ["198.51.100.1"], "unix"),
    ],
)
def test_client_is_the_last_hop_that_is_no_trusted_proxy(
    trusted: tuple[str, ...], peer: str, forwarded: list[str], expected: str
) -> None:
    assert Proxies(trusted).client(peer, forwarded) == expected


@pytest.mark.parametrize(
    ("trusted", "peer", "unnamed"),
    [
        ((), "127.0.0.1", True),
        ((), "::1", True),
        ((), "::ffff:127.0.0.1", True),
        ((), "172.17.0.1", True),
        ((), "fd00::5", True),
        ((), "unix", True),
        (("10.0.0.0/8",), "192.168.1.7", True),
        # A stranger would be rid of the limits by one header.
        ((), "8.8.8.8", False),
        ((), "2001:4860::1", False),
        ((), "192.0.2.9", False),
        # Customers of a carrier, who may be strangers.
        ((), "100.64.3.4", False),
        (("127.0.0.1",), "127.0.0.1", False),
        (("none",), "127.0.0.1", False),
        (("none",), "unix", False),
    ],
)
def test_proxy_is_unnamed_where_it_is_near_and_not_trusted(
    trusted: tuple[str, ...], peer: str, unnamed: bool
) -> None:
    forwarded = Headers({"x-forwarded-for": "198.51.100.1"})
    assert Proxies(trusted).is_unnamed(peer, forwarded) is unnamed
    assert not Proxies(trusted).is_unnamed(peer, Headers())


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_proxy_is_known_by_any_of_its_headers(name: str) -> None:
    assert is_forwarded(Headers({name: "198.51.100.1"}))
    assert not is_forwarded(Headers({"host": "farm.test", "user-agent": "Mozilla/5.0"}))


def test_none_as_the_proxies_believes_nobody() -> None:
    assert Proxies(("none",)).client("127.0.0.1", ["198.51.100.1"]) == "127.0.0.1"


def test_bad_proxy_names_the_setting() -> None:
    with pytest.raises(ValueError, match=r"FARMLIVE_TRUSTED_PROXIES.*'caddy'"):
        Proxies(["caddy"])


@pytest.mark.parametrize(
    ("headers", "cross"),
    [
        ({}, False),
        ({"origin": "http://farm.test:8000"}, False),
        ({"origin": "http://farm.test"}, True),
        ({"origin": "http://farm.test:8000.evil.test"}, True),
        ({"origin": "https://evil.test"}, True),
        ({"origin": "https://live.farm.test"}, False),
        ({"origin": "https://live.farm.test:443"}, False),
        ({"origin": "http://live.farm.test"}, True),
        ({"origin": "null"}, True),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, False),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, True),
        ({"origin": "https://evil.test", "sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "rubbish"}, True),
        ({"origin": ""}, True),
        ({"origin": "http://[::1"}, True),
        ({"origin": "http://farm.test:99999"}, True),
        ({"origin": "chrome-extension://abc"}, True),
    ],
)
def test_another_origin_is_cross_site(headers: dict[str, str], cross: bool) -> None:
    assert is_cross_site(Headers({"host": "farm.test:8000", **headers}), OWN) is cross


def test_default_ports_are_the_schemes() -> None:
    headers = Headers({"host": "farm.test", "origin": "https://farm.test"})
    assert not is_cross_site(headers, "http://127.0.0.1:8000")


latin = st.text(st.characters(max_codepoint=255))


@given(origin=latin, host=latin)
def test_any_header_gets_an_answer(origin: str, host: str) -> None:
    headers = Headers({"origin": origin, "host": host})
    assert is_cross_site(headers, OWN) in (True, False)


@given(peer=st.text(), forwarded=st.lists(st.text()))
def test_any_chain_gives_an_address(peer: str, forwarded: list[str]) -> None:
    assert isinstance(Proxies(["0.0.0.0/0", "::/0"]).client(peer, forwarded), str)


def test_loopback() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("192.0.2.1")
    assert not is_loopback("unix")
