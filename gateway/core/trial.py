"""How test data is marked wherever people read it: on screens, in files, in what is exported."""

from typing import Final

TRIAL: Final = "【試験】"
