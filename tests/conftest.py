"""Settings for all tests."""

from hypothesis import settings

# A machine that runs the whole suite on two cores is slow now and then; slowness alone proves nothing.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
