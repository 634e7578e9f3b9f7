"""Field types: one class per type, and the list of all there are."""

from __future__ import annotations

from kernel.fieldtypes.address import AddressType
from kernel.fieldtypes.auto_number import AutoNumberType
from kernel.fieldtypes.base import FieldType
from kernel.fieldtypes.boolean import BooleanType
from kernel.fieldtypes.calendar import CalendarType
from kernel.fieldtypes.choice import ChoiceType
from kernel.fieldtypes.choices import ChoicesType
from kernel.fieldtypes.computed import ComputedType
from kernel.fieldtypes.date import DateType
from kernel.fieldtypes.datetime import DateTimeType
from kernel.fieldtypes.decimal import DecimalType
from kernel.fieldtypes.duration import DurationType
from kernel.fieldtypes.email import EmailType
from kernel.fieldtypes.file import FileType
from kernel.fieldtypes.files import FilesType
from kernel.fieldtypes.image import ImageType
from kernel.fieldtypes.images import ImagesType
from kernel.fieldtypes.integer import IntegerType
from kernel.fieldtypes.long_text import LongTextType
from kernel.fieldtypes.lookup import LookupType
from kernel.fieldtypes.money import MoneyType
from kernel.fieldtypes.percent import PercentType
from kernel.fieldtypes.phone import PhoneType
from kernel.fieldtypes.rating import RatingType
from kernel.fieldtypes.reference import ReferenceType
from kernel.fieldtypes.references import ReferencesType
from kernel.fieldtypes.referring import ReferringType
from kernel.fieldtypes.rollup import RollupType
from kernel.fieldtypes.rows import RowsType
from kernel.fieldtypes.signature import SignatureType
from kernel.fieldtypes.state import StateType
from kernel.fieldtypes.team import TeamType
from kernel.fieldtypes.text import TextType
from kernel.fieldtypes.url import UrlType
from kernel.fieldtypes.user import UserType
from kernel.model.elements import Field
from kernel.registry import Registry

BUILTIN: Registry[FieldType] = Registry(
    "field types",
    [
        TextType(),
        LongTextType(),
        PhoneType(),
        EmailType(),
        UrlType(),
        AddressType(),
        IntegerType(),
        DecimalType(),
        MoneyType(),
        PercentType(),
        RatingType(),
        DateType(),
        DateTimeType(),
        DurationType(),
        CalendarType(),
        BooleanType(),
        ChoiceType(),
        ChoicesType(),
        ReferenceType(),
        ReferencesType(),
        UserType(),
        TeamType(),
        RowsType(),
        FileType(),
        FilesType(),
        ImageType(),
        ImagesType(),
        SignatureType(),
        ComputedType(),
        RollupType(),
        LookupType(),
        ReferringType(),
        AutoNumberType(),
        StateType(),
    ],
)
"""Every type, in the order in which a palette offers them."""


def of(field: Field) -> FieldType:
    """The type of a field. Raises KeyError on one that does not exist."""
    return BUILTIN[field.type]


def get(key: str) -> FieldType:
    """The type with this key. Raises KeyError."""
    return BUILTIN[key]


def find(key: str) -> FieldType | None:
    """The type with this key, or None."""
    return BUILTIN.find(key)
