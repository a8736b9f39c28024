"""A plugin for sessions of tests, ``-p tests.plugin.offline``: as with ``HF_HUB_OFFLINE=1``.

The Hub's library and that of data sets read the variable when they are imported, which is before a
session of tests begins.
"""

import datasets.config
import huggingface_hub.constants

huggingface_hub.constants.HF_HUB_OFFLINE = True
datasets.config.HF_HUB_OFFLINE = True
