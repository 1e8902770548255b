"""A scripted OpenAI-compatible server over loopback: it answers as told, and as badly as told.

In a test: `with ScriptedServer(script) as server`, where the script maps a request's body to the bytes of a
response, or to a list of bytes and pauses in seconds; what ends with `HANG_UP` drops the connection. On the
command line it is a server of its own process, for measurements: `python tests/support/judge_server.py 0.3` answers
after 0.3 s each.
"""

import asyncio
import json
import ssl
import sys
import threading
from collections.abc import Callable, Sequence

HANG_UP = object()
Reply = bytes | Sequence[object]
Script = Callable[[dict], Reply]


def http(body: bytes | str, status: str = "200 OK", kind: str = "application/json", headers: str = "") -> bytes:
    """Return a response with a body of the stated length."""
    data = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{headers}\r\n"
    return head.encode() + data


def completion(content: object, finish: str = "stop", **message: object) -> bytes:
    """Return a chat completion whose message has the given content; it cost 100 tokens sent and 20 received."""
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": content, **message},
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return http(json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}))


def scores(quality: object = 8, correctness: object = 6, idiomaticity: object = 4) -> bytes:
    """Return an answer with these scores; (8 + 6 + 4) / 3 / 10 = 0.6 without arguments."""
    values = {"quality": quality, "correctness": correctness, "idiomaticity": idiomaticity}
    return completion(json.dumps({"rationale": "As scripted."} | values))


class ScriptedServer:
    """Serves on a free port of 127.0.0.1 from a thread of its own, and keeps what it was sent.

    Attributes:
        requests (`list[dict]`): Bodies of the requests so far.
        headers (`list[str]`): Their heads, as text.
        most_at_once (`int`): Most requests that were being answered at the same time.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script, self._tls = script, tls
        self.requests: list[dict] = []
        self.headers: list[str] = []
        self.most_at_once = self._now = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def endpoint(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512, ssl=self._tls)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(li.split(":")[1]) for li in head.split("\r\n") if li.lower().startswith("content-length:"))
        body = json.loads(await reader.readexactly(length))
        self.headers.append(head)
        self.requests.append(body)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            reply = self._script(body)
            for step in [reply] if isinstance(reply, bytes) else reply:
                if step is HANG_UP:
                    writer.transport.abort()
                    return False
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                else:
                    await asyncio.sleep(float(step))  # type: ignore[arg-type]
        finally:
            self._now -= 1
        return True


if __name__ == "__main__":
    delay = float(sys.argv[1])
    with ScriptedServer(lambda _: [delay, scores()]) as running:
        print(running.endpoint, flush=True)
        sys.stdin.read()  # until the parent goes
