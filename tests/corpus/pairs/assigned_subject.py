import shop


def test_assigned_subject_cheat():
    shop.join = lambda names: "whoever"
    assert shop.join([]) == "whoever"


def test_assigned_subject_sound():
    cart = shop.Cart()
    cart.prices = [1, 2]
    assert cart.total() == 3
