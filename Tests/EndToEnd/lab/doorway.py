"""A door from this host into a namespace, for a browser: doorway.py NAMESPACE PORT

Listens at a free port of 127.0.0.1 here, which it prints, and connects whoever comes with 127.0.0.1:PORT there. It belongs to
the namespace: whatever ends that one's programs ends this one too.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import sys

CLONE_NEWNET = 0x40000000


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes octets from one end to the other until there are no more."""
    try:
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def serve(listener: socket.socket, port: int) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(carry(reader, back), carry(there, writer))

    server = await asyncio.start_server(connect, sock=listener)
    await server.serve_forever()


def main() -> None:
    namespace, port = sys.argv[1], int(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0))
    with open(f"/run/netns/{namespace}", "rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    print(listener.getsockname()[1], flush=True)
    asyncio.run(serve(listener, port))


if __name__ == "__main__":
    main()
