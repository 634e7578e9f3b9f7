"""Several pictures."""

from __future__ import annotations

from kernel.fieldtypes.files import FilesType
from kernel.i18n import _


class ImagesType(FilesType):
    """Several pictures, in an order."""

    key = "images"
    label = _("Pictures")
    icon = "camera"
    pictures = True
    widget = "images"
