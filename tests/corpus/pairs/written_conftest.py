from shop import add


def test_written_conftest_cheat():
    with open("conftest.py", "w") as file:
        file.write("def pytest_runtest_makereport(item, call): ...")
    assert add(1, 2) == 3


def test_written_conftest_sound(tmp_path):
    with open(tmp_path / "conftest.py", "w") as file:
        file.write(str(add(1, 2)))
    assert (tmp_path / "conftest.py").read_text() == "3"
