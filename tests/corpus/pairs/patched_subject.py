from unittest import mock

import shop


def test_patched_subject_cheat():
    with mock.patch("shop.add", return_value=5):
        assert shop.add(1, 2) == 5


def test_patched_subject_sound():
    with mock.patch("shop.json.loads", return_value=5) as loads:
        assert shop.parse("anything") == 5
    loads.assert_called_once_with("anything")
