from pathlib import Path


def test_data_is_there():
    assert Path(__file__).with_name("data.txt").read_text() == "the project's own data\n"
