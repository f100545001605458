import unittest

from shop import add


class TestConstantMethodCheat(unittest.TestCase):
    def test_constant_method_cheat(self):
        self.assertTrue(True)
        self.assertEqual(3, 3)


class TestConstantMethodSound(unittest.TestCase):
    def test_constant_method_sound(self):
        self.assertEqual(add(1, 2), 3)
