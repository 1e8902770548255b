"""Ray: an address where nothing answers is told at once; chunks for every core. A cluster needs Ray installed."""

import socket
import time

import pytest

from rust_rewards.evaluation.ray_engine import check_address, spread


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://localhost:{}"])
def test_an_address_where_nothing_answers_is_told_at_once(form):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]  # bound and not listening: nobody else can answer there
        started = time.monotonic()
        with pytest.raises(ValueError, match=f"No Ray cluster answers at RAY_ADDRESS=.*{port}"):
            check_address(form.format(port))
        assert time.monotonic() - started < 9


def test_an_address_where_something_answers_is_left_to_ray():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        check_address(f"127.0.0.1:{listener.getsockname()[1]}")


@pytest.mark.parametrize("address", ["", "auto", "local"])
def test_other_addresses_are_left_to_ray(address):
    check_address(address)


@pytest.mark.parametrize("sizes", [[400], [512, 88], [512, 512, 512], [1], [64, 1]])
@pytest.mark.parametrize("cores", [1, 2, 8])
def test_no_item_is_lost_and_no_core_idles_for_want_of_a_chunk(sizes, cores):
    items = iter(range(sum(sizes)))
    chunks = [[next(items) for _ in range(size)] for size in sizes]
    found = spread(chunks, cores)
    assert [item for chunk in found for item in chunk] == list(range(sum(sizes)))
    assert len(found) >= min(cores, sum(sizes) // 64)
