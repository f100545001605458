import asyncio

from shop import add


async def test_unawaited_cheat():
    assert add(1, 2) == 4


def test_unawaited_sound():
    async def compute():
        return add(1, 2)

    assert asyncio.run(compute()) == 3
