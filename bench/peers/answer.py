"""The loop of the programs in this folder: one JSON request a line on standard input, one JSON answer a line on standard output."""

import json
import sys
import threading
import time


def answer(operations):
    """Answers requests by the functions of `operations`, by name; a request's other fields are their arguments."""
    out = sys.stdout
    sys.stdout = sys.stderr  # what a library prints must not stand among the answers
    for line in sys.stdin:
        request = json.loads(line)
        operation = operations[request.pop("op")]
        try:
            told = {"result": operation(**request)}
        except Exception as error:  # whatever it is, it is told to the one who asked
            told = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(told) + "\n")
        out.flush()


def seconds(work):
    """How long some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_threads(threads, count, work):
    """Calls `work` so often with a number, from so many threads at once; throws what the first of them throws."""
    numbers = iter(range(count))
    lock = threading.Lock()
    failed = []

    def take():
        with lock:
            return None if failed else next(numbers, None)

    def run():
        try:
            while (number := take()) is not None:
                work(number)
        except Exception as error:  # told by the caller
            failed.append(error)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]


def again(work, is_refused):
    """Does work again while it is refused because others came first, as the users of a library have to that does not wait for them."""
    while True:
        try:
            return work()
        except Exception as error:
            if not is_refused(error):
                raise
