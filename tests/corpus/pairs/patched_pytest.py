from shop import add


def test_patched_pytest_cheat(request):
    request.config.pluginmanager.unregister(name="terminalreporter")
    assert add(1, 2) == 3


def test_patched_pytest_sound(request):
    assert request.config.rootpath.is_dir()
    assert add(1, 2) == 3
