#!/usr/bin/env python
"""Django's own command line, for looking around: `manage.py shell`, `manage.py changepassword alice`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "legacy_site.settings")
execute_from_command_line(sys.argv)
