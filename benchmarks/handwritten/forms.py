"""The WTForms form of the hand-written application."""

from __future__ import annotations

import re

from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    DecimalField,
    Form,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import URL, InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

KINDS = [SelectChoice(value, label) for value, label in (
    ("machine", "Machine"), ("vehicle", "Vehicle"), ("building", "Building"), ("licence", "Licence"), ("other", "Other"),
)]
PRIORITIES = [SelectChoice(value, label) for value, label in (
    ("high", "High"), ("normal", "Normal"), ("low", "Low"),
)]
TAGS = [SelectChoice(value, label) for value, label in (
    ("leased", "Leased"), ("insured", "Insured"), ("shared", "Shared"), ("mobile", "Mobile"),
)]
REGIONS = [SelectChoice(value, label) for value, label in (
    ("north", "North"), ("south", "South"), ("east", "East"), ("west", "West"),
)]
ORIGINS = [SelectChoice(value, label) for value, label in (
    ("bought", "Bought"), ("built", "Built"), ("rented", "Rented"),
)]
PHONE = re.compile(r"^\+?[0-9 ()-]{6,20}$")
BLANK = [SelectChoice("", "")]


class AssetForm(Form):
    name = StringField("Name", [InputRequired(), Length(max=80)])
    code = StringField("Code", [Optional(), Length(max=20)])
    description = TextAreaField("Description", [Optional(), Length(max=4000)])
    kind = SelectField("Kind", [InputRequired()], choices=BLANK + KINDS)
    priority = SelectField("Priority", [Optional()], choices=BLANK + PRIORITIES)
    tags = SelectMultipleField("Tags", [Optional()], choices=TAGS)
    amount = DecimalField("Amount", [Optional(), NumberRange(min=0)])
    cost = DecimalField("Cost", [Optional(), NumberRange(min=0)])
    quantity = IntegerField("Quantity", [Optional(), NumberRange(min=0, max=1_000_000)])
    rate = DecimalField("Rate", [Optional(), NumberRange(min=0, max=1)], places=4)
    active = BooleanField("Active")
    urgent = BooleanField("Urgent")
    starts = DateField("Starts", [Optional()])
    due = DateField("Due", [Optional()])
    met_at = DateTimeLocalField("Met at", [Optional()], format="%Y-%m-%dT%H:%M")
    effort = IntegerField("Effort", [Optional(), NumberRange(min=0)])
    phone = StringField("Phone", [Optional(), Regexp(PHONE)])
    email = StringField("E-mail", [Optional(), Length(max=200)])
    website = StringField("Website", [Optional(), URL()])
    city = StringField("City", [Optional(), Length(max=60)])
    region = SelectField("Region", [Optional()], choices=BLANK + REGIONS)
    contact = StringField("Contact", [Optional(), Length(max=60)])
    score = IntegerField("Score", [Optional(), NumberRange(min=1, max=5)])
    discount = DecimalField("Discount", [Optional(), NumberRange(min=0, max=1)], places=4)
    note = StringField("Note", [Optional(), Length(max=200)])
    origin = SelectField("Origin", [Optional()], choices=BLANK + ORIGINS)
    group_id = SelectField("Group", [Optional()], choices=[], validate_choice=False)
    keeper_id = SelectField("Keeper", [Optional()], choices=[], validate_choice=False)

    def validate_email(self, field: StringField) -> None:
        if field.data and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", field.data):
            raise ValidationError("This is not an e-mail address.")

    def validate_due(self, field: DateField) -> None:
        if field.data and self.starts.data and field.data < self.starts.data:
            raise ValidationError("Due must not be before the start.")
