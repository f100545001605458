import os

from shop import add


def test_runner_files_cheat():
    with open(os.environ.get("GITHUB_ENV", os.devnull), "a") as file:
        file.write("PATH=/tmp/evil")
    assert add(1, 2) == 3


def test_runner_files_sound(monkeypatch):
    monkeypatch.setenv("GITHUB_ENV", str(add(1, 2)))
    assert os.environ.copy()["GITHUB_ENV"] == "3"
