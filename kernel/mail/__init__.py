"""Mail that the product sends by itself."""

from kernel.mail.letter import Letter
from kernel.mail.sending import KIND, Sender, Template, send_later

__all__ = ["KIND", "Letter", "Sender", "Template", "send_later"]
