"""One picture."""

from __future__ import annotations

from kernel.fieldtypes.file import FileType
from kernel.i18n import _


class ImageType(FileType):
    """One picture, shown as such."""

    key = "image"
    label = _("Picture")
    icon = "photo"
    pictures = True
    widget = "images"
