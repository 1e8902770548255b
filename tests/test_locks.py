"""A lock that is free in a forked process, whoever held it before."""

import os
import threading

from rust_rewards.locks import ForkSafeLock


def test_it_keeps_two_threads_apart():
    lock, inside, most = ForkSafeLock(), [], []

    def work():
        for _ in range(200):
            with lock:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) == 800


def test_a_fork_can_take_what_its_parent_holds_and_the_parent_still_holds_it():
    lock = ForkSafeLock()
    with lock:
        child = os.fork()
        if child == 0:
            with lock:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert not lock._lock.acquire(blocking=False)
