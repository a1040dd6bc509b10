"""What every test of the repository shares."""

from hypothesis import settings

settings.register_profile("outlast", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("outlast")
