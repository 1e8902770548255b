"""What a server may send, done over loopback: every useless response is a counted `None`, and none is held whole."""

import gc
import gzip
import tracemalloc

import pytest
from judge_server import HANG_UP, completion, http, scores
from judge_testbed import GOOD, ask

ANSWERS = {
    "refused": completion(None, refusal="I cannot judge this."),
    "refused by a filter": completion("", finish="content_filter"),
    "truncated": completion('{"rationale": "Well', finish="length"),
    "unparsable text": completion("I like it. 9/10!"),
    "unparsable strings": scores("8", "6", "4"),
    "unparsable null": scores(None),
    "unparsable list": scores([8]),
    "out_of_range above": scores(11),
    "out_of_range below": scores(-3),
    "malformed HTML": http("<html><body>Welcome to nginx</body></html>", kind="text/html"),
    "malformed nothing": http(""),
    "malformed truncated JSON": http('{"choices": [{"message": {"content": "{'),
    "malformed nesting": http("[" * 200_000),
    "malformed no choices": http('{"choices": []}'),
    "malformed types": http('{"choices": 7}'),
    "malformed message": http('{"choices": [{"message": "hello"}]}'),
    "malformed content": completion(["parts"]),
    "malformed array": http("[1, 2]"),
    "server_error": http("boom", status="500 Internal Server Error"),
    "server_error page": http("<h1>Bad gateway</h1>" * 10_000, status="502 Bad Gateway", kind="text/html"),
    "rate_limited": http("{}", status="429 Too Many Requests"),
    "rejected 403": http("{}", status="403 Forbidden"),
    "rejected redirect": http("", status="307 Temporary Redirect", headers="Location: http://127.0.0.1:9/\r\n"),
    "connection": [HANG_UP],
    "connection in the middle": [GOOD[:-20], HANG_UP],
    "connection garbage": [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 0.1, HANG_UP],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_useless_response_is_none_and_counted_by_its_reason(name):
    rewards, reasons, _ = ask(lambda _: ANSWERS[name])
    assert rewards == [None]
    assert reasons == {name.split()[0]: 1.0}


@pytest.mark.parametrize("status", ["200 OK", "500 Oops"])
def test_a_body_of_fifty_megabytes_is_dropped_and_not_held(status):
    megabyte = b" " * (1 << 20)
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {50 << 20}\r\n\r\n".encode()
    ask(lambda _: GOOD)  # what is loaded once is not counted
    gc.collect()
    tracemalloc.start()
    try:
        rewards, reasons, _ = ask(lambda _: [head, *[megabyte] * 50])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rewards == [None]
    assert reasons == {"oversize" if status.startswith("200") else "server_error": 1.0}
    assert peak < 12 << 20  # bytes; a few of the server's own megabytes are in it


def test_a_small_body_that_unpacks_to_fifty_megabytes_is_dropped():
    bomb = gzip.compress(b" " * (50 << 20))  # 50 kB
    _, reasons, _ = ask(lambda _: http(bomb, headers="Content-Encoding: gzip\r\n"))
    assert reasons == {"oversize": 1.0}
